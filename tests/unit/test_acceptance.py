"""Acceptance: look once more, then answer; what was answered already is only told."""

import pytest

from drawbridge.acceptance import Acceptance, Result
from drawbridge.acceptance.accept import accept
from drawbridge.decision import Accept, Reject
from drawbridge.errors import GoneError, NotReadyError
from drawbridge.request.connections import ConnectionState
from drawbridge.request.shares import Invitation, InvitationStatus
from tests.builders import CONNECTION, ENDPOINT_ID, SHARE, invitation

YES = Accept(())
NO = Reject(())


class Shares:
    """An invitation and the share behind it, as RAM would change them."""

    def __init__(self, status: InvitationStatus | None, *, shared: bool = False, stuck: bool = False) -> None:
        self.status = status
        self.shared = shared
        self.stuck = stuck
        self.answers: list[bool] = []

    def newest_invitation(self, share_arn: str) -> Invitation | None:
        return invitation(self.status) if self.status else None

    def is_shared(self, share_arn: str) -> bool:
        return self.shared

    def answer(self, invitation_arn: str, *, accept: bool) -> None:
        self.answers.append(accept)
        if not self.stuck:
            self.status = InvitationStatus.ACCEPTED if accept else InvitationStatus.REJECTED


class Connections:
    """One connection, as EC2 would change it."""

    def __init__(self, state: ConnectionState | None, *, refuses: bool = False) -> None:
        self.now = state
        self.refuses = refuses
        self.answers: list[bool] = []

    def state(self, service_id: str, endpoint_id: str) -> ConnectionState:
        if self.now is None:
            raise GoneError("no such connection")
        return self.now

    def answer(self, service_id: str, endpoint_ids: list[str], *, accept: bool) -> dict[str, str]:
        self.answers.append(accept)
        if self.refuses:
            return {ENDPOINT_ID: "InvalidState: not now"}
        self.now = ConnectionState.PENDING if accept else ConnectionState.REJECTED
        return {}


NOBODY = Connections(None)
NOTHING = Shares(None)


@pytest.mark.parametrize(("verdict", "result"), [(YES, Result.ACCEPTED), (NO, Result.REJECTED)])
def test_a_pending_invitation_is_answered_once(verdict: Accept | Reject, result: Result) -> None:
    shares = Shares(InvitationStatus.PENDING)

    first = accept(SHARE, verdict, shares, NOBODY)
    again = accept(SHARE, verdict, shares, NOBODY)

    assert first.result is again.result is result
    assert shares.answers == [verdict is YES]


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (InvitationStatus.ACCEPTED, Result.ACCEPTED),
        (InvitationStatus.REJECTED, Result.REJECTED),
        (InvitationStatus.EXPIRED, Result.EXPIRED),
    ],
)
def test_trap_25_what_was_answered_meanwhile_is_told_as_it_is(status: InvitationStatus, result: Result) -> None:
    shares = Shares(status)

    assert accept(SHARE, YES, shares, NOBODY).result is result
    assert shares.answers == []


def test_trap_6_a_share_without_invitation_is_accepted_by_being_there() -> None:
    assert accept(SHARE, YES, Shares(None, shared=True), NOBODY) == Acceptance(Result.ACCEPTED)


def test_a_share_that_is_gone_is_withdrawn() -> None:
    assert accept(SHARE, YES, NOTHING, NOBODY).result is Result.WITHDRAWN


@pytest.mark.parametrize("shares", [Shares(None, shared=True), Shares(InvitationStatus.ACCEPTED)])
def test_trap_5_rejecting_a_share_in_effect_says_that_nobody_can_leave_it(shares: Shares) -> None:
    acceptance = accept(SHARE, NO, shares, NOBODY)

    assert acceptance.result is Result.REJECTED
    assert [reason.code for reason in acceptance.because] == ["cannot-leave"]


def test_an_invitation_that_stays_pending_is_tried_again_later() -> None:
    with pytest.raises(NotReadyError, match="still pending"):
        accept(SHARE, YES, Shares(InvitationStatus.PENDING, stuck=True), NOBODY)


@pytest.mark.parametrize(("verdict", "result"), [(YES, Result.ACCEPTED), (NO, Result.REJECTED)])
def test_a_pending_connection_is_answered_once(verdict: Accept | Reject, result: Result) -> None:
    connections = Connections(ConnectionState.PENDING_ACCEPTANCE)

    first = accept(CONNECTION, verdict, NOTHING, connections)
    again = accept(CONNECTION, verdict, NOTHING, connections)

    assert first.result is again.result is result
    assert connections.answers == [verdict is YES]


def test_trap_10_an_answer_that_aws_did_not_take_is_no_success() -> None:
    with pytest.raises(NotReadyError, match="not now"):
        accept(CONNECTION, YES, NOTHING, Connections(ConnectionState.PENDING_ACCEPTANCE, refuses=True))


def test_trap_32_a_connection_that_came_in_without_acceptance_is_accepted_already() -> None:
    connections = Connections(ConnectionState.AVAILABLE)

    assert accept(CONNECTION, YES, NOTHING, connections).result is Result.ACCEPTED
    assert connections.answers == []


@pytest.mark.parametrize("state", [state for state in ConnectionState if state.is_open])
def test_a_connection_that_is_open_in_any_state_can_be_rejected(state: ConnectionState) -> None:
    assert accept(CONNECTION, NO, NOTHING, Connections(state)).result is Result.REJECTED


@pytest.mark.parametrize("state", ConnectionState)
def test_what_was_to_be_rejected_is_never_told_as_accepted(state: ConnectionState) -> None:
    try:
        acceptance = accept(CONNECTION, NO, NOTHING, Connections(state))
    except NotReadyError:
        return
    assert acceptance.result is not Result.ACCEPTED


@pytest.mark.parametrize(
    ("state", "result"),
    [
        (None, Result.WITHDRAWN),
        (ConnectionState.DELETED, Result.WITHDRAWN),
        (ConnectionState.FAILED, Result.WITHDRAWN),
        (ConnectionState.EXPIRED, Result.EXPIRED),
        (ConnectionState.REJECTED, Result.REJECTED),
    ],
)
def test_a_connection_that_is_over_is_told_as_it_is(state: ConnectionState | None, result: Result) -> None:
    connections = Connections(state)

    assert accept(CONNECTION, YES, NOTHING, connections).result is result
    assert connections.answers == []


def test_an_invitation_in_a_status_that_nobody_knows_is_neither_answered_nor_told_as_over() -> None:
    shares = Shares(InvitationStatus.UNKNOWN)

    with pytest.raises(NotReadyError, match="nobody knew"):
        accept(SHARE, YES, shares, NOBODY)
