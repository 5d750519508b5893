"""Reconciling offers: what a service allows, and who is in a share, with what the registry calls for."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Protocol, assert_never

from drawbridge.decision.facts import EvaluationTime
from drawbridge.decision.registration import Registration
from drawbridge.errors import GoneError, InvalidInputError, NotReadyError, QuotaExceededError, RefusedError
from drawbridge.intake.converged import Converged
from drawbridge.intake.desired import OfferRules, RegisteredEntries, Target, id_of
from drawbridge.intake.offers import OfferedShare, OfferedShares, OfferRecord, OfferRecords, ServicePermissions
from drawbridge.intake.steps import (
    AddToShare,
    AllowPrincipals,
    ConfirmRecords,
    DisallowPrincipals,
    ForgetRecords,
    MarkPermissions,
    Offer,
    OfferPlan,
    RemoveFromShare,
    Step,
    plan_for_service,
    plan_for_share,
)
from drawbridge.request.connections import ManagedService


class RegisteredConsumers(Protocol):
    """The registry of consumers."""

    def all(self) -> Iterable[Registration]: ...

    def entries(self, account_ids: Collection[str]) -> dict[str, Registration]:
        """Return the entries of accounts as they are now, read by their keys, by account."""
        ...


_AT_ONCE = 100
"""As many as the registry is asked for in one call. What AWS refuses of these keeps out no others."""


class OfferReconciler:
    """Plans what is offered of a service or a share, and takes the steps.

    It may be broken off anywhere: what it adds is on record before AWS is asked, and what is on record and was not seen
    yet is ours. Two of them may be at work at once.
    """

    def __init__(
        self,
        *,
        registry: RegisteredConsumers,
        permissions: ServicePermissions,
        shares: OfferedShares,
        records: OfferRecords,
        rules: OfferRules,
        owner: str,
    ) -> None:
        """``owner`` is the value of the ownership tag, the prefix."""
        self._registry = registry
        self._permissions = permissions
        self._shares = shares
        self._records = records
        self._rules = rules
        self._owner = owner

    def plan(self, target: Target, registry: RegisteredEntries, evaluation_time: EvaluationTime) -> OfferPlan:
        """Return what is to be done about a service or a share; nothing is done.

        Raises:
            GoneError: it does not exist any longer.
        """
        desired = self._rules.desired(target, registry.concerning(target), evaluation_time)
        records = self._records.of(id_of(target))
        match target:
            case ManagedService():
                allowed = self._permissions.allowed(target.service_id)
                return plan_for_service(
                    target.service_id, desired, allowed, records, evaluation_time.now, owner=self._owner
                )
            case OfferedShare():
                principals = self._shares.principals(target.arn)
                return plan_for_share(target.arn, desired, principals, records, evaluation_time.now)
            case _:
                assert_never(target)

    def apply(self, step: Step, target: Target, evaluation_time: EvaluationTime, converged: Converged) -> None:
        """Take one step."""
        match step:
            case AllowPrincipals():
                self._allow(step, target, evaluation_time, converged)
            case AddToShare():
                self._add(step, target, evaluation_time, converged)
            case DisallowPrincipals() | RemoveFromShare():
                self._take_back(step, target, evaluation_time, converged)
            case MarkPermissions(permissions=permissions, records=records):
                self._permissions.mark([each.permission_id for each in permissions])
                self._records.note(records)
            case ConfirmRecords(records=records):
                self._records.note(records)
            case ForgetRecords(records=records):
                self._forget(records, target, evaluation_time)
            case _:
                assert_never(step)

    def forget_gone(self, target_id: str) -> None:
        """Forget what was added to a service or share that is not looked after any longer, if AWS says it is gone."""
        try:
            if target_id.startswith("arn:"):
                self._shares.principals(target_id)
            else:
                self._permissions.allowed(target_id)
        except GoneError:
            self._records.drop(target_id, self._records.of(target_id).keys())

    def _allow(
        self, step: AllowPrincipals, target: Target, evaluation_time: EvaluationTime, converged: Converged
    ) -> None:
        def allow(principals: Sequence[str]) -> None:
            self._permissions.allow(step.service_id, principals)

        added = self._added(step.offers, allow, target, evaluation_time, converged)
        if not added:
            return
        # Those that do not show yet are tagged by the next sweep: until then the record says whose they are.
        there = {each.arn: each for each in self._permissions.allowed(step.service_id)}
        seen = {each: there[each.principal] for each in added if each.principal in there}
        untagged = [each.permission_id for each in seen.values() if each.owner is None and each.permission_id]
        if untagged:
            self._permissions.mark(untagged)
        tagged = [
            each
            for each, found in seen.items()
            if found.owner == self._owner or (found.owner is None and found.permission_id)
        ]
        self._records.note([_record(step.service_id, each, evaluation_time.now, is_confirmed=True) for each in tagged])
        converged.offered += (f"{step.service_id} to {each.principal}" for each in seen)

    def _add(self, step: AddToShare, target: Target, evaluation_time: EvaluationTime, converged: Converged) -> None:
        def add(account_ids: Sequence[str]) -> None:
            self._shares.associate(step.share_arn, account_ids)

        told = len(converged.broken) + len(converged.failures)
        added = self._added(step.offers, add, target, evaluation_time, converged)
        if told != len(converged.broken) + len(converged.failures):
            in_share = {each.principal for each in self._shares.principals(step.share_arn) if each.status.is_in_share}
            added = [each for each in added if each.principal in in_share]
        # Whoever rejects the invitation before it is seen in the share has been invited all the same.
        self._records.note([_record(step.share_arn, each, evaluation_time.now, is_confirmed=True) for each in added])
        converged.offered += (f"{step.share_arn} to {each.principal}" for each in added)

    def _added(
        self,
        offers: Sequence[Offer],
        add: Callable[[Sequence[str]], None],
        target: Target,
        evaluation_time: EvaluationTime,
        converged: Converged,
    ) -> list[Offer]:
        """Have what the registry calls for right before added, as far as AWS does it; return what it calls for after.

        What AWS refuses stays on record, as what was broken off does: whether it is there after all, a listing shows.
        """
        target_id = id_of(target)
        asked: list[Offer] = []
        for start in range(0, len(offers), _AT_ONCE):
            some = offers[start : start + _AT_ONCE]
            self._records.note([_record(target_id, each, evaluation_time.now) for each in some])
            called_for = self._called_for(some, target, evaluation_time)
            self._records.drop(target_id, [each.principal for each in some if each not in called_for])
            if not called_for:
                continue
            asked += called_for
            try:
                add([each.principal for each in called_for])
            except (RefusedError, QuotaExceededError) as error:
                converged.broken.append(InvalidInputError(f"not all can be offered {target_id}: {error}"))
            except NotReadyError as error:
                converged.failures.append(error)
        after = self._called_for(asked, target, evaluation_time)
        staying = frozenset(after)
        gone_meanwhile = [each for each in asked if each not in staying]
        if gone_meanwhile:
            self._remove(gone_meanwhile, target)
        return after

    def _take_back(
        self,
        step: DisallowPrincipals | RemoveFromShare,
        target: Target,
        evaluation_time: EvaluationTime,
        converged: Converged,
    ) -> None:
        """Take away what the registry, asked for just these accounts, does not call for."""
        going = self._uncalled_for(step.offers, target, evaluation_time)
        if going:
            self._remove(going, target)
            converged.taken_back += (f"{id_of(target)} from {each.principal}" for each in going)

    def _remove(self, offers: Collection[Offer], target: Target) -> None:
        principals = [each.principal for each in offers]
        match target:
            case ManagedService():
                self._permissions.disallow(target.service_id, principals)
            case OfferedShare():
                self._shares.disassociate(target.arn, principals)
            case _:
                assert_never(target)
        self._records.drop(id_of(target), principals)

    def _forget(self, records: Collection[OfferRecord], target: Target, evaluation_time: EvaluationTime) -> None:
        """Forget what is not there, or not ours; but not when who is to be in a share after all was invited."""
        principals = {each.principal for each in records}
        if isinstance(target, OfferedShare):
            offers = [Offer(each.principal, each.account_id) for each in records]
            principals -= {each.principal for each in self._called_for(offers, target, evaluation_time)}
        self._records.drop(id_of(target), principals)

    def _called_for(self, offers: Collection[Offer], target: Target, evaluation_time: EvaluationTime) -> list[Offer]:
        """Return those of the offers that the registry calls for now."""
        if not offers:
            return []
        entries = self._registry.entries({each.account_id for each in offers})
        desired = self._rules.desired(target, entries.values(), evaluation_time)
        return [each for each in offers if desired.principals.get(each.principal) == each.account_id]

    def _uncalled_for(self, offers: Collection[Offer], target: Target, evaluation_time: EvaluationTime) -> list[Offer]:
        """Return those of the offers that the registry does not call for now, as far as its entries can be read."""
        entries = self._registry.entries({each.account_id for each in offers})
        desired = self._rules.desired(target, entries.values(), evaluation_time)
        return [
            each
            for each in offers
            if each.principal not in desired.principals and each.account_id not in desired.unchanged
        ]


def _record(target: str, offer: Offer, now: datetime, *, is_confirmed: bool = False) -> OfferRecord:
    return OfferRecord(
        target=target,
        principal=offer.principal,
        account_id=offer.account_id,
        offered_at=now,
        is_confirmed=is_confirmed,
    )
