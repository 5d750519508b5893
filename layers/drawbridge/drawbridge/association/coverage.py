"""Coverage: of what a share holds, what was let in; nothing else of it is associated."""

from collections.abc import Iterable

from msgspec import Struct

from drawbridge.decision import Accept, DecidedOn, Keep
from drawbridge.decision.let_in import DENIED, NOT_APPROVED, UNAPPROVED, LetIn
from drawbridge.errors import NotReadyError
from drawbridge.request.shares import SharedResource
from drawbridge.status import Reason


class Coverage(Struct, frozen=True, kw_only=True):
    """What was let in of a share, and the decision that the plan is made after."""

    let_in: LetIn | None
    """``None`` where it is not known: then nothing was."""
    decision: Accept | Keep
    decided_on: DecidedOn
    attached: frozenset[tuple[str, str]] = frozenset()
    """What is attached already, by binding and resource's ARN: of what nobody approved, nothing else is associated."""

    def expected(self, share_arn: str) -> tuple[SharedResource, ...]:
        """Return what was observed when it was let in just now: RAM lists it only some seconds later."""
        if self.let_in is None or isinstance(self.decision, Keep):
            return ()
        return tuple(SharedResource(arn, "", share_arn) for arn in self.let_in.arns or ())

    def covered(self, arns: Iterable[str]) -> frozenset[str]:
        """Return which of these were let in.

        Raises:
            NotReadyError: what was just let in was too much to be kept one by one, and is not listed as it was.
        """
        if self.let_in is None:
            return frozenset()
        found = self.let_in.covered(arns)
        if not found and self.let_in.arns is None and isinstance(self.decision, Accept):
            raise NotReadyError("the share is not listed yet with all that was let in of it")
        return found

    @property
    def unapproved(self) -> Reason | None:
        """Return why nothing is associated but what is attached: a person denied it, or could not be heard."""
        if isinstance(self.decision, Accept):
            return None
        return next((reason for reason in self.decision.because if reason.code in UNAPPROVED), None)

    def withholds(self, binding: str, arn: str) -> bool:
        """Return whether nobody approved what the binding would add: who is asked is shown what each would come to."""
        return self.unapproved is not None and (binding, arn) not in self.attached

    def refusal(self, name: str, binding: str) -> Reason:
        """Return why something is not associated, who let the rest in, and what to do."""
        if (why := self.unapproved) is not None:
            text = f"{name}, by binding {binding}: {why.text.removesuffix('.')}; what was let in before stays."
            return Reason(DENIED, text, why.source) if why.code == DENIED else Reason(NOT_APPROVED, text, binding)
        let_in = self.let_in
        if let_in is None:
            rest = "It is not known what of the share was let in."
        else:
            by = ", ".join(dict.fromkeys(each.source for each in let_in.because if each.source)) or "nobody known"
            rest = f"The rest was let in at {let_in.at:%Y-%m-%d %H:%M} UTC, by {by}."
        text = (
            f"{name} came into the share later than what was let in. {rest} "
            "It is let in by a policy that permits to accept the share as it is now, or by an approver."
        )
        return Reason("not-let-in", text, source=binding)
