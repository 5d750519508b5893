"""What is to be done about a connection: answered as it was decided, only reported as it is, or decided again."""

from datetime import datetime, timedelta
from typing import assert_never

from msgspec import Struct

from drawbridge.acceptance import Acceptance, AcceptanceResult, DecideAgain
from drawbridge.decision import Accept, ActionableDecision, DecidedOn, Keep, Reject
from drawbridge.errors import NotReadyError
from drawbridge.request import EndpointConnectionRequest, what_connects
from drawbridge.request.connections import ConnectionState
from drawbridge.status import Reason

FRESH = timedelta(seconds=60)
"""How long after it was made a decision may be carried out: a policy may have been replaced since."""


class DecidedConnection(Struct, frozen=True, kw_only=True):
    """A connection, and a decision on it."""

    request: EndpointConnectionRequest
    decision: ActionableDecision
    on: DecidedOn


class AnswerConnection(Struct, frozen=True):
    """It is to be accepted, or else rejected."""

    accept: bool


class Settled(Struct, frozen=True):
    """There is nothing to answer, or not any more."""

    acceptance: Acceptance


def plan_answer(
    decided: DecidedConnection, state: ConnectionState | None, now: datetime
) -> AnswerConnection | Settled | DecideAgain:
    """Return what is to be done about a connection that is in the ``state``; ``None`` if AWS lists it no longer.

    An old decision is not carried out. What may have been done by it already is reported as it is all the same: to
    decide it again would not undo it.

    Raises:
        NotReadyError: AWS has not finished with it yet.
    """
    decision, on = decided.decision, decided.on
    if state is None:
        return _gone(decided.request)
    if _state_changed(state, decision, on):
        return again(f"The connection is {state}, which is not what was decided on.")
    if needs_answer(state, decision):
        return outdated(on, now) or AnswerConnection(accept=isinstance(decision, Accept))
    if _has_answer(decision, on) or (late := outdated(on, now)) is None:
        return Settled(_acceptance_of(state, what_connects(decided.request.endpoint_id)))
    return late


def outdated(on: DecidedOn, now: datetime) -> DecideAgain | None:
    """Return ``DecideAgain`` if it was decided too long ago to be carried out."""
    if now - on.at <= FRESH:
        return None
    return again(f"It was decided at {on.at:%H:%M:%S} UTC, more than {FRESH.seconds} seconds ago.")


def again(why: str) -> DecideAgain:
    return DecideAgain((Reason("decided-again", why),))


def needs_answer(state: ConnectionState, decision: ActionableDecision) -> bool:
    match decision:
        case Accept():
            return state is ConnectionState.PENDING_ACCEPTANCE
        case Reject():
            # AWS lets an available connection be rejected too: a service without acceptance arrives that way.
            return state.is_open
        case Keep():
            return False
        case _:
            assert_never(decision)


def _has_answer(decision: ActionableDecision, on: DecidedOn) -> bool:
    """Return whether the decision is one that is answered: what stays as it is has no answer."""
    return isinstance(decision, Reject) or (isinstance(decision, Accept) and not on.live)


def _state_changed(state: ConnectionState, decision: ActionableDecision, on: DecidedOn) -> bool:
    """Return whether the connection became live, or ceased to be, since it was decided on."""
    if isinstance(decision, Accept) and state.is_live:
        # That is what was decided: by an earlier try, or by a person meanwhile.
        return False
    return state.is_open and state.is_live is not on.live


def _gone(request: EndpointConnectionRequest) -> Settled:
    gone = f"The consumer's {what_connects(request.endpoint_id)} is gone."
    return Settled(Acceptance(AcceptanceResult.WITHDRAWN, (Reason("gone", gone),)))


def _acceptance_of(state: ConnectionState, what: str) -> Acceptance:
    match state:
        case ConnectionState.PENDING | ConnectionState.AVAILABLE | ConnectionState.PARTIAL:
            return Acceptance(AcceptanceResult.ACCEPTED)
        case ConnectionState.REJECTED:
            return Acceptance(AcceptanceResult.REJECTED)
        case ConnectionState.EXPIRED:
            return Acceptance(AcceptanceResult.EXPIRED, (Reason("expired", "The connection request expired."),))
        case ConnectionState.DELETING | ConnectionState.DELETED | ConnectionState.FAILED:
            return Acceptance(AcceptanceResult.WITHDRAWN, (Reason("gone", f"The consumer's {what} is {state}."),))
        case ConnectionState.PENDING_ACCEPTANCE | ConnectionState.UNKNOWN:
            raise NotReadyError(f"the connection is {state}")
        case _:
            assert_never(state)
