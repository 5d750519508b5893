"""The records of announcements, as ``AnnouncementStore`` promises them: one at a time tells, by what it has read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from drawbridge.approval.announcement import AnnouncementRecord, AnnouncementStore
from drawbridge.approval.announcement_message import announcement_of
from drawbridge.approval.ask import Posted
from drawbridge.aws.announcement_items import AnnouncementItems
from tests.builders import NOW
from tests.contracts.conftest import NewAccount
from tests.contracts.ports.implementations import IMPLEMENTATIONS, either
from tests.fakes.announcements import InMemoryAnnouncements
from tests.unit.announcing import ABOUT, ID, later, mark

POSTED = Posted("C0", "1.5")


@dataclass
class Clock:
    at: datetime = field(default=NOW)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=IMPLEMENTATIONS)
def store(request: pytest.FixtureRequest, new_account: NewAccount, clock: Clock) -> AnnouncementStore:
    def on_aws() -> AnnouncementStore:
        return AnnouncementItems(new_account().table("ApprovalsTable"), now=clock)

    return either(request, lambda: InMemoryAnnouncements(clock), on_aws)


def wanted(**changes: Any) -> AnnouncementRecord:
    fields: dict[str, Any] = {"announcement": announcement_of(ABOUT, [mark()]), "newest_since": NOW}
    return AnnouncementRecord(**(fields | changes))


def kept(store: AnnouncementStore) -> AnnouncementRecord:
    record = store.announcement(ID)
    assert record is not None
    return record


def claimed(store: AnnouncementStore, what: AnnouncementRecord | None = None) -> AnnouncementRecord:
    record = store.claim(what or wanted(), store.announcement(ID))
    assert record is not None
    return record


def test_what_is_claimed_and_shown_is_read_again(store: AnnouncementStore) -> None:
    what = wanted(announcement=announcement_of(ABOUT, [mark("é 日本 😀")]), ending="Withdrawn.", is_over=True)
    assert store.announcement(ID) is None

    claim = claimed(store, what)
    assert claim.says_the_same(what)
    assert kept(store) == claim
    assert (claim.is_shown, claim.posted, claim.revision, claim.claimed_until) == (
        False,
        None,
        1,
        NOW + timedelta(seconds=45),
    )

    shown = store.note_shown(claim, POSTED)
    assert kept(store) == shown == msgspec.structs.replace(what, is_shown=True, posted=POSTED, revision=1)


def test_while_it_is_claimed_nobody_else_claims_it(store: AnnouncementStore, clock: Clock) -> None:
    claimed(store)

    assert store.claim(wanted(), store.announcement(ID)) is None
    clock.at += timedelta(seconds=44)
    assert store.claim(wanted(), store.announcement(ID)) is None
    clock.at += timedelta(seconds=1)
    assert claimed(store).revision == 2


def test_who_read_an_older_record_claims_nothing(store: AnnouncementStore) -> None:
    shown = store.note_shown(claimed(store), POSTED)
    store.note_shown(claimed(store, msgspec.structs.replace(shown, ending="Withdrawn.")), POSTED)

    assert store.claim(msgspec.structs.replace(shown, ending="Being withdrawn."), shown) is None
    assert store.claim(wanted(), None) is None
    assert kept(store).ending == "Withdrawn."


def test_of_many_that_claim_at_once_one_does(store: AnnouncementStore) -> None:
    with ThreadPoolExecutor(6) as together:
        claims = [*together.map(lambda _: store.claim(wanted(), None), range(12))]

    assert [each is None for each in claims].count(False) == 1


def test_what_is_given_back_can_be_claimed_at_once_and_is_not_shown(store: AnnouncementStore) -> None:
    store.give_back(claimed(store))

    assert kept(store).claimed_until is None
    assert kept(store).is_shown is False
    assert claimed(store).revision == 2


def test_who_is_too_late_takes_nothing_from_who_claimed_it_since(store: AnnouncementStore, clock: Clock) -> None:
    late = claimed(store)
    clock.at += timedelta(minutes=1)
    other = claimed(store, wanted(ending="Withdrawn."))

    store.note_shown(late, POSTED)
    store.give_back(late)

    assert kept(store) == other


def test_a_later_announcement_has_no_message_yet(store: AnnouncementStore) -> None:
    store.note_shown(claimed(store), POSTED)

    claimed(store, wanted(newest_since=later(1)))

    assert kept(store).posted is None


def test_each_request_has_a_record_of_its_own(store: AnnouncementStore) -> None:
    claimed(store)

    assert store.announcement("share-other") is None
