"""``drawbridge retry``: another attempt, and the end of a command to withdraw."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.hint.parse import parse_hint
from drawbridge.request import EndpointConnectionRequest, Request
from drawbridge.request.announced import WithdrawalCommand
from drawbridge.status import Status
from tests.builders import ATTACHMENT_ID, CONSUMER, SERVICE_ID, SHARE, SHARE_ARN
from tests.cli.connected import LET_IN, connection, enter, enter_next_attempt, ledger_of, row_of
from tests.cli.operators import SWEEP_COMMANDED, Drawbridge, Operator, denied

CONNECTION = connection(1)
ATTACHMENT = EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=ATTACHMENT_ID)
COMMAND = WithdrawalCommand(by="arn:aws:iam::1:user/a\x1b[2J  b", at=datetime(2026, 11, 21, 13, 5, tzinfo=UTC))
COMMANDED = "arn:aws:iam::1:user/a⟨U+001B⟩[2J⟨2 spaces⟩b had it withdrawn at 2026-11-21 13:05 UTC"


@pytest.fixture
def ledger(operator: Operator) -> Iterator[LedgerTable]:
    operator.hints()
    with ledger_of(operator) as ledger:
        yield ledger


def is_to_be_tried(ledger: LedgerTable, request: Request) -> bool:
    row = row_of(ledger, request)
    return row.observed_fingerprint == "retry" and row.commanded is None


@pytest.mark.parametrize("status", [Status.HELD, Status.FAILED, Status.ACCEPTED, Status.AVAILABLE, Status.WITHDRAWING])
@pytest.mark.parametrize("request_", [SHARE, CONNECTION])
def test_what_has_settled_is_tried_again(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, request_: Request, status: Status
) -> None:
    enter(ledger, request_, status)

    ended = at_work("retry", request_.subject, typed="y\n")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        f"{request_.subject} of {CONSUMER}: {status}",
        "Try it again? [y/N]: the next sweep starts another attempt",
        f"look at it with  drawbridge policy explain {request_.request_id}",
    ]
    assert is_to_be_tried(ledger, request_)
    assert [parse_hint(body) for body in operator.hints()] == [SWEEP_COMMANDED]


@pytest.mark.parametrize(
    ("request_", "status"),
    [(SHARE, Status.WITHDRAWN), (SHARE, Status.AVAILABLE), (CONNECTION, Status.AVAILABLE)],
)
def test_a_command_to_withdraw_is_ended_and_that_is_said(
    at_work: Drawbridge, ledger: LedgerTable, request_: Request, status: Status
) -> None:
    enter(ledger, request_, status, let_in=LET_IN)
    ledger.command_withdrawal(row_of(ledger, request_), COMMAND)

    ended = at_work("retry", request_.request_id, "--yes")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[1] == f"  {COMMANDED}; this ends that command"
    assert is_to_be_tried(ledger, request_)


def test_a_share_that_policies_had_withdrawn_is_decided_on_again(at_work: Drawbridge, ledger: LedgerTable) -> None:
    enter(ledger, SHARE, Status.WITHDRAWN)

    ended = at_work("retry", SHARE.request_id, "--yes")

    assert (ended.code, ended.err) == (0, "")
    assert "the next sweep starts another attempt, if AWS lists it still" in ended.out
    assert is_to_be_tried(ledger, SHARE)


@pytest.mark.parametrize(
    ("request_", "status", "commanded", "why"),
    [
        (SHARE, Status.REJECTED, False, "the provider takes this account out of the share, and shares it once more"),
        (SHARE, Status.EXPIRED, False, "the provider takes this account out of the share, and shares it once more"),
        (CONNECTION, Status.REJECTED, False, "the consumer makes a new endpoint"),
        (CONNECTION, Status.EXPIRED, False, "the consumer makes a new endpoint"),
        (CONNECTION, Status.WITHDRAWN, False, "the consumer makes a new endpoint"),
        (CONNECTION, Status.WITHDRAWN, True, "the consumer makes a new endpoint"),
        (ATTACHMENT, Status.REJECTED, False, "the consumer makes a new transit gateway attachment"),
    ],
)
def test_what_only_the_other_side_can_begin_again_is_refused(
    *,
    at_work: Drawbridge,
    operator: Operator,
    ledger: LedgerTable,
    request_: Request,
    status: Status,
    commanded: bool,
    why: str,
) -> None:
    enter(ledger, request_, status)
    if commanded:
        ledger.command_withdrawal(row_of(ledger, request_), COMMAND)

    ended = at_work("retry", request_.subject, "--yes")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(f"{request_.request_id} is {status}: ")
    assert ended.err.endswith(f"{why}\n")
    assert not is_to_be_tried(ledger, request_)
    assert operator.hints() == []


@pytest.mark.parametrize(
    ("commanded", "told"),
    [(False, ""), (True, f"; {COMMANDED}: once it has settled, this ends that command")],
)
def test_what_is_under_way_is_not_started_twice(
    at_work: Drawbridge, ledger: LedgerTable, commanded: bool, told: str
) -> None:
    enter(ledger, CONNECTION, Status.PENDING)
    if commanded:
        ledger.command_withdrawal(row_of(ledger, CONNECTION), COMMAND)

    ended = at_work("retry", CONNECTION.endpoint_id, "--yes")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == f"{CONNECTION.request_id} is PENDING: an attempt is under way already{told}\n"
    assert (row_of(ledger, CONNECTION).commanded is not None) is commanded


@pytest.mark.parametrize("typed", ["n\n", ""])
def test_without_a_yes_it_stays_as_it_is(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, typed: str
) -> None:
    enter(ledger, SHARE, Status.WITHDRAWN)
    ledger.command_withdrawal(row_of(ledger, SHARE), COMMAND)

    ended = at_work("retry", SHARE_ARN, typed=typed)

    assert ended.code == 1
    assert row_of(ledger, SHARE).commanded == COMMAND
    assert operator.hints() == []


def test_what_has_changed_meanwhile_is_told(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(ledger, SHARE, Status.HELD)
    tried = LedgerTable.retry

    def late(self: LedgerTable, row: LedgerRow, *, by: str) -> Any:
        enter_next_attempt(ledger, SHARE)
        return tried(self, row, by=by)

    monkeypatch.setattr(LedgerTable, "retry", late)

    ended = at_work("retry", SHARE_ARN, "--yes")

    assert ended.code == 1
    assert ended.err == f"{SHARE.request_id}: it has changed meanwhile; look again\n"
    assert operator.hints() == []


@pytest.mark.usefixtures("ledger")
def test_what_is_not_known_is_told(at_work: Drawbridge) -> None:
    ended = at_work("retry", "share-nobodys", "--yes")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("share-nobodys: the ledger of drawbridge in ")


def test_whoever_may_not_write_the_ledger_is_told(at_work: Drawbridge, operator: Operator, ledger: LedgerTable) -> None:
    enter(ledger, SHARE, Status.HELD)

    with denied("dynamodb:UpdateItem", operator.account_id):
        ended = at_work("retry", SHARE_ARN, "--yes")

    assert ended.code == 3
    assert ended.err.startswith(f"AWS: write {SHARE.request_id} to the ledger: AccessDeniedException")
    assert operator.hints() == []
