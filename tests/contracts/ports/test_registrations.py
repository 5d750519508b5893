"""Entries that events change and remove, as ``ConsumerEntries`` promises to write them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from drawbridge.aws.consumers_table import ConsumersTable
from drawbridge.decision.facts import Consumer
from drawbridge.decision.registration import Registration
from drawbridge.errors import ThrottledError
from drawbridge.intake.registration.off_boarding import EntryRemoval
from drawbridge.intake.registration.register import ConsumerEntries
from tests.builders import CONSUMER, NOW, SERVICE_ID
from tests.contracts.conftest import NewAccount
from tests.contracts.ports.implementations import IMPLEMENTATIONS, either
from tests.fakes.registrations import InMemoryRegistry

AT = NOW.replace(microsecond=0)
BEFORE, AFTER = AT - timedelta(seconds=1), AT + timedelta(seconds=1)
ROLE = f"arn:aws:iam::{CONSUMER}:role/r"
ENTRY = Registration(
    account_id=CONSUMER,
    consumer=Consumer(
        tier="gold",
        services=frozenset({SERVICE_ID}),
        name="Orders",
        notes="n",
        since=AT,
        principals=frozenset({ROLE}),
        proof_required=True,
    ),
    changed_at=AT,
)


@pytest.fixture(scope="module")
def table(new_account: NewAccount) -> Any:
    return new_account().table("ConsumersTable")


@pytest.fixture(autouse=True)
def _empty(table: Any) -> None:
    table.delete_item(Key={"account_id": CONSUMER})


@pytest.fixture(params=IMPLEMENTATIONS)
def registry(request: pytest.FixtureRequest, table: Any) -> ConsumerEntries:
    def on_aws() -> ConsumerEntries:
        return ConsumersTable(table, now=lambda: NOW)

    return either(request, InMemoryRegistry, on_aws)


def changed(entry: Registration, **fields: Any) -> Registration:
    return replace(entry, consumer=replace(entry.consumer, **fields))


def test_an_entry_is_written_and_read(registry: ConsumerEntries) -> None:
    assert registry.registration(CONSUMER) is None
    assert registry.change(ENTRY, after=None)
    assert registry.registration(CONSUMER) == ENTRY


def test_an_entry_is_changed_as_it_was_read(registry: ConsumerEntries) -> None:
    registry.change(ENTRY, after=None)
    other = replace(changed(ENTRY, tier="", services=frozenset({"*"}), principals=frozenset()), changed_at=AFTER)

    assert registry.change(other, after=ENTRY)
    assert registry.registration(CONSUMER) == other


@pytest.mark.parametrize("after", [None, changed(ENTRY, tier="silver"), replace(ENTRY, changed_at=BEFORE)])
def test_an_entry_that_is_not_as_it_was_read_is_left_alone(
    registry: ConsumerEntries, after: Registration | None
) -> None:
    registry.change(ENTRY, after=None)

    assert not registry.change(changed(ENTRY, tier="bronze"), after=after)
    assert registry.registration(CONSUMER) == ENTRY


def test_an_entry_that_went_meanwhile_is_not_written(registry: ConsumerEntries) -> None:
    assert not registry.change(changed(ENTRY, tier="silver"), after=ENTRY)
    assert registry.registration(CONSUMER) is None


@pytest.mark.parametrize(
    ("at", "removal"), [(BEFORE, EntryRemoval.NEWER), (AT, EntryRemoval.REMOVED), (AFTER, EntryRemoval.REMOVED)]
)
def test_an_entry_is_removed_unless_it_was_changed_after_that(
    registry: ConsumerEntries, at: Any, removal: EntryRemoval
) -> None:
    registry.change(ENTRY, after=None)

    assert registry.remove_as_of(CONSUMER, at) is removal
    assert (registry.registration(CONSUMER) is None) is (removal is EntryRemoval.REMOVED)


def test_an_entry_that_does_not_say_when_it_was_changed_goes(registry: ConsumerEntries) -> None:
    registry.change(replace(ENTRY, changed_at=None), after=None)

    assert registry.remove_as_of(CONSUMER, BEFORE) is EntryRemoval.REMOVED


def test_the_entry_is_told_before_it_goes_and_one_that_is_not_there_is_too(registry: ConsumerEntries) -> None:
    told: list[tuple[Registration | None, bool]] = []

    def first(entry: Registration | None) -> None:
        told.append((entry, registry.registration(CONSUMER) is not None))

    registry.change(ENTRY, after=None)
    for _ in range(2):
        registry.remove_as_of(CONSUMER, AT, first=first)

    assert told == [(ENTRY, True), (None, False)]


def test_an_entry_that_is_written_once_it_was_told_that_there_is_none_goes_too(registry: ConsumerEntries) -> None:
    told: list[Registration | None] = []

    def first(entry: Registration | None) -> None:
        told.append(entry)
        registry.change(ENTRY, after=None)

    assert registry.remove_as_of(CONSUMER, AT, first=first) is EntryRemoval.REMOVED
    assert (told, registry.registration(CONSUMER)) == ([None, ENTRY], None)


def test_a_new_entry_is_suspended_if_it_says_so(registry: ConsumerEntries) -> None:
    suspended = changed(ENTRY, suspended_at=BEFORE)

    assert registry.change(suspended, after=None)
    assert registry.registration(CONSUMER) == suspended


def test_one_that_is_not_there_is_told(registry: ConsumerEntries) -> None:
    assert registry.remove_as_of(CONSUMER, AT) is EntryRemoval.NOT_THERE


class Beaten(ConsumersTable):
    """Somebody else changes the entry after each look."""

    def __init__(self, table: Any) -> None:
        super().__init__(table)
        self.beaten_by: list[dict[str, Any]] = []

    def _update(self, account_id: str, parameters: Any) -> bool:
        self._write()
        return super()._update(account_id, parameters)

    def _delete_unchanged(self, account_id: str, item: Any) -> bool:
        self._write()
        return super()._delete_unchanged(account_id, item)

    def _write(self) -> None:
        if self.beaten_by:
            self._table.put_item(Item={"account_id": CONSUMER, **self.beaten_by.pop(0)})


@pytest.mark.parametrize("before", [None, {}, {"changed_at": "by hand"}, {"changed_at": AT.isoformat()}])
def test_what_somebody_writes_between_the_look_and_the_write_stays(table: Any, before: dict[str, Any] | None) -> None:
    if before is not None:
        table.put_item(Item={"account_id": CONSUMER, **before})
    registry = Beaten(table)
    registry.beaten_by = [{"tier": "theirs", "changed_at": AFTER.isoformat()}]

    assert not registry.change(ENTRY, after=registry.registration(CONSUMER))

    assert table.get_item(Key={"account_id": CONSUMER})["Item"]["tier"] == "theirs"


@pytest.mark.parametrize(
    ("theirs", "removal"), [(AFTER, EntryRemoval.NEWER), (BEFORE, EntryRemoval.REMOVED)], ids=["newer", "older"]
)
def test_a_removal_looks_again_if_somebody_was_faster(table: Any, theirs: Any, removal: EntryRemoval) -> None:
    table.put_item(Item={"account_id": CONSUMER})
    registry = Beaten(table)
    registry.beaten_by = [{"changed_at": theirs.isoformat()}]

    assert registry.remove_as_of(CONSUMER, AT) is removal
    assert ("Item" in table.get_item(Key={"account_id": CONSUMER})) is (removal is EntryRemoval.NEWER)


@pytest.mark.parametrize("theirs", [{"suspended_at": AT.isoformat()}, {"proof_required": True}])
def test_what_somebody_suspends_before_it_goes_is_told_anew(table: Any, theirs: dict[str, Any]) -> None:
    table.put_item(Item={"account_id": CONSUMER})
    registry = Beaten(table)
    registry.beaten_by = [theirs]
    told: list[Registration | None] = []

    assert registry.remove_as_of(CONSUMER, AT, first=told.append) is EntryRemoval.REMOVED

    assert [(each.consumer.is_suspended or each.consumer.proof_required) for each in told if each] == [False, True]


def test_a_removal_gives_up_if_others_are_always_faster(table: Any) -> None:
    table.put_item(Item={"account_id": CONSUMER})
    registry = Beaten(table)
    registry.beaten_by = [{"changed_at": (BEFORE - timedelta(days=each)).isoformat()} for each in range(100)]

    with pytest.raises(ThrottledError, match=f"remove {CONSUMER} from the registry: others"):
        registry.remove_as_of(CONSUMER, AT)


def test_proof_suspension_and_what_is_unsaid_stay_as_they_are_whatever_they_are(table: Any) -> None:
    kept = {
        "suspended_at": "some day",
        "proved_at": "2026-11-01T00:00:00+00:00",
        "proved_by": ROLE,
        "challenge": "c",
        "name": 5,
        "notes": "n",
        "principals": "odd",
        "proof_required": "maybe",
        "more": "by hand",
    }
    table.put_item(Item={"account_id": CONSUMER, **kept})
    registry = ConsumersTable(table)
    before = registry.registration(CONSUMER)
    unsaid = frozenset({"name", "notes", "principals", "proof_required"})

    assert registry.change(replace(ENTRY, unsaid=unsaid, consumer=Consumer(tier="gold")), after=before)

    item = table.get_item(Key={"account_id": CONSUMER})["Item"]
    assert {name: item[name] for name in kept} == kept
    assert item["tier"] == "gold"
