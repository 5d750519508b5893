"""What gives first is told before it does: the parameters of what the ledger follows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drawbridge.record.entry import Entry
from drawbridge.status import Status
from drawbridge_cli.checks import CheckResult
from drawbridge_cli.operation_checks import check_ledger
from drawbridge_cli.past_limits import usages_of_ledger
from drawbridge_cli.request_status import Known, request_status
from drawbridge_cli.scheduled_sweeps import SweepsUnknown
from drawbridge_cli.status import EVERYTHING, Look, Wanted, look_among, merged
from tests.builders import CONNECTION, CONSUMER, NOW

HERE = "eu-central-1"


def entries(parameters: int) -> list[Entry]:
    """Return what is connected with so many parameters, fifty a request."""
    names = [f"/drawbridge/consumers/{number}/dns-name" for number in range(parameters)]
    return [
        Entry(
            request=CONNECTION,
            request_id=f"{CONNECTION.request_id}{start}",
            kind="endpoint-connection",
            subject=CONNECTION.subject,
            account_id=CONSUMER,
            status=Status.AVAILABLE,
            attempt=1,
            settled=True,
            updated_at=NOW.isoformat(),
            published=tuple(names[start : start + 50]),
        )
        for start in range(0, parameters, 50)
    ]


def look(parameters: int, wanted: Wanted = EVERYTHING) -> Look:
    known = (Known(each, request_status(each, NOW, expiring_within=timedelta(0))) for each in entries(parameters))
    return look_among(known, (), {HERE: SweepsUnknown("nobody asked")}, wanted, NOW)


@pytest.mark.parametrize(
    ("parameters", "told"), [(7_999, []), (8_000, [False]), (9_999, [False]), (10_000, [True]), (10_001, [True])]
)
def test_parameters_are_told_from_eight_tenths_of_what_an_account_may_have(parameters: int, told: list[bool]) -> None:
    assert [each.is_reached for each in usages_of_ledger(entries(parameters))] == told


def test_status_tells_it_of_its_region_and_what_to_do_and_all_regions_each_their_own() -> None:
    near, elsewhere = look(8_001), look(10)

    (usage,) = near.quotas(HERE)
    assert str(usage) == (
        "this account has at least 8,001 of the 10,000 standard parameters that AWS allows (by default)"
    )
    assert "another account or Region" in usage.to_do
    assert elsewhere.quotas(HERE) == ()
    assert merged([near]).quotas(HERE) == (usage,)


def test_a_limit_that_is_reached_needs_somebody_and_one_that_is_near_nobody() -> None:
    assert [look(number).number_of_needs(EVERYTHING) for number in (8_001, 10_000)] == [0, 1]


def test_doctor_tells_it_beside_the_rows_that_can_t_be_read() -> None:
    checks = [
        check_ledger(broken, usages_of_ledger(entries(number)), followed=1)
        for broken, number in (([], 50), (["odd"], 8_000), ([], 10_000))
    ]

    assert [[each.result for each in some] for some in checks] == [
        [CheckResult.OK],
        [CheckResult.PROBLEM, CheckResult.WARNING],
        [CheckResult.PROBLEM],
    ]
