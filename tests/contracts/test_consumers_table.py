"""The registry of consumers, as the adapter promises to read it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from drawbridge.aws.consumers_table import ConsumersTable, Registered
from drawbridge.decision.consumer_standing import Standing, standing_of
from drawbridge.decision.facts import Consumer, Fact, Requester
from drawbridge.decision.registration import Registration, registration
from drawbridge.errors import AccessDeniedError, ThrottledError, UpstreamError
from drawbridge.intake.registration.off_boarding import EntryRemoval
from tests.builders import CONSUMER, NOW
from tests.contracts.accounts import refusing
from tests.contracts.conftest import NewAccount


@pytest.fixture(scope="module")
def table(new_account: NewAccount) -> Any:
    return new_account().table("ConsumersTable")


def registered(table: Any, **fields: Any) -> Consumer | None:
    table.put_item(Item={"account_id": CONSUMER, **fields})
    return ConsumersTable(table).consumer(CONSUMER)


def test_who_is_not_registered_is_not_known(table: Any) -> None:
    assert ConsumersTable(table).consumer("999999999999") is None


def test_a_consumer_is_as_it_is_registered(table: Any) -> None:
    found = registered(table, tier="gold", services=["vpce-svc-1", "vpce-svc-2"], name="Orders", notes="since May")

    assert found == Consumer(
        tier="gold", services=frozenset({"vpce-svc-1", "vpce-svc-2"}), name="Orders", notes="since May"
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-05-01T12:00:00+02:00", datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("2026-05-01", datetime(2026, 5, 1, tzinfo=UTC)),
        ("in May", None),
        (Decimal(2026), None),
        (None, None),
    ],
    ids=str,
)
def test_since_when_is_read_as_a_date_or_left_out(table: Any, written: object, read: datetime | None) -> None:
    found = registered(table, since=written)

    assert found is not None
    assert found.since == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("*", {"*"}),
        ("vpce-svc-1", {"vpce-svc-1"}),
        (" vpce-svc-1 ,, ", {"vpce-svc-1"}),
        ("", set()),
        ({"vpce-svc-1"}, {"vpce-svc-1"}),
        (["vpce-svc-1", Decimal(2), None], {"vpce-svc-1"}),
        ([], set()),
        (Decimal(1), set()),
        (None, set()),
        (True, set()),
        ({Decimal(1)}, set()),
    ],
    ids=str,
)
def test_services_are_read_however_people_wrote_them(table: Any, written: object, read: set[str]) -> None:
    found = registered(table, services=written)

    assert found is not None
    assert found.services == read


@pytest.mark.parametrize("odd", [Decimal(1), ["Orders"], True, {Decimal(1)}, b"gold", {"a": "b"}], ids=str)
def test_what_a_field_of_another_form_means_is_unknown(table: Any, odd: object) -> None:
    found = registered(table, tier=odd, name="Orders", notes=None, more="x")

    assert found == Consumer(name="Orders", unreadable=("tier",))
    assert Fact.CONSUMER in Requester(account_id=CONSUMER, consumer=found).unknown


def test_services_that_can_t_all_be_read_are_unknown(table: Any) -> None:
    found = registered(table, services=["vpce-svc-1", Decimal(2), None])

    assert found == Consumer(services=frozenset({"vpce-svc-1"}), unreadable=("services",))
    assert registered(table) == Consumer()


def test_a_registry_that_is_gone_says_nothing_of_an_account(table: Any) -> None:
    with (
        refusing(table.meta.client, "get_item", "ResourceNotFoundException"),
        pytest.raises(UpstreamError, match=CONSUMER),
    ):
        ConsumersTable(table).consumer(CONSUMER)


def test_who_is_throttled_does_not_know_whether_it_is_registered(table: Any) -> None:
    with (
        refusing(table.meta.client, "get_item", "ProvisionedThroughputExceededException"),
        pytest.raises(ThrottledError, match=CONSUMER),
    ):
        ConsumersTable(table).consumer(CONSUMER)


def entry(account_id: str = CONSUMER, **changes: Any) -> Registration:
    fields: dict[str, Any] = {
        "tier": "gold",
        "services": ["vpce-svc-0123456789abcdef0", "vpce-svc-0123456789abcdef1"],
        "name": "Orders",
        "notes": "",
        "since": NOW,
    }
    return registration(account_id, **(fields | changes))


def test_what_is_registered_is_read_as_it_was_written(new_account: NewAccount) -> None:
    consumers = ConsumersTable(new_account().table("ConsumersTable"))

    assert consumers.add(entry(), replace=False)

    assert consumers.consumer(CONSUMER) == entry().consumer
    assert [(each.account_id, each.consumer) for each in consumers.all()] == [(CONSUMER, entry().consumer)]


def test_who_is_registered_is_overwritten_only_if_that_is_said(new_account: NewAccount) -> None:
    consumers = ConsumersTable(new_account().table("ConsumersTable"))
    consumers.add(entry(), replace=False)

    refused = consumers.add(entry(tier="silver"), replace=False)
    still = consumers.consumer(CONSUMER)
    replaced = consumers.add(entry(tier="silver"), replace=True)
    by_now = consumers.consumer(CONSUMER)

    assert (refused, replaced) == (False, True)
    assert still is not None
    assert by_now is not None
    assert (still.tier, by_now.tier) == ("gold", "silver")


ROLE = f"arn:aws:iam::{CONSUMER}:role/Connector"
LATER = NOW + timedelta(hours=1)


def test_principals_and_the_requirement_of_proof_are_read_as_they_were_written(new_account: NewAccount) -> None:
    consumers = ConsumersTable(new_account().table("ConsumersTable"))
    given = entry(principals=[ROLE], proof_required=True, services=[])

    assert consumers.add(given, replace=False)

    read = consumers.registration(CONSUMER)
    assert read is not None
    assert read.consumer == given.consumer
    assert read.changed_at == NOW


def test_an_event_is_not_written_over_another_of_the_same_time_that_was_written_since_the_entry_was_read(
    new_account: NewAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = new_account().table("ConsumersTable")
    consumers, others = ConsumersTable(table), ConsumersTable(table)
    first, second, third = (replace(entry(tier=tier), event_fingerprint=tier) for tier in ("bronze", "gold", "silver"))
    assert others.change(first, after=None)
    before = others.registration(CONSUMER)
    assert before is not None
    assert (before.changed_at, before.event_fingerprint) == (NOW, "bronze")
    read = consumers._read

    def overtaken(item: Any) -> Registration:
        assert others.change(third, after=before)
        return read(item)

    monkeypatch.setattr(consumers, "_read", overtaken)

    assert not consumers.change(second, after=before)
    kept = others.registration(CONSUMER)
    assert kept is not None
    assert (kept.consumer.tier, kept.event_fingerprint) == ("silver", "silver")


def test_what_a_command_registers_is_as_of_no_event_any_longer(new_account: NewAccount) -> None:
    consumers = ConsumersTable(new_account().table("ConsumersTable"))
    assert consumers.change(replace(entry(), event_fingerprint="gold"), after=None)

    assert consumers.add(entry(tier="iron"), replace=True)

    there = consumers.registration(CONSUMER)
    assert there is not None
    assert (there.consumer.tier, there.event_fingerprint) == ("iron", "")
    assert consumers.entries([CONSUMER]) == {CONSUMER: there}


@pytest.mark.parametrize(("minutes", "is_read"), [(15, True), (16, False)])
def test_a_change_by_a_clock_that_is_far_ahead_can_t_be_read(table: Any, minutes: int, is_read: bool) -> None:
    changed_at = NOW + timedelta(minutes=minutes)
    table.put_item(Item={"account_id": CONSUMER, "tier": "gold", "changed_at": changed_at.isoformat()})
    consumers = ConsumersTable(table, now=lambda: NOW)

    read = consumers.registration(CONSUMER)

    assert read is not None
    assert (read.changed_at, read.unreadable) == ((changed_at, ()) if is_read else (None, ("changed_at",)))
    assert consumers.remove_as_of(CONSUMER, NOW) is (EntryRemoval.NEWER if is_read else EntryRemoval.REMOVED)


def test_who_is_suspended_is_so_since_the_first_time_until_it_is_resumed(new_account: NewAccount) -> None:
    consumers = ConsumersTable(new_account().table("ConsumersTable"))
    consumers.add(entry(), replace=False)

    done = [consumers.suspend(CONSUMER, LATER), consumers.suspend(CONSUMER, LATER + timedelta(hours=1))]
    suspended = consumers.registration(CONSUMER)
    undone = [consumers.resume(CONSUMER), consumers.resume(CONSUMER)]
    resumed = consumers.registration(CONSUMER)

    assert (done, undone) == ([True, False], [True, False])
    assert suspended is not None
    assert resumed is not None
    assert suspended.consumer.suspended_at == LATER
    # What a sign-up service told before still counts.
    assert (suspended.changed_at, resumed.changed_at) == (NOW, NOW)
    assert resumed.consumer == entry().consumer


def test_who_is_not_registered_is_neither_suspended_nor_resumed(new_account: NewAccount) -> None:
    consumers = ConsumersTable(new_account().table("ConsumersTable"))

    assert [consumers.suspend(CONSUMER, NOW), consumers.resume(CONSUMER)] == [False, False]
    assert consumers.consumer(CONSUMER) is None


@pytest.mark.parametrize("nothing", [None, ""])
def test_who_has_nothing_where_a_suspension_would_be_is_suspended_as_anybody(table: Any, nothing: object) -> None:
    registered(table, suspended_at=nothing)
    consumers = ConsumersTable(table)

    assert [consumers.resume(CONSUMER), consumers.suspend(CONSUMER, NOW)] == [False, True]


@pytest.mark.parametrize("odd", [True, "since May", Decimal(1), ["x"]], ids=str)
def test_a_suspension_that_can_t_be_read_is_one_and_ends_as_any(table: Any, odd: object) -> None:
    found = registered(table, suspended_at=odd)
    consumers = ConsumersTable(table)

    assert standing_of(found) is Standing.SUSPENDED
    assert [consumers.suspend(CONSUMER, NOW), consumers.resume(CONSUMER)] == [False, True]
    assert standing_of(consumers.consumer(CONSUMER)) is Standing.IN_FORCE


@pytest.mark.parametrize("at_once", [True, False])
def test_whoever_is_replaced_stays_suspended_and_proved_and_keeps_what_nothing_was_said_of(
    table: Any, at_once: bool
) -> None:
    registered(
        table,
        principals=[ROLE],
        proof_required=True,
        proved_at="2026-05-01",
        proved_by=ROLE,
        challenge="asked",
        suspended_at="2026-05-02",
        tier="gold",
        notes="old",
    )
    consumers = ConsumersTable(table)
    given = entry(tier="silver")

    if at_once:
        assert [*consumers.add_all([given], replace=True)] == [Registered(written=(CONSUMER,))]
    else:
        assert consumers.add(given, replace=True)

    read = consumers.registration(CONSUMER)
    assert read is not None
    assert (read.consumer.tier, read.consumer.notes) == ("silver", "")
    assert standing_of(read.consumer) is Standing.SUSPENDED
    assert read.consumer.principals == {ROLE}
    assert read.consumer.proof_required
    assert (read.consumer.proved_at, read.proved_by, read.challenge) == (
        datetime(2026, 5, 1, tzinfo=UTC),
        ROLE,
        "asked",
    )


def test_what_is_said_of_principals_and_proof_replaces_what_is_there(table: Any) -> None:
    registered(table, principals=[ROLE], proof_required=True, services="*")
    consumers = ConsumersTable(table)

    consumers.add(entry(principals=[], proof_required=False, services=[]), replace=True)

    assert consumers.consumer(CONSUMER) == entry(services=[]).consumer


def test_entries_are_written_a_hundred_at_once_and_whoever_is_there_is_left_alone(new_account: NewAccount) -> None:
    table = new_account().table("ConsumersTable")
    consumers = ConsumersTable(table)
    table.put_item(Item={"account_id": "000000000100", "tier": "by hand"})
    accounts = [f"{number:012}" for number in range(150)]

    done = [*consumers.add_all([entry(each) for each in accounts], replace=False)]
    again = [*consumers.add_all([entry(each) for each in accounts], replace=False)]

    assert [len(each.written) for each in done] == [100, 49]
    assert [each.there_already for each in done] == [(), ("000000000100",)]
    assert [each.written for each in again] == [(), ()]
    tiers = {each.account_id: each.consumer.tier for each in consumers.all()}
    assert tiers == dict.fromkeys(accounts, "gold") | {"000000000100": "by hand"}


def test_whoever_is_registered_after_the_look_is_left_alone(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    registered(table, tier="by hand")
    consumers = ConsumersTable(table)
    monkeypatch.setattr("drawbridge.aws.consumers_table.items_of", lambda *_, **__: iter(()))

    [done] = consumers.add_all([entry(), entry("000000000009")], replace=False)

    assert done == Registered(written=("000000000009",), there_already=(CONSUMER,))
    found = consumers.consumer(CONSUMER)
    assert found is not None
    assert found.tier == "by hand"


def test_who_is_removed_is_not_registered_and_can_t_be_removed_again(new_account: NewAccount) -> None:
    consumers = ConsumersTable(new_account().table("ConsumersTable"))
    consumers.add(entry(), replace=False)

    assert [consumers.remove(CONSUMER), consumers.remove(CONSUMER)] == [True, False]
    assert consumers.consumer(CONSUMER) is None


def test_entries_are_read_by_their_accounts_a_hundred_in_a_call(new_account: NewAccount) -> None:
    table = new_account().table("ConsumersTable")
    consumers = ConsumersTable(table)
    accounts = [f"{number:012}" for number in range(101)]
    with table.batch_writer() as batch:
        for account_id in accounts[:-1]:
            batch.put_item(Item={"account_id": account_id, "tier": "gold"})

    found = consumers.entries(accounts)

    assert sorted(found) == accounts[:-1]
    assert found[accounts[0]] == Registration(account_id=accounts[0], consumer=Consumer(tier="gold"))
    assert consumers.entries([]) == {}


def test_a_registry_whose_entries_can_t_be_read_says_nothing_of_them(table: Any) -> None:
    with refusing(table.meta.client, "batch_get_item", "ResourceNotFoundException"), pytest.raises(UpstreamError):
        ConsumersTable(table).entries([CONSUMER])


def test_all_consumers_are_read_page_after_page(new_account: NewAccount) -> None:
    table = new_account().table("ConsumersTable")
    consumers = ConsumersTable(table)
    long = "x" * 1000
    accounts = [f"{number:012}" for number in range(1100)]
    with table.batch_writer() as batch:
        for account_id in accounts:
            batch.put_item(Item={"account_id": account_id, "services": "*", "notes": long})

    assert sorted(each.account_id for each in consumers.all()) == accounts


@pytest.mark.parametrize("operation", ["update_item", "delete_item", "scan"])
def test_who_may_not_write_the_registry_is_told_so(table: Any, operation: str) -> None:
    consumers = ConsumersTable(table)
    doing: dict[str, Any] = {
        "update_item": lambda: consumers.add(entry(), replace=True),
        "delete_item": lambda: consumers.remove(CONSUMER),
        "scan": lambda: [*consumers.all()],
    }

    with refusing(table.meta.client, operation, "AccessDeniedException"), pytest.raises(AccessDeniedError):
        doing[operation]()
