"""Planning: what bindings match in one share, and policy permits, as a list of associations. Nothing is done yet."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Protocol

import msgspec

from drawbridge.association import DesiredAttachment, Plan
from drawbridge.association.account_inventory import AccountInventory, inputs_of, relevant_bindings
from drawbridge.association.aliases import AliasCheck
from drawbridge.association.binding import Binding
from drawbridge.association.coverage import Coverage
from drawbridge.association.evaluation import MOST_KEPT, Candidate, Evaluation, Refusal
from drawbridge.association.impossible import impossible
from drawbridge.association.in_force import bindings_fingerprint, matching_bindings_fingerprint
from drawbridge.association.placing import Placing, RecordedEndpoints, VpcLookup, no_recorded_endpoints
from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.association.preflight import Preflight
from drawbridge.association.reconcile import AttachmentReconciler
from drawbridge.association.refusals import (
    NOT_PERMITTED,
    ONE_ASSOCIATION_ERRORS,
    check_failed,
    name_taken,
    undescribed_by_ram,
)
from drawbridge.association.resource_facts import facts_of
from drawbridge.bounds import DECISION_RECORD_BYTES, WORDS_BYTES, fitting, shortened
from drawbridge.configuration import InForce
from drawbridge.decision import Because
from drawbridge.decision.decide import Policies, may_associate
from drawbridge.decision.decision_record import AssociationDecisionRecord
from drawbridge.decision.facts import EvaluationTime, Fact, Requester, ResourceFacts
from drawbridge.errors import AccessDeniedError, NotReadyError
from drawbridge.lattice import NOT_VISIBLE, Entity, Undescribed
from drawbridge.request.fingerprints import share_fingerprint
from drawbridge.request.shares import Share, SharedResource
from drawbridge.status import Reason

MOST_AT_ONCE = 150
"""Associations of one share: an execution's history holds 25,000 events, and its row what is kept of each."""

PATIENT_TRIES = 7
"""How often something in a share that is not visible yet is waited for: some three minutes, as the workflow waits."""

REFUSED_BYTES = 60_000
"""For the reasons of refusals, which quote policies' annotations."""


class SharesInEffect(Protocol):
    """Shares in effect for this account."""

    def share(self, share_arn: str) -> Share | None: ...

    def contents_of_share(self, share_arn: str) -> list[SharedResource]: ...


class EntityDescriptions(Protocol):
    """What VPC Lattice shows of what is shared."""

    def describe(self, resources: Iterable[SharedResource]) -> Sequence[Entity | Undescribed]:
        """Describe those of the resources that are VPC Lattice's, and return why not of those that can't be used."""
        ...

    def entity(self, arn: str) -> Entity | None:
        """Describe one; ``None`` if it is not there for this account, or not any longer."""
        ...

    def tags(self, arn: str) -> dict[str, str] | None:
        """Return the tags of a resource; ``None`` where AWS does not show them."""
        ...


class Planner:
    """Plans what is to be associated of a share."""

    def __init__(
        self,
        *,
        shares: SharesInEffect,
        entities: EntityDescriptions,
        network: VpcLookup,
        policies: Policies,
        bindings: InForce[Binding],
        reconciler: AttachmentReconciler,
        preflight: Preflight,
        aliases: AliasCheck,
        account_id: str,
        quotas: InForce[tuple[str, int]],
        inventory: AccountInventory,
        recorded: RecordedEndpoints = no_recorded_endpoints,
    ) -> None:
        self._inventory = inventory
        self._shares = shares
        self._entities = entities
        self._policies = policies
        self._bindings = bindings
        self._reconciler = reconciler
        self._quotas = quotas
        self._placing = Placing(
            network=network,
            bindings=bindings,
            reconciler=reconciler,
            preflight=preflight,
            aliases=aliases,
            account_id=account_id,
            recorded=recorded,
        )

    def plan(
        self,
        share_arn: str,
        requester: Requester,
        expected: Collection[SharedResource],
        evaluation_time: EvaluationTime,
        coverage: Coverage | None = None,
        *,
        tries: int = 0,
    ) -> Plan:
        """Plan what is to be associated of the share.

        ``expected`` is what was observed in the invitation: RAM lists it only some seconds after the acceptance. What
        ``coverage`` does not cover is refused; without one, it is planned as if all were let in.
        ``tries`` says how often that was tried before: what is not visible by then keeps the rest waiting no longer.
        Planning twice plans the same.

        Raises:
            NotReadyError: the share, or for the first tries something in it, is not visible yet.
        """
        share = self._share(share_arn)
        shared = self._shares.contents_of_share(share_arn)
        visible = [resource for resource in shared if resource.is_lattice]
        # Listed before it is read, here and below: what changes in between differs at the next sweep.
        with suppress(AccessDeniedError):
            # It is reported below, where the same is asked for.
            self._inventory.resources([each.arn for each in visible])
        evaluation = self._described(share, shared, expected, coverage)
        waited_for = [f"{each.arn}: {each.words}" for each in evaluation.undescribed if each.may_pass]
        if waited_for and tries < PATIENT_TRIES:
            raise NotReadyError(f"not visible yet in {share_arn}: {'; '.join(sorted(waited_for))}")
        contents = None if self._bindings.broken else evaluation.contents
        relevant = relevant_bindings(self._bindings, share.owner, share.name, contents)
        inputs, notes = PlanInputs(), list[Reason]()
        try:
            inputs = inputs_of(relevant, visible, self._inventory, dict(self._quotas.things))
        except AccessDeniedError as error:
            notes.append(check_failed(error, "what the plan rests on is not compared"))
        plan = self.plan_of(self._with_candidates(evaluation, requester, evaluation_time, coverage), evaluation_time)
        return msgspec.structs.replace(
            plan, inputs=inputs, refused=(*plan.refused, *notes), visible=tuple(sorted({each.arn for each in visible}))
        )

    def plan_again(
        self,
        share_arn: str,
        requester: Requester,
        planned: DesiredAttachment,
        evaluation_time: EvaluationTime,
        coverage: Coverage,
    ) -> DesiredAttachment | Reason:
        """Decide again on one association that was planned: return it as it is desired by now, or why it is refused.

        Raises:
            NotReadyError: the share is not visible, or VPC Lattice does not describe what is in it.
        """
        evaluation = self.evaluate(share_arn, requester, (), evaluation_time, coverage, only=planned)
        if planned.resource.arn not in {each.arn for each in evaluation.visible}:
            text = f"{planned.resource.name}: {planned.resource.arn} was taken out of the share meanwhile"
            return Reason("no-longer-shared", text, source=planned.binding)
        for each in evaluation.undescribed:
            text = f"{each.arn}: {each.words}"
            if each.may_pass:
                raise NotReadyError(text)
            return Reason(each.code, text, source=planned.binding)
        desired = [
            each
            for candidate in evaluation.candidates
            for each in candidate.associations
            if each.vpc_id == planned.vpc_id
        ]
        if desired:
            return desired[0]
        refused = [each for candidate in evaluation.candidates for each in candidate.refused]
        if refused:
            # That of its VPC, if there are several.
            return min(refused, key=lambda each: each.vpc_id != planned.vpc_id).reason
        text = f"{planned.name}: the binding was changed or removed meanwhile"
        return Reason("no-binding-wants-it", text, source=planned.binding)

    def asked(self, share_arn: str, requester: Requester) -> Iterator[ResourceFacts]:
        """Yield what policies are asked about each resource of the share that a binding matches, and may have.

        Raises:
            NotReadyError: the share is not visible yet.
        """
        share = self._share(share_arn)
        described = self._described(share, self._shares.contents_of_share(share_arn), (), None).described
        for binding in self._bindings.things:
            for resource in described:
                if binding.match.matches(resource, share.name) and impossible(binding, resource) is None:
                    yield self._facts_of(binding, resource, requester, share)

    def evaluate(
        self,
        share_arn: str,
        requester: Requester,
        expected: Collection[SharedResource],
        evaluation_time: EvaluationTime,
        coverage: Coverage | None = None,
        *,
        only: DesiredAttachment | None = None,
    ) -> Evaluation:
        """Return what comes of each resource that a binding matches; with ``only``, of that one alone.

        Raises:
            NotReadyError: the share is not visible yet.
        """
        share = self._share(share_arn)
        shared = self._shares.contents_of_share(share_arn)
        described = self._described(share, shared, expected, coverage, only)
        return self._with_candidates(described, requester, evaluation_time, coverage, only)

    def _share(self, share_arn: str) -> Share:
        share = self._shares.share(share_arn)
        if share is None or not share.in_effect:
            raise NotReadyError(f"{share_arn} is not in effect yet")
        return share

    def _described(
        self,
        share: Share,
        shared: list[SharedResource],
        expected: Collection[SharedResource],
        coverage: Coverage | None,
        only: DesiredAttachment | None = None,
    ) -> Evaluation:
        """Return what the share holds, without its candidates yet."""
        visible = tuple(resource for resource in shared if resource.is_lattice)
        missing = {thing.arn for thing in expected if thing.is_lattice} - {resource.arn for resource in visible}
        undescribed = [
            Undescribed(arn=arn, code=NOT_VISIBLE, words="AWS RAM does not list it", may_pass=True) for arn in missing
        ]
        asked_for = [each for each in visible if only is None or each.arn == only.resource.arn]
        undescribed += filter(None, map(undescribed_by_ram, asked_for))
        undescribed_arns = {each.arn for each in undescribed}
        described: list[Entity] = []
        for answer in self._entities.describe([each for each in asked_for if each.arn not in undescribed_arns]):
            if isinstance(answer, Undescribed):
                undescribed.append(answer)
            else:
                described.append(answer)
        arns = tuple(resource.arn for resource in shared)
        return Evaluation(
            share=share,
            arns=arns,
            visible=visible,
            candidates=(),
            described=tuple(sorted(described)),
            undescribed=tuple(sorted(undescribed, key=lambda each: each.arn)),
            observed_fingerprint=(coverage.decided_on.observed_fingerprint if coverage else "")
            or share_fingerprint(arns),
        )

    def _with_candidates(
        self,
        evaluation: Evaluation,
        requester: Requester,
        evaluation_time: EvaluationTime,
        coverage: Coverage | None,
        only: DesiredAttachment | None = None,
    ) -> Evaluation:
        share, candidates = evaluation.share, list[Candidate]()
        let_in = frozenset(evaluation.arns) if coverage is None else coverage.covered(evaluation.arns)
        for binding in self._bindings.things:
            if only is not None and binding.name != only.binding:
                continue
            matched = [each for each in evaluation.described if binding.match.matches(each, share.name)]
            # What was not let in takes no name from what was.
            fits = [
                each
                for each in matched
                if each.arn in let_in and not (coverage is not None and coverage.withholds(binding.name, each.arn))
            ]
            of_binding = [
                self._candidate(
                    binding, resource, fits, requester=requester, share=share, evaluation_time=evaluation_time
                )
                for resource in fits
            ]
            candidates += of_binding if coverage is None else [_approved(each, coverage) for each in of_binding]
            if coverage is not None:
                candidates += [_uncovered(binding, each, coverage) for each in matched if each not in fits]
        return msgspec.structs.replace(evaluation, candidates=tuple(candidates))

    def plan_of(self, evaluation: Evaluation, evaluation_time: EvaluationTime) -> Plan:
        """Return the plan of an evaluation; of more than can be done at once, the rest is refused."""
        share, candidates = evaluation.share, evaluation.candidates
        desired = [each for candidate in candidates for each in candidate.associations]
        refused: list[Reason] = []
        if any(binding.match.could_match(share.owner, share.name) for binding in self._bindings.things):
            refused += [Reason(each.code, f"{each.arn}: {each.words}") for each in evaluation.undescribed]
        refused += [each.reason for candidate in candidates for each in candidate.refused]
        asked = [candidate.facts for candidate in candidates if candidate.facts is not None]
        if len(desired) > MOST_AT_ONCE:
            text = f"{len(desired)} associations are wanted of one share, {MOST_AT_ONCE} are made; match fewer"
            refused.append(Reason("too-many-associations", text, source=desired[MOST_AT_ONCE].binding))
        # What a broken binding would match is not known: whatever changes next has the share planned anew.
        contents = None if self._bindings.broken else evaluation.contents
        broken = (Reason("binding-broken", each.reason, source=each.name) for each in self._bindings.broken)
        short = [msgspec.structs.replace(each, text=shortened(each.text, WORDS_BYTES)) for each in refused]
        refused_kept = fitting(short[:MOST_AT_ONCE], REFUSED_BYTES)
        asked_kept = fitting(asked[:MOST_KEPT], DECISION_RECORD_BYTES)
        return Plan(
            associations=tuple(desired[:MOST_AT_ONCE]),
            refused=refused_kept,
            broken=fitting(broken, REFUSED_BYTES),
            observed_fingerprint=evaluation.observed_fingerprint,
            bindings_fingerprint=bindings_fingerprint(self._bindings, share.owner, share.name, self._quotas),
            matching_bindings_fingerprint=matching_bindings_fingerprint(
                self._bindings, share.name, contents or (), self._quotas
            ),
            contents=contents,
            decision_record=AssociationDecisionRecord(
                at=evaluation_time.now,
                zone=evaluation_time.zone,
                resources=asked_kept,
                determined_by=tuple(self._permitting_policies(candidates)),
            ),
            cut=tuple(_cut(len(refused) - len(refused_kept), len(asked) - len(asked_kept))),
        )

    def _permitting_policies(self, candidates: Iterable[Candidate]) -> list[str]:
        """Return the names of the policies that permit anything of it."""
        statements = {reason.source for each in candidates for reason in each.permitted_by}
        names = (self._policies.policy_of(each) for each in sorted(statements))
        return sorted({name for name in names if name is not None})

    def _candidate(
        self,
        binding: Binding,
        resource: Entity,
        fits: list[Entity],
        *,
        requester: Requester,
        share: Share,
        evaluation_time: EvaluationTime,
    ) -> Candidate:
        facts: ResourceFacts | None = None
        permitting: Because = ()
        refusal = impossible(binding, resource)
        if refusal is None:
            facts = self._facts_of(binding, resource, requester, share)
            refusal, permitting = self._refusal(facts, evaluation_time)
            refusal = refusal or name_taken(binding, resource, fits)
        if refusal is not None:
            refused = (Refusal(reason=refusal),)
            return Candidate(binding=binding.name, resource=resource, facts=facts, refused=refused)
        reserved = binding.attach.alias is not None and self._policies.permit_reserved_names(permitting)
        try:
            placed, unplaced = self._placing.places(binding, resource, reserved=reserved)
        except ONE_ASSOCIATION_ERRORS as error:
            placed, unplaced = [], [Refusal(reason=check_failed(error, resource.name, binding.name))]
        return Candidate(
            binding=binding.name,
            resource=resource,
            facts=facts,
            permitted_by=permitting,
            associations=tuple(placed),
            refused=tuple(unplaced),
        )

    def _facts_of(self, binding: Binding, resource: Entity, requester: Requester, share: Share) -> ResourceFacts:
        # A call for each resource, which most policies do not need.
        tags_matter = bool(self._policies.referring_to(Fact.RESOURCE_TAGS))
        tags = self._entities.tags(resource.arn) if tags_matter else None
        return facts_of(binding, resource, requester=requester, share_name=share.name, tags=tags)

    def _refusal(self, facts: ResourceFacts, evaluation_time: EvaluationTime) -> tuple[Reason | None, Because]:
        """Return why policies do not permit it; or ``None``, and what permits it."""
        permitted, because = may_associate(facts, self._policies, evaluation_time)
        if permitted:
            return None, because
        why = "; ".join(reason.text for reason in because)
        return Reason(NOT_PERMITTED, f"{facts.name}: {why}", source=facts.binding), ()


def _cut(refusals: int, facts: int) -> Iterator[str]:
    """Yield what there was no room for."""
    if refusals:
        yield f"{refusals} more refusals are not told."
    if facts:
        yield f"What policies were asked about {facts} resources is not kept: they are not reviewed."


def _approved(candidate: Candidate, coverage: Coverage) -> Candidate:
    """Return the candidate without the places that policies ask an approval for which nobody gave."""
    withheld = [each for each in candidate.associations if coverage.withholds_place(each)]
    if not withheld:
        return candidate
    left = tuple(each for each in candidate.associations if each not in withheld)
    name = candidate.resource.name
    refused = [
        Refusal(vpc_id=each.vpc_id, reason=coverage.refusal(name, each.binding, each.vpc_id)) for each in withheld
    ]
    return msgspec.structs.replace(
        candidate,
        associations=left,
        permitted_by=candidate.permitted_by if left else (),
        refused=(*candidate.refused, *refused),
    )


def _uncovered(binding: Binding, resource: Entity, coverage: Coverage) -> Candidate:
    refused = (Refusal(reason=coverage.refusal(resource.name, binding.name)),)
    return Candidate(binding=binding.name, resource=resource, refused=refused)
