"""The steps from what AWS lists to what should be offered: a pure comparison, which can be printed instead of done."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Struct

from drawbridge.bounds import some_of
from drawbridge.decision.registration import CLOCKS_AHEAD, account_of
from drawbridge.intake.offering.desired import OFFER_REFUSED, DesiredOffers, NotOffered
from drawbridge.intake.offering.leaving import announced_to_leave
from drawbridge.intake.offering.offers import (
    AllowedPrincipal,
    OfferedShare,
    OfferRecord,
    PrincipalStatus,
    SharePrincipal,
)
from drawbridge.intake.offering.quotas import OfferCounts, what_to_do_about
from drawbridge.intake.offering.untold import INVITATION_LASTS, is_untold
from drawbridge.status import Reason

INVITED_AGAIN_AFTER = INVITATION_LASTS
"""Whoever refused an invitation is not asked all day."""


_LONG_AGO = datetime.min.replace(tzinfo=UTC)

REFUSED_AGAIN_AFTER = timedelta(hours=1)
REFUSED_AGAIN_AT_LEAST = timedelta(days=1)
"""What AWS refuses is not asked for in each sweep: nothing but somebody's change has AWS take it. The time doubles."""


class Offer(Struct, frozen=True):
    """A principal that a service allows, or an account in a share."""

    principal: str
    account_id: str
    record: OfferRecord | None = None
    """What was on record of it when this was planned."""
    after_removal: datetime | None = None
    """The last removal of the account that is on record before it is added."""

    @property
    def is_begun(self) -> bool:
        """Whether it may be there already, and ours: adding it was broken off."""
        return self.record is not None and self.record.is_begun


class AllowPrincipals(Struct, frozen=True):
    """Have a service allow principals, and tag the permissions."""

    service_id: str
    offers: tuple[Offer, ...]

    def __str__(self) -> str:
        return f"allow {_names(self.offers)} at {self.service_id}"


class DisallowPrincipals(Struct, frozen=True):
    """Take permissions of ours away."""

    service_id: str
    offers: tuple[Offer, ...]

    def __str__(self) -> str:
        return f"allow {_names(self.offers)} at {self.service_id} no longer"


class MarkPermissions(Struct, frozen=True):
    """Tag permissions that we added, and were not through with."""

    service_id: str
    permissions: tuple[AllowedPrincipal, ...]
    records: tuple[OfferRecord, ...]
    """Of the same, as they are to be once they are tagged."""
    planned_with: tuple[OfferRecord, ...]
    """Of the same, as they were when this was planned."""

    def __str__(self) -> str:
        return f"tag {', '.join(each.arn for each in self.permissions)} at {self.service_id} as ours"


class AddToShare(Struct, frozen=True):
    """Put accounts into a share."""

    share_arn: str
    offers: tuple[Offer, ...]

    def __str__(self) -> str:
        return f"put {_names(self.offers)} into {self.share_arn}"


class RemoveFromShare(Struct, frozen=True):
    """Take accounts that we added out of a share."""

    share_arn: str
    offers: tuple[Offer, ...]
    recorded: int
    """How many accounts are in the share by our records, without those that RAM lists as out of it."""
    out: frozenset[str] = frozenset()
    """Those that RAM lists as out of it already: what they have associated may be there still."""

    def __str__(self) -> str:
        return f"take {_names(self.offers)} out of {self.share_arn}"


class AnnounceLeaving(Struct, frozen=True):
    """Note that accounts are to leave a share that policies forbid, and when."""

    share_arn: str
    records: tuple[OfferRecord, ...]
    """As they are to be."""
    planned_with: tuple[OfferRecord, ...]

    def __str__(self) -> str:
        return f"announce that {_names(self.records)} of {self.share_arn} is forbidden"


class RemoveForbidden(Struct, frozen=True):
    """Take accounts that we added out of a share that policies forbid, which was announced, and is due.

    Those that are out of it already have left, due or not.
    """

    share_arn: str
    offers: tuple[Offer, ...]
    """With their records as they are once that is announced."""
    recorded: int
    """How many accounts are in the share by our records, without those that RAM lists as out of it."""
    out: frozenset[str] = frozenset()
    """Those that RAM lists as out of it already."""

    def __str__(self) -> str:
        return f"take {_names(self.offers)}, as policies forbid it, out of {self.share_arn}"


class ConfirmRecords(Struct, frozen=True):
    """Note that what was added was seen there."""

    target: str
    records: tuple[OfferRecord, ...]
    """As they are to be."""
    planned_with: tuple[OfferRecord, ...] = ()
    """As they were when this was planned, those that were on record."""

    def __str__(self) -> str:
        return f"note that {_names(self.records)} of {self.target} is there"


class ForgetRecords(Struct, frozen=True):
    """Forget what is not there any longer, or is somebody else's by now."""

    target: str
    records: tuple[OfferRecord, ...]

    def __str__(self) -> str:
        return f"forget {_names(self.records)} of {self.target}"


Step = (
    AllowPrincipals
    | DisallowPrincipals
    | MarkPermissions
    | AddToShare
    | RemoveFromShare
    | AnnounceLeaving
    | RemoveForbidden
    | ConfirmRecords
    | ForgetRecords
)


class OfferPlan(Struct, frozen=True, kw_only=True):
    """What is to be done about one service or share."""

    steps: tuple[Step, ...]
    counts: OfferCounts
    not_offered: tuple[NotOffered, ...] = ()
    has_leavers: bool = False
    """Whether accounts leave the share, or have left it and may have something associated still."""
    has_untold: bool = False
    """Whether accounts of the share are to be told something of it, by what there was before the steps."""


def plan_for_service(
    service_id: str,
    desired: DesiredOffers,
    allowed: Iterable[AllowedPrincipal],
    records: Mapping[str, OfferRecord],
    now: datetime,
    *,
    owner: str,
) -> OfferPlan:
    """Compare what a service should allow with what it allows; only what carries ``owner``, or is on record, goes.

    What somebody else allows is left alone, and so is what was ours and carries our tag no longer.
    """
    there = {each.arn: each for each in allowed}
    ours = {arn for arn, each in there.items() if _is_ours(each, records.get(arn), owner)}
    missing = {arn: desired.principals[arn] for arn in desired.principals if arn not in there}
    refused = _refusals(missing, records, now)
    # What intake can't have added, whoever tagged it, is nothing of intake's.
    own = {arn: account for arn in ours if (account := account_of(arn)) is not None}
    going = {arn: account for arn, account in own.items() if _is_to_go(arn, account, desired)}
    # Of what was broken off and is not listed, nothing but the record tells whose it is, should it be there after all.
    going |= {
        arn: each.account_id
        for arn, each in records.items()
        if arn not in there and each.is_begun and _is_to_go(arn, each.account_id, desired)
    }
    staying = own.keys() - going.keys()
    untagged = [there[arn] for arn in sorted(staying) if there[arn].owner is None and there[arn].permission_id]
    unconfirmed = [
        # On no record, the tag alone says that it is ours.
        _confirmed(
            records.get(arn) or OfferRecord(target=service_id, principal=arn, account_id=own[arn], offered_at=now)
        )
        for arn in sorted(staying)
        if there[arn].owner == owner and not _is_confirmed(records.get(arn))
    ]
    stale = [
        each
        for arn, each in records.items()
        if arn not in ours and arn not in going and (arn in there or arn not in desired.principals)
    ]
    steps = _not_empty(
        MarkPermissions(
            service_id,
            tuple(untagged),
            tuple(_confirmed(records[each.arn]) for each in untagged),
            tuple(records[each.arn] for each in untagged),
        ),
        ConfirmRecords(service_id, tuple(unconfirmed), _on_record(unconfirmed, records)),
        AllowPrincipals(
            service_id,
            _longest_unrefused_first({arn: each for arn, each in missing.items() if arn not in refused}, records),
        ),
        DisallowPrincipals(service_id, _offers(going, records)),
        ForgetRecords(service_id, tuple(stale)),
    )
    not_yet = (
        NotOffered(target=service_id, account_id=missing[arn], reasons=(why,)) for arn, why in sorted(refused.items())
    )
    counts = OfferCounts(
        there=len(there),
        called_for=len((there.keys() | desired.principals.keys()) - going.keys()),
        refusal=_words_of_no_room(records, now),
    )
    return OfferPlan(steps=steps, counts=counts, not_offered=(*desired.not_offered, *not_yet))


def plan_for_share(
    share: OfferedShare,
    desired: DesiredOffers,
    principals: Iterable[SharePrincipal],
    records: Mapping[str, OfferRecord],
    now: datetime,
    *,
    wait: timedelta,
) -> OfferPlan:
    """Compare which accounts should be in a share with which are; only those that are on record are taken out.

    An account that RAM took out again, as it does with one that did not accept, is put into it after a while. One that
    is not to be in it leaves, whoever took it out: its record stays for as long as something of it is associated. One
    that policies forbid to be in it is announced to leave after ``wait``, and leaves then.
    """
    share_arn = share.arn
    there = {each.principal: each for each in principals}
    in_share = {name for name, each in there.items() if each.status.is_in_share}
    # What RAM is taking out, nobody can put in.
    leaving = {name for name, each in there.items() if each.status is PrincipalStatus.DISASSOCIATING}
    out = there.keys() - in_share - leaving
    taken_out = {name for name, each in records.items() if each.is_out and not _is_still_in(each, there.get(name))}
    missing = [name for name in desired.principals if name in out or name not in there]
    rejected = {name for name in missing if name not in taken_out and _was_rejected(records.get(name), now)}
    refused = _refusals([name for name in missing if name not in rejected], records, now, share.takes_outsiders)
    ours = {name: each for name, each in records.items() if each.refused_at is None and name not in taken_out}
    # Who rejected an invitation stays on record, and is not in it.
    recorded = len(ours.keys() - out - leaving)
    going = {
        name: each.account_id
        for name, each in ours.items()
        # What a listing leaves out may be there: only the record tells that it is ours.
        if name not in leaving and _is_to_go(name, each.account_id, desired)
    }
    forbidden = {
        name: msgspec.structs.replace(
            each,
            is_confirmed=each.is_confirmed or name in in_share,
            leaving=announced_to_leave(each.left_before, desired.forbidden[each.account_id], now, wait),
        )
        for name, each in ours.items()
        if name not in leaving and each.account_id in desired.forbidden
    }
    unconfirmed = [
        msgspec.structs.replace(
            _confirmed(each),
            tier=share.tier if name in desired.principals else each.tier,
            # What is not known neither begins nor ends anything.
            leaving=None if name in desired.principals else each.left_before,
            # Who is suspended is put into no other share: it is waited for anew.
            awaited_since=None if name in desired.principals or name in desired.unchanged else each.awaited_since,
            awaited_tier="" if name in desired.principals or name in desired.unchanged else each.awaited_tier,
        )
        for name, each in ours.items()
        if name in in_share and name not in going and name not in forbidden
        # Whose tier was renamed, in its entry as on the share, is there for the new one.
        if not each.is_confirmed
        or (name in desired.principals and (each.tier != share.tier or each.leaving or each.awaited_since))
        or (name in desired.unchanged and each.awaited_since)
    ]
    announcing = [each for name, each in forbidden.items() if each != records[name]]
    # Who is out of it by somebody else's hand has left: what it has associated goes when its time has come.
    due = {
        name: each
        for name, each in forbidden.items()
        if each.leaving and (name in out or each.leaving.announced.is_due(now))
    }
    # Of whom we have taken out, something may be associated still.
    stale = [
        each
        for name, each in records.items()
        if name not in ours and name not in taken_out and _is_to_go(name, each.account_id, desired)
    ]
    adding = {name: desired.principals[name] for name in missing if name not in rejected and name not in refused}
    steps = _not_empty(
        ConfirmRecords(share_arn, tuple(unconfirmed), _on_record(unconfirmed, records)),
        AddToShare(share_arn, _longest_unrefused_first(adding, records)),
        AnnounceLeaving(share_arn, tuple(announcing), _on_record(announcing, records)),
        RemoveFromShare(share_arn, _offers(going, records), recorded, frozenset(out & going.keys())),
        RemoveForbidden(
            share_arn,
            _offers({name: each.account_id for name, each in due.items()}, due),
            recorded,
            frozenset(out & due.keys()),
        ),
        ForgetRecords(share_arn, tuple(stale)),
    )
    not_again = (
        NotOffered(
            target=share_arn,
            account_id=desired.principals[name],
            reasons=(refused[name] if name in refused else _why_not_again(there.get(name), records[name]),),
        )
        for name in sorted(refused.keys() | rejected)
    )
    counts = OfferCounts(
        there=len(in_share),
        called_for=len((in_share | desired.principals.keys()) - going.keys() - due.keys()),
        waiting=sum(each.is_invited for each in there.values()),
        refusal=_words_of_no_room(records, now),
    )
    return OfferPlan(
        steps=steps,
        counts=counts,
        not_offered=(*desired.not_offered, *not_again),
        has_leavers=bool(going or due or taken_out),
        has_untold=any(is_untold(each, there.get(name), now) for name, each in records.items()),
    )


def _is_still_in(record: OfferRecord, found: SharePrincipal | None) -> bool:
    """Return whether RAM has an account in the share that we took out; who was put in since is somebody else's.

    RAM takes the call, and takes out whom it is about later, or not.
    """
    at = record.leaving.taken_out_at if record.leaving is not None else None
    if at is None or record.refused_at is not None or found is None or not found.status.is_in_share:
        return False
    return found.since is None or found.since <= at + CLOCKS_AHEAD


def _is_to_go(principal: str, account_id: str, desired: DesiredOffers) -> bool:
    return principal not in desired.principals and account_id not in {*desired.unchanged, *desired.forbidden}


def _is_ours(permission: AllowedPrincipal, record: OfferRecord | None, owner: str) -> bool:
    """Return whether we added it: it carries our tag, or we were broken off before it did."""
    if permission.owner is None:
        return record is not None and record.is_begun
    return permission.owner == owner


def _is_confirmed(record: OfferRecord | None) -> bool:
    return record is not None and record.is_confirmed


def _is_refused(record: OfferRecord | None, now: datetime) -> bool:
    """Return whether AWS refused it not long ago."""
    return record is not None and record.refused_at is not None and now < record.refused_at + _wait(record)


def _wait(record: OfferRecord) -> timedelta:
    """Return how long what AWS refused is not asked for again."""
    if record.quota:
        # Somebody may have made room meanwhile.
        return REFUSED_AGAIN_AFTER
    doubled = min(max(record.refusals, 1) - 1, 10)
    wait: timedelta = REFUSED_AGAIN_AFTER * 2**doubled
    return min(wait, REFUSED_AGAIN_AT_LEAST)


def _refusals(
    missing: Iterable[str], records: Mapping[str, OfferRecord], now: datetime, takes_outsiders: bool | None = None
) -> dict[str, Reason]:
    """Return why those are not asked for that AWS refused not long ago, or has no room for.

    Where there is no room for some, none of the others has to be refused to know it.
    """
    full = _without_room(records, now)
    found: dict[str, Reason] = {}
    for name in missing:
        record = records.get(name)
        if record is not None and not record.quota and _is_refused(record, now):
            found[name] = _why_refused(record, takes_outsiders)
        elif full is not None:
            found[name] = _why_no_room(full)
    return found


def _without_room(records: Mapping[str, OfferRecord], now: datetime) -> OfferRecord | None:
    """Return the last that AWS had no room for, not long ago."""
    refused = [each for each in records.values() if each.quota and _is_refused(each, now)]
    return max(refused, key=lambda each: (each.refused_at or each.offered_at, each.principal), default=None)


def _words_of_no_room(records: Mapping[str, OfferRecord], now: datetime) -> str:
    full = _without_room(records, now)
    return full.quota if full is not None else ""


def _why_no_room(record: OfferRecord) -> Reason:
    at = record.refused_at or record.offered_at
    again = (at + REFUSED_AGAIN_AFTER).isoformat(timespec="seconds")
    text = (
        f"AWS had no room for more at {at.isoformat(timespec='seconds')} ({record.quota}). It is tried again at "
        f"{again}; {what_to_do_about(record.target)}."
    )
    return Reason("no-room-for-offer", text)


def _why_refused(record: OfferRecord, takes_outsiders: bool | None = None) -> Reason:
    at = record.refused_at or record.offered_at
    again = (at + _wait(record)).isoformat(timespec="seconds")
    alone = " (the share is for the organization alone)" if takes_outsiders is False else ""
    text = f"AWS refused {record.principal} at {at.isoformat(timespec='seconds')}{alone}. It is tried again at {again}."
    return Reason(OFFER_REFUSED, text)


def _was_rejected(record: OfferRecord | None, now: datetime) -> bool:
    """Return whether the account had the share, or an invitation to it, not long ago, and has not now."""
    return record is not None and record.is_confirmed and now < record.offered_at + INVITED_AGAIN_AFTER


def _why_not_again(found: SharePrincipal | None, record: OfferRecord) -> Reason:
    again = record.offered_at + INVITED_AGAIN_AFTER
    words = f" ({found.message})" if found is not None and found.message else ""
    text = (
        f"It was put into the share at {record.offered_at.isoformat(timespec='seconds')}, and is not in it any "
        f"longer{words}: the invitation was rejected or has expired, or somebody took it out. It is put in again at "
        f"{again.isoformat(timespec='seconds')}."
    )
    return Reason("invitation-not-accepted", text)


def _offers(accounts: Mapping[str, str], records: Mapping[str, OfferRecord]) -> tuple[Offer, ...]:
    return tuple(Offer(principal, accounts[principal], records.get(principal)) for principal in sorted(accounts))


def _longest_unrefused_first(accounts: Mapping[str, str], records: Mapping[str, OfferRecord]) -> tuple[Offer, ...]:
    """Return offers in an order in which those that there was no room for keep no others out for ever."""

    def refused_at(offer: Offer) -> datetime:
        return (offer.record.refused_at if offer.record else None) or _LONG_AGO

    return tuple(sorted(_offers(accounts, records), key=lambda each: (refused_at(each), each.principal)))


def _on_record(some: Iterable[OfferRecord], records: Mapping[str, OfferRecord]) -> tuple[OfferRecord, ...]:
    return tuple(records[each.principal] for each in some if each.principal in records)


def _confirmed(record: OfferRecord) -> OfferRecord:
    return msgspec.structs.replace(record, is_confirmed=True, refused_at=None, refusals=0, quota="", leaving=None)


def _not_empty(*steps: Step) -> tuple[Step, ...]:
    return tuple(step for step in steps if (step.offers if isinstance(step, _OF_OFFERS) else step.records))


_OF_OFFERS = AllowPrincipals | DisallowPrincipals | AddToShare | RemoveFromShare | RemoveForbidden


def _names(things: Collection[Offer] | Collection[OfferRecord]) -> str:
    return some_of([each.principal for each in things])
