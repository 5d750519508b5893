"""Looking ahead: what would be done for each share, by the bindings in force or by others. Nothing is done."""

from collections.abc import Callable, Iterator
from typing import Protocol

import msgspec
from msgspec import Struct

from drawbridge.association import DesiredAttachment
from drawbridge.association.actions import AddSubnets, ChangePrivateDns, ChangeSecurityGroups, ChangeVpcAssociation
from drawbridge.association.associate import Ways
from drawbridge.association.binding import Binding
from drawbridge.association.coverage import Coverage
from drawbridge.association.evaluation import Refusal, Wish
from drawbridge.association.made import Made
from drawbridge.association.plan import Planner
from drawbridge.association.steps import Step, associated, steps
from drawbridge.configuration import InForce
from drawbridge.decision import AskApprover, Because, Decision, Keep, Moot
from drawbridge.decision.again import outcome_of
from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.decide import decide, may_associate
from drawbridge.decision.facts import Facts, Membership, Moment
from drawbridge.decision.gather import Gatherer
from drawbridge.decision.let_in import LetIn, decided_on
from drawbridge.decision.live import approved_before, kept
from drawbridge.errors import NotReadyError
from drawbridge.publication.plan import Change, NamePlan
from drawbridge.publication.planner import PublicationPlanner
from drawbridge.record.entry import Entry
from drawbridge.request import ResourceShareRequest
from drawbridge.request.shares import Share
from drawbridge.status import Reason, Status

SHARE_NOT_ACCEPTED = "share-not-accepted"

_CHANGES = (AddSubnets, ChangePrivateDns, ChangeSecurityGroups, ChangeVpcAssociation)
"""What leaves the names as they are, so that it is known beforehand what becomes of them."""


class Way(Struct, frozen=True, kw_only=True):
    """A wanted association: what is to be done for it, and for its names."""

    wanted: DesiredAttachment
    permitted_by: tuple[str, ...]
    steps: tuple[Step, ...]
    names: tuple[NamePlan, ...] = ()
    """None before it is usable."""
    pending: tuple[str, ...] = ()
    """The ARNs of what has no name yet."""

    @property
    def changes(self) -> tuple[NamePlan, ...]:
        return tuple(each for each in self.names if each.change is not Change.SAME)

    @property
    def is_as_wanted(self) -> bool:
        return not self.steps and not self.pending and not self.changes


class Ahead(Struct, frozen=True, kw_only=True):
    """What would be done for one share, and why."""

    share: Share
    request_id: str
    status: Status | None
    """Where the request stands; ``None`` if it was not noticed yet."""
    attempt: int
    """The one that would do it."""
    outcome: str = ""
    """What the policies make of the share: ``accept``, ``askApprover``, ``reject``, ``hold``, or ``keep`` what was let
    in before.
    """
    because: Because = ()
    place_unknown: bool = False
    """Whether Organizations would not tell where the provider stands."""
    wishes: tuple[Wish, ...] = ()
    ways: tuple[Way, ...] = ()
    refused: tuple[Reason, ...] = ()
    not_ready: str = ""
    """What AWS does not show yet."""

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing would be done, which may be because it is refused."""
        return not self.not_ready and all(way.is_as_wanted for way in self.ways)

    @property
    def is_as_wanted(self) -> bool:
        return self.is_at_rest and not self.refused

    def of(self, binding: str) -> "Ahead":
        """Give what is of one binding."""
        return msgspec.structs.replace(
            self,
            wishes=tuple(each for each in self.wishes if each.binding == binding),
            ways=tuple(each for each in self.ways if each.wanted.binding == binding),
            # What AWS does not describe might be the binding's.
            refused=tuple(each for each in self.refused if each.source in {binding, ""}),
        )


class Shares(Protocol):
    """Shares in effect for this account."""

    def shares(self) -> list[Share]: ...


class PlannerOf(Protocol):
    """Gives a planner for one share."""

    def __call__(self, bindings: InForce[Binding], /) -> Planner: ...


class Lookout(Struct, frozen=True, kw_only=True):
    """What looking ahead works with."""

    shares: Shares
    gatherer: Gatherer
    planner_of: PlannerOf
    ways: Ways
    publication_planner: PublicationPlanner
    policies: PolicySet
    entry_of: Callable[[str], Entry | None]
    """Gives what the ledger knows of a request, by its id."""
    moment: Moment
    asks: bool
    """Whether there is a way to ask a person."""

    def ahead(self, bindings: InForce[Binding]) -> list[Ahead]:
        """Look at every share in effect that a binding could want something of."""
        return [
            self._ahead(share, bindings)
            for share in sorted(self.shares.shares(), key=lambda share: share.arn)
            if any(binding.match.could_match(share.owner, share.name) for binding in bindings.things)
        ]

    def left_behind(self, bindings: InForce[Binding]) -> tuple[Made, ...]:
        """Give what Drawbridge made in this account and these bindings do not call for."""
        return self.planner_of(bindings).left_behind()

    def _ahead(self, share: Share, bindings: InForce[Binding]) -> Ahead:
        request = ResourceShareRequest(share_arn=share.arn)
        entry = self.entry_of(request.request_id)
        attempt = entry.attempt + 1 if entry else 1
        known = Ahead(
            share=share, request_id=request.request_id, status=entry.status if entry else None, attempt=attempt
        )
        replace = msgspec.structs.replace
        try:
            facts = self.gatherer.gather(request, self.moment.now)
            if isinstance(facts, Moot):
                return replace(known, outcome="moot", because=facts.because)
            let_in = entry.let_in if entry else None
            decision = self._decided(facts, let_in)
            known = replace(
                known,
                outcome=outcome_of(decision),
                because=decision.because,
                place_unknown=facts.asker.place.membership is Membership.UNKNOWN,
            )
            # What only is kept is planned as far as it was let in; all else as it is once it is let in.
            coverage = None
            if isinstance(decision, Keep):
                coverage = Coverage(let_in=let_in, decision=decision, on=decided_on(facts, self.moment.now))
            return self._planned(known, facts, bindings, coverage)
        except NotReadyError as error:
            return replace(known, not_ready=str(error))

    def _decided(self, facts: Facts, let_in: LetIn | None) -> Decision:
        decision = approved_before(decide(facts, self.policies, self.moment), facts, let_in)
        if isinstance(decision, AskApprover) and self.asks:
            return decision
        return kept(decision, facts, let_in)

    def _planned(self, known: Ahead, facts: Facts, bindings: InForce[Binding], coverage: Coverage | None) -> Ahead:
        replace = msgspec.structs.replace
        planner = self.planner_of(bindings)
        considered = planner.consider(known.share.arn, facts.asker, (), self.moment, coverage)
        if known.outcome not in ({"accept", "keep", "askApprover"} if self.asks else {"accept", "keep"}):
            wishes = tuple(_closed(wish, known) for wish in considered.wishes)
            refused = tuple(refusal.reason for wish in wishes for refusal in wish.refused)
            return replace(known, wishes=wishes, refused=refused)
        plan = planner.plan_of(considered, self.moment)
        asked_of = {(wish.binding, wish.resource.arn): wish.facts for wish in considered.wishes}
        ways: list[Way] = []
        for wanted in plan.associations:
            asked = asked_of[wanted.binding, wanted.resource.arn]
            because = may_associate(asked, self.policies, self.moment)[1] if asked else ()
            permitted_by = tuple(dict.fromkeys(reason.source for reason in because))
            ways.append(self._way(wanted, permitted_by, known.attempt))
        return replace(known, wishes=considered.wishes, ways=tuple(ways), refused=plan.refused)

    def _way(self, wanted: DesiredAttachment, permitted_by: tuple[str, ...], attempt: int) -> Way:
        observed = self.ways.observe(wanted)
        to_do = tuple(steps(wanted, observed, attempt))
        if not all(isinstance(step, _CHANGES) for step in to_do):
            return Way(wanted=wanted, permitted_by=permitted_by, steps=to_do)
        by = associated(observed, wanted)
        plan = self.publication_planner.plan(wanted, by, now=self.moment.now)
        names, pending = (*plan.names, *plan.taken_back), tuple(each.resource_arn for each in plan.pending)
        if not wanted.resource.holds_others and not names and not pending:
            pending = (wanted.resource.arn,)
        return Way(wanted=wanted, permitted_by=permitted_by, steps=to_do, names=names, pending=pending)


def _closed(wish: Wish, known: Ahead) -> Wish:
    why = "; ".join(reason.text for reason in known.because)
    text = f"{wish.resource.name}: its share is not let in ({known.outcome}): {why}"
    reason = Reason(SHARE_NOT_ACCEPTED, text, source=wish.binding)
    return msgspec.structs.replace(wish, associations=(), refused=(Refusal(reason=reason),))


def unknown_places(aheads: list[Ahead]) -> tuple[str, ...]:
    """Name the providers of whom Organizations would not tell where they stand."""
    return tuple(sorted({each.share.owner for each in aheads if each.place_unknown}))


def ways_of(aheads: list[Ahead]) -> Iterator[Way]:
    for each in aheads:
        yield from each.ways
