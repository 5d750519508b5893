"""The door of ``accept_request``: a request and the decision on it in, how it stands out."""

from __future__ import annotations

import pytest

from drawbridge.decision import Accept, Hold, Reject
from drawbridge.request.connections import ConnectionState
from drawbridge.request.shares import Invitation, InvitationStatus
from drawbridge.status import Reason
from functions.accept_request import app
from tests.builders import CONNECTION, ENDPOINT_ID, SERVICE_ID, SHARE, invitation, workflow_input
from tests.functions.invocations import invoke, refuses, step

WHY = (Reason("policy", "because", source="p"),)
STEP = step(request=workflow_input(SHARE), decision=Accept(WHY))


class Aws:
    """An invitation and a connection, as they were answered."""

    def __init__(self) -> None:
        self.invitation = InvitationStatus.PENDING
        self.connection = ConnectionState.PENDING_ACCEPTANCE

    def newest_invitation(self, share_arn: str) -> Invitation:
        assert share_arn == SHARE.share_arn
        return invitation(self.invitation)

    def state(self, service_id: str, endpoint_id: str) -> ConnectionState:
        assert (service_id, endpoint_id) == (SERVICE_ID, ENDPOINT_ID)
        return self.connection


class Shares(Aws):
    def answer(self, invitation_arn: str, *, accept: bool) -> None:
        self.invitation = InvitationStatus.ACCEPTED if accept else InvitationStatus.REJECTED


class Connections(Aws):
    def answer(self, service_id: str, endpoint_ids: list[str], *, accept: bool) -> dict[str, str]:
        self.connection = ConnectionState.PENDING if accept else ConnectionState.REJECTED
        return {}


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> None:
    shares, connections = Shares(), Connections()
    monkeypatch.setattr(app, "shares", lambda: shares)
    monkeypatch.setattr(app, "connections", lambda: connections)


@pytest.mark.parametrize("request_", [SHARE, CONNECTION], ids=["share", "connection"])
@pytest.mark.parametrize(("decision", "result"), [(Accept(WHY), "accepted"), (Reject(WHY), "rejected")])
def test_what_was_decided_is_done(request_: type[object], decision: Accept | Reject, result: str) -> None:
    written = step(request=workflow_input(request_), decision=decision)  # type: ignore[arg-type]  # either kind

    answer = invoke(app.lambda_handler, written)

    assert answer == {"acceptance": {"result": result, "because": []}}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("request", ...),
        ("request.request.kind", "wish"),
        ("request.attempt", 0),
        ("decision", ...),
        ("decision.outcome", "perhaps"),
        ("decision.because", "me"),
    ],
)
def test_a_broken_step_is_refused_by_its_field(path: str, value: object) -> None:
    refuses(app.lambda_handler, STEP, path, value)


def test_a_decision_that_is_no_answer_is_refused() -> None:
    held = step(decision=Hold(WHY))["decision"]

    with pytest.raises(Exception, match=r"Invalid value 'hold' - at `\$.decision.outcome`"):
        invoke(app.lambda_handler, STEP | {"decision": held})
