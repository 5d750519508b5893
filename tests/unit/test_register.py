"""Consumers registered and removed by events: in whichever order, however often, and killed at any line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations, permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from drawbridge.decision.facts import Consumer
from drawbridge.decision.registration import Registration
from drawbridge.errors import ConflictError, ThrottledError, UpstreamError
from drawbridge.intake.registration.off_boarding import RemovedConsumer
from drawbridge.intake.registration.register import Taken, changed_entry, take_all
from drawbridge.intake.registration.registration_event import ConsumerRegistered, ConsumerRemoved, RegistrationEvent
from drawbridge.request.announced import WithdrawalCommand
from tests.fakes.interruptions import CrashError
from tests.fakes.registrations import Intake

ACCOUNT = "222222222222"
ORDERS, BILLING = "vpce-svc-0123456789abcdef0", "vpce-svc-0123456789abcdef1"
START = datetime(2026, 12, 1, tzinfo=UTC)
NOW = START + timedelta(hours=1)
ALL_SAID: frozenset[str] = frozenset()
LITTLE_SAID = frozenset({"name", "notes", "principals", "proof_required"})


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def registered(minute: float, unsaid: frozenset[str] = ALL_SAID, **fields: Any) -> ConsumerRegistered:
    consumer = replace(Consumer(tier="gold", since=at(minute)), **fields)
    entry = Registration(account_id=ACCOUNT, consumer=consumer, changed_at=at(minute), unsaid=unsaid)
    return ConsumerRegistered(entry=entry, at=at(minute), by="the event Consumer Registered of sign-up")


def removed(minute: float) -> ConsumerRemoved:
    return ConsumerRemoved(account_id=ACCOUNT, at=at(minute), by="the event Consumer Removed of sign-up")


@pytest.fixture
def intake() -> Intake:
    return Intake(NOW)


def entry_of(intake: Intake) -> Registration:
    return intake.registry.entries[ACCOUNT]


def by_hand(intake: Intake, changed_at: datetime | None = None, **fields: Any) -> None:
    """Have an entry as somebody wrote it."""
    consumer = replace(Consumer(), **fields)
    intake.registry.entries[ACCOUNT] = Registration(account_id=ACCOUNT, consumer=consumer, changed_at=changed_at)


def test_who_signs_up_is_registered_and_a_sweep_is_asked_for(intake: Intake) -> None:
    event = registered(1, services=frozenset({ORDERS}), name="Orders")

    assert intake.sign_ups.take(event) is Taken.REGISTERED

    entry = entry_of(intake)
    assert entry.event_fingerprint
    assert replace(entry, event_fingerprint="") == event.entry
    assert intake.hints == 1


def test_an_entry_that_a_clock_far_ahead_wrote_is_removed_by_what_is_told_now(intake: Intake) -> None:
    by_hand(intake, NOW + timedelta(hours=2), tier="gold")

    assert intake.sign_ups.take(removed(1)) is Taken.REMOVED
    assert intake.registry.entries == {}


@pytest.mark.parametrize("is_registered", [True, False])
def test_an_earlier_registration_between_the_note_of_a_removal_and_the_entry_s_end_registers_nobody(
    intake: Intake, is_registered: bool
) -> None:
    """Nor one that is written right before the note, while the removal still finds no entry."""
    if is_registered:
        by_hand(intake, at(0), tier="gold")
    note = intake.removed.note

    def noted(account_id: str, removed: RemovedConsumer) -> None:
        intake.removed.note = note  # type: ignore[method-assign]
        intake.sign_ups.take(registered(1))
        note(account_id, removed)

    intake.removed.note = noted  # type: ignore[method-assign]

    assert intake.sign_ups.take(removed(2)) is Taken.REMOVED
    assert intake.registry.entries == {}


def test_an_earlier_registration_right_after_the_entry_went_registers_nobody(intake: Intake) -> None:
    by_hand(intake, at(0), tier="gold")
    going = intake.connections.going

    def gone(account_id: str) -> Sequence[str]:
        assert intake.sign_ups.take(registered(1)) is Taken.OUTDATED
        return going(account_id)

    intake.connections.going = gone  # type: ignore[method-assign]

    assert intake.sign_ups.take(removed(2)) is Taken.REMOVED
    assert intake.registry.entries == {}


@pytest.mark.parametrize("unsaid", [ALL_SAID, LITTLE_SAID])
def test_who_is_removed_and_signs_up_again_is_suspended_as_before_and_has_to_prove_who_they_are_anew(
    intake: Intake, unsaid: frozenset[str]
) -> None:
    by_hand(intake, at(0), suspended_at=at(-5), proof_required=True, proved_at=at(-9))

    intake.sign_ups.take(removed(1))
    intake.sign_ups.take(removed(2))
    assert intake.sign_ups.take(registered(3, unsaid)) is Taken.REGISTERED

    consumer = entry_of(intake).consumer
    assert (consumer.suspended_at, consumer.proof_required, consumer.proved_at) == (at(-5), True, None)


def test_that_a_proof_was_required_is_written_also_where_the_event_says_nothing_of_it() -> None:
    said = registered(3, LITTLE_SAID).entry

    again = changed_entry(None, said, RemovedConsumer(removed_at=at(1), proof_required=True))
    plain = changed_entry(None, said, RemovedConsumer(removed_at=at(1)))

    assert isinstance(again, Registration)
    assert isinstance(plain, Registration)
    assert (again.unsaid, plain.unsaid) == (LITTLE_SAID - {"proof_required"}, LITTLE_SAID)


def test_who_is_suspended_while_it_is_removed_is_suspended_when_it_signs_up_again(intake: Intake) -> None:
    by_hand(intake, at(0), tier="gold")

    def suspend() -> None:
        intake.registry.before_write = lambda: None
        by_hand(intake, at(0), tier="gold", suspended_at=at(2))

    intake.registry.before_write = suspend
    intake.sign_ups.take(removed(1))
    intake.sign_ups.take(registered(3))

    assert entry_of(intake).consumer.suspended_at == at(2)


def test_a_suspension_since_nobody_knows_when_is_one_since_the_removal(intake: Intake) -> None:
    by_hand(intake, at(0), unreadable=("suspended_at",))

    intake.sign_ups.take(removed(1))
    intake.sign_ups.take(registered(2))

    assert entry_of(intake).consumer.suspended_at == at(1)


def test_a_removal_of_who_is_not_registered_withdraws_only_what_was_let_in_for_an_entry(intake: Intake) -> None:
    intake.connections.open = ["of our own organization", "of a consumer"]
    intake.connections.registered = {"of a consumer"}
    intake.connections.changing = {"of a consumer"}

    with pytest.raises(ConflictError):
        intake.sign_ups.take(removed(2))
    intake.connections.changing = set()

    assert intake.sign_ups.take(removed(2)) is Taken.REMOVED
    assert intake.connections.commanded == ["of a consumer"]
    assert intake.sign_ups.take(registered(1)) is Taken.OUTDATED


def test_a_removal_of_who_registers_meanwhile_withdraws_nothing(intake: Intake) -> None:
    intake.connections.open = ["of a consumer"]
    intake.connections.registered = {"of a consumer"}

    def register() -> None:
        intake.registry.before_write = lambda: None
        by_hand(intake, at(3))

    intake.registry.before_write = register

    assert intake.sign_ups.take(removed(2)) is Taken.OUTDATED
    assert intake.connections.commanded == []


def test_a_removal_that_was_broken_off_after_the_entry_went_is_finished_in_full(intake: Intake) -> None:
    by_hand(intake)
    intake.connections.open = ["a"]
    # The note, the entry, and nothing more.
    intake.interruptions.writes_until_crash = 2

    with pytest.raises(CrashError):
        intake.sign_ups.take(removed(2))
    assert (intake.registry.entries, intake.connections.commanded) == ({}, [])
    intake.interruptions.writes_until_crash = 1_000

    assert intake.sign_ups.take(removed(2)) is Taken.REMOVED
    assert intake.connections.commanded == ["a"]


def test_a_removal_that_did_not_take_the_entry_has_no_event_of_before_take_it(intake: Intake) -> None:
    """As a command that is denied or stopped right after its note leaves it; events are delivered more than once."""
    intake.sign_ups.take(registered(1))
    intake.connections.open = ["a"]
    intake.connections.registered = {"a"}
    intake.removed.note(ACCOUNT, RemovedConsumer(removed_at=at(2)))
    intake.registry.before_write = _never

    assert intake.sign_ups.take(registered(1)) is Taken.BEING_REMOVED
    assert (entry_of(intake).consumer.tier, intake.connections.commanded, intake.hints) == ("gold", [], 1)

    intake.registry.before_write = lambda: None
    assert intake.sign_ups.take(removed(2)) is Taken.REMOVED
    assert (intake.registry.entries, intake.connections.commanded) == ({}, ["a"])


def test_an_entry_that_is_taken_back_is_with_all_that_was_let_in_for_it(intake: Intake) -> None:
    """An event is stopped once it has written the entry of an account that was removed at the same instant."""

    def remove() -> None:
        intake.registry.before_write = lambda: None
        intake.sign_ups.take(removed(2))
        intake.connections.open = ["for the entry", "of a person"]
        intake.connections.registered = {"for the entry"}

    intake.registry.before_write = remove
    asked = intake.removed.removed

    def stopped(account_id: str) -> RemovedConsumer | None:
        if ACCOUNT in intake.registry.entries:
            intake.removed.removed = asked  # type: ignore[method-assign]
            raise CrashError
        return asked(account_id)

    intake.removed.removed = stopped  # type: ignore[method-assign]
    with pytest.raises(CrashError):
        intake.sign_ups.take(registered(1))
    assert ACCOUNT in intake.registry.entries

    assert intake.sign_ups.take(registered(1)) is Taken.OUTDATED
    assert (intake.registry.entries, intake.connections.commanded) == ({}, ["for the entry"])
    assert {(each.by, each.name) for _, each in intake.connections.commands} == {(registered(1).by, "")}


def test_an_entry_that_a_command_wrote_in_the_second_of_an_event_is_not_taken_back_by_it(intake: Intake) -> None:
    intake.sign_ups.take(registered(1))
    intake.sign_ups.take(removed(1))
    by_hand(intake, at(1), tier="gold")
    intake.connections.open = ["a"]
    intake.connections.registered = {"a"}

    assert intake.sign_ups.take(registered(1)) is Taken.OUTDATED
    assert (entry_of(intake).changed_at, intake.connections.commanded) == (at(1), [])


def test_who_signed_up_again_with_the_same_is_not_taken_back_by_what_was_told_before(intake: Intake) -> None:
    intake.sign_ups.take(registered(1, since=at(0)))
    intake.sign_ups.take(removed(2))
    intake.sign_ups.take(registered(3, since=at(0)))
    intake.connections.open = ["a"]
    intake.connections.registered = {"a"}

    assert intake.sign_ups.take(registered(1, since=at(0))) is Taken.OUTDATED
    assert (entry_of(intake).changed_at, intake.connections.commanded) == (at(3), [])


def test_an_entry_that_was_written_just_now_is_taken_back_though_the_removal_goes_on(intake: Intake) -> None:
    """Whoever removes has looked for the entry already."""
    intake.registry.before_write = lambda: intake.removed.note(ACCOUNT, RemovedConsumer(removed_at=at(2)))

    assert intake.sign_ups.take(registered(1)) is Taken.OUTDATED
    assert intake.registry.entries == {}


def test_the_same_event_again_writes_nothing_and_asks_for_a_sweep_that_may_not_have_been_asked_for(
    intake: Intake,
) -> None:
    intake.sign_ups.take(registered(1))
    intake.registry.before_write = _never

    assert intake.sign_ups.take(registered(1)) is Taken.UNCHANGED
    assert intake.hints == 2


def _never() -> None:
    raise AssertionError("nothing is to be written")


def test_the_same_told_later_counts_as_of_then(intake: Intake) -> None:
    intake.sign_ups.take(registered(1))

    assert intake.sign_ups.take(registered(3)) is Taken.REGISTERED
    assert intake.sign_ups.take(removed(2)) is Taken.OUTDATED
    assert (entry_of(intake).changed_at, entry_of(intake).consumer.since) == (at(3), at(1))


def test_an_event_that_is_older_than_the_entry_is_ignored(intake: Intake) -> None:
    intake.sign_ups.take(registered(2, tier="gold", since=at(0)))
    intake.registry.before_write = _never

    assert intake.sign_ups.take(registered(1, LITTLE_SAID, tier="silver")) is Taken.OUTDATED
    assert entry_of(intake).consumer.tier == "gold"
    assert intake.hints == 1


def test_what_an_event_does_not_say_stays_and_tier_and_services_are_as_it_says(intake: Intake) -> None:
    role = frozenset({f"arn:aws:iam::{ACCOUNT}:role/r"})
    kept: dict[str, Any] = {"name": "Orders", "notes": "pays late", "principals": role, "proof_required": True}
    by_hand(intake, tier="gold", services=frozenset({ORDERS}), **kept)

    intake.sign_ups.take(registered(1, LITTLE_SAID, tier="", services=frozenset({BILLING})))

    consumer = entry_of(intake).consumer
    assert (consumer.tier, consumer.services) == ("", frozenset({BILLING}))
    assert {name: getattr(consumer, name) for name in kept} == kept


@pytest.mark.parametrize(
    ("before", "said", "after"),
    [(False, True, True), (True, False, True), (True, True, True), (False, False, False)],
)
def test_an_event_may_ask_for_a_proof_and_never_take_that_back(
    intake: Intake, before: bool, said: bool, after: bool
) -> None:
    by_hand(intake, tier="gold", proof_required=before)

    intake.sign_ups.take(registered(1, proof_required=said))

    assert entry_of(intake).consumer.proof_required is after


def test_proof_and_suspension_of_an_entry_stay_whatever_an_event_says(intake: Intake) -> None:
    by_hand(intake, at(0), tier="gold", suspended_at=at(-9), proved_at=at(-8))
    intake.registry.entries[ACCOUNT] = replace(entry_of(intake), proved_by="arn", challenge="c")

    intake.sign_ups.take(registered(1, tier="silver", suspended_at=None, proved_at=at(1)))

    entry = entry_of(intake)
    assert (entry.consumer.tier, entry.consumer.suspended_at, entry.consumer.proved_at) == ("silver", at(-9), at(-8))
    assert (entry.proved_by, entry.challenge) == ("arn", "c")


def test_a_field_that_can_not_be_read_is_written_anew(intake: Intake) -> None:
    by_hand(intake, at(1), tier="gold", unreadable=("services",))

    assert intake.sign_ups.take(registered(1)) is Taken.REGISTERED


def test_who_is_removed_is_out_with_all_that_is_connected(intake: Intake) -> None:
    intake.sign_ups.take(registered(1))
    intake.connections.open = ["a", "b"]

    assert intake.sign_ups.take(removed(2)) is Taken.REMOVED

    assert intake.registry.entries == {}
    assert intake.removed.kept == {ACCOUNT: RemovedConsumer(removed_at=at(2), is_finished=True)}
    assert intake.connections.commanded == ["a", "b"]
    assert {(each.by, each.at, each.name) for _, each in intake.connections.commands} == {(removed(2).by, NOW, "")}
    assert intake.hints == 2


def test_what_shows_once_the_first_is_commanded_goes_too(intake: Intake) -> None:
    """The ledger's index of what is connected may be a moment behind."""
    by_hand(intake)
    intake.connections.open = ["a"]
    real = intake.connections.command

    def then_another(going: Sequence[str], command: WithdrawalCommand) -> Sequence[str]:
        intake.connections.open = ["a", "b"]
        return real(going, command)

    intake.connections.command = then_another  # type: ignore[method-assign]

    assert intake.sign_ups.take(removed(1)) is Taken.REMOVED
    assert (intake.connections.commanded, intake.connections.looks) == (["a", "b"], 3)


def test_a_removal_that_is_told_again_takes_down_nothing_that_was_let_in_since(intake: Intake) -> None:
    intake.sign_ups.take(removed(2))
    intake.connections.open = ["let in by a person since"]

    assert intake.sign_ups.take(removed(2)) is Taken.REMOVED_BEFORE
    assert intake.sign_ups.take(removed(1)) is Taken.REMOVED_BEFORE
    assert (intake.connections.commanded, intake.hints) == ([], 1)


def test_a_later_removal_is_one_more(intake: Intake) -> None:
    intake.sign_ups.take(removed(1))
    by_hand(intake)
    intake.connections.open = ["a"]

    assert intake.sign_ups.take(removed(2)) is Taken.REMOVED
    assert (intake.registry.entries, intake.connections.commanded) == ({}, ["a"])


def test_an_entry_that_does_not_say_when_it_was_changed_goes_and_is_kept_from_events_before_a_removal(
    intake: Intake,
) -> None:
    by_hand(intake, tier="gold")
    intake.sign_ups.take(removed(2))
    assert intake.registry.entries == {}
    by_hand(intake, tier="by hand since")

    assert intake.sign_ups.take(registered(1)) is Taken.OUTDATED
    assert entry_of(intake).consumer.tier == "by hand since"


@pytest.mark.parametrize("minute", [1, 2])
def test_an_event_that_comes_after_a_removal_and_is_no_later_registers_nobody(intake: Intake, minute: int) -> None:
    intake.sign_ups.take(removed(2))

    assert intake.sign_ups.take(registered(minute)) is Taken.OUTDATED
    assert (intake.registry.entries, intake.hints) == ({}, 1)


def test_of_two_at_the_same_time_the_removal_counts(intake: Intake) -> None:
    intake.sign_ups.take(registered(2))

    assert intake.sign_ups.take(removed(2)) is Taken.REMOVED
    assert intake.registry.entries == {}


def test_a_command_after_a_removal_is_newer_than_the_events_from_before(intake: Intake) -> None:
    intake.sign_ups.take(removed(1))
    by_hand(intake, at(3), tier="by command")

    assert intake.sign_ups.take(registered(2)) is Taken.OUTDATED
    assert intake.sign_ups.take(removed(2)) is Taken.OUTDATED
    assert entry_of(intake).consumer.tier == "by command"


def test_what_goes_on_changing_is_told_and_the_rest_goes_and_the_event_finishes_it_once_it_comes_again(
    intake: Intake,
) -> None:
    by_hand(intake)
    intake.connections.open = ["a", "b"]
    intake.connections.changing = {"a"}

    with pytest.raises(ConflictError, match=f"{ACCOUNT}: 1 of its connections go on changing"):
        intake.sign_ups.take(removed(1))

    assert (intake.connections.commanded, intake.connections.looks, intake.hints) == (["b"], 3, 1)
    intake.connections.changing = set()
    assert intake.sign_ups.take(removed(1)) is Taken.REMOVED
    assert intake.connections.commanded == ["b", "a"]


def test_an_entry_that_others_change_at_every_instant_is_tried_again_later(intake: Intake) -> None:
    minutes = iter(range(100))
    intake.registry.before_write = lambda: by_hand(intake, at(-next(minutes)), tier="gold")

    with pytest.raises(ThrottledError, match="others that change its entry are always faster"):
        intake.sign_ups.take(registered(1))
    assert intake.hints == 0


def test_an_entry_that_somebody_changed_meanwhile_is_looked_at_again(intake: Intake) -> None:
    def suspend() -> None:
        intake.registry.before_write = lambda: None
        by_hand(intake, at(0), tier="gold", suspended_at=at(0))

    intake.registry.before_write = suspend

    assert intake.sign_ups.take(registered(1, tier="silver")) is Taken.REGISTERED
    assert (entry_of(intake).consumer.tier, entry_of(intake).consumer.suspended_at) == ("silver", at(0))


def test_of_a_batch_one_that_fails_is_told_and_stops_no_other(
    intake: Intake, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = intake.sign_ups.take

    def take(event: RegistrationEvent) -> Taken:
        if event.at == at(1):
            raise UpstreamError("no")
        return real(event)

    monkeypatch.setattr(intake.sign_ups, "take", take)

    assert take_all({"m-1": registered(1), "m-2": registered(2)}, intake.sign_ups) == ["m-1"]
    assert entry_of(intake).changed_at == at(2)
    (told,) = [vars(each) for each in caplog.records if each.getMessage() == "event failed"]
    assert (told["message_id"], told["account_id"], told["reason"]) == ("m-1", ACCOUNT, "no")


SAID_AT_ONCE = [
    registered(1, tier="gold"),
    registered(1, tier="silver"),
    registered(1, tier="gold", services=frozenset({ORDERS, BILLING})),
    registered(1, LITTLE_SAID, tier="gold"),
]


SAID_IN_PART = [
    registered(1, LITTLE_SAID - {"name"}, tier="gold", name="Orders"),
    registered(1, LITTLE_SAID - {"name"}, tier="iron", name="Billing"),
    registered(1, LITTLE_SAID, tier="silver"),
    registered(1, LITTLE_SAID - {"principals"}, principals=frozenset({f"arn:aws:iam::{ACCOUNT}:role/r"})),
    registered(1, LITTLE_SAID - {"proof_required"}, tier="bronze", proof_required=True),
    registered(1, tier="platinum", name="Both", notes="says all"),
]


@pytest.mark.parametrize("told", [SAID_AT_ONCE, *combinations(SAID_IN_PART, 2), *combinations(SAID_IN_PART, 3)])
@pytest.mark.parametrize("is_there", [True, False], ids=["there", "new"])
def test_registrations_at_the_same_time_come_to_the_same_in_whichever_order_and_however_often_they_come(
    told: Sequence[RegistrationEvent], is_there: bool
) -> None:
    came_to = set()
    for order in permutations(told):
        intake = Intake(NOW)
        if is_there:
            by_hand(intake, at(0), tier="iron", name="Before", notes="kept")
        for event in (*order, *order):
            intake.sign_ups.take(event)
        came_to.add(replace(entry_of(intake), unsaid=frozenset()))

    assert len(came_to) == 1


def test_what_the_one_that_counts_leaves_unsaid_is_as_the_other_one_of_its_second_says_it() -> None:
    named, unnamed = SAID_IN_PART[0], SAID_IN_PART[2]
    for order in permutations([named, unnamed]):
        intake = Intake(NOW)
        by_hand(intake, at(0), tier="iron", name="Before", notes="kept")
        for event in order:
            intake.sign_ups.take(event)

        assert (entry_of(intake).consumer.name, entry_of(intake).consumer.notes) == ("Orders", "kept")


def test_a_registration_that_does_not_count_is_outdated_however_often_it_comes(intake: Intake) -> None:
    one, other = SAID_AT_ONCE[:2]

    taken = [intake.sign_ups.take(each) for each in (one, other, one, other)]

    assert taken in (
        [Taken.REGISTERED, Taken.REGISTERED, Taken.OUTDATED, Taken.UNCHANGED],
        [Taken.REGISTERED, Taken.OUTDATED, Taken.UNCHANGED, Taken.OUTDATED],
    )


def test_an_event_counts_where_a_command_registered_the_account_in_the_same_second(intake: Intake) -> None:
    by_hand(intake, at(1), tier="silver")

    assert intake.sign_ups.take(registered(1, tier="gold")) is Taken.REGISTERED
    assert entry_of(intake).consumer.tier == "gold"


def test_a_removal_that_comes_after_a_later_registration_leaves_what_is_connected(intake: Intake) -> None:
    intake.sign_ups.take(registered(1))
    intake.connections.open = ["a"]

    assert intake.sign_ups.take(registered(3)) is Taken.REGISTERED
    assert intake.sign_ups.take(removed(2)) is Taken.OUTDATED
    assert (entry_of(intake).changed_at, intake.connections.commanded, intake.removed.kept) == (at(3), [], {})


events: st.SearchStrategy[RegistrationEvent] = st.one_of(
    st.builds(
        lambda minute, tier: registered(minute, tier=tier),
        st.integers(0, 3),
        st.sampled_from(["gold", "silver", "bronze"]),
    ),
    st.integers(0, 3).map(removed),
)


def latest(told: Sequence[RegistrationEvent]) -> RegistrationEvent:
    """Return the event that counts; of registrations at once it is the one by what they say."""
    return max(told, key=lambda each: (each.at, isinstance(each, ConsumerRemoved), _fingerprint(each)))


def _fingerprint(event: RegistrationEvent) -> str:
    if isinstance(event, ConsumerRemoved):
        return ""
    entry = changed_entry(None, event.entry)
    assert isinstance(entry, Registration)
    return entry.event_fingerprint.rpartition("tier=")[2]


def came_to(intake: Intake, told: Sequence[RegistrationEvent]) -> None:
    """Check that the registry is as the latest of the events says."""
    last = latest(told)
    if isinstance(last, ConsumerRemoved):
        assert intake.registry.entries == {}
        kept = intake.removed.kept[ACCOUNT]
        assert (kept.removed_at, kept.is_finished) == (last.at, True)
        assert {*intake.connections.open} == {*intake.connections.commanded}
    else:
        assert (entry_of(intake).consumer.tier, entry_of(intake).changed_at) == (last.entry.consumer.tier, last.at)


@given(st.lists(events, min_size=1, max_size=6), st.data())
def test_whatever_comes_in_whichever_order_and_is_killed_anywhere_the_latest_counts(
    told: list[RegistrationEvent], data: st.DataObject
) -> None:
    intake = Intake(NOW)
    intake.connections.open = ["a", "b"]
    intake.connections.registered = {"a", "b"}
    for event in told:
        intake.interruptions.writes_until_crash = data.draw(st.integers(0, 8))
        try:
            intake.sign_ups.take(event)
        except CrashError:
            # The queue delivers it again, after others maybe.
            intake.interruptions.writes_until_crash = 1_000
            if data.draw(st.booleans()):
                intake.sign_ups.take(data.draw(st.sampled_from(told)))
            intake.sign_ups.take(event)

    came_to(intake, told)


@given(events, events, st.integers(0, 3))
def test_whatever_is_told_between_a_look_and_its_write_the_later_counts(
    event: RegistrationEvent, meanwhile: RegistrationEvent, nth: int
) -> None:
    intake = Intake(NOW)
    _nth(intake, nth, lambda: intake.sign_ups.take(meanwhile))

    intake.sign_ups.take(event)

    intake.registry.before_write = lambda: None
    intake.sign_ups.take(meanwhile)
    came_to(intake, [event, meanwhile])


def _nth(intake: Intake, nth: int, act: Callable[[], object]) -> None:
    """Have something done before the so-manyth write of the registry, once."""
    writes = iter(range(1_000))

    def before_write() -> None:
        if next(writes) == nth:
            intake.registry.before_write = lambda: None
            act()

    intake.registry.before_write = before_write


def test_an_entry_that_was_written_while_its_account_was_removed_is_taken_back(intake: Intake) -> None:
    """Killed before it was, too: the event comes again."""
    real, looks = intake.removed.removed, iter(range(9))

    def not_noted_yet(account_id: str) -> RemovedConsumer | None:
        return None if next(looks) == 0 else real(account_id)

    intake.removed.note(ACCOUNT, RemovedConsumer(removed_at=at(2), is_finished=True))
    intake.removed.removed = not_noted_yet  # type: ignore[method-assign]
    intake.interruptions.writes_until_crash = 1

    with pytest.raises(CrashError):
        intake.sign_ups.take(registered(1))
    assert ACCOUNT in intake.registry.entries
    intake.interruptions.writes_until_crash = 1_000
    assert intake.sign_ups.take(registered(1)) is Taken.OUTDATED
    assert intake.registry.entries == {}


NAMED = registered(1, LITTLE_SAID - {"name"}, tier="gold", name="Orders")
ASKING = registered(1, LITTLE_SAID - {"proof_required"}, tier="gold", proof_required=True)
LATER = registered(3, LITTLE_SAID, tier="silver")


def after(*told: RegistrationEvent) -> Intake:
    intake = Intake(NOW)
    for event in told:
        intake.sign_ups.take(event)
    return intake


def test_what_the_later_one_leaves_unsaid_is_as_an_earlier_one_says_it_that_comes_late() -> None:
    asking = registered(2, LITTLE_SAID - {"proof_required", "notes"}, notes="late", proof_required=True)
    told: list[RegistrationEvent] = [NAMED, asking, LATER]
    come_to = [after(*order) for order in permutations(told)]

    for intake in come_to:
        entry = entry_of(intake)
        assert entry == entry_of(come_to[0])
        consumer = entry.consumer
        assert (consumer.tier, consumer.name, consumer.notes, consumer.proof_required) == (
            "silver",
            "Orders",
            "late",
            True,
        )
        assert (consumer.since, entry.changed_at, intake.hints) == (at(1), at(3), 3)


def test_of_two_that_come_late_the_later_says_what_is_unsaid_also_in_the_other_order() -> None:
    other = registered(2, LITTLE_SAID - {"name"}, tier="gold", name="Later")

    for order in permutations([NAMED, other, LATER]):
        assert entry_of(after(*order)).consumer.name == "Later"


def test_what_comes_late_and_adds_nothing_is_outdated_however_often_it_comes() -> None:
    intake = after(LATER, NAMED)

    assert intake.sign_ups.take(registered(1, tier="iron", name="")) is Taken.REGISTERED
    assert [intake.sign_ups.take(each) for each in (NAMED, LATER, NAMED)] == [
        Taken.OUTDATED,
        Taken.UNCHANGED,
        Taken.OUTDATED,
    ]


@pytest.mark.parametrize(("minute", "name"), [(1, "of the command"), (2.5, "of an event")])
def test_what_is_from_before_a_command_says_nothing_also_once_a_later_event_has_changed_its_entry(
    intake: Intake, minute: float, name: str
) -> None:
    by_hand(intake, at(2), tier="gold", name="of the command", since=at(2))
    intake.sign_ups.take(LATER)

    intake.sign_ups.take(registered(minute, name="of an event", proof_required=minute > 2))

    consumer = entry_of(intake).consumer
    assert (consumer.tier, consumer.name, consumer.proof_required) == ("silver", name, minute > 2)
    assert consumer.since == at(2)


def test_since_when_somebody_wrote_that_it_is_to_count_stays_as_it_is(intake: Intake) -> None:
    by_hand(intake, tier="gold", since=at(9))

    intake.sign_ups.take(LATER)
    intake.sign_ups.take(NAMED)

    assert (entry_of(intake).consumer.since, entry_of(intake).consumer.name) == (at(9), "Orders")


def test_who_was_removed_between_is_as_the_later_one_says() -> None:
    told: list[RegistrationEvent] = [NAMED, removed(2), LATER]
    for order in permutations(told):
        is_outrun = order.index(removed(2)) > order.index(LATER)

        # A removal that comes after a later registration changes nothing.
        assert entry_of(after(*order)).consumer.name == ("Orders" if is_outrun else "")


def test_a_proof_that_was_asked_for_before_a_removal_is_required_in_whichever_order_they_come() -> None:
    told: list[RegistrationEvent] = [ASKING, removed(2), LATER]
    for order in permutations(told):
        assert entry_of(after(*order)).consumer.proof_required


def test_a_proof_that_is_asked_for_too_late_for_the_entry_is_kept_and_a_sweep_is_asked_for() -> None:
    intake = after(removed(2), LATER)

    assert intake.sign_ups.take(ASKING) is Taken.OUTDATED
    assert (entry_of(intake).consumer.tier, entry_of(intake).consumer.name, intake.hints) == ("silver", "", 3)
    assert intake.removed.kept[ACCOUNT] == RemovedConsumer(
        removed_at=at(2), is_finished=True, was_registered=False, proof_required=True
    )
    intake.registry.before_write = _never
    assert intake.sign_ups.take(ASKING) is Taken.OUTDATED


def test_who_a_command_registered_anew_has_to_prove_nothing_that_was_asked_for_before(intake: Intake) -> None:
    intake.sign_ups.take(removed(2))
    by_hand(intake, at(2.5), tier="gold")
    intake.registry.before_write = _never

    intake.sign_ups.take(ASKING)

    intake.registry.before_write = lambda: None
    intake.sign_ups.take(LATER)
    intake.sign_ups.take(ASKING)
    assert not entry_of(intake).consumer.proof_required


in_part = st.one_of(
    st.builds(
        lambda minute, tier, said: registered(minute, LITTLE_SAID - said.keys(), tier=tier, **said),
        st.integers(0, 4),
        st.sampled_from(["gold", "silver"]),
        st.fixed_dictionaries(
            {},
            optional={
                "name": st.sampled_from(["", "a", "b"]),
                "notes": st.sampled_from(["n", "m"]),
                "proof_required": st.booleans(),
            },
        ),
    ),
    st.integers(0, 4).map(removed),
)


def is_registration(event: RegistrationEvent) -> bool:
    return isinstance(event, ConsumerRegistered)


def in_time(event: RegistrationEvent) -> tuple[Any, ...]:
    return event.at, isinstance(event, ConsumerRemoved), _fingerprint(event)


@given(st.lists(in_part.filter(is_registration), min_size=2, max_size=4), st.data())
def test_registrations_come_to_the_same_in_whichever_order_and_however_often_they_come(
    told: list[RegistrationEvent], data: st.DataObject
) -> None:
    in_order = after(*sorted(told, key=in_time))

    other = after(*data.draw(st.permutations([*told, *told])))

    assert entry_of(other) == entry_of(in_order)


def last_said(name: str, told: Sequence[RegistrationEvent]) -> object:
    """Return what the registrations say of a field; of the tests' events one of a second may say it."""
    saying = [each for each in told if isinstance(each, ConsumerRegistered) and name not in each.entry.unsaid]
    return getattr(max(saying, key=in_time).entry.consumer, name) if saying else getattr(Consumer(), name)


@given(st.lists(in_part, min_size=2, max_size=4), st.data())
def test_with_removals_each_field_is_as_of_the_last_that_says_it_and_a_proof_is_required_if_any_asks(
    told: list[RegistrationEvent], data: st.DataObject
) -> None:
    intake = after(*data.draw(st.permutations([*told, *told])))

    last = latest(told)
    if isinstance(last, ConsumerRemoved):
        assert intake.registry.entries == {}
        return
    consumer = entry_of(intake).consumer
    registrations = [each for each in told if isinstance(each, ConsumerRegistered)]
    assert consumer.proof_required is any(each.entry.consumer.proof_required for each in registrations)
    # A removal takes what was said before it, unless a later registration came first.
    removals = [each for each in told if isinstance(each, ConsumerRemoved)]
    since_each = [told, *([each for each in told if each.at > removal.at] for removal in removals)]
    for name in ("name", "notes"):
        assert getattr(consumer, name) in {last_said(name, since) for since in since_each}
