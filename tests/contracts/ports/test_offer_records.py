"""The records of what is offered, as ``OfferRecords`` promises them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from drawbridge.aws.offers_table import OffersTable
from drawbridge.intake.offering.leaving import Leaving, LeavingCause
from drawbridge.intake.offering.offers import OfferRecord, OfferRecords
from drawbridge.intake.offering.share_notice import ShareNotice, ShareNoticeType
from drawbridge.request.announced import Announced
from drawbridge.status import Reason
from tests.builders import CONSUMER, NOW, SERVICE_ID, SHARE_ARN
from tests.contracts.conftest import NewAccount
from tests.contracts.ports.implementations import IMPLEMENTATIONS, either
from tests.fakes.interruptions import Interruptions
from tests.fakes.offers import InMemoryOfferRecords

LATER = NOW + timedelta(hours=1)
ROOT = f"arn:aws:iam::{CONSUMER}:root"
ALLOWED = OfferRecord(target=SERVICE_ID, principal=ROOT, account_id=CONSUMER, offered_at=NOW)
LEAVING = Leaving(cause=LeavingCause.OTHER_TIER, announced=Announced(since=NOW, withdraw_after=LATER, forbidden=False))
SHARED = OfferRecord(target=SHARE_ARN, principal=CONSUMER, account_id=CONSUMER, offered_at=NOW, is_confirmed=True)


@pytest.fixture(params=IMPLEMENTATIONS)
def records(request: pytest.FixtureRequest, new_account: NewAccount) -> OfferRecords:
    def on_aws() -> OfferRecords:
        table: Any = new_account().table("OffersTable")
        return OffersTable(table, on_broken=pytest.fail)

    return either(request, lambda: InMemoryOfferRecords(Interruptions()), on_aws)


def test_what_is_noted_is_found_by_its_target_and_principal(records: OfferRecords) -> None:
    records.note([ALLOWED, SHARED], after=[])

    assert records.of(SERVICE_ID) == {ROOT: ALLOWED}
    assert records.of(SHARE_ARN) == {CONSUMER: SHARED}
    assert records.targets() == {SERVICE_ID, SHARE_ARN}


def test_since_when_another_share_is_to_take_it_is_kept(records: OfferRecords) -> None:
    awaited = msgspec.structs.replace(SHARED, awaited_since=LATER, awaited_tier="silver")

    records.note([awaited], after=[])

    assert records.of(SHARE_ARN) == {CONSUMER: awaited}


def test_the_removal_that_it_was_put_in_after_is_kept(records: OfferRecords) -> None:
    anew = msgspec.structs.replace(SHARED, after_removal=NOW - timedelta(microseconds=1))

    records.note([anew], after=[])

    assert records.of(SHARE_ARN) == {CONSUMER: anew}


def test_what_is_noted_again_is_as_it_was_noted_last(records: OfferRecords) -> None:
    later = msgspec.structs.replace(ALLOWED, is_confirmed=True, offered_at=NOW + timedelta(microseconds=1))
    records.note([ALLOWED], after=[])

    written = records.note([later], after=[ALLOWED])

    assert written == [later]
    assert records.of(SERVICE_ID) == {ROOT: later}


@pytest.mark.parametrize(
    ("now", "read"),
    [
        (ALLOWED, None),
        (None, ALLOWED),
        (ALLOWED, msgspec.structs.replace(ALLOWED, is_confirmed=True)),
        (ALLOWED, msgspec.structs.replace(ALLOWED, refused_at=NOW)),
        (ALLOWED, msgspec.structs.replace(ALLOWED, leaving=LEAVING)),
        (msgspec.structs.replace(ALLOWED, leaving=LEAVING), ALLOWED),
        (
            msgspec.structs.replace(ALLOWED, leaving=LEAVING),
            msgspec.structs.replace(ALLOWED, leaving=msgspec.structs.replace(LEAVING, taken_out_at=NOW)),
        ),
        (ALLOWED, msgspec.structs.replace(ALLOWED, offered_at=NOW + timedelta(microseconds=1))),
        (msgspec.structs.replace(ALLOWED, is_confirmed=True), ALLOWED),
        (msgspec.structs.replace(ALLOWED, refused_at=NOW), ALLOWED),
        (msgspec.structs.replace(ALLOWED, refused_at=NOW), msgspec.structs.replace(ALLOWED, refused_at=LATER)),
    ],
)
def test_what_is_not_on_record_as_it_was_read_is_left_and_the_others_are_written(
    now: OfferRecord | None, read: OfferRecord | None, records: OfferRecords
) -> None:
    mine = msgspec.structs.replace(ALLOWED, is_confirmed=True, offered_at=LATER)
    records.note([now] if now else [], after=[])

    written = records.note([mine, SHARED], after=[read] if read else [])

    assert written == [SHARED]
    assert records.of(SERVICE_ID) == ({ROOT: now} if now else {})
    assert records.of(SHARE_ARN) == {CONSUMER: SHARED}


@pytest.mark.parametrize("refused_at", [None, NOW])
@pytest.mark.parametrize("is_confirmed", [True, False])
def test_what_is_as_it_was_read_is_written(
    is_confirmed: bool, refused_at: datetime | None, records: OfferRecords
) -> None:
    before = msgspec.structs.replace(ALLOWED, is_confirmed=is_confirmed, refused_at=refused_at)
    records.note([before], after=[])

    assert records.note([SHARED, ALLOWED], after=[before]) == [SHARED, ALLOWED]


def test_of_some_hundreds_each_is_written_or_left_by_itself(records: OfferRecords) -> None:
    many = [msgspec.structs.replace(ALLOWED, principal=f"arn:aws:iam::{number:012}:root") for number in range(250)]
    there = many[::50]
    records.note(there, after=[])

    written = records.note(many, after=[])

    assert written == [each for each in many if each not in there]
    assert len(records.of(SERVICE_ID)) == 250


def test_what_is_dropped_is_found_no_more_and_can_be_dropped_again(records: OfferRecords) -> None:
    records.note([ALLOWED, SHARED], after=[])

    for _ in range(2):
        records.drop([ALLOWED, msgspec.structs.replace(ALLOWED, principal="arn:aws:iam::999999999999:root")])

    assert records.of(SERVICE_ID) == {}
    assert records.targets() == {SHARE_ARN}


def test_of_some_hundreds_each_is_dropped_or_left_by_itself(records: OfferRecords) -> None:
    many = [msgspec.structs.replace(ALLOWED, principal=f"arn:aws:iam::{number:012}:root") for number in range(250)]
    records.note(many, after=[])
    anew = [msgspec.structs.replace(each, offered_at=LATER) for each in many[::50]]
    records.note(anew, after=many[::50])

    records.drop(many)

    assert [*records.of(SERVICE_ID).values()] == anew


@pytest.mark.parametrize("read", [SHARED, msgspec.structs.replace(SHARED, leaving=LEAVING)])
@pytest.mark.parametrize(
    "changes",
    [
        {"offered_at": NOW + timedelta(microseconds=1)},
        {"is_confirmed": False},
        {"refused_at": NOW},
        {"leaving": msgspec.structs.replace(LEAVING, taken_out_at=NOW)},
    ],
    ids=str,
)
def test_what_was_changed_since_it_was_read_is_not_dropped(
    changes: dict[str, Any], read: OfferRecord, records: OfferRecords
) -> None:
    changed = msgspec.structs.replace(read, **changes)
    records.note([changed], after=[])

    records.drop([read])

    assert records.of(SHARE_ARN) == {CONSUMER: changed}


def test_when_it_was_refused_and_how_often_is_on_the_record(records: OfferRecords) -> None:
    refused = msgspec.structs.replace(ALLOWED, refused_at=NOW + timedelta(seconds=1), refusals=3)

    records.note([refused], after=[])

    assert records.of(SERVICE_ID) == {ROOT: refused}


def test_what_is_left_out_is_kept_as_it_was_last(records: OfferRecords) -> None:
    at_first = records.left_out()
    records.note_left_out({SERVICE_ID: 1, SHARE_ARN: 3})
    records.note_left_out({SHARE_ARN: 4, SERVICE_ID: 0})

    assert (at_first, records.left_out()) == ({}, {SERVICE_ID: 0, SHARE_ARN: 4})
    assert records.targets() == frozenset()


FORBIDDEN = Announced(
    since=NOW, withdraw_after=LATER, forbidden=True, confirmed=True, reasons=(Reason("no", "Not these.", "policy"),)
)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"taken_out_at": NOW},
        {"taken_out_at": NOW, "clear_since": LATER},
        {"cause": LeavingCause.FORBIDDEN, "announced": FORBIDDEN, "is_capped": True},
    ],
    ids=str,
)
def test_that_an_account_leaves_is_on_the_record_and_changed_as_it_was_read(
    changes: dict[str, Any], records: OfferRecords
) -> None:
    leaves = msgspec.structs.replace(SHARED, leaving=msgspec.structs.replace(LEAVING, **changes))
    records.note([SHARED], after=[])

    written = records.note([leaves], after=[SHARED])
    found = records.of(SHARE_ARN)
    records.note([SHARED], after=[leaves])

    assert (written, found) == ([leaves], {CONSUMER: leaves})
    assert records.of(SHARE_ARN) == {CONSUMER: SHARED}


@pytest.mark.parametrize("until", [None, LATER])
@pytest.mark.parametrize("kind", [*ShareNoticeType])
def test_what_an_account_is_told_is_on_the_record_and_changed_as_it_was_read(
    kind: ShareNoticeType, until: datetime | None, records: OfferRecords
) -> None:
    notice = ShareNotice(type=kind, since=NOW, until=until)
    telling, told = (
        msgspec.structs.replace(SHARED, notice=msgspec.structs.replace(notice, is_told=each)) for each in (False, True)
    )
    records.note([SHARED], after=[])

    written = [records.note([each], after=[before]) for each, before in ((telling, SHARED), (told, telling))]
    late = records.note([SHARED], after=[telling])

    assert (written, late) == ([[telling], [told]], [])
    assert records.of(SHARE_ARN) == {CONSUMER: told}
    assert records.one(SHARE_ARN, CONSUMER) == told


def test_of_one_that_is_on_no_record_there_is_nothing(records: OfferRecords) -> None:
    records.note([ALLOWED], after=[])

    assert records.one(SERVICE_ID, ROOT) == ALLOWED
    assert records.one(SHARE_ARN, CONSUMER) is None


def test_nothing_is_nothing(records: OfferRecords) -> None:
    records.note([], after=[])
    records.drop([])

    assert (records.of(SERVICE_ID), records.targets()) == ({}, frozenset())


def test_a_hundred_are_noted_and_dropped_as_one_is(records: OfferRecords) -> None:
    many = [msgspec.structs.replace(ALLOWED, principal=f"arn:aws:iam::{number:012}:root") for number in range(101)]
    records.note(many, after=[])

    found = records.of(SERVICE_ID)
    records.drop([each for principal, each in found.items() if principal != many[0].principal])

    assert len(found) == 101
    assert records.of(SERVICE_ID) == {many[0].principal: many[0]}
