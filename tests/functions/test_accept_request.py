"""The door of ``accept_request``: a request and the decision on it in, its state out."""

from __future__ import annotations

import msgspec
import pytest

from drawbridge.decision import Accept, DecidedOn, Hold, Reject
from drawbridge.decision.facts import Consumer
from drawbridge.request.announced import WithdrawalCommand
from drawbridge.request.connections import ConnectionState
from drawbridge.request.fingerprints import contents_fingerprint
from drawbridge.request.shares import InvitationStatus
from drawbridge.status import Reason
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
from tests.fakes.consumers import InMemoryConsumerRegistry
from tests.fakes.ledger import InMemoryLedger
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
