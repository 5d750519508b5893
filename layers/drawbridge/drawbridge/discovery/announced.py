"""What policies no longer permit: marked when it is found, taken down once the mark's time has come.

All of it is data: marks, and what a review came to. A mark goes by itself if the review says otherwise, and whatever is
refused later begins anew.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Self

from msgspec import Struct

from drawbridge.arns import Arn
from drawbridge.bounds import fitting
from drawbridge.decision.permission import mark_of
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.next_action import HELD_AT_LEAST_EVERY, may_try_again
from drawbridge.discovery.review import Lapse, Review
from drawbridge.publication import AttachmentSnapshot
from drawbridge.publication.names import consumer_path, document_parameter
from drawbridge.request import EndpointConnectionRequest, ResourceShareRequest
from drawbridge.request.announced import Announced, whole
from drawbridge.request.fingerprints import fingerprint
from drawbridge.status import Reason, Status

_MARKS_BYTES = 40_000
"""Of a row's marks. What finds no room is marked once others are taken down."""


def marks_after(review: Review, before: Collection[Announced], now: datetime, wait: timedelta) -> tuple[Announced, ...]:
    """Return what is announced after a review: a mark that stands keeps its time, unless a forbid has become urgent."""
    marked = {mark.key: mark for mark in before}
    marks = [_mark(lapse, marked.get(lapse.key), now, wait) for lapse in review.lapses]
    # What is not known neither begins nor ends anything.
    marks += [marked[key] for key in review.undecided if key in marked]
    # What is there already keeps its place: a mark that is left out would begin anew each time.
    return fitting(sorted(marks, key=lambda mark: (mark.key not in marked, mark.key)), _MARKS_BYTES)


def _mark(lapse: Lapse, before: Announced | None, now: datetime, wait: timedelta) -> Announced:
    return mark_of(lapse.lapsed, before, now, wait, binding=lapse.binding, resource_arn=lapse.resource_arn)


def marks_due(row: LedgerRow, now: datetime) -> tuple[Announced, ...]:
    """Return the marks whose time has come."""
    return tuple(mark for mark in row.announced if mark.is_due(now))


def is_to_be_counted(row: LedgerRow, now: datetime) -> bool:
    """Return whether something of a row would go that counts for the cap, and is not going already."""
    is_going = not row.settled or row.status is Status.WITHDRAWING
    return row.is_connected and not is_going and any(mark.counts_for_cap for mark in marks_due(row, now))


def were_taken_down(marks: Collection[Announced], row: LedgerRow) -> bool:
    """Return whether nothing of what was marked is attached any longer: it was not called off, it is done."""
    attached = {(each.binding, each.resource_arn) for each in row.attachments or ()}
    return bool(marks) and all(not mark.is_whole and mark.key not in attached for mark in marks)


def may_take_down(row: LedgerRow, due: Collection[Announced], now: datetime) -> bool:
    """Return whether to act on these marks now; what was tried already is tried again after a while."""
    if row.status in {Status.WITHDRAWING, Status.FAILED}:
        return may_try_again(row, now)
    recorded_at = datetime.fromisoformat(row.updated_at)
    # What is due only since this sweep began was tried by nobody, although an attempt may have ended in that moment.
    was_tried = all(mark.withdraw_after <= recorded_at and mark.withdraw_after < now for mark in due)
    # What an operator let go was held back until now.
    return not was_tried or row.withdrawal_capped or now - recorded_at >= HELD_AT_LEAST_EVERY


def reasons_of_marks(marks: Collection[Announced]) -> tuple[Reason, ...]:
    """Return why something is taken down that is there: the same whenever it is asked for."""
    mark = whole(marks)
    return () if mark is None else (mark.reason, *mark.reasons)


def announcement_fingerprint(marks: Collection[Announced]) -> str:
    """Return a fingerprint of what is announced, whoever let it go; empty if nothing is."""
    return fingerprint(sorted((*mark.key, mark.withdraw_after.isoformat()) for mark in marks)) if marks else ""


def desired_tags(
    row: LedgerRow, others: Collection[LedgerRow] = (), *, prefix: str, account_id: str
) -> Mapping[str, str]:
    """Return what of ours is to carry the tag that says when it is taken down, by id, ARN or parameter, with its value.

    ``others`` are the rows of other shares that hold some of it: what one of them keeps carries none. What a service
    network's bindings may share (its endpoint, its association with a VPC) is not among them.
    """
    tags: dict[str, datetime] = {}
    rows = [row, *(other for other in others if _keeps(other))]
    if any(each.announced for each in rows):
        own, *_ = holding = [_Holding.of(each, account_id) for each in rows]
        for thing in own.going:
            at = _taken_down_at(thing, [each for each in holding if thing in each.going])
            tags |= {} if at is None else {thing: at}
    of_all = whole(row.announced)
    if of_all is not None:
        tags |= dict.fromkeys(_names(row, prefix), of_all.withdraw_after)
    return {thing: at.isoformat(timespec="seconds") for thing, at in tags.items()}


def _keeps(row: LedgerRow) -> bool:
    """Return whether a share's row keeps what it holds until what is announced of it is due."""
    is_going = row.is_to_be_withdrawn or row.stays_withdrawn or row.status is Status.WITHDRAWING
    return isinstance(row.request, ResourceShareRequest) and not is_going


class _Holding(Struct, frozen=True):
    """What a share's row holds that can carry the tag, and when it goes."""

    going: Mapping[str, Sequence[datetime]]
    """For each thing, when the associations by it that are announced are taken down."""
    end: datetime | None
    """When the whole of it is taken down; ``None`` if that is not announced."""

    @classmethod
    def of(cls, row: LedgerRow, account_id: str) -> Self:
        times = {mark.key: mark.withdraw_after for mark in row.announced}
        going: dict[str, list[datetime]] = {}
        for each in row.attachments or ():
            key = (each.binding, each.resource_arn)
            for thing in _own(each, account_id):
                going.setdefault(thing, []).extend([times[key]] if key in times else ())
        of_all = whole(row.announced)
        return cls(going, None if of_all is None else of_all.withdraw_after)


def _taken_down_at(thing: str, holders: Collection[_Holding]) -> datetime | None:
    """Return when a thing is taken down; ``None`` if it stays.

    An association that is not permitted goes whoever shares it; what ends with its share goes with the last of them.
    """
    by_association = [at for each in holders for at in each.going[thing]]
    ends = [each.end for each in holders if each.end is not None]
    return min([*by_association, *([max(ends)] if len(ends) == len(holders) else [])], default=None)


def own_things(row: LedgerRow, account_id: str) -> frozenset[str]:
    """Return what was made for a share's own attachments and can carry the tag, by id or ARN."""
    return frozenset(thing for each in row.attachments or () for thing in _own(each, account_id))


def taggable_of(row: LedgerRow, *, prefix: str, account_id: str) -> frozenset[str]:
    """Return what there is of a request that can carry the tag: what was taken down has none to lose."""
    return own_things(row, account_id) | {*_names(row, prefix)}


def _names(row: LedgerRow, prefix: str) -> tuple[str, ...]:
    """Return the parameter of a consumer's endpoint that there is for each type: some have no plain name."""
    if not isinstance(row.request, EndpointConnectionRequest):
        return ()
    path = consumer_path(prefix, row.account_id, row.request.endpoint_id)
    return (document_parameter(path),)


def _own(attachment: AttachmentSnapshot, account_id: str) -> tuple[str, ...]:
    """Return the endpoint's id, or the ARN of the service network's association with the resource."""
    made = attachment.made
    if made.endpoint_id and not made.network_arn:
        return (made.endpoint_id,)
    if not made.resource_association:
        return ()
    of = Arn.parse(made.network_arn)
    is_of_service = made.resource_association.startswith("snsa-")
    kind = "servicenetworkserviceassociation" if is_of_service else "servicenetworkresourceassociation"
    return (f"arn:{of.partition}:vpc-lattice:{of.region}:{account_id}:{kind}/{made.resource_association}",)
