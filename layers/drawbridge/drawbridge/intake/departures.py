"""Who leaves shares in one sweep: what is connected goes with whom, so that few go whom nobody had removed."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from msgspec import Struct

from drawbridge.decision.facts import EvaluationTime
from drawbridge.decision.registration import Registration
from drawbridge.errors import GoneError
from drawbridge.intake.desired import OfferRules
from drawbridge.intake.offers import OfferedShare, OfferedShares, OfferRecords
from drawbridge.intake.steps import Offer


class RemovedAccounts(Protocol):
    """Those that were removed from the registry, by a command or an event."""

    def account_ids(self) -> frozenset[str]: ...


class Elsewhere(Struct, frozen=True):
    """Where accounts that are to leave a share are by their entries."""

    placed: frozenset[str]
    """Those that are in another share that their entry calls for."""
    awaited: Mapping[str, str]
    """Those that their entry calls for to be in another share, and that it has not taken yet, with that share."""


class _Inside(Struct, frozen=True):
    there: frozenset[str]
    invited: frozenset[str]
    """Those that have been in it, by our record: who rejected an invitation is awaited no longer."""


class OtherShares:
    """The shares of one sweep, as they are once all was added that there was time for. Each is looked at once."""

    def __init__(
        self, listed: Iterable[OfferedShare], shares: OfferedShares, records: OfferRecords, rules: OfferRules
    ) -> None:
        self._listed = defaultdict[str, list[OfferedShare]](list)
        for share in listed:
            self._listed[share.tier].append(share)
        self._shares = shares
        self._records = records
        self._rules = rules
        self._inside: dict[str, _Inside | None] = {}

    def of(self, share_arn: str, entries: Collection[Registration], evaluation_time: EvaluationTime) -> Elsewhere:
        """Return where accounts are that leave a share, by their entries."""
        placed: set[str] = set()
        awaited: dict[str, str] = {}
        for tier in {entry.consumer.tier for entry in entries} & self._listed.keys():
            of_tier = [entry for entry in entries if entry.consumer.tier == tier]
            for share in self._listed[tier]:
                inside = None if share.arn == share_arn else self._looked_at(share)
                if inside is None:
                    continue
                desired = self._rules.desired(share, of_tier, evaluation_time)
                # While no policy is in force, nobody is put in: that a listing of policies is empty takes nobody out.
                called_for = desired.principals.keys() | (desired.unchanged if self._rules.why_nothing else ())
                placed |= called_for & inside.there
                awaited |= dict.fromkeys(called_for - inside.there - inside.invited, share.arn)
        return Elsewhere(placed=frozenset(placed), awaited=awaited)

    def _looked_at(self, share: OfferedShare) -> _Inside | None:
        if share.arn not in self._inside:
            try:
                self._inside[share.arn] = self._look(share.arn)
            except GoneError:
                self._inside[share.arn] = None
        return self._inside[share.arn]

    def _look(self, share_arn: str) -> _Inside:
        listed = {each.principal: each.status for each in self._shares.principals(share_arn)}
        records = self._records.of(share_arn)
        confirmed = {name for name, each in records.items() if each.is_confirmed and not each.is_out}
        # Who was put in a moment ago may not be listed yet.
        there = {name for name, status in listed.items() if status.is_in_share} | (confirmed - listed.keys())
        return _Inside(there=frozenset(there), invited=frozenset(confirmed))


UNCAPPED_PART = 4
"""A quarter of a share goes at once, whatever the cap."""


class Departures(Struct, frozen=True):
    """Who would leave shares in one sweep without being in another of their tier, and whom nobody had removed.

    Whom a forbid takes out that goes by some fact is among them: the fact may have changed for many at once.
    """

    others: OtherShares
    uncommanded: frozenset[str]
    """Accounts."""
    commanded: frozenset[str]
    """Accounts that a command or an event removed, as far as it was looked for."""
    cap: int

    def is_over(self, losing: int, recorded: int) -> bool:
        """Return whether so many of those that are in a share by our records are too many to leave it at once."""
        return len(self.uncommanded) > self.cap and losing * UNCAPPED_PART > recorded

    def held_back(
        self, going: Collection[Offer], recorded: int, entries: Mapping[str, Registration], placed: frozenset[str]
    ) -> list[Offer]:
        """Return who of those that are going from one share stays in it, for they are too many.

        ``recorded`` is how many of ours are in the share, and ``entries`` is what the registry has of them now.
        """
        losing = [
            each
            for each in going
            if each.account_id not in placed
            and counts_for_cap(each)
            and (each.account_id in entries or each.account_id not in self.commanded)
        ]
        if self.is_over(len(losing), recorded):
            return losing
        # Whoever joined them since they were counted is counted by the next sweep.
        return [each for each in losing if each.account_id not in self.uncommanded]

    def forbidden_held_back(self, going: Collection[Offer], recorded: int) -> list[Offer]:
        """Return who of those that policies forbid to be in a share stays in it, for they are too many.

        Whom somebody wrote a forbid against, and by no fact, goes anyway.
        """
        counted = [each for each in going if counts_for_cap(each)]
        return counted if self.is_over(len(counted), recorded) else []


def counts_for_cap(offer: Offer) -> bool:
    """Return whether the cap may hold it back: no operator has let it go, and nobody wrote a forbid against just it."""
    leaving = offer.record.leaving if offer.record is not None else None
    return leaving is None or leaving.announced.counts_for_cap
