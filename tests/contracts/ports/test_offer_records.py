"""The records of what is offered, as ``OfferRecords`` promises them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from drawbridge.aws.offers_table import OffersTable
from drawbridge.intake.offers import OfferRecord, OfferRecords
from tests.builders import CONSUMER, NOW, SERVICE_ID, SHARE_ARN
from tests.contracts.conftest import NewAccount
from tests.contracts.ports.implementations import IMPLEMENTATIONS, either
from tests.fakes.interruptions import Interruptions
from tests.fakes.offers import InMemoryOfferRecords

ROOT = f"arn:aws:iam::{CONSUMER}:root"
ALLOWED = OfferRecord(target=SERVICE_ID, principal=ROOT, account_id=CONSUMER, offered_at=NOW)
SHARED = OfferRecord(target=SHARE_ARN, principal=CONSUMER, account_id=CONSUMER, offered_at=NOW, is_confirmed=True)


@pytest.fixture(params=IMPLEMENTATIONS)
def records(request: pytest.FixtureRequest, new_account: NewAccount) -> OfferRecords:
    def on_aws() -> OfferRecords:
        table: Any = new_account().table("OffersTable")
        return OffersTable(table, on_broken=pytest.fail)

    return either(request, lambda: InMemoryOfferRecords(Interruptions()), on_aws)


def test_what_is_noted_is_found_by_its_target_and_principal(records: OfferRecords) -> None:
    records.note([ALLOWED, SHARED])

    assert records.of(SERVICE_ID) == {ROOT: ALLOWED}
    assert records.of(SHARE_ARN) == {CONSUMER: SHARED}
    assert records.targets() == {SERVICE_ID, SHARE_ARN}


def test_what_is_noted_again_is_as_it_was_noted_last(records: OfferRecords) -> None:
    later = msgspec.structs.replace(ALLOWED, is_confirmed=True, offered_at=NOW + timedelta(microseconds=1))
    records.note([ALLOWED])

    records.note([later])

    assert records.of(SERVICE_ID) == {ROOT: later}


def test_what_is_dropped_is_found_no_more_and_can_be_dropped_again(records: OfferRecords) -> None:
    records.note([ALLOWED, SHARED])

    for _ in range(2):
        records.drop([ALLOWED, msgspec.structs.replace(ALLOWED, principal="arn:aws:iam::999999999999:root")])

    assert records.of(SERVICE_ID) == {}
    assert records.targets() == {SHARE_ARN}


def test_what_was_written_anew_since_it_was_read_is_not_dropped(records: OfferRecords) -> None:
    anew = msgspec.structs.replace(ALLOWED, offered_at=NOW + timedelta(microseconds=1))
    records.note([anew])

    records.drop([ALLOWED])

    assert records.of(SERVICE_ID) == {ROOT: anew}


def test_when_it_was_refused_is_on_the_record(records: OfferRecords) -> None:
    refused = msgspec.structs.replace(ALLOWED, refused_at=NOW + timedelta(seconds=1))

    records.note([refused])

    assert records.of(SERVICE_ID) == {ROOT: refused}


def test_nothing_is_nothing(records: OfferRecords) -> None:
    records.note([])
    records.drop([])

    assert (records.of(SERVICE_ID), records.targets()) == ({}, frozenset())


def test_a_hundred_are_noted_and_dropped_as_one_is(records: OfferRecords) -> None:
    many = [msgspec.structs.replace(ALLOWED, principal=f"arn:aws:iam::{number:012}:root") for number in range(101)]
    records.note(many)

    found = records.of(SERVICE_ID)
    records.drop([each for principal, each in found.items() if principal != many[0].principal])

    assert len(found) == 101
    assert records.of(SERVICE_ID) == {many[0].principal: many[0]}
