"""Accepting and rejecting, by what AWS lists at that moment."""

from typing import Protocol, assert_never

from drawbridge.acceptance import Acceptance, Result
from drawbridge.decision import Accept, Reject
from drawbridge.errors import GoneError, NotReadyError
from drawbridge.request import EndpointConnectionRequest, Request, ResourceShareRequest
from drawbridge.request.connections import ConnectionState
from drawbridge.request.shares import Invitation, InvitationStatus
from drawbridge.status import Reason


class Shares(Protocol):
    """Shares and the invitations to them."""

    def newest_invitation(self, share_arn: str) -> Invitation | None: ...

    def is_shared(self, share_arn: str) -> bool:
        """Tell whether the share is there for this account, with or without an invitation."""
        ...

    def answer(self, invitation_arn: str, *, accept: bool) -> None:
        """Answer an invitation; one that has been answered, has expired or is gone is left as it is."""
        ...


class Connections(Protocol):
    """Connections to this account's endpoint services."""

    def state(self, service_id: str, endpoint_id: str) -> ConnectionState:
        """Tell a connection's state.

        Raises:
            GoneError: AWS lists no such connection.
        """
        ...

    def answer(self, service_id: str, endpoint_ids: list[str], *, accept: bool) -> dict[str, str]:
        """Accept or reject connections of one service; give AWS's reason for each that it did not do."""
        ...


def accept(request: Request, decision: Accept | Reject, shares: Shares, connections: Connections) -> Acceptance:
    """Do what was decided.

    Repeating it changes nothing: what has been answered already, by us, by a person or by the other side, is only
    told as it is.

    Raises:
        NotReadyError: AWS has not come to an end with it yet.
    """
    match request:
        case ResourceShareRequest():
            return _answer_share(request, decision, shares)
        case EndpointConnectionRequest():
            return _answer_connection(request, decision, connections)
        case _:
            assert_never(request)


def _answer_share(request: ResourceShareRequest, decision: Accept | Reject, shares: Shares) -> Acceptance:
    invitation = shares.newest_invitation(request.share_arn)
    if invitation is not None and invitation.status is InvitationStatus.PENDING:
        shares.answer(invitation.arn, accept=isinstance(decision, Accept))
        invitation = shares.newest_invitation(request.share_arn)
    if invitation is None:
        # In an organization there never was one; and RAM drops what was answered after seven days.
        return _without_invitation(request, decision, shares)
    match invitation.status:
        case InvitationStatus.PENDING:
            raise NotReadyError(f"{invitation.arn} is still pending after the answer")
        case InvitationStatus.UNKNOWN:
            raise NotReadyError(f"{invitation.arn} is in a status that nobody knew when this was written")
        case InvitationStatus.ACCEPTED:
            return _shared(decision)
        case InvitationStatus.REJECTED:
            return Acceptance(Result.REJECTED)
        case InvitationStatus.EXPIRED:
            late = Reason("deadline-passed", "The invitation expired; the provider has to share again.")
            return Acceptance(Result.EXPIRED, (late,))
        case _:
            assert_never(invitation.status)


def _without_invitation(request: ResourceShareRequest, decision: Accept | Reject, shares: Shares) -> Acceptance:
    if shares.is_shared(request.share_arn):
        return _shared(decision)
    return Acceptance(Result.WITHDRAWN, (Reason("gone", "The share is gone; nothing is left to answer."),))


def _shared(decision: Accept | Reject) -> Acceptance:
    if isinstance(decision, Accept):
        return Acceptance(Result.ACCEPTED)
    stays = Reason(
        "cannot-leave",
        "Rejected, but the share is in effect, and nobody can leave it; nothing of it is associated.",
    )
    return Acceptance(Result.REJECTED, (stays,))


def _answer_connection(
    request: EndpointConnectionRequest, decision: Accept | Reject, connections: Connections
) -> Acceptance:
    try:
        state = connections.state(request.service_id, request.endpoint_id)
        if _wants_answer(state, decision):
            refused = connections.answer(request.service_id, [request.endpoint_id], accept=isinstance(decision, Accept))
            state = connections.state(request.service_id, request.endpoint_id)
            if _wants_answer(state, decision):
                why = refused.get(request.endpoint_id, "it is not visible yet")
                raise NotReadyError(f"{request.endpoint_id} is still {state}: {why}")
    except GoneError:
        return Acceptance(Result.WITHDRAWN, (Reason("gone", "The consumer's endpoint is gone."),))
    return _standing(state)


def _wants_answer(state: ConnectionState, decision: Accept | Reject) -> bool:
    match decision:
        case Accept():
            return state is ConnectionState.PENDING_ACCEPTANCE
        case Reject():
            # AWS lets an available connection be rejected too: a service without acceptance arrives that way.
            return state.is_open
        case _:
            assert_never(decision)


def _standing(state: ConnectionState) -> Acceptance:
    match state:
        case ConnectionState.PENDING | ConnectionState.AVAILABLE | ConnectionState.PARTIAL:
            return Acceptance(Result.ACCEPTED)
        case ConnectionState.REJECTED:
            return Acceptance(Result.REJECTED)
        case ConnectionState.EXPIRED:
            return Acceptance(Result.EXPIRED, (Reason("expired", "The connection request expired."),))
        case ConnectionState.DELETING | ConnectionState.DELETED | ConnectionState.FAILED:
            return Acceptance(Result.WITHDRAWN, (Reason("gone", f"The consumer's endpoint is {state}."),))
        case ConnectionState.PENDING_ACCEPTANCE | ConnectionState.UNKNOWN:
            raise NotReadyError(f"the connection is {state}")
        case _:
            assert_never(state)
