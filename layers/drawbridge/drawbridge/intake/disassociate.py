"""Disassociating leavers: what they have associated of what a share holds is looked at, and deleted once it is due."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta
from functools import cache
from typing import assert_never

from drawbridge.arns import Arn
from drawbridge.bounds import in_parts
from drawbridge.decision.facts import EvaluationTime
from drawbridge.decision.registration import Registration
from drawbridge.errors import (
    AccessDeniedError,
    ConflictError,
    DrawbridgeError,
    GoneError,
    NotReadyError,
    ThrottledError,
)
from drawbridge.intake.associations import ConsumerAssociation, ConsumerAssociations
from drawbridge.intake.causes import CausesOfLeaving
from drawbridge.intake.converged import Converged
from drawbridge.intake.desired import DesiredOffers, OfferRules
from drawbridge.intake.leavers import (
    NOTHING_OBSERVED,
    ChangeRecord,
    DeleteAssociations,
    ForgetLeaver,
    LeaverPlan,
    LeaverStep,
    Observed,
    Reach,
    is_looked_at,
    is_to_go,
    plan_for_leavers,
    with_causes,
)
from drawbridge.intake.offers import OfferedShare, OfferedShares, OfferRecord, OfferRecords
from drawbridge.intake.reconcile import Hurry, RegisteredConsumers

_AT_ONCE = 10
"""Accounts that are looked at together, right before what they have associated is deleted."""

_CONFIGURATION = "resourceconfiguration/"


class LeaverReconciler:
    """Deletes what accounts that left an offered share have associated.

    Each look is taken right before what it leads to is deleted. It may be broken off anywhere: until nothing of an
    account is associated any longer, its record says that it leaves.
    """

    def __init__(
        self,
        *,
        registry: RegisteredConsumers,
        shares: OfferedShares,
        associations: ConsumerAssociations,
        records: OfferRecords,
        causes: CausesOfLeaving,
        rules: OfferRules,
        wait: timedelta,
        confirm_after: timedelta,
    ) -> None:
        self._registry = registry
        self._shares = shares
        self._associations = associations
        self._records = records
        self._causes = causes
        self._rules = rules
        self._wait = wait
        self._confirm_after = confirm_after

    def converge(
        self, share: OfferedShare, evaluation_time: EvaluationTime, converged: Converged, is_late: Hurry
    ) -> None:
        """Delete what is due of those that left a share, and forget those of which nothing is associated."""
        left = [each for each in self._records.of(share.arn).values() if each.is_out]
        for some in in_parts(left, _AT_ONCE):
            if is_late():
                converged.left.add(share.arn)
                return
            plan = self.plan(share, some, evaluation_time, converged.failures.append)
            converged.still_associated += map(str, plan.stays)
            self._take(plan.steps, share, evaluation_time, converged)

    def plan(
        self,
        share: OfferedShare,
        left: Collection[OfferRecord],
        evaluation_time: EvaluationTime,
        on_failure: Callable[[DrawbridgeError], object],
    ) -> LeaverPlan:
        """Return what is to be done about accounts that left; nothing is done.

        What can't be listed of one resource configuration is told to ``on_failure``, and left alone.
        """
        now = evaluation_time.now
        entries = self._registry.entries({each.account_id for each in left})
        desired = self._desired(share, entries, evaluation_time)
        gone = [each for each in left if is_to_go(each, desired)]
        current = [*with_causes(gone, self._causes.of(gone, entries), desired, now, self._wait)]
        looked_at = (each.leaving for each in current if each.leaving is not None)
        is_any = any(is_looked_at(each, now, self._confirm_after) for each in looked_at)
        observed = self._observe(share.arn, on_failure) if is_any else NOTHING_OBSERVED
        return plan_for_leavers(zip(gone, current, strict=True), desired, observed, now, self._confirm_after)

    def _desired(
        self, share: OfferedShare, entries: Mapping[str, Registration], evaluation_time: EvaluationTime
    ) -> DesiredOffers:
        return self._rules.desired(share, entries.values(), evaluation_time)

    def _observe(self, share_arn: str, on_failure: Callable[[DrawbridgeError], object]) -> Observed:
        """Look at what the share holds, what is associated with it, and who may reach it, by two listings of RAM's."""
        associations: dict[str, tuple[ConsumerAssociation, ...]] = {}
        reach: dict[str, Reach] = {}
        unlisted: set[str] = set()
        principals = cache(self._statuses)
        own = Arn.parse(share_arn).account_id
        for arn in self._shares.resources(share_arn):
            of = Arn.parse(arn)
            if of.account_id != own or not of.resource.startswith(_CONFIGURATION):
                continue
            try:
                associations[arn] = tuple(self._associations.of(arn))
                reach[arn] = self._reach(arn, share_arn, principals)
            except DrawbridgeError as error:
                associations.pop(arn, None)
                unlisted.add(arn)
                on_failure(error)
        return Observed(
            associations=associations,
            reach=reach,
            unlisted=frozenset(unlisted),
        )

    def _reach(self, arn: str, share_arn: str, principals: Callable[[str], Mapping[str, bool]]) -> Reach:
        holders = self._shares.holders(arn)
        if share_arn not in holders:
            return Reach(unknown=f"RAM does not list {share_arn} among the shares that hold it")
        found = {(holder, each) for holder in holders for each, is_in in principals(holder).items() if is_in}
        # One listing may be cut, or behind: whoever is in either may reach it, unless RAM says that it is out.
        listed = {
            (share, each)
            for share, each in self._shares.listed_principals(arn)
            if share not in holders or principals(share).get(each, True)
        }
        return Reach(frozenset(found), frozenset(listed - found))

    def _statuses(self, share_arn: str) -> Mapping[str, bool]:
        """Return of each principal of a share whether it is in it; none of a share that is gone."""
        try:
            return {each.principal: each.status.is_in_share for each in self._shares.principals(share_arn)}
        except GoneError:
            return {}

    def _take(
        self,
        steps: Iterable[LeaverStep],
        share: OfferedShare,
        evaluation_time: EvaluationTime,
        converged: Converged,
    ) -> None:
        changed_by_others: set[str] = set()
        for step in steps:
            match step:
                case ChangeRecord(before=before, record=record):
                    if not self._records.note([record], after=[before]):
                        changed_by_others.add(record.principal)
                case ForgetLeaver(record=record):
                    self._records.drop([record])
                case DeleteAssociations(record=record):
                    if record.principal not in changed_by_others:
                        self._delete(step, share, evaluation_time, converged)
                case _:
                    assert_never(step)

    def _delete(
        self, step: DeleteAssociations, share: OfferedShare, evaluation_time: EvaluationTime, converged: Converged
    ) -> None:
        for each in step.associations:
            entries = self._registry.entries({each.account_id})
            if not is_to_go(step.record, self._desired(share, entries, evaluation_time)):
                return
            try:
                self._associations.delete(each)
            except GoneError:
                continue
            except (ConflictError, NotReadyError) as error:
                converged.still_associated.append(f"{each}: it is tried again: {error}")
            except (AccessDeniedError, ThrottledError) as error:
                # The next call would be answered in the same way.
                converged.failures.append(error)
                return
            except DrawbridgeError as error:
                converged.failures.append(error)
            else:
                converged.disassociated.append(str(each))
