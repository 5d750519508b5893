"""Leavers: accounts that left an offered share, and what of theirs goes: a pure comparison, which can be printed."""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from drawbridge.arns import is_of
from drawbridge.intake.disassociation.associations import ConsumerAssociation
from drawbridge.intake.offering.desired import DesiredOffers
from drawbridge.intake.offering.leaving import Leaving, LeavingCause, announced_to_leave, leaving_after
from drawbridge.intake.offering.offers import OfferRecord
from drawbridge.intake.offering.untold import knows_of_end

_ACCOUNT = re.compile(r"[0-9]{12}")


class Leaver(Struct, frozen=True):
    """An account that left a share, by its record."""

    record: OfferRecord
    leaving: Leaving

    @property
    def key(self) -> tuple[str, str]:
        return self.record.target, self.record.principal

    def is_looked_at(self, now: datetime, confirm_after: timedelta) -> bool:
        """Whether AWS is asked what is associated: when it is due; before, whether it is nothing at all."""
        if self.leaving.announced.is_due(now) or self.leaving.clear_since is not None:
            return True
        return self.leaving.taken_out_at is not None and now < self.leaving.taken_out_at + confirm_after


class Way(Struct, frozen=True):
    """A way by which an account may reach a resource."""

    why: str
    is_certain: bool


class Reach(Struct, frozen=True):
    """Who may reach a resource by shares of this account."""

    members: frozenset[tuple[str, str]] = frozenset()
    """The shares that hold it, each with a principal that is in it."""
    perhaps: frozenset[tuple[str, str]] = frozenset()
    """Those that RAM is at, that have not answered an invitation, or that only another listing has."""
    unknown: str = ""
    """Why that is not known; empty if it is."""

    def of(self, account_id: str, left: Collection[str] = ()) -> Way | None:
        """Return by which way an account may reach it; ``None`` if by none.

        In one of the shares that it ``left``, it is by somebody else's hand, or is not out yet.
        """
        if self.unknown:
            return Way(self.unknown, is_certain=False)
        found = [
            way
            for pairs, is_member in ((self.members, True), (self.perhaps, False))
            for share, each in sorted(pairs)
            if (way := _way(share, each, account_id, is_certain=is_member and share not in left)) is not None
        ]
        return min(found, key=lambda each: not each.is_certain, default=None)


class ObservedResource(Struct, frozen=True, kw_only=True):
    """A resource configuration of this account, or a group of them."""

    arn: str
    held_by: frozenset[str] = frozenset()
    """The shares that it is in, or was not long ago."""
    associations: tuple[ConsumerAssociation, ...] = ()
    reach: Reach = Reach()


class Stays(Struct, frozen=True):
    """Something that is associated still, though it is due, and why."""

    association: ConsumerAssociation
    why: str

    def __str__(self) -> str:
        return f"{self.association}: {self.why}"


class ResourcePlan(Struct, frozen=True, kw_only=True):
    """What is to be done about what accounts that left have associated with one resource configuration."""

    deleting: tuple[ConsumerAssociation, ...] = ()
    stays: tuple[Stays, ...] = ()
    """What an operator has to see to, or knows better."""
    unfinished: frozenset[tuple[str, str]] = frozenset()
    """The records, by share and account, that stay: something is associated, or may be, that is to go."""


def with_causes(
    records: Iterable[OfferRecord],
    causes: Mapping[str, LeavingCause],
    desired: DesiredOffers,
    now: datetime,
    wait: timedelta,
) -> list[OfferRecord]:
    """Return the records of accounts that left, with why they did as it is by now."""
    found: list[OfferRecord] = []
    for each in records:
        lapsed = desired.forbidden.get(each.account_id)
        if each.leaving is not None and lapsed is not None:
            found.append(replace(each, leaving=announced_to_leave(each.leaving, lapsed, now, wait)))
        elif each.leaving is not None:
            found.append(replace(each, leaving=leaving_after(each.leaving, causes[each.principal], now, wait)))
    return found


def plan_for_resource(resource: ObservedResource, leavers: Iterable[Leaver], now: datetime) -> ResourcePlan:
    """Compare what is associated with a resource configuration with what is to be, of accounts that left.

    What an account has associated goes once it is due by each share that it left and that has the resource, and never
    while the account may still reach it. Of one that was removed on command all goes, whichever share had it.
    """
    of_account: dict[str, list[Leaver]] = {}
    for each in leavers:
        of_account.setdefault(each.record.account_id, []).append(each)
    deleting: list[ConsumerAssociation] = []
    stays: list[Stays] = []
    unfinished: set[tuple[str, str]] = set()
    for association in resource.associations:
        if is_of(resource.arn, association.account_id):
            # The owner's own, whatever a record says.
            continue
        if not association.account_id:
            concerned = [each for some in of_account.values() for each in some if _concerns(each, resource)]
            unfinished |= {each.key for each in concerned}
            stays += [Stays(association, "AWS does not say whose it is")] if concerned else []
            continue
        theirs = of_account.get(association.account_id, [])
        concerned = [each for each in theirs if _concerns(each, resource)]
        way = resource.reach.of(association.account_id, {each.record.target for each in theirs})
        if not theirs or (way is not None and way.is_certain):
            continue
        is_due = all(each.leaving.announced.is_due(now) for each in concerned or theirs)
        if not concerned:
            # By which share it came no record says: nobody asked to have it deleted.
            stays += [Stays(association, _NOT_OURS)] if is_due and way is None else []
            continue
        unfinished |= {each.key for each in concerned}
        if not is_due or association.is_going:
            continue
        if way is not None:
            stays.append(Stays(association, way.why))
        elif association.is_managed:
            stays.append(Stays(association, "a service of AWS made it; delete it, or have the consumer"))
        else:
            deleting.append(association)
    return ResourcePlan(deleting=tuple(deleting), stays=tuple(stays), unfinished=frozenset(unfinished))


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


def plan_for_records(
    leavers: Iterable[Leaver],
    unfinished: Collection[tuple[str, str]],
    now: datetime,
    confirm_after: timedelta,
    *,
    is_complete: bool,
) -> list[ChangeRecord | ForgetLeaver]:
    """Return what is to be noted of accounts that were looked at.

    None is forgotten before two looks, ``confirm_after`` apart, found nothing that is to go, and its consumer has been
    told. A look that is not complete, as something was not listed, has found nothing for nobody.
    """
    steps: list[ChangeRecord | ForgetLeaver] = []
    for each in leavers:
        since = each.leaving.clear_since
        is_unfinished = each.key in unfinished
        if not is_complete and not is_unfinished:
            continue
        is_clear_still = since is not None and now >= since + confirm_after
        # What is on record is what its consumer is told by.
        if not is_unfinished and is_clear_still and knows_of_end(each.record):
            steps.append(ForgetLeaver(each.record))
            continue
        clear_since = None if is_unfinished else since or now
        if clear_since != since:
            after = replace(each.record, leaving=replace(each.leaving, clear_since=clear_since))
            steps.append(ChangeRecord(each.record, after))
    return steps


def is_to_go(record: OfferRecord, desired: DesiredOffers) -> bool:
    """Return whether a share is not to have an account, also one that policies forbid to be in it."""
    return record.principal not in desired.principals and record.account_id not in desired.unchanged


_NOT_OURS = (
    "nothing shares it with the account, and it was not in the share that the account left; delete it, or remove the "
    "consumer: drawbridge consumers remove"
)


def _concerns(leaver: Leaver, resource: ObservedResource) -> bool:
    return leaver.leaving.is_commanded or leaver.record.target in resource.held_by


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
