"""Coverage: of what a share holds, what was let in, and where; nothing else of it is associated."""

from collections.abc import Iterable
from typing import assert_never

from msgspec import Struct

from drawbridge.association import (
    DesiredAttachment,
    MadeAttachment,
    Mode,
    ResourceEndpointAttachment,
    ServiceNetworkAttachment,
    ServiceNetworkEndpointAttachment,
)
from drawbridge.decision import Accept, DecidedOn, Keep
from drawbridge.decision.delayed import DELAYED
from drawbridge.decision.let_in import DENIED, RECOVERED, UNAPPROVED, LetIn
from drawbridge.errors import NotReadyError
from drawbridge.request.shares import SharedResource
from drawbridge.status import Reason

_WITHOUT_VPC = 2
"""Parts of an attachment's name: binding and resource."""


class AttachedPlace(Struct, frozen=True, kw_only=True):
    """Where something is attached already: what a person who is asked about more of it has seen."""

    name: str
    """Binding, resource and VPC."""
    resource_arn: str
    made: MadeAttachment

    @property
    def binding(self) -> str:
        return self.name.partition("/")[0]

    @property
    def vpc_id(self) -> str:
        """Return the VPC; empty where a service network's VPCs are somebody else's business."""
        parts = self.name.split("/")
        return parts[-1] if len(parts) > _WITHOUT_VPC else ""

    @property
    def mode(self) -> Mode:
        if not self.made.network_arn:
            return Mode.RESOURCE_ENDPOINT
        return Mode.SERVICE_NETWORK_ENDPOINT if self.made.endpoint_id else Mode.SERVICE_NETWORK

    def is_of(self, desired: DesiredAttachment) -> bool:
        """Return whether it is the desired one: in the same VPC, in the same mode, by the same service network.

        Of a network that a binding names by its name nobody knows here which one that was.
        """
        here = (self.binding, self.resource_arn, self.vpc_id, self.mode)
        # A resource may be called otherwise by now, or be recorded by its id: what is ours and was in no row.
        if here != (desired.binding, desired.resource.arn, desired.vpc_id, desired.mode):
            return False
        match desired:
            case ResourceEndpointAttachment():
                return True
            case ServiceNetworkAttachment(network=network) | ServiceNetworkEndpointAttachment(network=network):
                identifier = network.identifier.rpartition("/")[2]
                return identifier in {"", self.made.network_arn.rpartition("/")[2]}
            case _:
                assert_never(desired)


class Coverage(Struct, frozen=True, kw_only=True):
    """What was let in of a share, and the decision that the plan is made after."""

    let_in: LetIn | None
    """``None`` where it is not known: then nothing was."""
    decision: Accept | Keep
    decided_on: DecidedOn
    attached: frozenset[AttachedPlace] = frozenset()
    """What is attached already, as far as the ledger tells: only read where policies ask for an approval."""

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
        """Return whether nobody approved anything that the binding would add: nothing of it is attached."""
        return self._may_withhold and not any(
            (each.binding, each.resource_arn) == (binding, arn) for each in self.attached
        )

    def withholds_place(self, desired: DesiredAttachment) -> bool:
        """Return whether nobody approved it there: who is asked is shown in which VPC, and how, it would be."""
        return self._may_withhold and not any(each.is_of(desired) for each in self.attached)

    @property
    def _may_withhold(self) -> bool:
        if self.unapproved is None:
            return False
        # What was connected under a lost ledger is all that was let in, and in no row until it is taken over.
        is_recovered = self.let_in is not None and any(each.code == RECOVERED for each in self.let_in.because)
        return bool(self.attached) or not is_recovered

    def refusal(self, name: str, binding: str, vpc_id: str = "") -> Reason:
        """Return why something is not associated, who let the rest in, and what to do."""
        if (why := self.unapproved) is not None:
            why_not = f"{why.text.removesuffix('.')}; what was let in before stays."
            if why.code != DENIED:
                return Reason(why.code, why_not, source="/".join(filter(None, (binding, name, vpc_id))))
            where = f", in {vpc_id}" if vpc_id else ""
            return Reason(DENIED, f"{name}, by binding {binding}{where}: {why_not}", source=why.source)
        let_in = self.let_in
        if isinstance(self.decision, Keep) and (delayed := self.decision.delayed) is not None:
            at = f"It is let in at {delayed.until:%Y-%m-%d %H:%M:%S} UTC, if it is permitted still."
            return Reason(DELAYED, f"{name} came into the share later than what was let in. {at}", source=binding)
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
