"""Planning without doing: what would be done for each share, by the bindings in force or by others."""

from collections.abc import Callable, Iterator
from typing import Protocol

import msgspec
from msgspec import Struct

from drawbridge.association import DesiredAttachment
from drawbridge.association.actions import (
    ModifyEndpointPrivateDns,
    ModifyEndpointSecurityGroups,
    ModifyEndpointSubnets,
    UpdateVpcAssociation,
)
from drawbridge.association.binding import Binding
from drawbridge.association.coverage import AttachedPlace, Coverage
from drawbridge.association.evaluation import Candidate, Refusal
from drawbridge.association.plan import Planner
from drawbridge.association.reconcile import AttachmentReconciler
from drawbridge.association.steps import Step, made_attachment, steps
from drawbridge.configuration import InForce
from drawbridge.decision import AlreadyResolved, AskApprover, Because, Decision, Keep, Reject
from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.decide import decide, may_associate
from drawbridge.decision.decide_again import outcome_name
from drawbridge.decision.delayed import unless_delayed
from drawbridge.decision.facts import EvaluationTime, Facts, Membership
from drawbridge.decision.gather import Gatherer
from drawbridge.decision.let_in import DENIED, LetIn, decided_on
from drawbridge.decision.live import approved_before, kept
from drawbridge.errors import NotReadyError
from drawbridge.publication.names import connection_path
from drawbridge.publication.plan import NameChange, NamePlan
from drawbridge.publication.planner import PublicationPlanner
from drawbridge.record.entry import Entry
from drawbridge.request import ResourceShareRequest
from drawbridge.request.shares import Share
from drawbridge.status import Reason, Status
from drawbridge_cli.reason_codes import SHARE_NOT_ACCEPTED

_WITHDRAWN = "withdrawn"
"""The outcome of what an operator had withdrawn: whatever policies say, it stays so."""

_CHANGES = (ModifyEndpointSubnets, ModifyEndpointPrivateDns, ModifyEndpointSecurityGroups, UpdateVpcAssociation)
"""Steps that leave the DNS names as they are, so that their publication can be planned."""


class AssociationPlan(Struct, frozen=True, kw_only=True):
    """A desired attachment, with what is to be done for it and for its names."""

    desired: DesiredAttachment
    permitted_by: tuple[str, ...]
    steps: tuple[Step, ...]
    names: tuple[NamePlan, ...] = ()
    """Empty before it is usable."""
    pending: tuple[str, ...] = ()
    """The ARNs of what has no name yet."""
    is_asked_first: bool = False
    """Whether a person decides on its share first."""

    @property
    def changes(self) -> tuple[NamePlan, ...]:
        return tuple(each for each in self.names if each.change is not NameChange.SAME)

    @property
    def is_as_desired(self) -> bool:
        return not self.steps and not self.pending and not self.changes


class SharePlan(Struct, frozen=True, kw_only=True):
    """What would be done for one share, and why."""

    share: Share
    request_id: str
    status: Status | None
    """Of the request; ``None`` if it was not observed yet."""
    attempt: int
    """The attempt that would do it."""
    is_under_way: bool = False
    """Whether the attempt before that one has not settled."""
    outcome: str = ""
    """The decision on the share: ``accept``, ``askApprover``, ``reject``, ``hold``, ``delay``, ``keep`` or ``moot``.

    ``withdrawn`` if an operator had it withdrawn.
    """
    because: Because = ()
    place_unknown: bool = False
    """Whether the provider's place in the organization is unknown."""
    candidates: tuple[Candidate, ...] = ()
    associations: tuple[AssociationPlan, ...] = ()
    refused: tuple[Reason, ...] = ()
    not_ready: str = ""
    """What AWS does not show yet; empty if it shows everything."""

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing would be done, which may be because it is refused."""
        return not self.not_ready and all(association.is_as_desired for association in self.associations)

    @property
    def is_let_in(self) -> bool:
        """Whether it is let in, or over, or not decided on."""
        return self.outcome not in {"askApprover", "reject", "hold", "delay", _WITHDRAWN}

    @property
    def is_as_desired(self) -> bool:
        return self.is_at_rest and not self.refused and self.is_let_in

    def of(self, binding: str) -> "SharePlan":
        """Return the part of one binding."""
        return msgspec.structs.replace(
            self,
            candidates=tuple(each for each in self.candidates if each.binding == binding),
            associations=tuple(each for each in self.associations if each.desired.binding == binding),
            # What AWS does not describe may be for this binding.
            refused=tuple(each for each in self.refused if each.source in {binding, ""}),
        )


class PlannedShares(Protocol):
    """Shares in effect for this account."""

    def shares(self) -> list[Share]: ...


class PlannerOf(Protocol):
    """Returns a planner for one share."""

    def __call__(self, bindings: InForce[Binding], /) -> Planner: ...


class PlanContext(Struct, frozen=True, kw_only=True):
    """What share plans are made with."""

    shares: PlannedShares
    gatherer: Gatherer
    planner_of: PlannerOf
    reconciler: AttachmentReconciler
    publication_planner: PublicationPlanner
    policies: PolicySet
    entry_of: Callable[[str], Entry | None]
    """Returns the ledger's entry of a request, by its id."""
    attached: Callable[[str], frozenset[AttachedPlace]]
    """Returns where something of a request was attached when its last attempt ended."""
    evaluation_time: EvaluationTime
    asks: bool
    """Whether a person can be asked."""

    def share_plans(self, bindings: InForce[Binding], *, asked_anew: bool = False) -> list[SharePlan]:
        """Return a plan for every share in effect that a binding could match something of.

        What a person denied last is refused, unless it is ``asked_anew``, as when bindings change.
        """
        return [
            self._share_plan(share, bindings, asked_anew=asked_anew)
            for share in sorted(self.shares.shares(), key=lambda share: share.arn)
            if any(binding.match.could_match(share.owner, share.name) for binding in bindings.things)
        ]

    def _share_plan(self, share: Share, bindings: InForce[Binding], *, asked_anew: bool) -> SharePlan:
        request = ResourceShareRequest(share_arn=share.arn)
        entry = self.entry_of(request.request_id)
        attempt = entry.attempt + 1 if entry else 1
        known = SharePlan(
            share=share,
            request_id=request.request_id,
            status=entry.status if entry else None,
            attempt=attempt,
            is_under_way=entry is not None and not entry.settled,
        )
        replace = msgspec.structs.replace
        try:
            facts = self.gatherer.gather(request, self.evaluation_time.now)
            if isinstance(facts, AlreadyResolved):
                return replace(known, outcome="moot", because=facts.because)
            let_in = entry.let_in if entry else None
            denied = () if asked_anew or entry is None else _denials(entry)
            decision = self._decided(facts, let_in, denied)
            recorded = entry.delayed if entry else None
            decision = unless_delayed(decision, facts, let_in, recorded, self.evaluation_time.now)
            known = replace(
                known,
                outcome=outcome_name(decision),
                because=decision.because,
                place_unknown=facts.requester.place.membership is Membership.UNKNOWN,
            )
            if entry is not None and entry.commanded is not None and entry.status is Status.WITHDRAWN:
                known = replace(known, outcome=_WITHDRAWN, because=(entry.commanded.reason,))
            # Of what is only kept, what was let in is planned; all else is planned as if it were let in.
            coverage = None
            if isinstance(decision, Keep):
                coverage = Coverage(
                    let_in=let_in,
                    decision=decision,
                    decided_on=decided_on(facts, self.evaluation_time.now),
                )
                if coverage.unapproved is not None:
                    coverage = replace(coverage, attached=self.attached(request.request_id))
            return self._planned(known, facts, bindings, coverage)
        except NotReadyError as error:
            return replace(known, not_ready=str(error))

    def _decided(self, facts: Facts, let_in: LetIn | None, denied: Because) -> Decision:
        decision = approved_before(decide(facts, self.policies, self.evaluation_time), facts, let_in)
        if isinstance(decision, AskApprover) and denied:
            return kept(Reject((*denied, *decision.because)), facts, let_in)
        if isinstance(decision, AskApprover) and self.asks:
            return decision
        return kept(decision, facts, let_in)

    def _planned(
        self, known: SharePlan, facts: Facts, bindings: InForce[Binding], coverage: Coverage | None
    ) -> SharePlan:
        replace = msgspec.structs.replace
        planner = self.planner_of(bindings)
        evaluation = planner.evaluate(known.share.arn, facts.requester, (), self.evaluation_time, coverage)
        evaluation = replace(evaluation, candidates=tuple(map(_by_binding, evaluation.candidates)))
        if known.outcome not in ({"accept", "keep", "askApprover"} if self.asks else {"accept", "keep"}):
            candidates = tuple(_not_let_in(candidate, known) for candidate in evaluation.candidates)
            refused = tuple(refusal.reason for candidate in candidates for refusal in candidate.refused)
            return replace(known, candidates=candidates, refused=refused)
        plan = planner.plan_of(evaluation, self.evaluation_time)
        asked_of = {(candidate.binding, candidate.resource.arn): candidate.facts for candidate in evaluation.candidates}
        associations: list[AssociationPlan] = []
        for desired in plan.associations:
            asked = asked_of[desired.binding, desired.resource.arn]
            because = may_associate(asked, self.policies, self.evaluation_time)[1] if asked else ()
            permitted_by = tuple(dict.fromkeys(reason.source for reason in because))
            association = self._association_plan(desired, permitted_by, known.attempt)
            associations.append(replace(association, is_asked_first=known.outcome == "askApprover"))
        return replace(known, candidates=evaluation.candidates, associations=tuple(associations), refused=plan.refused)

    def _association_plan(
        self, desired: DesiredAttachment, permitted_by: tuple[str, ...], attempt: int
    ) -> AssociationPlan:
        observed = self.reconciler.observe(desired)
        to_do = tuple(steps(desired, observed, attempt))
        if not all(isinstance(step, _CHANGES) for step in to_do):
            return AssociationPlan(desired=desired, permitted_by=permitted_by, steps=to_do)
        made = made_attachment(observed, desired)
        plan = self.publication_planner.plan(desired, made, now=self.evaluation_time.now)
        names, pending = (*plan.names, *plan.taken_back), tuple(each.resource_arn for each in plan.pending)
        if not desired.resource.holds_others and not names and not pending:
            pending = (desired.resource.arn,)
        return AssociationPlan(desired=desired, permitted_by=permitted_by, steps=to_do, names=names, pending=pending)


def _denials(entry: Entry) -> Because:
    """Return the denial of a person that stands: as long as nothing changes, nobody is asked again."""
    if not entry.settled or entry.status.is_over:
        return ()
    denials = (reason for reason in (entry.kept or entry.reasons) if reason.code == DENIED)
    return tuple(denials)


def _by_binding(candidate: Candidate) -> Candidate:
    """Return the candidate with what a person denied of it named by its binding: the text says who did."""
    replace = msgspec.structs.replace
    refused = (
        replace(each, reason=replace(each.reason, source=candidate.binding)) if each.reason.code == DENIED else each
        for each in candidate.refused
    )
    return replace(candidate, refused=tuple(refused))


def _not_let_in(candidate: Candidate, known: SharePlan) -> Candidate:
    why = "; ".join(reason.text for reason in known.because)
    text = f"{candidate.resource.name}: its share is not let in ({known.outcome}): {why}"
    reason = Reason(SHARE_NOT_ACCEPTED, text, source=candidate.binding)
    return msgspec.structs.replace(candidate, associations=(), refused=(Refusal(reason=reason),))


def unknown_places(share_plans: list[SharePlan]) -> tuple[str, ...]:
    """Return the providers whose place in the organization is unknown."""
    return tuple(sorted({each.share.owner for each in share_plans if each.place_unknown}))


def paths_to_publish(share_plans: list[SharePlan], prefix: str) -> frozenset[str]:
    """Return where the names of what is planned are or will be published; of groups and networks, those that are."""
    found: set[str] = set()
    for each in association_plans(share_plans):
        desired = each.desired
        found |= {name.path for name in each.names if name.change is not NameChange.GONE}
        if not desired.resource.holds_others:
            vpc_id = desired.vpc_id if desired.per_vpc else None
            found.add(connection_path(prefix, desired.binding, desired.resource.name, vpc_id))
    return frozenset(found)


def association_plans(share_plans: list[SharePlan]) -> Iterator[AssociationPlan]:
    for each in share_plans:
        yield from each.associations
