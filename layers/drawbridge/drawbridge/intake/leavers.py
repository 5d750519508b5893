"""Leavers: what accounts that left an offered share still have associated of it is deleted once its time has come."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from drawbridge.arns import Arn
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
from drawbridge.intake.leaving import Leaving, LeavingCause, leaving_after
from drawbridge.intake.offers import OfferedShare, OfferedShares, OfferRecord, OfferRecords
from drawbridge.intake.reconcile import Hurry, RegisteredConsumers

_AT_ONCE = 10
"""Accounts that are looked at together, right before what they have associated is deleted."""

_ACCOUNT = re.compile(r"[0-9]{12}")
_CONFIGURATION = "resourceconfiguration/"


class Reach(Struct, frozen=True):
    """Who may reach a resource by shares of this account."""

    principals: frozenset[tuple[str, str]] = frozenset()
    """The shares that hold it, each with a principal that is in it."""
    listed: frozenset[tuple[str, str]] = frozenset()
    """Those that only another listing has, which may be behind."""
    unknown: str = ""
    """Why that is not known; empty if it is."""

    def of(self, account_id: str) -> "Way | None":
        """Return by which way an account may reach it; ``None`` if by none."""
        if self.unknown:
            return Way(self.unknown, is_certain=False)
        found = [
            way
            for pairs, is_certain in ((self.principals, True), (self.listed, False))
            for share, each in sorted(pairs)
            if (way := _way(share, each, account_id, is_certain=is_certain)) is not None
        ]
        return min(found, key=lambda each: not each.is_certain, default=None)


class Way(Struct, frozen=True):
    """A way by which an account may reach a resource."""

    why: str
    is_certain: bool


class Observed(Struct, frozen=True, kw_only=True):
    """What accounts have associated of what a share holds, and what they may reach."""

    in_share: frozenset[str]
    """Principals that are in the share."""
    associations: Mapping[str, tuple[ConsumerAssociation, ...]]
    """Of each resource configuration in the share, by its ARN, those whose listing succeeded."""
    reach: Mapping[str, Reach]
    """Of the same."""
    unlisted: frozenset[str] = frozenset()
    """The resource configurations whose associations can't be listed."""


class DeleteAssociations(Struct, frozen=True):
    """Delete what an account has associated."""

    record: OfferRecord
    associations: tuple[ConsumerAssociation, ...]

    def __str__(self) -> str:
        return f"delete {', '.join(map(str, self.associations))}"


class ChangeRecord(Struct, frozen=True):
    """Note what became of an account that leaves."""

    before: OfferRecord
    record: OfferRecord

    def __str__(self) -> str:
        return f"note how far {self.record.principal} has left {self.record.target}"


class ForgetLeaver(Struct, frozen=True):
    """Forget an account that has left, or is in the share again by somebody else."""

    record: OfferRecord

    def __str__(self) -> str:
        return f"forget {self.record.principal} of {self.record.target}"


LeaverStep = DeleteAssociations | ChangeRecord | ForgetLeaver


class Stays(Struct, frozen=True):
    """Something that is associated still, and why."""

    association: ConsumerAssociation
    why: str
    is_right: bool
    """Whether it is to stay: nothing about it has to be looked at again."""

    def __str__(self) -> str:
        return f"{self.association}: {self.why}"


class LeaverPlan(Struct, frozen=True):
    """What is to be done about accounts that left a share."""

    steps: tuple[LeaverStep, ...] = ()
    stays: tuple[Stays, ...] = ()


def with_causes(
    records: Iterable[OfferRecord], causes: Mapping[str, LeavingCause], now: datetime, wait: timedelta
) -> Iterator[OfferRecord]:
    """Yield the records of accounts that left, with why they did as it is by now."""
    for each in records:
        if each.leaving is not None:
            yield replace(each, leaving=leaving_after(each.leaving, causes[each.principal], now, wait))


def plan_for_leavers(
    records: Iterable[tuple[OfferRecord, OfferRecord]],
    desired: DesiredOffers,
    observed: Observed,
    now: datetime,
    confirm_after: timedelta,
) -> LeaverPlan:
    """Compare what accounts that left have associated with what is to be.

    ``records`` are theirs, as they were read and as they are by now. Nothing is deleted before it is due, nor of what
    an account may still reach; and none is forgotten before two looks, ``confirm_after`` apart, found nothing.
    """
    steps: list[LeaverStep] = []
    stays: list[Stays] = []
    for before, record in records:
        leaving = record.leaving
        if leaving is None or leaving.taken_out_at is None:
            continue
        if not (_is_to_go(record, desired) and _is_looked_at(leaving, now, confirm_after)):
            steps += [ChangeRecord(before, record)] if record != before else []
            continue
        if record.principal in observed.in_share:
            # RAM's listing may be behind for a while; after that, somebody else has put it in.
            steps += [ForgetLeaver(before)] if now >= leaving.taken_out_at + confirm_after else []
            continue
        is_due = leaving.announced.is_due(now)
        going, staying = _weighed(record, observed)
        stays += staying if is_due else []
        is_clear = not (observed.unlisted or going or any(not each.is_right for each in staying))
        after = _noted(record, leaving, now, is_clear=is_clear)
        if is_clear and leaving.clear_since is not None and now >= leaving.clear_since + confirm_after:
            steps.append(ForgetLeaver(before))
            continue
        steps += [ChangeRecord(before, after)] if after != before else []
        deletable = tuple(each for each in going if not each.is_going)
        steps += [DeleteAssociations(after, deletable)] if deletable and is_due else []
    return LeaverPlan(tuple(steps), tuple(stays))


def _is_looked_at(leaving: Leaving, now: datetime, confirm_after: timedelta) -> bool:
    """Return whether AWS is asked what is associated: when it is due; before, whether it is nothing at all."""
    if leaving.announced.is_due(now) or leaving.clear_since is not None:
        return True
    return leaving.taken_out_at is not None and now < leaving.taken_out_at + confirm_after


def _weighed(record: OfferRecord, observed: Observed) -> tuple[list[ConsumerAssociation], list[Stays]]:
    """Return what of an account's associations goes, or is going, and what stays."""
    going: list[ConsumerAssociation] = []
    staying: list[Stays] = []
    for arn, associations in sorted(observed.associations.items()):
        way = observed.reach[arn].of(record.account_id)
        for each in associations:
            if each.account_id != record.account_id or each.resource_arn != arn:
                continue
            if way is not None:
                staying.append(Stays(each, way.why, way.is_certain))
            elif each.is_managed:
                staying.append(Stays(each, "a service of AWS made it; delete it, or have the consumer", False))
            else:
                going.append(each)
    return going, staying


def _noted(record: OfferRecord, leaving: Leaving, now: datetime, *, is_clear: bool) -> OfferRecord:
    clear_since = (leaving.clear_since or now) if is_clear else None
    return replace(record, leaving=replace(leaving, clear_since=clear_since))


def _is_to_go(record: OfferRecord, desired: DesiredOffers) -> bool:
    return record.principal not in desired.principals and record.account_id not in desired.unchanged


def _way(share_arn: str, principal: str, account_id: str, *, is_certain: bool) -> Way | None:
    """Return how an account may reach what is shared with a principal."""
    if principal == account_id:
        return Way(f"the account may reach it by {share_arn}", is_certain)
    if _ACCOUNT.fullmatch(principal):
        return None
    _, _, service, _, of, *_ = [*principal.split(":", 5), *[""] * 5]
    if service == "iam":
        return Way(f"{principal} may reach it by {share_arn}", is_certain) if of == account_id else None
    why = f"the account may be in {principal}, with which {share_arn} shares it; delete it if it is not"
    return Way(why, is_certain=False)


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
        for start in range(0, len(left), _AT_ONCE):
            if is_late():
                converged.left.add(share.arn)
                return
            some = left[start : start + _AT_ONCE]
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
        gone = [each for each in left if _is_to_go(each, desired)]
        current = [*with_causes(gone, self._causes.of(gone, entries), now, self._wait)]
        looked_at = (each.leaving for each in current if each.leaving is not None)
        is_any = any(_is_looked_at(each, now, self._confirm_after) for each in looked_at)
        observed = self._observe(share.arn, on_failure) if is_any else _NOTHING
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
            in_share=frozenset(each for each, is_in in principals(share_arn).items() if is_in),
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
            if not _is_to_go(step.record, self._desired(share, entries, evaluation_time)):
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


_NOTHING = Observed(in_share=frozenset(), associations={}, reach={})
