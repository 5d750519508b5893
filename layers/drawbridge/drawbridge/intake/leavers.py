"""Leavers: accounts that left an offered share, and what of theirs goes: a pure comparison, which can be printed."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from drawbridge.intake.associations import ConsumerAssociation
from drawbridge.intake.desired import DesiredOffers
from drawbridge.intake.leaving import Leaving, LeavingCause, announced_to_leave, leaving_after
from drawbridge.intake.offers import OfferRecord
from drawbridge.intake.untold import knows_of_end

_ACCOUNT = re.compile(r"[0-9]{12}")


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
    """Forget an account that has left for good, or may reach all that it has associated by somebody else's share."""

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
    records: Iterable[OfferRecord],
    causes: Mapping[str, LeavingCause],
    desired: DesiredOffers,
    now: datetime,
    wait: timedelta,
) -> Iterator[OfferRecord]:
    """Yield the records of accounts that left, with why they did as it is by now."""
    for each in records:
        lapsed = desired.forbidden.get(each.account_id)
        if each.leaving is not None and lapsed is not None:
            yield replace(each, leaving=announced_to_leave(each.leaving, lapsed, now, wait))
        elif each.leaving is not None:
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
    an account may still reach; and none is forgotten before two looks, ``confirm_after`` apart, found nothing, and
    its consumer has been told.
    """
    steps: list[LeaverStep] = []
    stays: list[Stays] = []
    for before, record in records:
        leaving = record.leaving
        if leaving is None or leaving.taken_out_at is None:
            continue
        if not (is_to_go(record, desired) and is_looked_at(leaving, now, confirm_after)):
            steps += [ChangeRecord(before, record)] if record != before else []
            continue
        is_due = leaving.announced.is_due(now)
        going, staying = _weighed(record, observed)
        stays += staying if is_due else []
        is_clear = not (observed.unlisted or going or any(not each.is_right for each in staying))
        after = _noted(record, leaving, now, is_clear=is_clear)
        is_clear_still = leaving.clear_since is not None and now >= leaving.clear_since + confirm_after
        # What is on record is what its consumer is told by.
        if is_clear and is_clear_still and knows_of_end(before):
            steps.append(ForgetLeaver(before))
            continue
        steps += [ChangeRecord(before, after)] if after != before else []
        deletable = tuple(each for each in going if not each.is_going)
        steps += [DeleteAssociations(after, deletable)] if deletable and is_due else []
    return LeaverPlan(tuple(steps), tuple(stays))


def is_looked_at(leaving: Leaving, now: datetime, confirm_after: timedelta) -> bool:
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


def is_to_go(record: OfferRecord, desired: DesiredOffers) -> bool:
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


NOTHING_OBSERVED = Observed(associations={}, reach={})
