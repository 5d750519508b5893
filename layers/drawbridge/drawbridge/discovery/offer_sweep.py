"""Offers in a sweep: each managed service and each share for a tier is offered to those whom the registry names."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from drawbridge.decision.facts import EvaluationTime
from drawbridge.discovery.findings import failure_of
from drawbridge.errors import DrawbridgeError, GoneError
from drawbridge.intake.converged import Converged
from drawbridge.intake.desired import RegisteredEntries, Target, id_of, unreadable
from drawbridge.intake.offers import OfferedShares, OfferRecords
from drawbridge.intake.reconcile import OfferReconciler, RegisteredConsumers
from drawbridge.intake.steps import DisallowPrincipals, OfferPlan, RemoveFromShare
from drawbridge.request.connections import ManagedService


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
        zone: str = "UTC",
    ) -> None:
        """``zone`` is the time zone in which policies read the clock."""
        self._services = services
        self._shares = shares
        self._records = records
        self._registry = registry
        self._reconciler = reconciler
        self._zone = zone

    def converge(self, now: datetime, *, forget_gone: bool = False) -> Converged:
        """Offer what the registry calls for, then take back what it does not.

        Whoever changes tiers is in the next share before the last is taken away. ``forget_gone`` is whether to look
        too for records of what is there no more, for which the whole table of them is read.
        """
        converged = Converged()
        listed: list[Target] = [
            *self._listed(self._services.managed, converged),
            *self._listed(self._shares.offered, converged),
        ]
        if listed:
            self._converge(listed, EvaluationTime(now, self._zone), converged)
        if forget_gone:
            self._forget_gone({id_of(each) for each in listed}, converged)
        return converged

    def _converge(self, targets: list[Target], evaluation_time: EvaluationTime, converged: Converged) -> None:
        try:
            entries = [*self._registry.all()]
        except Exception as error:  # noqa: BLE001 - with nothing known of the registry, all stays as it is
            converged.failures.append(failure_of("offers", error))
            return
        converged.broken += (broken for each in entries if (broken := unreadable(each)) is not None)
        registry = RegisteredEntries(entries)
        plans: list[tuple[Target, OfferPlan]] = []
        for target in targets:
            try:
                plans.append((target, self._reconciler.plan(target, registry, evaluation_time)))
            except GoneError:
                # Deleted since it was listed; what was on record of it is forgotten in time.
                continue
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one, it stops no other
                converged.failures.append(failure_of(id_of(target), error))
        converged.not_offered += (str(each) for _, plan in plans for each in plan.not_offered)
        for takes_back in (False, True):
            for target, step in ((target, step) for target, plan in plans for step in plan.steps):
                if isinstance(step, DisallowPrincipals | RemoveFromShare) is takes_back:
                    try:
                        self._reconciler.apply(step, target, evaluation_time, converged)
                    except Exception as error:  # noqa: BLE001 - nor does it stop what else there is to be done about it
                        converged.failures.append(failure_of(id_of(target), error))

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
