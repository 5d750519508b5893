"""Offers in a sweep: each managed service and each share for a tier is offered to those whom the registry names."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Protocol

from drawbridge.decision.facts import EvaluationTime
from drawbridge.discovery.findings import failure_of
from drawbridge.errors import DrawbridgeError, GoneError
from drawbridge.intake.converged import Converged
from drawbridge.intake.desired import RegisteredEntries, Target, id_of, unreadable
from drawbridge.intake.leavers import LeaverReconciler
from drawbridge.intake.offers import OfferedShare, OfferedShares, OfferRecords
from drawbridge.intake.reconcile import Hurry, OfferReconciler, RegisteredConsumers
from drawbridge.intake.steps import DisallowPrincipals, OfferPlan, RemoveFromShare, Step
from drawbridge.request.connections import ManagedService

_ADDS_UNTIL = 80.0
_TAKES_BACK_UNTIL = 120.0
_DISASSOCIATES_UNTIL = 150.0
"""Seconds after which nothing more is added, taken back, or deleted of what those that left have associated: the
function has five minutes for the whole sweep."""

_AT_LEAST_EVERY = 300
"""Seconds from one sweep of the schedule to the next."""


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
        leavers: LeaverReconciler,
        zone: str = "UTC",
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """``zone`` is the time zone in which policies read the clock; ``clock`` is in seconds, from whenever."""
        self._services = services
        self._shares = shares
        self._records = records
        self._registry = registry
        self._reconciler = reconciler
        self._leavers = leavers
        self._zone = zone
        self._clock = clock

    def converge(self, now: datetime, *, forget_gone: bool = False) -> Converged:
        """Offer what the registry calls for, take back what it does not, and disassociate whoever left for good.

        Whoever changes tiers is in the next share before the last is taken away. ``forget_gone`` is whether to look
        too for records of what is there no more, for which the whole table of them is read.
        """
        began = self._clock()
        converged = Converged()
        listed: list[Target] = [
            *self._listed(self._services.managed, converged),
            *self._listed(self._shares.offered, converged),
        ]
        if listed and (why := self._reconciler.why_nothing):
            converged.not_offered.append(why)
        if listed:
            self._converge(_rotated(listed, now), EvaluationTime(now, self._zone), converged, began)
        if forget_gone:
            self._forget_gone({id_of(each) for each in listed}, converged)
        return converged

    def _converge(
        self, targets: list[Target], evaluation_time: EvaluationTime, converged: Converged, began: float
    ) -> None:
        def is_late(seconds: float) -> bool:
            return self._clock() - began >= seconds

        try:
            entries = [*self._registry.all()]
        except Exception as error:  # noqa: BLE001 - with nothing known of the registry, all stays as it is
            converged.failures.append(failure_of("offers", error))
            return
        converged.broken += (broken for each in entries if (broken := unreadable(each)) is not None)
        is_late_to_add = partial(is_late, _ADDS_UNTIL)
        plans = self._planned(targets, RegisteredEntries(entries), evaluation_time, converged, is_late_to_add)
        converged.not_offered += (str(each) for _, plan in plans for each in plan.not_offered)
        steps = [(target, step) for target, plan in plans for step in plan.steps]
        for takes_back, until in ((False, _ADDS_UNTIL), (True, _TAKES_BACK_UNTIL)):
            some = [each for each in steps if isinstance(each[1], DisallowPrincipals | RemoveFromShare) is takes_back]
            self._apply(some, evaluation_time, converged, partial(is_late, until))
        with_leavers = [target for target, plan in plans if plan.has_leavers and isinstance(target, OfferedShare)]
        self._disassociate(with_leavers, evaluation_time, converged, partial(is_late, _DISASSOCIATES_UNTIL))
        if converged.left:
            left = f"{len(converged.left)} of {len(targets)} services and shares"
            converged.not_offered.append(f"there was no time to finish {left}: they are left for the next sweep")

    def _planned(
        self,
        targets: list[Target],
        registry: RegisteredEntries,
        evaluation_time: EvaluationTime,
        converged: Converged,
        is_late: Hurry,
    ) -> list[tuple[Target, OfferPlan]]:
        plans: list[tuple[Target, OfferPlan]] = []
        for target in targets:
            if is_late():
                converged.left.add(id_of(target))
                continue
            try:
                plans.append((target, self._reconciler.plan(target, registry, evaluation_time)))
            except GoneError:
                # Deleted since it was listed; what was on record of it is forgotten in time.
                continue
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one, it stops no other
                converged.failures.append(failure_of(id_of(target), error))
        return plans

    def _apply(
        self,
        steps: list[tuple[Target, Step]],
        evaluation_time: EvaluationTime,
        converged: Converged,
        is_late: Hurry,
    ) -> None:
        for target, step in steps:
            if is_late():
                converged.left.add(id_of(target))
                continue
            try:
                self._reconciler.apply(step, target, evaluation_time, converged, is_late)
            except Exception as error:  # noqa: BLE001 - nor does it stop what else there is to be done about it
                converged.failures.append(failure_of(id_of(target), error))

    def _disassociate(
        self, shares: list[OfferedShare], evaluation_time: EvaluationTime, converged: Converged, is_late: Hurry
    ) -> None:
        for share in shares:
            try:
                self._leavers.converge(share, evaluation_time, converged, is_late)
            except GoneError:
                continue
            except Exception as error:  # noqa: BLE001 - what is wrong with one share stops no other
                converged.failures.append(failure_of(share.arn, error))

    def _forget_gone(self, known: set[str], converged: Converged) -> None:
        try:
            targets = self._records.targets() - known
        except DrawbridgeError as error:
            converged.failures.append(error)
            return
        for target in sorted(targets):
            try:
                self._reconciler.forget_gone(target)
            except DrawbridgeError as error:
                converged.failures.append(error)

    @staticmethod
    def _listed(listing: Callable[[], Sequence[Target]], converged: Converged) -> Sequence[Target]:
        try:
            return listing()
        except Exception as error:  # noqa: BLE001 - what can't be listed stops nothing else
            converged.failures.append(failure_of("offers", error))
            return []


def _rotated(targets: list[Target], now: datetime) -> list[Target]:
    """Return them in an order in which each comes first in time, so that none is left for the next sweep for ever."""
    first = int(now.timestamp()) // _AT_LEAST_EVERY % len(targets)
    return targets[first:] + targets[:first]
