"""An account and an offered share: what calls for it to be in it, and when it, and what it has associated, may go."""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import Enum, auto

from tests.system.model.asks import GRACE, LATE
from tests.system.model.lapses import DAY, HOUR, Lapse, Standing
from tests.system.model.spans import Spans

INVITED_FOR = 12 * HOUR
"""How long an invitation to a share with what is VPC Lattice's can be answered."""

_EARLY = GRACE + LATE
"""How long before a call what it goes by may have been looked at."""


class Place(Enum):
    """What an account's entry, and the policies, say of a share."""

    CALLED = auto()
    SHUT_OUT = auto()
    """Suspended or unproved: it stays where it is."""
    FORBIDDEN = auto()
    """Its entry calls for it, and a forbid stands against it."""
    ELSEWHERE = auto()
    """It is to be in the share of another tier."""
    NOWHERE = auto()
    """It has no entry, or is to be in the share of another tier, which a forbid keeps it out of."""


@dataclass
class Membership:
    """What is known of an account and a share."""

    nowhere: Spans = field(default_factory=Spans)
    forbidden: Spans = field(default_factory=Spans)
    elsewhere: Spans = field(default_factory=Spans)
    not_commanded: Spans = field(default_factory=Spans)
    """When it was nowhere for certain, and no event had removed it since it may have been put in."""
    left: Spans = field(default_factory=Spans)
    """When what it has associated may have been called for no longer."""
    forbid: Lapse | None = None
    """Since when a forbid stands against it."""
    awaited: Lapse | None = None
    """Since when it may wait for the share of another tier."""
    gone: Lapse | None = None
    """Since when what it has associated is called for no longer."""
    cuts: list[float] = field(default_factory=list)
    """When what it has associated may have been deleted."""
    was_removed: bool = False
    """Whether an event may have removed the account since it was put in."""
    invited_at: float | None = None
    """When it was put in last, by the call that did it."""

    def note(self, now: float, places: Collection[Place], *, urgent: bool, commanded: bool) -> None:
        """Note what may be so from now on.

        ``urgent`` is whether an urgent forbid is among those that stand, ``commanded`` whether an event took its entry.
        """
        self._note_cut(now)
        found = {*places}
        self.was_removed |= commanded
        self.nowhere.note(now, so=Place.NOWHERE in found)
        self.forbidden.note(now, so=Place.FORBIDDEN in found)
        self.elsewhere.note(now, so=Place.ELSEWHERE in found)
        self.not_commanded.note(now, so=found == {Place.NOWHERE} and not self.was_removed)
        self.left.note(now, so=bool(found - {Place.CALLED, Place.SHUT_OUT}))
        is_called = found == {Place.CALLED}
        self.forbid = _noted(self.forbid, now, Lapse(now), urgent=urgent, so=self.forbidden.is_so, ends=is_called)
        # Who is shut out is put into no other share meanwhile: it has a day anew.
        takes_time = bool(found - {Place.CALLED, Place.SHUT_OUT})
        new = Lapse(now, period=DAY)
        self.awaited = _noted(self.awaited, now, new, urgent=False, so=self.elsewhere.is_so, ends=not takes_time)
        at_once = commanded or (urgent and self.forbidden.is_so)
        self.gone = _noted(self.gone, now, Lapse(now), urgent=at_once, so=self.left.is_so, ends=is_called)
        if self.gone is not None and self.left.is_so and self.was_removed:
            # Of who was removed since it was put in, what goes may count as removed on command.
            self.gone.urgent_since = min(self.gone.urgent_since, now)
        self._note_cut(now)

    def may_leave(self, at: float, *, is_placed: bool, has_rejected: bool) -> bool:
        """Return whether it may have been taken out of the share at that time.

        ``is_placed`` is whether it may be in the share of its next tier by then, and ``has_rejected`` whether it may
        have rejected the invitation to that, or let it expire.
        """
        if self.nowhere.within(at - _EARLY, at):
            return True
        if self.forbidden.within(at - _EARLY, at) and _may_be_due(self.forbid, at):
            return True
        return self.elsewhere.within(at - _EARLY, at) and (is_placed or has_rejected or _may_be_due(self.awaited, at))

    def may_lose(self, at: float) -> bool:
        """Return whether what it has associated may have been deleted at that time."""
        return self.left.within(at - _EARLY, at) and _may_be_due(self.gone, at)

    def has_let_expire(self, at: float) -> bool:
        """Return whether the invitation to it may have expired by then."""
        return self.invited_at is not None and at >= self.invited_at + INVITED_FOR - GRACE

    def stays_in(self, place: Place, now: float, *, is_awaited: bool) -> bool:
        """Return whether an account that is in the share at rest may be.

        ``is_awaited`` is whether it waits for an answer to its invitation to the share of another tier.
        """
        match place:
            case Place.CALLED | Place.SHUT_OUT:
                return True
            case Place.FORBIDDEN:
                return self.forbid is not None and self.forbid.standing(now) is not Standing.GOES
            case Place.ELSEWHERE:
                return is_awaited and self.awaited is not None and self.awaited.standing(now) is not Standing.GOES
            case Place.NOWHERE:
                return False

    def counts_for_cap(self, place: Place, *, is_placed: bool) -> bool:
        """Return whether the cap may keep it in the share: nobody removed it, for certain, and it is in no other."""
        is_commanded = self.gone is not None and self.gone.is_urgent
        return (place is Place.NOWHERE and not is_commanded) or (place is Place.ELSEWHERE and not is_placed)

    def standing(self, place: Place, now: float) -> Standing:
        """Return whether what it has associated is to be there at rest."""
        standing = self.gone.standing(now) if self.gone is not None else Standing.STAYS
        match place:
            case Place.FORBIDDEN if self.forbid is not None and self.forbid.standing(now) is Standing.GOES:
                return Standing.GOES
            case Place.SHUT_OUT if standing is Standing.GOES:
                return Standing.EITHER
            case _:
                return standing

    def note_rest(self, place: Place, now: float, *, is_in: bool) -> None:
        """Note that all has come to rest, and whether it is in the share, or invited to it."""
        if place is not Place.CALLED:
            self.was_removed &= is_in
        for lapse, is_announced in (
            (self.forbid, is_in and place is Place.FORBIDDEN),
            (self.awaited, is_in and place is Place.ELSEWHERE),
            (self.gone, not is_in and place not in {Place.CALLED, Place.SHUT_OUT}),
        ):
            if lapse is not None and is_announced:
                lapse.announced_by = min(lapse.announced_by, now)
        if place in {Place.CALLED, Place.SHUT_OUT}:
            self.awaited = None
        if place is Place.CALLED:
            self.forbid = self.gone = None

    def _note_cut(self, now: float) -> None:
        if self.gone is not None and self.left.is_so and self.gone.standing(now) is not Standing.STAYS:
            self.cuts.append(now)


def _may_be_due(lapse: Lapse | None, at: float) -> bool:
    return lapse is not None and at >= lapse.earliest - GRACE


def _noted(lapse: Lapse | None, now: float, new: Lapse, *, urgent: bool, so: bool, ends: bool) -> Lapse | None:
    if so:
        lapse = lapse or new
        lapse.resume(now, urgent=urgent)
    elif ends and lapse is not None:
        lapse.interrupt()
    return lapse
