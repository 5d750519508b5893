"""Offers in a sweep: each managed service and each share for a tier is offered to those whom the registry names."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from time import monotonic
from typing import Protocol

from drawbridge.bounds import some_of, turned
from drawbridge.decision.facts import EvaluationTime
from drawbridge.discovery.findings import failure_of
from drawbridge.errors import DrawbridgeError, GoneError, NotReadyError
from drawbridge.intake.disassociation.disassociate import LeaverReconciler, SharesLeft
from drawbridge.intake.notices.tell import ShareTeller
from drawbridge.intake.offering.converged import Converged
from drawbridge.intake.offering.departures import Departures
from drawbridge.intake.offering.desired import RegisteredEntries, Target, id_of, unreadable
from drawbridge.intake.offering.offers import OfferedShare, OfferedShares, OfferRecords, is_share
from drawbridge.intake.offering.quotas import Limits, OfferCounts, usages
from drawbridge.intake.offering.reconcile import Hurry, OfferReconciler, RegisteredConsumers
from drawbridge.intake.offering.steps import (
    DisallowPrincipals,
    ForgetRecords,
    OfferPlan,
    RemoveForbidden,
    RemoveFromShare,
    Step,
)
from drawbridge.request.connections import ManagedService

_ADDS_UNTIL = 80.0
_TAKES_BACK_UNTIL = 120.0
_DISASSOCIATES_UNTIL = 150.0
_TELLS_UNTIL = 170.0
"""Seconds after which nothing more is added, taken back, disassociated of who left a share, or told to consumers: the
function has five minutes for the whole sweep.

However late it is, one service or share is planned, a hundred are added of one, one step is taken that takes back, and
a hundred are told.
"""

_LEFT_OUT_AT_MOST = 3
"""Sweeps in a row that may leave one service or share out before that is a failure."""


def _after_one(is_late: Hurry) -> Hurry:
    """Return whether it is late, but never at first: whatever took the time, each sweep does something."""
    asked = iter([False])
    return lambda: next(asked, True) and is_late()


def _may_be_told(plan: OfferPlan) -> bool:
    """Return whether there is something to tell of a share, by what there was or by what is done about it."""
    return plan.has_untold or not all(isinstance(each, ForgetRecords) for each in plan.steps)


class OfferedServices(Protocol):
    """This account's endpoint services."""

    def managed(self) -> list[ManagedService]: ...


class OfferSweep:
    """Has everything offered that should be. What is wrong with one service or share stops no other."""

    def __init__(
        self,
        *,
        services: OfferedServices,
        shares: OfferedShares,
        records: OfferRecords,
        registry: RegisteredConsumers,
        reconciler: OfferReconciler,
        limits: Limits,
        leavers: LeaverReconciler,
        teller: ShareTeller,
        zone: str = "UTC",
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """``zone`` is the time zone in which policies read the clock; ``clock`` is in seconds, from whenever."""
        self._services = services
        self._shares = shares
        self._records = records
        self._registry = registry
        self._reconciler = reconciler
        self._limits = limits
        self._leavers = leavers
        self._teller = teller
        self._zone = zone
        self._clock = clock

    def converge(self, now: datetime, *, forget_gone: bool = False) -> Converged:
        """Offer what the registry calls for, one service or share after the other, then take back what it does not.

        Then what is due of those that left shares is disassociated, and last consumers are told what became of it.

        Whoever changes tiers is in the next share before the last is taken away, or stays in the last. ``forget_gone``
        is whether to look too for records of what is there no more, for which the whole table of them is read.
        """
        began = self._clock()
        converged = Converged()
        listed: list[Target] = [
            *self._listed(self._services.managed, converged),
            *self._listed(self._shares.offered, converged),
        ]
        if listed and (why := self._reconciler.why_nothing):
            converged.not_offered.append(why)
        if listed or forget_gone:
            evaluation_time = EvaluationTime(now, self._zone)
            self._converge(listed, evaluation_time, converged, began, forget_gone=forget_gone)
        return converged

    def _converge(
        self,
        targets: list[Target],
        evaluation_time: EvaluationTime,
        converged: Converged,
        began: float,
        *,
        forget_gone: bool,
    ) -> None:
        def is_late(seconds: float) -> Hurry:
            return _after_one(lambda: self._clock() - began >= seconds)

        try:
            entries = [*self._registry.all()]
        except Exception as error:  # noqa: BLE001 - with nothing known of the registry, all stays as it is
            converged.failures.append(failure_of("offers", error))
            return
        converged.broken += (broken for each in entries if (broken := unreadable(each)) is not None)
        left_out = self._left_out(converged)
        # First what was left out longest, then what was not finished: so each comes first in time.
        targets = sorted(turned(targets, evaluation_time.now), key=lambda each: -left_out.get(id_of(each), -1))
        registry = RegisteredEntries(entries)
        is_late_to_plan, is_late_to_add = is_late(_ADDS_UNTIL), is_late(_ADDS_UNTIL)
        counts: dict[str, OfferCounts] = {}
        taking_back: list[tuple[Target, Step]] = []
        with_leavers: list[OfferedShare] = []
        with_untold: set[str] = set()
        for target in targets:
            if is_late_to_plan():
                converged.left_out.add(id_of(target))
                continue
            plan = self._planned(target, registry, evaluation_time, converged)
            if plan is None:
                continue
            counts[id_of(target)] = plan.counts
            converged.not_offered += (str(each) for each in plan.not_offered)
            converged.refused_before += (str(each) for each in plan.not_offered if each.is_refused)
            with_leavers += [target] if plan.has_leavers and isinstance(target, OfferedShare) else []
            with_untold |= {target.arn} if _may_be_told(plan) and isinstance(target, OfferedShare) else set()
            for step in plan.steps:
                if isinstance(step, DisallowPrincipals | RemoveFromShare | RemoveForbidden):
                    taking_back.append((target, step))
                else:
                    self._apply(step, target, evaluation_time, converged, is_late_to_add)
        self._take_back(taking_back, targets, evaluation_time, converged, is_late(_TAKES_BACK_UNTIL))
        others = self._forget_gone(targets, evaluation_time, converged, began) if forget_gone else frozenset[str]()
        offered = {each.arn: each for each in with_leavers}
        if offered or others:
            shares_left = SharesLeft(offered, others, evaluation_time)
            self._disassociate(shares_left, converged, is_late(_DISASSOCIATES_UNTIL))
        of_leavers = (offered.keys() | others) - with_untold
        self._tell(with_untold, of_leavers, evaluation_time.now, converged, is_late(_TELLS_UNTIL))
        self._tell_left(len(targets), left_out, converged)
        # Service Quotas may be slow, or out of reach.
        converged.quotas = usages(counts, self._limits)

    def _take_back(
        self,
        steps: list[tuple[Target, Step]],
        targets: list[Target],
        evaluation_time: EvaluationTime,
        converged: Converged,
        is_late: Hurry,
    ) -> None:
        leaving = [(target, step) for target, step in steps if isinstance(step, RemoveFromShare | RemoveForbidden)]
        departures: Departures | None = None
        if leaving:
            shares = [each for each in targets if isinstance(each, OfferedShare)]
            try:
                departures = self._reconciler.departures(leaving, shares, evaluation_time)
            except Exception as error:  # noqa: BLE001 - not knowing who would leave, nobody does
                converged.failures.append(failure_of("offers", error))
                steps = [each for each in steps if isinstance(each[1], DisallowPrincipals)]
        for target, step in steps:
            if is_late():
                converged.left_out.add(id_of(target))
            else:
                self._apply(step, target, evaluation_time, converged, is_late, departures=departures)

    def _planned(
        self, target: Target, registry: RegisteredEntries, evaluation_time: EvaluationTime, converged: Converged
    ) -> OfferPlan | None:
        try:
            return self._reconciler.plan(target, registry, evaluation_time)
        except GoneError:
            # Deleted since it was listed; what was on record of it is forgotten in time.
            pass
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one, it stops no other
            converged.failures.append(failure_of(id_of(target), error))
        return None

    def _apply(
        self,
        step: Step,
        target: Target,
        evaluation_time: EvaluationTime,
        converged: Converged,
        is_late: Hurry,
        *,
        departures: Departures | None = None,
    ) -> None:
        try:
            self._reconciler.apply(step, target, evaluation_time, converged, is_late, departures=departures)
        except Exception as error:  # noqa: BLE001 - nor does it stop what else there is to be done about it
            converged.failures.append(failure_of(id_of(target), error))

    def _disassociate(self, shares: SharesLeft, converged: Converged, is_late: Hurry) -> None:
        try:
            self._leavers.converge(shares, converged, is_late)
        except Exception as error:  # noqa: BLE001 - what was done, and what was wrong elsewhere, is told all the same
            converged.failures.append(failure_of("offers", error))

    def _tell(
        self,
        share_arns: Collection[str],
        of_leavers: Collection[str],
        now: datetime,
        converged: Converged,
        is_late: Hurry,
    ) -> None:
        """Tell consumers of shares; of some only those that are out of them, as nothing else has changed."""
        for share_arn in [*sorted(share_arns), *sorted(of_leavers)]:
            try:
                self._teller.tell(share_arn, now, converged, is_late, of_leavers=share_arn in of_leavers)
            except GoneError:
                continue
            except Exception as error:  # noqa: BLE001 - what is wrong with one share stops no other
                converged.failures.append(failure_of(share_arn, error))

    def _left_out(self, converged: Converged) -> dict[str, int]:
        try:
            return self._records.left_out()
        except DrawbridgeError as error:
            converged.failures.append(error)
            return {}

    def _tell_left(self, targets: int, before: dict[str, int], converged: Converged) -> None:
        """Tell what there was no time for, and keep it: the next sweep begins with that."""
        converged.left |= converged.left_out
        left_out = {each: before.get(each, 0) + 1 if each in converged.left_out else 0 for each in converged.left}
        if left_out != before:
            try:
                self._records.note_left_out(left_out)
            except DrawbridgeError as error:
                converged.failures.append(error)
        if not left_out:
            return
        left = f"{len(left_out)} of {targets} services and shares"
        converged.not_offered.append(f"there was no time to finish {left}: they are left for the next sweep")
        if waiting := sorted(each for each, sweeps in left_out.items() if sweeps >= _LEFT_OUT_AT_MOST):
            why = f"{len(waiting)} services and shares were left out of {_LEFT_OUT_AT_MOST} sweeps in a row or more"
            converged.failures.append(NotReadyError(f"{why}, as there was no time: {some_of(waiting)}"))

    def _forget_gone(
        self, targets: Collection[Target], evaluation_time: EvaluationTime, converged: Converged, began: float
    ) -> frozenset[str]:
        """Forget what is there no more, once consumers are told; return the shares on record that are no offers."""

        def is_late() -> bool:
            return self._clock() - began >= _TELLS_UNTIL

        listed = {id_of(each) for each in targets}
        try:
            unlisted = self._records.targets() - listed
        except DrawbridgeError as error:
            converged.failures.append(error)
            return frozenset()
        for target in sorted(unlisted):
            try:
                gone = self._reconciler.of_gone(target, listed, evaluation_time.now)
                needless = gone.needless
                if is_share(target):
                    told = self._teller.tell_of_deleted(gone.records, evaluation_time.now, converged, is_late)
                    needless = [each for each in told if each.principal in {one.principal for one in gone.needless}]
                self._records.drop(needless)
            except DrawbridgeError as error:
                converged.failures.append(error)
        return frozenset(each for each in unlisted if is_share(each))

    @staticmethod
    def _listed(listing: Callable[[], Sequence[Target]], converged: Converged) -> Sequence[Target]:
        try:
            return listing()
        except Exception as error:  # noqa: BLE001 - what can't be listed stops nothing else
            converged.failures.append(failure_of("offers", error))
            return []
