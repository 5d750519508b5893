"""Accepting and rejecting, by what AWS lists right before."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Protocol, assert_never

from drawbridge.acceptance import Acceptance, AcceptanceResult, DecideAgain
from drawbridge.acceptance.answer_all import COMMANDED, AnswerPorts, ConnectionAnswers, answer_all
from drawbridge.acceptance.plan_answer import DecidedConnection, again, outdated
from drawbridge.decision import Accept, ActionableDecision, DecidedOn, Keep, Reject
from drawbridge.decision.facts import Consumer
from drawbridge.decision.gather import ConsumerRegistry
from drawbridge.errors import AccessDeniedError, DrawbridgeError, GoneError, InvalidInputError, NotReadyError
from drawbridge.request import EndpointConnectionRequest, OrphanRequest, Request, ResourceShareRequest
from drawbridge.request.fingerprints import contents_fingerprint
from drawbridge.request.shares import Invitation, InvitationStatus, SharedResource
from drawbridge.status import Reason


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
    if (late := outdated(on, now)) is not None:
        return late
    match request:
        case ResourceShareRequest():
            if isinstance(decision, Keep):
                return _keep_share(request, decision, shares)
            return _answer_share(request, decision, on, shares, now, commands=commands)
        case EndpointConnectionRequest():
            decided = DecidedConnection(request=request, decision=decision, on=on)
            return _answer_connection(decided, connections, commands=commands, consumers=consumers, now=now)
        case OrphanRequest():
            raise InvalidInputError(f"{request.resource_arn}: nobody asks for an orphan, so nothing is accepted")
        case _:
            assert_never(request)


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
            return again("The share is not in effect any more, and there is an invitation to it.")
        if (changed := _contents_changed(invitation, on, shares)) is not None:
            return changed
        if isinstance(decision, Accept) and commands.is_commanded(request.request_id):
            # Nobody can leave a share.
            return again(COMMANDED)
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
    return again("The share is not in effect any more, and there is an invitation to it.")


def _contents_changed(invitation: Invitation, on: DecidedOn, shares: InvitationAnswers) -> DecideAgain | None:
    """Return ``DecideAgain`` if the contents changed, since RAM accepts them as they are by then; else ``None``."""
    arns: list[str] | None
    try:
        contents = shares.contents_of_invitation(invitation.arn)
        # As in the facts: if anything has no type, the contents are unknown as a whole.
        arns = [each.arn for each in contents] if all(each.type for each in contents) else None
    except GoneError:
        return again("The invitation was answered, or expired, while it was looked at.")
    except AccessDeniedError:
        arns = None
    if contents_fingerprint(arns) == on.contents_fingerprint:
        return None
    return again("The share does not hold any longer what was decided on.")


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
    decided: DecidedConnection,
    connections: ConnectionAnswers,
    *,
    commands: WithdrawalCommands,
    consumers: Callable[[], ConsumerRegistry],
    now: datetime,
) -> Acceptance | DecideAgain:
    def registered(account_ids: Collection[str]) -> dict[str, Consumer]:
        registry = consumers()
        return {each: consumer for each in account_ids if (consumer := registry.consumer(each)) is not None}

    ports = AnswerPorts(
        connections=connections,
        commanded=lambda request_ids: [each for each in request_ids if commands.is_commanded(each)],
        consumers=registered,
        now=lambda: now,
    )
    (outcome,) = answer_all([decided], ports)
    if isinstance(outcome, DrawbridgeError):
        raise outcome
    return outcome
