"""Reconciling offers: what a service allows, and who is in a share, with what the registry calls for."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, assert_never

from msgspec.structs import replace

from drawbridge.decision.facts import EvaluationTime
from drawbridge.decision.registration import Registration
from drawbridge.errors import GoneError, InvalidInputError, NotReadyError
from drawbridge.intake.causes import CausesOfLeaving
from drawbridge.intake.converged import Converged
from drawbridge.intake.desired import OfferRules, RegisteredEntries, Target, id_of
from drawbridge.intake.leaving import leaving_after
from drawbridge.intake.offers import (
    Allowed,
    OfferedShare,
    OfferedShares,
    OfferRecord,
    OfferRecords,
    PartlyRefusedError,
    ServicePermissions,
)
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
"""As many as the registry is asked for in one call."""

_UNCAPPED_PART = 4
"""A quarter of a share goes at once, whatever the cap."""

Hurry = Callable[[], bool]
"""Whether there is no time for anything more in this sweep."""


def _at_leisure() -> bool:
    return False


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
        causes: CausesOfLeaving,
        rules: OfferRules,
        owner: str,
        cap: int,
        wait: timedelta,
    ) -> None:
        """``owner`` is the value of the ownership tag, the prefix.

        ``cap`` is how many accounts may leave a share at once though their entries are as they were. What an account
        that leaves has associated stays for ``wait``, unless its removal was commanded.
        """
        self._registry = registry
        self._permissions = permissions
        self._shares = shares
        self._records = records
        self._causes = causes
        self._rules = rules
        self._owner = owner
        self._cap = cap
        self._wait = wait

    @property
    def why_nothing(self) -> str:
        """Why nothing is offered, whatever the registry has; empty if something is."""
        return self._rules.why_nothing

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
                return plan_for_share(target, desired, principals, records, evaluation_time.now)
            case _:
                assert_never(target)

    def apply(
        self,
        step: Step,
        target: Target,
        evaluation_time: EvaluationTime,
        converged: Converged,
        is_late: Hurry = _at_leisure,
    ) -> None:
        """Take one step; where many are to be added, only as many as there is time for."""
        match step:
            case AllowPrincipals():
                self._allow(step, target, evaluation_time, converged, is_late)
            case AddToShare():
                self._add(step, target, evaluation_time, converged, is_late)
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
            self._records.drop(self._records.of(target_id).values())

    def _allow(
        self,
        step: AllowPrincipals,
        target: Target,
        evaluation_time: EvaluationTime,
        converged: Converged,
        is_late: Hurry,
    ) -> None:
        # A listing may have left out what somebody else allowed.
        already = {each.arn for each in self._permissions.allowed(step.service_id)}
        offers = [each for each in step.offers if each.is_begun or each.principal not in already]
        allow = partial(self._permissions.allow, step.service_id)
        added = self._added(offers, allow, target, evaluation_time, converged, is_late=is_late)
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
        self._records.note([_record(target, each, evaluation_time.now, is_confirmed=True) for each in tagged])
        converged.offered += (f"{step.service_id} to {each.principal}" for each in seen)

    def _add(
        self, step: AddToShare, target: Target, evaluation_time: EvaluationTime, converged: Converged, is_late: Hurry
    ) -> None:
        def add(account_ids: Sequence[str]) -> Allowed:
            try:
                self._shares.associate(step.share_arn, account_ids)
            except PartlyRefusedError as error:
                return Allowed(added=None, refusal=error)
            # RAM does not say who was in the share before.
            return Allowed(added=None)

        told = len(converged.failures)
        # A listing may have left out whom somebody else put in.
        already = self._in_share(step.share_arn)
        offers = [each for each in step.offers if each.is_begun or each.principal not in already]
        added = self._added(offers, add, target, evaluation_time, converged, is_late=is_late)
        if told != len(converged.failures):
            in_share = self._in_share(step.share_arn)
            added = [each for each in added if each.principal in in_share]
        # Whoever rejects the invitation before it is seen in the share has been invited all the same.
        self._records.note([_record(target, each, evaluation_time.now, is_confirmed=True) for each in added])
        converged.offered += (f"{step.share_arn} to {each.principal}" for each in added)

    def _in_share(self, share_arn: str) -> set[str]:
        return {each.principal for each in self._shares.principals(share_arn) if each.status.is_in_share}

    def _added(
        self,
        offers: Sequence[Offer],
        add: Callable[[Sequence[str]], Allowed],
        target: Target,
        evaluation_time: EvaluationTime,
        converged: Converged,
        *,
        is_late: Hurry,
    ) -> list[Offer]:
        """Have what the registry calls for right before added, as far as AWS does it; return what it calls for after.

        What AWS refuses is not among that, and is on record as refused; nor is what AWS says was there before, and so
        is somebody else's, which is on record no longer. What was broken off stays on record as begun.
        """
        target_id = id_of(target)
        record = partial(_record, target, now=evaluation_time.now)
        asked: list[Offer] = []
        for start in range(0, len(offers), _AT_ONCE):
            if is_late():
                converged.left.add(target_id)
                break
            some = offers[start : start + _AT_ONCE]
            self._records.note([record(each) for each in some])
            called_for = self._called_for(some, target, evaluation_time)
            self._records.drop([record(each) for each in some if each not in called_for and not _is_leaving(each)])
            if not called_for:
                continue
            try:
                answer = add([each.principal for each in called_for])
            except NotReadyError as error:
                converged.failures.append(error)
                answer = Allowed(added=None)
            refused = answer.refusal.refused if answer.refusal else frozenset[str]()
            others = {each for each in called_for if _is_of_others(each, answer)}
            asked += (each for each in called_for if each.principal not in refused and each not in others)
            self._records.note(
                [record(each, refused_at=evaluation_time.now) for each in called_for if each.principal in refused]
            )
            self._records.drop([record(each) for each in others])
            if answer.refusal:
                converged.broken.append(InvalidInputError(f"not all can be offered {target_id}: {answer.refusal}"))
            if answer.refusal and answer.refusal.is_full:
                break
        after = self._called_for(asked, target, evaluation_time)
        staying = frozenset(after)
        gone_meanwhile = [each for each in asked if each not in staying]
        if gone_meanwhile:
            self._remove(gone_meanwhile, target)
            self._records.drop([record(each) for each in gone_meanwhile if not _is_leaving(each)])
        return after

    def _take_back(
        self,
        step: DisallowPrincipals | RemoveFromShare,
        target: Target,
        evaluation_time: EvaluationTime,
        converged: Converged,
    ) -> None:
        """Take away what the registry, asked for just these accounts, does not call for."""
        entries = self._registry.entries({each.account_id for each in step.offers})
        going = self._uncalled_for(step.offers, target, entries, evaluation_time)
        if isinstance(step, RemoveFromShare):
            going = self._leaving(self._uncapped(step, going, entries, converged), entries, evaluation_time.now)
        if not going:
            return
        there = [each for each in going if not isinstance(step, RemoveFromShare) or each.principal not in step.out]
        kept: frozenset[str] = frozenset()
        try:
            if there:
                self._remove(there, target)
        except PartlyRefusedError as error:
            kept = error.refused
            converged.broken.append(InvalidInputError(f"not all can be taken back of {id_of(target)}: {error}"))
        gone = [each for each in going if each.principal not in kept]
        self._settle(gone, target, evaluation_time.now)
        converged.taken_back += (f"{id_of(target)} from {each.principal}" for each in there if each in gone)

    def _leaving(self, going: Sequence[Offer], entries: Mapping[str, Registration], now: datetime) -> list[Offer]:
        """Put on record why accounts leave a share, and when what they have associated goes; before they are out."""
        causes = self._causes.of([each.record for each in going if each.record is not None], entries)

        def left(record: OfferRecord) -> OfferRecord:
            return replace(record, leaving=leaving_after(record.leaving, causes[record.principal], now, self._wait))

        leaving = [replace(each, record=left(each.record)) for each in going if each.record is not None]
        self._records.note([each.record for each in leaving if each.record is not None])
        return leaving

    def _settle(self, gone: Collection[Offer], target: Target, now: datetime) -> None:
        """Forget what was taken away; of an account in a share, only note that it is out: see ``leavers``."""
        records = [each.record for each in gone if each.record is not None]
        if isinstance(target, ManagedService):
            self._records.drop(records)
            return
        for each in records:
            if each.leaving is not None:
                taken_out = replace(each.leaving, taken_out_at=now, clear_since=None)
                self._records.change(each, replace(each, is_confirmed=True, refused_at=None, leaving=taken_out))

    def _uncapped(
        self,
        step: RemoveFromShare,
        going: list[Offer],
        entries: Mapping[str, Registration],
        converged: Converged,
    ) -> list[Offer]:
        """Return those that may leave a share: many whose entries did not change leave it for its tag, all or none."""
        by_tag = {each for each in going if _is_as_it_was(each, entries.get(each.account_id))}
        if len(by_tag) <= self._cap or len(by_tag) * _UNCAPPED_PART <= step.recorded:
            return going
        why = (
            f"{len(by_tag)} of {step.recorded} accounts would be taken out of {step.share_arn} at once, whose entries "
            "did not change: its tag did. None of them is, as what they have associated would be taken down: tag it "
            f"as it was, or raise WithdrawCap ({self._cap}), or remove their entries"
        )
        converged.broken.append(InvalidInputError(why))
        return [each for each in going if each not in by_tag]

    def _remove(self, offers: Collection[Offer], target: Target) -> None:
        principals = [each.principal for each in offers]
        match target:
            case ManagedService():
                self._permissions.disallow(target.service_id, principals)
            case OfferedShare():
                self._shares.disassociate(target.arn, principals)
            case _:
                assert_never(target)

    def _forget(self, records: Collection[OfferRecord], target: Target, evaluation_time: EvaluationTime) -> None:
        """Forget what is not there, or not ours; but not when who is to be in a share after all was invited."""
        kept: set[str] = set()
        if isinstance(target, OfferedShare):
            offers = [Offer(each.principal, each.account_id) for each in records]
            kept = {each.principal for each in self._called_for(offers, target, evaluation_time)}
        self._records.drop([each for each in records if each.principal not in kept])

    def _called_for(self, offers: Collection[Offer], target: Target, evaluation_time: EvaluationTime) -> list[Offer]:
        """Return those of the offers that the registry calls for now."""
        if not offers:
            return []
        entries = self._registry.entries({each.account_id for each in offers})
        desired = self._rules.desired(target, entries.values(), evaluation_time)
        return [each for each in offers if desired.principals.get(each.principal) == each.account_id]

    def _uncalled_for(
        self,
        offers: Collection[Offer],
        target: Target,
        entries: Mapping[str, Registration],
        evaluation_time: EvaluationTime,
    ) -> list[Offer]:
        """Return those of the offers that the entries do not call for, as far as they can be read."""
        desired = self._rules.desired(target, entries.values(), evaluation_time)
        return [
            each
            for each in offers
            if each.principal not in desired.principals and each.account_id not in desired.unchanged
        ]


def _is_of_others(offer: Offer, answer: Allowed) -> bool:
    """Return whether it was there before it was asked for, so that somebody else has added it."""
    if answer.added is None or offer.is_begun or offer.principal in answer.added:
        return False
    return answer.refusal is None or offer.principal not in answer.refusal.refused


def _is_leaving(offer: Offer) -> bool:
    """Return whether something of the account may be associated still from when it was in the share before.

    Its record says so until it is seen in the share again.
    """
    return offer.record is not None and offer.record.leaving is not None


def _is_as_it_was(offer: Offer, entry: Registration | None) -> bool:
    """Return whether the entry is there, and of the tier for which the account was put in."""
    return entry is not None and offer.record is not None and entry.consumer.tier == offer.record.tier


def _record(
    target: Target, offer: Offer, now: datetime, *, is_confirmed: bool = False, refused_at: datetime | None = None
) -> OfferRecord:
    return OfferRecord(
        target=id_of(target),
        principal=offer.principal,
        account_id=offer.account_id,
        offered_at=now,
        is_confirmed=is_confirmed,
        refused_at=refused_at,
        tier=target.tier if isinstance(target, OfferedShare) else "",
        leaving=offer.record.leaving if offer.record is not None and not is_confirmed else None,
    )
