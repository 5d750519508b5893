"""Live requests: neither a policy nor an approver cuts them by the rules of a new request."""

from drawbridge.decision import Accept, AlreadyResolved, AskApprover, Decision, Delay, Hold, Keep, Reject
from drawbridge.decision.facts import ConnectionFacts, Facts
from drawbridge.decision.let_in import APPROVAL_NOT_CONFIGURED, LetIn, is_approved
from drawbridge.status import Reason


def is_live(facts: Facts) -> bool:
    """Return whether the share is in effect, or the connection open."""
    return facts.live if isinstance(facts, ConnectionFacts) else facts.deadline is None


def was_let_in(facts: Facts, let_in: LetIn | None) -> bool:
    """Return whether it is live and was let in: by us, as the ledger says, or by a person who accepted the connection.

    A connection that came to a service without acceptance was let in by nobody.
    """
    by_hand = isinstance(facts, ConnectionFacts) and facts.service.acceptance_required is not False
    return is_live(facts) and (let_in is not None or by_hand)


def approved_before(decision: Decision, facts: Facts, let_in: LetIn | None) -> Decision:
    """Return ``Accept`` instead of ``AskApprover`` if all that is in effect was approved: nobody is asked twice.

    What was connected under an earlier ledger counts as approved.
    """
    if not isinstance(decision, AskApprover) or let_in is None or not let_in.approved or not is_live(facts):
        return decision
    if not isinstance(facts, ConnectionFacts):
        arns = None if facts.contents is None else [each.arn for each in facts.contents]
        if arns is None or not let_in.covers(arns):
            return decision
    by = tuple(reason for reason in let_in.because if is_approved([reason]))
    return Accept((*by, *decision.because))


def kept(decision: Decision, facts: Facts, let_in: LetIn | None) -> Decision:
    """Return ``Keep`` for what is live and was let in, whatever policies or approvers say of it now.

    What is live and was never let in is held or rejected as decided; a connection's reasons say that it was live.
    """
    match decision:
        case Accept() | AlreadyResolved() | Delay() | Keep():
            return decision
        case AskApprover(because) | Hold(because) | Reject(because):
            if was_let_in(facts, let_in):
                why = "It is live and stays as it is, though it would not be let in any more; nothing new is let in."
                return Keep((Reason("kept", why), *_unasked(decision), *because))
            if isinstance(decision, Reject) and isinstance(facts, ConnectionFacts) and facts.live:
                cut = "The connection was live: its service takes every connection without acceptance."
                return Reject((Reason("was-live", cut), *because))
            return decision


def _unasked(decision: AskApprover | Hold | Reject) -> tuple[Reason, ...]:
    if not isinstance(decision, AskApprover):
        return ()
    nobody = "A policy asks for an approver, and no way to ask one is configured."
    return (Reason(APPROVAL_NOT_CONFIGURED, nobody),)
