"""Who leaves shares in one sweep: what is connected goes with whom, so that few go whom nobody had removed."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from drawbridge.decision.facts import EvaluationTime
from drawbridge.decision.registration import Registration
from drawbridge.errors import GoneError
from drawbridge.intake.offering.desired import OfferRules
from drawbridge.intake.offering.offers import OfferedShare, OfferedShares, OfferRecords
from drawbridge.intake.offering.steps import Offer


class Elsewhere(Struct, frozen=True):
    """Where accounts that are to leave a share are by their entries."""

    placed: frozenset[str]
    """Those that are in another share that their entry calls for."""
    awaited: Mapping[str, str]
    """Those that their entry calls for to be in another share, and that are in none yet, with such a share.

    An account outside of the organization is, once it has accepted its invitation. None is awaited for longer than
    ``AWAITED_AT_MOST``.
    """
    given_up: Mapping[str, str]
    """Those that are not in a share that their entry calls for either, and are awaited no longer, with that share."""


class _Inside(Struct, frozen=True):
    there: frozenset[str]
    rejected: frozenset[str]
    """Those that were put in, by our record, and are out of it: who rejected an invitation is awaited no longer."""


AWAITED_AT_MOST = timedelta(days=1)
"""RAM has an invitation expire sooner; but it is repeated, and what AWS refuses it may refuse for ever."""


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

    def of(
        self,
        share_arn: str,
        going: Collection[Offer],
        entries: Mapping[str, Registration],
        evaluation_time: EvaluationTime,
    ) -> Elsewhere:
        """Return where accounts are that leave a share, by their entries."""
        placed: set[str] = set()
        lacking: dict[str, str] = {}
        theirs = [entries[each.account_id] for each in going if each.account_id in entries]
        for tier in {entry.consumer.tier for entry in theirs} & self._listed.keys():
            of_tier = [entry for entry in theirs if entry.consumer.tier == tier]
            for share in self._listed[tier]:
                inside = None if share.arn == share_arn else self._looked_at(share)
                if inside is None:
                    continue
                desired = self._rules.desired(share, of_tier, evaluation_time)
                # While no policy is in force, nobody is put in: that a listing of policies is empty takes nobody out.
                called_for = desired.principals.keys() | (desired.unchanged if self._rules.why_nothing else ())
                placed |= called_for & inside.there
                lacking |= dict.fromkeys(called_for - inside.there - inside.rejected, share.arn)
        late = frozenset[str]()
        if not self._rules.why_nothing:
            late = frozenset(each.account_id for each in going if _is_late(each, entries, evaluation_time.now))
        given_up = {account: share for account, share in lacking.items() if account in late | placed}
        awaited = {account: share for account, share in lacking.items() if account not in given_up}
        return Elsewhere(placed=frozenset(placed), awaited=awaited, given_up=given_up)

    def _looked_at(self, share: OfferedShare) -> _Inside | None:
        if share.arn not in self._inside:
            try:
                self._inside[share.arn] = self._look(share.arn)
            except GoneError:
                self._inside[share.arn] = None
        return self._inside[share.arn]

    def _look(self, share_arn: str) -> _Inside:
        listed = {each.principal: each for each in self._shares.principals(share_arn)}
        records = self._records.of(share_arn)
        confirmed = {name for name, each in records.items() if each.is_confirmed and not each.is_out}
        in_share = {name for name, each in listed.items() if each.status.is_in_share}
        invited = {name for name, each in listed.items() if each.is_invited}
        # Who was put in a moment ago may not be listed yet.
        rejected = (confirmed & listed.keys()) - in_share
        return _Inside(there=frozenset(in_share - invited), rejected=frozenset(rejected))


def _is_late(offer: Offer, entries: Mapping[str, Registration], now: datetime) -> bool:
    """Return whether a share of its tier was to take it for so long that it is awaited no longer."""
    entry, record = entries.get(offer.account_id), offer.record
    if entry is None or record is None or record.awaited_since is None or record.awaited_tier != entry.consumer.tier:
        return False
    return now >= record.awaited_since + AWAITED_AT_MOST


UNCAPPED_PART = 4
"""A quarter of a share goes at once, whatever the cap."""


class Departures(Struct, frozen=True):
    """Who would leave shares in one sweep without being in another of their tier, and whom nobody had removed.

    Whom a forbid takes out that goes by some fact is among them: the fact may have changed for many at once.
    """

    others: OtherShares
    losing: Mapping[str, frozenset[str]]
    """The accounts of each share, by its ARN: those that policies forbid among them."""
    commanded: Mapping[str, frozenset[str]]
    """The accounts of each share that a command or an event removed, as far as it was looked for."""
    cap: int

    @property
    def uncommanded(self) -> frozenset[str]:
        """Return the accounts of all shares."""
        return frozenset[str]().union(*self.losing.values())

    def is_over(self, share_arn: str, losing: Collection[Offer], recorded: int) -> bool:
        """Return whether those, and who leaves the share for another reason, are too many to leave it at once.

        ``recorded`` is how many are in the share by our records.
        """
        of_share = self.losing.get(share_arn, frozenset()) | {each.account_id for each in losing}
        return bool(losing) and len(self.uncommanded) > self.cap and len(of_share) * UNCAPPED_PART > recorded

    def held_back(
        self,
        share_arn: str,
        going: Collection[Offer],
        recorded: int,
        entries: Mapping[str, Registration],
        placed: frozenset[str],
    ) -> list[Offer]:
        """Return who of those that are going from one share stays in it, for they are too many.

        ``recorded`` is how many of ours are in the share, and ``entries`` is what the registry has of them now.
        """
        commanded = self.commanded.get(share_arn, frozenset())
        losing = [
            each
            for each in going
            if each.account_id not in placed
            and counts_for_cap(each, is_forbidden=False)
            and (each.account_id in entries or each.account_id not in commanded)
        ]
        if self.is_over(share_arn, losing, recorded):
            return losing
        # Whoever joined them since they were counted is counted by the next sweep.
        return [each for each in losing if each.account_id not in self.uncommanded]

    def forbidden_held_back(self, share_arn: str, going: Collection[Offer], recorded: int) -> list[Offer]:
        """Return who of those that policies forbid to be in a share stays in it, for they are too many.

        Whom somebody wrote a forbid against, and by no fact, goes anyway.
        """
        counted = [each for each in going if counts_for_cap(each, is_forbidden=True)]
        return counted if self.is_over(share_arn, counted, recorded) else []


def counts_for_cap(offer: Offer, *, is_forbidden: bool) -> bool:
    """Return whether the cap may hold it back: no operator has let it go, and RAM was not to take it out before.

    Nor, where it goes because it ``is_forbidden``, whom somebody wrote a forbid against by no fact. Such a one that
    goes for another cause, as a share's tag was changed by a slip, goes with all others or stays with them.
    """
    if offer.record is None or offer.record.leaving is None:
        return True
    announced = offer.record.leaving.announced
    may_be = announced.counts_for_cap if is_forbidden else not announced.confirmed
    return may_be and not offer.record.is_out
