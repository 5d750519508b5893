"""The door of ``accept_request``: a request and the decision on it in, its state out."""

from __future__ import annotations

import msgspec
import pytest

from drawbridge.acceptance.kept_answer import KeptAnswer
from drawbridge.decision import Accept, DecidedOn, Hold, Reject
from drawbridge.decision.facts import Consumer
from drawbridge.errors import ThrottledError
from drawbridge.record.answer_kept import RecordPorts
from drawbridge.record.history import GatheredHistory
from drawbridge.request import ExecutionInput
from drawbridge.request.announced import WithdrawalCommand
from drawbridge.request.connections import ConnectionState
from drawbridge.request.fingerprints import contents_fingerprint
from drawbridge.request.shares import InvitationStatus
from drawbridge.status import Reason, Status
from functions.accept_request import app
from tests.builders import (
    CONNECTION,
    CONSUMER,
    NOW,
    RESOURCE_ARN,
    SHARE,
    execution_input,
    observed_request,
)
from tests.fakes.acceptance import InMemoryConnectionAnswers, InMemoryInvitationAnswers
from tests.fakes.attempts import InMemoryAttempts
from tests.fakes.consumers import InMemoryConsumerRegistry
from tests.fakes.history import InMemoryHistory
from tests.fakes.ledger import InMemoryLedger
from tests.fakes.status_bus import InMemoryStatusBus
from tests.functions.invocations import invoke, refuses, step

WHY = (Reason("policy", "because", source="p"),)
ON = DecidedOn(at=NOW, contents_fingerprint=contents_fingerprint([RESOURCE_ARN]))
STEP = step(request=execution_input(SHARE), decision=Accept(WHY), on=ON)


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = InMemoryInvitationAnswers(InvitationStatus.PENDING)
    connections = InMemoryConnectionAnswers(ConnectionState.PENDING_ACCEPTANCE)
    monkeypatch.setattr(app, "shares", lambda: shares)
    monkeypatch.setattr(app, "connections", lambda: connections)
    monkeypatch.setattr(app, "ledger", InMemoryLedger)
    monkeypatch.setattr(app, "consumers", InMemoryConsumerRegistry)
    monkeypatch.setattr(app, "now", lambda: NOW)


@pytest.mark.parametrize("request_", [SHARE, CONNECTION], ids=["share", "connection"])
@pytest.mark.parametrize(("decision", "result"), [(Accept(WHY), "accepted"), (Reject(WHY), "rejected")])
def test_what_was_decided_is_done(request_: type[object], decision: Accept | Reject, result: str) -> None:
    written = step(request=execution_input(request_), decision=decision, on=ON)  # type: ignore[arg-type]  # either kind

    answer = invoke(app.lambda_handler, written)

    assert answer == {"acceptance": {"outcome": "answered", "result": result, "because": []}}


def test_who_is_suspended_since_it_was_decided_is_decided_on_again(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = InMemoryConsumerRegistry()
    registry.registered[CONSUMER] = Consumer(services=frozenset({"*"}), suspended_at=NOW)
    monkeypatch.setattr(app, "consumers", lambda: registry)
    on = msgspec.structs.replace(ON, account_id=CONSUMER)

    answer = invoke(app.lambda_handler, step(request=execution_input(CONNECTION), decision=Accept(WHY), on=on))

    assert answer["acceptance"] == {
        "outcome": "decide-again",
        "because": [{"code": "decided-again", "text": f"Consumer {CONSUMER} is suspended by now."}],
    }


def test_what_an_operator_had_withdrawn_since_is_decided_on_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = InMemoryLedger()
    ledger.claim(observed_request(request=SHARE), 1, after=None)
    ledger.command_withdrawal(ledger.kept[SHARE.request_id], WithdrawalCommand(by="me", at=NOW))
    monkeypatch.setattr(app, "ledger", lambda: ledger)

    answer = invoke(app.lambda_handler, STEP)

    assert answer["acceptance"] == {
        "outcome": "decide-again",
        "because": [{"code": "decided-again", "text": "An operator had it withdrawn by now."}],
    }


def test_what_is_not_so_any_more_is_to_be_decided_again() -> None:
    grown = step(
        request=execution_input(SHARE), decision=Accept(WHY), on=DecidedOn(at=NOW, contents_fingerprint="others")
    )

    answer = invoke(app.lambda_handler, grown)

    assert answer["acceptance"]["outcome"] == "decide-again"
    assert [each["code"] for each in answer["acceptance"]["because"]] == ["decided-again"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("request", ...),
        ("request.request.kind", "wish"),
        ("request.attempt", 0),
        ("decision", ...),
        ("decision.outcome", "perhaps"),
        ("decision.because", "me"),
        ("on", ...),
        ("on.at", "yesterday"),
        ("on.live", "yes"),
    ],
)
def test_a_broken_step_is_refused_by_its_field(path: str, value: object) -> None:
    refuses(app.lambda_handler, STEP, path, value)


def test_a_decision_that_is_no_answer_is_refused() -> None:
    held = step(decision=Hold(WHY))["decision"]

    with pytest.raises(Exception, match=r"Invalid value 'hold' - at `\$.decision.outcome`"):
        invoke(app.lambda_handler, STEP | {"decision": held})


class Invocation:
    """What an invocation that answers many has to do with."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.attempts, self.ledger, self.bus = InMemoryAttempts(), InMemoryLedger(), InMemoryStatusBus()
        self.waited: list[str] = []
        records = RecordPorts(ledger=self.ledger, history=GatheredHistory(InMemoryHistory()), bus=self.bus)
        registry = InMemoryConsumerRegistry()
        monkeypatch.setattr(app, "attempts", lambda: self.attempts)
        monkeypatch.setattr(app, "ledger", lambda: self.ledger)
        monkeypatch.setattr(app, "consumers", lambda: registry)
        monkeypatch.setattr(app, "records", lambda: records)
        monkeypatch.setattr(app, "pace", lambda time_left: self)

    def wait(self, operation: str) -> None:
        self.waited.append(operation)

    def keep(self, execution: ExecutionInput, decision: Accept | Reject) -> None:
        self.attempts.keep_answers([(execution, KeptAnswer(decision=decision, on=ON))])
        self.ledger.claim(observed_request(request=execution.request), execution.attempt, after=None)


@pytest.mark.parametrize("may_answer", [True, False])
def test_attempts_are_answered_by_what_is_kept_of_them_and_recorded(
    monkeypatch: pytest.MonkeyPatch, may_answer: bool
) -> None:
    invocation = Invocation(monkeypatch)
    kept, other = execution_input(CONNECTION), execution_input(CONNECTION, 2)
    invocation.keep(kept, Accept(WHY))

    answer = invoke(app.lambda_handler, step(answer=[kept, other], mayAnswer=may_answer))

    first, second = answer["answers"]
    assert second == {
        "outcome": "decide-again",
        "because": [{"code": "decided-again", "text": "No decision on it is kept."}],
    }
    if may_answer:
        assert first == {"outcome": "answered", "result": "accepted", "because": []}
        assert [each.status for each in invocation.bus.announced] == [Status.ACCEPTED]
        assert invocation.waited == ["ec2:AcceptVpcEndpointConnections"]
    else:
        assert first["outcome"] == "decide-again"
        assert (invocation.bus.announced, invocation.waited) == ([], [])


def test_an_error_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def slower(operation: str) -> None:
        raise ThrottledError("slower", after=9)

    invocation = Invocation(monkeypatch)
    monkeypatch.setattr(invocation, "wait", slower)
    invocation.keep(execution_input(CONNECTION), Reject(WHY))

    answer = invoke(app.lambda_handler, step(answer=[execution_input(CONNECTION)], mayAnswer=True))

    assert answer["answers"] == [{"outcome": "failed", "error": "ThrottledError", "words": "slower", "after": 9.0}]
