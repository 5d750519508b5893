"""The records of sweeps, as the table of the approvals keeps them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from drawbridge.aws.sweep_record_items import SweepRecordItems
from drawbridge.discovery.sweep_record import Mentioned, SweepRecord
from drawbridge.errors import InvalidInputError
from tests.builders import NOW
from tests.contracts.conftest import NewAccount

BY_EVENT = SweepRecord(
    began_at=NOW,
    ended_at=NOW + timedelta(seconds=3),
    shares=True,
    observed=7,
    started=Mentioned(2, ("share-a-1",)),
)
SCHEDULED = replace(BY_EVENT, scheduled=True, connections=True)
FOR_ORPHANS = replace(SCHEDULED, orphans=True)


@pytest.fixture
def table(new_account: NewAccount) -> Any:
    return new_account().table("ApprovalsTable")


@pytest.fixture
def records(table: Any) -> SweepRecordItems:
    return SweepRecordItems(table)


def test_before_the_first_sweep_there_is_no_record(records: SweepRecordItems) -> None:
    assert (records.last_scheduled(), records.last_for_orphans()) == (None, None)
    assert records.of_command("a") is None


def test_the_last_sweep_of_each_kind_is_known(records: SweepRecordItems) -> None:
    for record in (FOR_ORPHANS, SCHEDULED, BY_EVENT):
        records.keep(record, frozenset())

    assert (records.last_scheduled(), records.last_for_orphans()) == (SCHEDULED, FOR_ORPHANS)


def test_a_sweep_that_only_an_event_asked_for_leaves_nothing(records: SweepRecordItems, table: Any) -> None:
    records.keep(BY_EVENT, frozenset())

    assert table.scan()["Items"] == []


def test_each_command_finds_the_sweep_that_it_waits_for(records: SweepRecordItems) -> None:
    commands = frozenset(f"command-{number}" for number in range(30))
    records.keep(SCHEDULED, commands)
    records.keep(BY_EVENT, frozenset({"later"}))

    assert {records.of_command(each) for each in commands} == {SCHEDULED}
    assert records.of_command("later") == BY_EVENT


def test_a_command_s_record_goes_by_itself_and_the_last_of_a_kind_stays_however_old(
    records: SweepRecordItems, table: Any
) -> None:
    records.keep(FOR_ORPHANS, frozenset({"a"}))

    expires = {each["request_id"]: each.get("expires_at") for each in table.scan()["Items"]}
    a_day_later = int(FOR_ORPHANS.ended_at.timestamp()) + 86_400
    assert expires == {"sweep/scheduled": None, "sweep/orphans": None, "sweep/command/a": a_day_later}


@pytest.mark.parametrize("sweep", ["", "{", 3, '{"began_at": "today"}', '{"began_at": "2026-01-01T00:00:00"}'])
def test_a_record_that_somebody_wrote_by_hand_is_refused_by_its_name(
    records: SweepRecordItems, table: Any, sweep: object
) -> None:
    table.put_item(Item={"request_id": "sweep/scheduled", "sweep": sweep})

    with pytest.raises(InvalidInputError, match="sweep/scheduled in the table of the approvals can't be read"):
        records.last_scheduled()
