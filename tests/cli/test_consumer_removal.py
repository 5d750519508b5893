"""``drawbridge consumers remove``: the entry goes, then what is connected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest

from drawbridge.aws.consumers_table import ConsumersTable
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.aws.offered_shares import OfferedSharesOfRam
from drawbridge.aws.removed_consumers import RemovedConsumerItems
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.errors import AccessDeniedError, ThrottledError
from drawbridge.intake.registration.off_boarding import EntryRemoval, RemovedConsumer
from drawbridge.request.announced import WithdrawalCommand
from drawbridge.status import Status
from drawbridge_cli.stack import Stack
from tests.builders import CONSUMER, NOW, SERVICE_ID, SHARE, STRANGER
from tests.cli.connected import (
    ATTACHMENT,
    LET_IN,
    by_of,
    connection,
    enter,
    enter_connected,
    enter_next_attempt,
    ledger_of,
    name_of,
    reach,
    row_of,
)
from tests.cli.operators import Drawbridge, Operator, denied

FIRST, SECOND, ASKED, FOREIGN, LATE = (connection(number) for number in range(1, 6))
UNTAGGED = f"arn:aws:ram:us-east-1:{STRANGER}:resource-share/s-1"
UNMANAGED = "vpce-svc-0fffffffffffffff0"
FINISH = f"drawbridge withdraw --consumer {CONSUMER}"


@pytest.fixture(autouse=True)
def managed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return the services that are managed, which may be changed."""
    services = {SERVICE_ID}
    monkeypatch.setattr(Stack, "managed_services", lambda _: frozenset(services))
    return services


@pytest.fixture
def ledger(operator: Operator) -> Iterator[LedgerTable]:
    """Return a ledger with two connections of a consumer, and others that are not its, or not connected."""
    with ledger_of(operator) as ledger:
        for each in (FIRST, SECOND):
            enter_connected(ledger, each)
        enter(ledger, ASKED, Status.WAITING_FOR_APPROVAL, settled=False)
        enter(ledger, SHARE, Status.AVAILABLE, let_in=LET_IN, attachments=(ATTACHMENT,))
        enter_connected(ledger, FOREIGN, account=STRANGER)
        yield ledger


@pytest.fixture(autouse=True)
def _registered(at_work: Drawbridge, operator: Operator) -> Iterator[None]:
    for account in (CONSUMER, STRANGER):
        added = at_work("consumers", "add", account, "--service", SERVICE_ID, "--name", "a\x1b[2Jb", "--replace")
        assert added.code == 0
    operator.hints()
    yield
    offers = operator.table("OffersTableName")
    for item in offers.scan()["Items"]:
        offers.delete_item(Key={name: item[name] for name in ("target", "principal")})
    table = operator.table("ConsumersTableName")
    for item in table.scan()["Items"]:
        table.delete_item(Key={"account_id": item["account_id"]})


def registered(operator: Operator) -> list[str]:
    return sorted(each.account_id for each in ConsumersTable(operator.table("ConsumersTableName")).all())


def commanded(ledger: LedgerTable) -> list[str]:
    return [each.subject for each in (FIRST, SECOND, ASKED, SHARE, FOREIGN) if by_of(ledger, each)]


BOTH = [FIRST.endpoint_id, SECOND.endpoint_id]


def test_what_is_connected_with_a_service_that_is_not_managed_any_longer_stays_and_is_told(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, managed: set[str]
) -> None:
    managed.clear()

    ended = at_work("consumers", "remove", CONSUMER, "--yes")

    assert (ended.code, registered(operator), commanded(ledger)) == (1, [STRANGER], [])
    assert [line.split(" of ")[0] for line in ended.err.splitlines()] == BOTH
    assert "its service is not managed any longer" in ended.err


def test_the_entry_and_each_connection_are_shown_and_go(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable
) -> None:
    ended = at_work("consumers", "remove", CONSUMER, typed="y\n")

    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0].split() == ["account", CONSUMER]
    assert "name      a⟨U+001B⟩[2Jb" in lines
    for each in (FIRST, SECOND):
        assert lines[lines.index(f"- {each.endpoint_id} of {CONSUMER}: AVAILABLE") + 1] == f"    - {name_of(each)}"
    assert f". {ASKED.endpoint_id} of {CONSUMER}: WAITING_FOR_APPROVAL: nothing is connected yet" in lines
    assert lines[-2:] == [
        f"Remove {CONSUMER}, and withdraw 2? [y/N]: removed  {CONSUMER}",
        "2 withdrawn by the next sweep",
    ]
    assert registered(operator) == [STRANGER]
    assert commanded(ledger) == BOTH
    by = operator.client("sts").get_caller_identity()["Arn"]
    assert by_of(ledger, FIRST) == by
    assert len(operator.hints()) == 1
    assert f"drawbridge consumers remove, by {by}" in at_work("why", FIRST.endpoint_id).out


@pytest.mark.parametrize(
    ("options", "typed", "code"),
    [((), "n\n", 1), ((), "", 1), (("--dry-run",), "", 0), (("--dry-run", "--yes"), "", 0)],
)
def test_without_a_yes_nothing_changes(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, options: tuple[str, ...], typed: str, code: int
) -> None:
    ended = at_work("consumers", "remove", CONSUMER, *options, typed=typed)

    assert ended.code == code
    assert name_of(FIRST) in ended.out
    assert registered(operator) == [CONSUMER, STRANGER]
    assert (commanded(ledger), operator.hints()) == ([], [])


@pytest.mark.usefixtures("ledger")
def test_the_door_is_shut_before_anything_is_commanded(
    at_work: Drawbridge, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    then: list[list[str]] = []
    real = LedgerTable.command_withdrawal

    def seen(self: LedgerTable, row: LedgerRow, command: WithdrawalCommand) -> bool:
        then.append(registered(operator))
        return real(self, row, command)

    monkeypatch.setattr(LedgerTable, "command_withdrawal", seen)

    assert at_work("consumers", "remove", CONSUMER, "--yes").code == 0
    assert then == [[STRANGER], [STRANGER]]


def test_what_was_let_in_while_it_was_asked_about_goes_too(
    at_work: Drawbridge, ledger: LedgerTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ConsumersTable.remove

    def late(self: ConsumersTable, account_id: str) -> bool:
        enter_connected(ledger, LATE)
        return real(self, account_id)

    monkeypatch.setattr(ConsumersTable, "remove", late)

    ended = at_work("consumers", "remove", CONSUMER, "--yes")

    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines.index(f"- {LATE.endpoint_id} of {CONSUMER}: AVAILABLE") > lines.index(f"removed  {CONSUMER}")
    assert lines.count(f"- {FIRST.endpoint_id} of {CONSUMER}: AVAILABLE") == 1
    assert by_of(ledger, LATE)


@pytest.mark.usefixtures("ledger")
def test_who_is_not_registered_and_connected_all_the_same_is_told_what_takes_that_down(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable
) -> None:
    ConsumersTable(operator.table("ConsumersTableName")).remove(CONSUMER)

    ended = at_work("consumers", "remove", CONSUMER, "--yes")

    assert ended.code == 1
    assert f"- {FIRST.endpoint_id} of {CONSUMER}: AVAILABLE" in ended.out
    assert ended.err.splitlines() == [
        f"{CONSUMER} is not registered",
        f"2 of its endpoints are connected; {FINISH} takes them down",
    ]
    assert (commanded(ledger), operator.hints()) == ([], [])


def test_what_breaks_off_in_the_middle_is_finished_by_the_command_that_it_names(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable
) -> None:
    with denied("dynamodb:UpdateItem", operator.account_id):
        broken = at_work("consumers", "remove", CONSUMER, "--yes")

    assert broken.code == 3
    assert broken.err.splitlines()[0] == f"0 of 2 are commanded; {FINISH} does the rest"
    assert registered(operator) == [STRANGER]
    assert commanded(ledger) == []

    assert at_work(*FINISH.split()[1:], "--yes").code == 0
    assert commanded(ledger) == BOTH


def broken_removal(at_work: Drawbridge, operator: Operator) -> datetime:
    """Have a removal be broken off once the entry is gone; return as of when it is kept."""
    with denied("dynamodb:UpdateItem", operator.account_id):
        assert at_work("consumers", "remove", CONSUMER, "--yes").code == 3
    kept = removed_of(operator)
    assert kept is not None
    assert not kept.is_finished
    return kept.removed_at


def test_what_breaks_off_in_the_middle_is_finished_by_removing_again(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable
) -> None:
    removed_at = broken_removal(at_work, operator)

    ended = at_work("consumers", "remove", CONSUMER, typed="y\n")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"{CONSUMER} was removed at {removed_at:%Y-%m-%d %H:%M} UTC, and not all that goes")
    assert commanded(ledger) == BOTH
    assert removed_of(operator) == RemovedConsumer(removed_at=removed_at, is_finished=True)
    assert at_work("consumers", "remove", CONSUMER, "--yes").code == 1


def test_what_breaks_off_and_may_not_be_read_by_the_operator_is_told_as_before(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_removal(at_work, operator)

    def refused(*_: object) -> None:
        raise AccessDeniedError("dynamodb:GetItem is denied")

    monkeypatch.setattr(RemovedConsumerItems, "removed", refused)

    ended = at_work("consumers", "remove", CONSUMER, "--yes")

    assert (ended.code, commanded(ledger)) == (1, [])
    assert FINISH in ended.err


def test_a_removal_is_not_finished_for_who_registers_meanwhile(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed_at = broken_removal(at_work, operator)
    real = ConsumersTable.remove_as_of

    def registers(self: ConsumersTable, account_id: str, at: datetime, **how: Any) -> EntryRemoval:
        later = (removed_at + timedelta(seconds=1)).isoformat()
        operator.table("ConsumersTableName").put_item(Item={"account_id": CONSUMER, "changed_at": later})
        return real(self, account_id, at, **how)

    monkeypatch.setattr(ConsumersTable, "remove_as_of", registers)

    ended = at_work("consumers", "remove", CONSUMER, "--yes")

    assert (ended.code, ended.err) == (1, f"{CONSUMER}: it was registered again just now; look again\n")
    assert (registered(operator), commanded(ledger)) == ([CONSUMER, STRANGER], [])


@pytest.mark.usefixtures("ledger")
def test_of_what_an_operator_removes_nothing_is_kept_for_events(at_work: Drawbridge, operator: Operator) -> None:
    at_work("consumers", "suspend", CONSUMER)

    assert at_work("consumers", "remove", CONSUMER, "--yes").code == 0

    kept = removed_of(operator)
    assert kept is not None
    assert (kept.suspended_at, kept.proof_required) == (None, False)


def test_where_the_ledger_can_not_be_read_after_the_entry_went_that_is_told(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ConsumersTable.remove
    with ExitStack() as from_then_on:

        def removed(self: ConsumersTable, account_id: str) -> bool:
            done = real(self, account_id)
            from_then_on.enter_context(denied("dynamodb:Query", operator.account_id))
            return done

        monkeypatch.setattr(ConsumersTable, "remove", removed)
        ended = at_work("consumers", "remove", CONSUMER, "--yes")

    assert ended.code == 3
    assert ended.err.splitlines()[0].endswith(f"{FINISH} does that")
    assert (registered(operator), commanded(ledger)) == ([STRANGER], [])


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        ("dynamodb:Query", ""),
        ("dynamodb:BatchGetItem", ""),
        ("sts:GetCallerIdentity", ""),
        ("dynamodb:DeleteItem", f"{CONSUMER} may be registered still, and keeps all that goes with its entry then; "),
    ],
)
def test_where_aws_denies_something_before_that_nothing_changes(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, operation: str, told: str
) -> None:
    with denied(operation, operator.account_id):
        ended = at_work("consumers", "remove", CONSUMER, "--yes")

    assert ended.code == 3
    *before, reason = ended.err.splitlines()
    assert before == ([f"{told}drawbridge consumers remove {CONSUMER} removes it"] if told else [])
    assert reason.startswith("AWS: ")
    assert registered(operator) == [CONSUMER, STRANGER]
    assert (commanded(ledger), operator.hints()) == ([], [])


def test_what_is_being_let_in_when_the_entry_goes_goes_too_once_that_has_settled(
    at_work: Drawbridge, ledger: LedgerTable
) -> None:
    enter(ledger, LATE, Status.PENDING)

    ended = at_work("consumers", "remove", CONSUMER, "--yes")

    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    shown = lines.index(f"- {LATE.endpoint_id} of {CONSUMER}: PENDING")
    assert lines[shown + 2] == "    . an attempt is under way: it is withdrawn once that has settled"
    assert shown < lines.index(f"removed  {CONSUMER}")
    assert by_of(ledger, LATE)
    under_way = row_of(ledger, LATE)
    assert not under_way.is_to_be_withdrawn
    reach(ledger, LATE, Status.AVAILABLE, let_in=LET_IN)
    assert row_of(ledger, LATE).is_to_be_withdrawn


def test_what_settles_between_the_look_and_the_command_is_looked_at_again_and_goes(
    at_work: Drawbridge, ledger: LedgerTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(ledger, LATE, Status.PENDING)
    real = LedgerTable.command_withdrawal

    def settled(self: LedgerTable, row: LedgerRow, command: WithdrawalCommand) -> bool:
        if row.request_id == LATE.request_id and not row.settled:
            reach(ledger, LATE, Status.AVAILABLE, let_in=LET_IN)
        return real(self, row, command)

    monkeypatch.setattr(LedgerTable, "command_withdrawal", settled)

    ended = at_work("consumers", "remove", CONSUMER, "--yes")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[-1] == "3 withdrawn by the next sweep"
    assert row_of(ledger, LATE).is_to_be_withdrawn


def test_what_goes_on_changing_is_told_and_the_rest_goes(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = LedgerTable.command_withdrawal

    def late(self: LedgerTable, row: LedgerRow, command: WithdrawalCommand) -> bool:
        if row.request_id == FIRST.request_id:
            enter_next_attempt(ledger, FIRST)
        return real(self, row, command)

    monkeypatch.setattr(LedgerTable, "command_withdrawal", late)

    ended = at_work("consumers", "remove", CONSUMER, "--yes")

    assert ended.code == 1
    assert ended.err.splitlines() == [
        f"{FIRST.request_id}: it has changed meanwhile; look again",
        f"{FINISH} does the rest",
    ]
    assert ended.out.splitlines()[-1] == "1 withdrawn by the next sweep"
    assert commanded(ledger) == [SECOND.endpoint_id]
    assert len(operator.hints()) == 1


def test_who_was_removed_by_somebody_else_just_now_is_withdrawn_all_the_same(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ConsumersTable, "remove", lambda *_: False)

    ended = at_work("consumers", "remove", CONSUMER, "--yes")

    assert ended.code == 0
    assert ended.err == f"{CONSUMER}: somebody else has removed it just now\n"
    assert commanded(ledger) == BOTH


@pytest.mark.parametrize("account", ["1234", "12345678901", "a\x1b[2Jb"])
def test_an_account_that_is_none_is_refused(at_work: Drawbridge, operator: Operator, account: str) -> None:
    ended = at_work("consumers", "remove", account, "--yes")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("account_id: ")
    assert "\x1b" not in ended.err
    assert registered(operator) == [CONSUMER, STRANGER]


def test_an_entry_that_somebody_wrote_under_another_key_can_be_removed(at_work: Drawbridge, operator: Operator) -> None:
    operator.table("ConsumersTableName").put_item(Item={"account_id": "orders", "services": {"*"}})

    assert at_work("consumers", "remove", "orders").code == 0
    assert "orders" not in registered(operator)


def offer(operator: Operator, target: str, principal: str, account: str = CONSUMER, **more: str) -> None:
    """Have something be offered to an account."""
    item = {"target": target, "principal": principal, "account_id": account, "offered_at": NOW.isoformat()}
    operator.table("OffersTableName").put_item(Item=item | more)


@pytest.fixture
def offered_share(operator: Operator) -> Iterator[str]:
    """Have a consumer be offered a managed service, one that AWS refused, and a share; and others. Return the share."""
    ram = operator.client("ram")
    tags = [{"key": "drawbridge:offer", "value": "gold"}]
    share: str = ram.create_resource_share(name="gold", tags=tags)["resourceShare"]["resourceShareArn"]
    for account in (CONSUMER, STRANGER):
        offer(operator, SERVICE_ID, f"arn:aws:iam::{account}:root", account)
    offer(operator, SERVICE_ID, f"arn:aws:iam::{CONSUMER}:role/refused", refused_at=NOW.isoformat())
    offer(operator, share, CONSUMER)
    yield share
    ram.delete_resource_share(resourceShareArn=share)


@pytest.mark.usefixtures("ledger")
def test_what_is_offered_to_it_is_shown(at_work: Drawbridge, offered_share: str) -> None:
    shown = at_work("consumers", "remove", CONSUMER, "--dry-run")
    printed = at_work("consumers", "remove", CONSUMER, "--dry-run", "--json")

    assert (shown.code, shown.err) == (0, "")
    assert [line for line in shown.out.splitlines() if "is taken out" in line or "is not allowed" in line] == [
        f"- {offered_share}: {CONSUMER} is taken out of the share, and what it has associated of it is deleted",
        f"- {SERVICE_ID}: arn:aws:iam::{CONSUMER}:root is not allowed to find it any longer",
    ]
    assert [(each["target"], each["principal"], each["stays"]) for each in printed.json["offers"]] == [
        (offered_share, CONSUMER, False),
        (SERVICE_ID, f"arn:aws:iam::{CONSUMER}:root", False),
    ]


@pytest.mark.parametrize(
    ("target", "principal", "told"),
    [
        (UNMANAGED, f"arn:aws:iam::{CONSUMER}:root", "stays allowed: the service is not managed any longer"),
        (UNTAGGED, CONSUMER, "stays in the share: it is not tagged drawbridge:offer any longer"),
    ],
)
def test_what_is_offered_and_not_looked_after_any_longer_stays_and_is_told(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, target: str, principal: str, told: str
) -> None:
    offer(operator, target, principal)

    printed = at_work("consumers", "remove", CONSUMER, "--dry-run", "--json")
    ended = at_work("consumers", "remove", CONSUMER, "--yes")

    assert printed.code == 1
    assert [(each["target"], each["stays"]) for each in printed.json["offers"]] == [(target, True)]
    assert (ended.code, registered(operator), commanded(ledger)) == (1, [STRANGER], BOTH)
    assert ended.err.startswith(f"{target}: {principal} {told}, so that Drawbridge leaves it as it is; tag ")
    assert "is taken out" not in ended.out + ended.err
    assert "is not allowed" not in ended.out + ended.err


@pytest.mark.usefixtures("offered_share")
@pytest.mark.parametrize("operation", ["dynamodb:Scan", "ram:GetResourceShares"])
def test_who_may_not_read_what_is_offered_is_told_and_removes_it_all_the_same(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, operation: str
) -> None:
    with denied(operation, operator.account_id):
        ended = at_work("consumers", "remove", CONSUMER, "--yes")

    assert ended.code == 0
    assert ended.err.startswith(f"what is offered to {CONSUMER} goes too, as far as it is managed still, and ")
    assert (registered(operator), commanded(ledger)) == ([STRANGER], BOTH)


@pytest.mark.parametrize(("typed", "code"), [("n\n", 1), ("y\n", 0)])
def test_who_would_only_leave_shares_is_asked_about_too(
    at_work: Drawbridge, operator: Operator, offered_share: str, typed: str, code: int
) -> None:
    ended = at_work("consumers", "remove", CONSUMER, typed=typed)

    assert f"Remove {CONSUMER}, and take it out of 1 share? [y/N]" in ended.out
    assert (ended.code, CONSUMER in registered(operator)) == (code, bool(code))
    assert offered_share in ended.out


@pytest.mark.usefixtures("ledger", "offered_share")
def test_what_is_asked_names_the_connections_and_the_shares(at_work: Drawbridge) -> None:
    ended = at_work("consumers", "remove", CONSUMER, typed="n\n")

    assert f"Remove {CONSUMER}, and withdraw 2, and take it out of 1 share? [y/N]" in ended.out


def test_who_is_in_shares_that_can_t_be_shown_is_asked_about(at_work: Drawbridge, operator: Operator) -> None:
    with denied("dynamodb:Scan", operator.account_id):
        ended = at_work("consumers", "remove", CONSUMER, typed="n\n")

    assert (ended.code, CONSUMER in registered(operator)) == (1, True)


def test_who_is_removed_while_ram_has_trouble_is_told_and_removed_all_the_same(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, offered_share: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OfferedSharesOfRam, "offered", Mock(side_effect=ThrottledError("RAM is slow")))

    ended = at_work("consumers", "remove", CONSUMER, "--yes")

    assert (ended.code, registered(operator), commanded(ledger)) == (0, [STRANGER], BOTH)
    assert ended.err.startswith(f"what is offered to {CONSUMER} goes too, as far as it is managed still, and ")
    assert offered_share not in ended.out + ended.err


def removed_of(operator: Operator) -> RemovedConsumer | None:
    table = operator.table("OffersTableName")
    return RemovedConsumerItems(table, now=lambda: datetime.now(UTC), on_broken=pytest.fail).removed(CONSUMER)


@pytest.mark.usefixtures("ledger")
def test_that_it_was_removed_is_kept_for_events_that_come_late(at_work: Drawbridge, operator: Operator) -> None:
    begun = datetime.now(UTC)

    assert at_work("consumers", "remove", CONSUMER, "--yes").code == 0

    kept = removed_of(operator)
    assert kept is not None
    assert kept.is_finished
    assert kept.removed_at >= begun


@pytest.mark.usefixtures("ledger")
def test_where_that_may_not_be_kept_all_else_goes_and_it_is_told(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable
) -> None:
    with denied("dynamodb:PutItem", operator.account_id):
        ended = at_work("consumers", "remove", CONSUMER, "--yes")

    assert ended.code == 0
    assert ended.err.splitlines()[0] == (
        f"{CONSUMER}: its removal is not on record (dynamodb:GetItem or PutItem is denied): an event of a sign-up "
        "service that comes late may register it again, and as where an entry is just gone, what it has associated of "
        "shares goes after WithdrawAfterHours, and WithdrawCap may hold it back"
    )
    assert (registered(operator), commanded(ledger)) == ([STRANGER], BOTH)


def test_a_stack_of_a_version_without_offers_removes_as_it_did(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Stack._outputs.fget  # type: ignore[attr-defined]
    without = property(lambda self: {name: each for name, each in real(self).items() if name != "OffersTableName"})
    monkeypatch.setattr(Stack, "_outputs", without)

    ended = at_work("consumers", "remove", CONSUMER, "--yes")

    assert (ended.code, ended.err) == (0, "")
    assert commanded(ledger) == BOTH
