"""Accepting and rejecting, by what AWS lists right before."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol, assert_never

from drawbridge.acceptance import Acceptance, AcceptanceResult, DecideAgain
from drawbridge.decision import Accept, ActionableDecision, DecidedOn, Keep, Reject
from drawbridge.decision.consumer_standing import standing_of
from drawbridge.decision.gather import ConsumerRegistry
from drawbridge.errors import AccessDeniedError, GoneError, InvalidInputError, NotReadyError
from drawbridge.request import EndpointConnectionRequest, OrphanRequest, Request, ResourceShareRequest, what_connects
from drawbridge.request.connections import ConnectionState
from drawbridge.request.fingerprints import contents_fingerprint
from drawbridge.request.shares import Invitation, InvitationStatus, SharedResource
from drawbridge.status import Reason

FRESH = timedelta(seconds=60)
"""How long after it was made a decision may be carried out: a policy may have been replaced since."""


class InvitationAnswers(Protocol):
    """Shares and the invitations to them."""

    def newest_invitation(self, share_arn: str) -> Invitation | None: ...

    def contents_of_invitation(self, invitation_arn: str) -> list[SharedResource]:
        """List what accepting would share.

        Raises:
            GoneError: the invitation was rejected, has expired or is gone.
            AccessDeniedError: AWS does not show it.
        """
        ...

    def is_shared(self, share_arn: str) -> bool:
        """Return whether the share is in effect for this account, with or without an invitation."""
        ...

    def answer(self, invitation_arn: str, *, accept: bool) -> None:
        """Answer an invitation, unless it was answered, has expired or is gone."""
        ...


class ConnectionAnswers(Protocol):
    """Connections to this account's endpoint services."""

    def state(self, service_id: str, endpoint_id: str) -> ConnectionState:
        """Return a connection's state.

        Raises:
            GoneError: AWS lists no such connection.
        """
        ...

    def owner(self, service_id: str, endpoint_id: str) -> str:
        """Return the id of the account that connects; empty if AWS does not tell it.

        Raises:
            GoneError: AWS lists no such connection.
        """
        ...

    def answer(self, service_id: str, endpoint_ids: list[str], *, accept: bool) -> dict[str, str]:
        """Accept or reject connections of one service; return AWS's reason for each for which that failed."""
        ...


class WithdrawalCommands(Protocol):
    """What operators commanded to be withdrawn."""

    def is_commanded(self, request_id: str) -> bool:
        """Return whether an operator commanded that a request is withdrawn, read consistently."""
        ...


def accept(
    request: Request,
    decision: ActionableDecision,
    on: DecidedOn,
    shares: InvitationAnswers,
    connections: ConnectionAnswers,
    *,
    commands: WithdrawalCommands,
    consumers: Callable[[], ConsumerRegistry],
    now: datetime,
) -> Acceptance | DecideAgain:
    """Carry out a decision that was made recently, and on what AWS still lists.

    What an operator commanded to be withdrawn since is not accepted, but decided again.

    Repeating it changes nothing: what has been answered already, by us, by a person or by the other side, is only
    reported as it is.

    Raises:
        NotReadyError: AWS has not finished with it yet.
    """
    if now - on.at > FRESH:
        return _again(f"It was decided at {on.at:%H:%M:%S} UTC, more than {FRESH.seconds} seconds ago.")
    match request:
        case ResourceShareRequest():
            if isinstance(decision, Keep):
                return _keep_share(request, decision, shares)
            return _answer_share(request, decision, on, shares, now, commands=commands)
        case EndpointConnectionRequest():
            return _answer_connection(request, decision, on, connections, commands=commands, consumers=consumers)
        case OrphanRequest():
            raise InvalidInputError(f"{request.resource_arn}: nobody asks for an orphan, so nothing is accepted")
        case _:
            assert_never(request)


_COMMANDED = "An operator had it withdrawn by now."


def _again(why: str) -> DecideAgain:
    return DecideAgain((Reason("decided-again", why),))


def _answer_share(
    request: ResourceShareRequest,
    decision: Accept | Reject,
    on: DecidedOn,
    shares: InvitationAnswers,
    now: datetime,
    *,
    commands: WithdrawalCommands,
) -> Acceptance | DecideAgain:
    invitation = shares.newest_invitation(request.share_arn)
    if invitation is not None and invitation.status is InvitationStatus.PENDING:
        if on.live and not shares.is_shared(request.share_arn):
            # A decision on a share in effect, such as an earlier approval's, is no answer to an invitation.
            return _again("The share is not in effect any more, and there is an invitation to it.")
        if (changed := _contents_changed(invitation, on, shares)) is not None:
            return changed
        if isinstance(decision, Accept) and commands.is_commanded(request.request_id):
            # Nobody can leave a share.
            return _again(_COMMANDED)
        shares.answer(invitation.arn, accept=isinstance(decision, Accept))
        invitation = shares.newest_invitation(request.share_arn)
    if invitation is None:
        # In an organization there never was one; and RAM drops what was answered after seven days.
        return _without_invitation(request, decision, shares)
    return _of_invitation(invitation, decision, now)


def _of_invitation(invitation: Invitation, decision: ActionableDecision, now: datetime) -> Acceptance:
    match invitation.status:
        case InvitationStatus.PENDING:
            raise NotReadyError(f"{invitation.arn} is still pending after the answer")
        case InvitationStatus.UNKNOWN:
            raise NotReadyError(f"{invitation.arn} is in a status that nobody knew when this was written")
        case InvitationStatus.ACCEPTED:
            return _shared(decision)
        case InvitationStatus.REJECTED:
            return Acceptance(AcceptanceResult.REJECTED)
        case InvitationStatus.EXPIRED:
            return Acceptance(AcceptanceResult.EXPIRED, (invitation.why_expired(now),))
        case _:
            assert_never(invitation.status)


def _keep_share(request: ResourceShareRequest, decision: Keep, shares: InvitationAnswers) -> Acceptance | DecideAgain:
    if shares.newest_invitation(request.share_arn) is None or shares.is_shared(request.share_arn):
        return _without_invitation(request, decision, shares)
    return _again("The share is not in effect any more, and there is an invitation to it.")


def _contents_changed(invitation: Invitation, on: DecidedOn, shares: InvitationAnswers) -> DecideAgain | None:
    """Return ``DecideAgain`` if the contents changed, since RAM accepts them as they are by then; else ``None``."""
    arns: list[str] | None
    try:
        contents = shares.contents_of_invitation(invitation.arn)
        # As in the facts: if anything has no type, the contents are unknown as a whole.
        arns = [each.arn for each in contents] if all(each.type for each in contents) else None
    except GoneError:
        return _again("The invitation was answered, or expired, while it was looked at.")
    except AccessDeniedError:
        arns = None
    if contents_fingerprint(arns) == on.contents_fingerprint:
        return None
    return _again("The share does not hold any longer what was decided on.")


def _without_invitation(
    request: ResourceShareRequest, decision: ActionableDecision, shares: InvitationAnswers
) -> Acceptance:
    if shares.is_shared(request.share_arn):
        return _shared(decision)
    return Acceptance(AcceptanceResult.WITHDRAWN, (Reason("gone", "The share is gone; nothing is left to answer."),))


def _shared(decision: ActionableDecision) -> Acceptance:
    if isinstance(decision, Accept | Keep):
        return Acceptance(AcceptanceResult.ACCEPTED)
    stays = Reason(
        "cannot-leave",
        "Rejected, but the share is in effect, and nobody can leave it; nothing of it is associated.",
    )
    return Acceptance(AcceptanceResult.REJECTED, (stays,))


def _answer_connection(
    request: EndpointConnectionRequest,
    decision: ActionableDecision,
    on: DecidedOn,
    connections: ConnectionAnswers,
    *,
    commands: WithdrawalCommands,
    consumers: Callable[[], ConsumerRegistry],
) -> Acceptance | DecideAgain:
    try:
        state = connections.state(request.service_id, request.endpoint_id)
        if _state_changed(state, decision, on):
            return _again(f"The connection is {state}, which is not what was decided on.")
        if _needs_answer(state, decision):
            if isinstance(decision, Accept):
                # The door may have been shut since, while policies let it in still. What an earlier version decided
                # does not say whose it is.
                account_id = on.account_id or connections.owner(request.service_id, request.endpoint_id)
                if not account_id:
                    raise NotReadyError(f"AWS does not say whose {request.endpoint_id} is")
                consumer = consumers().consumer(account_id)
                if consumer is None and on.registered:
                    return _again(f"Consumer {account_id} is not registered any longer.")
                standing = standing_of(consumer)
                if standing.shuts_out:
                    return _again(f"Consumer {account_id} is {standing} by now.")
                if commands.is_commanded(request.request_id):
                    return _again(_COMMANDED)
            refused = connections.answer(request.service_id, [request.endpoint_id], accept=isinstance(decision, Accept))
            state = connections.state(request.service_id, request.endpoint_id)
            if _needs_answer(state, decision):
                why = refused.get(request.endpoint_id, "it is not visible yet")
                raise NotReadyError(f"{request.endpoint_id} is still {state}: {why}")
    except GoneError:
        gone = f"The consumer's {what_connects(request.endpoint_id)} is gone."
        return Acceptance(AcceptanceResult.WITHDRAWN, (Reason("gone", gone),))
    return _acceptance_of(state, what_connects(request.endpoint_id))


def _state_changed(state: ConnectionState, decision: ActionableDecision, on: DecidedOn) -> bool:
    """Return whether the connection became live, or ceased to be, since it was decided on."""
    if isinstance(decision, Accept) and state.is_live:
        # That is what was decided: by an earlier try, or by a person meanwhile.
        return False
    return state.is_open and state.is_live is not on.live


def _needs_answer(state: ConnectionState, decision: ActionableDecision) -> bool:
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
