"""What sweeps leave behind for operators: when it was, what it found and did, and what it could not."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

import msgspec
from msgspec import Struct

from drawbridge.bounds import fitting, shortened
from drawbridge.decision.facts import AwareDatetime
from drawbridge.discovery.findings import SweepResult
from drawbridge.errors import DrawbridgeError
from drawbridge.hint import SweepScope
from drawbridge.intake.offering.quotas import QuotaUsage

_LIST_BYTES = 4_000
"""Of each list: what is left out is in the log."""
_WORDS_BYTES = 1_000
_QUOTAS_BYTES = 16_000


class Mentioned(Struct, frozen=True):
    """A list of which only the beginning is kept if it is long."""

    count: int = 0
    first: tuple[str, ...] = ()


class SweepRecord(Struct, frozen=True, kw_only=True):
    """One sweep."""

    began_at: AwareDatetime
    ended_at: AwareDatetime
    shares: bool = False
    connections: bool = False
    notifications: bool = False
    offers: bool = False
    orphans: bool = False
    scheduled: bool = False
    observed: int | None = None
    """How many requests were observed; ``None`` if the sweep broke off before anything was."""
    started: Mentioned = Mentioned()
    failures: Mentioned = Mentioned()
    """What could not be observed or reconciled: the sweep is repeated by itself."""
    broken: Mentioned = Mentioned()
    """Parameters and rows that can't be read: somebody has to mend them."""
    no_longer_permitted: Mentioned = Mentioned()
    reviews_open: Mentioned = Mentioned()
    withdrawals_capped: Mentioned = Mentioned()
    existence_unknown: Mentioned = Mentioned()
    expiring: Mentioned = Mentioned()
    offered: Mentioned = Mentioned()
    taken_back: Mentioned = Mentioned()
    not_offered: Mentioned = Mentioned()
    """What the registry has accounts offered, and is not, and why."""
    offers_refused: Mentioned = Mentioned()
    """What AWS refuses to have offered or taken back: somebody has to mend what it says."""
    offers_refused_before: Mentioned = Mentioned()
    """What AWS refused earlier, and is asked for again later."""
    offers_held_back: Mentioned = Mentioned()
    """What is not taken back, as too much would go at once."""
    accounts_held_back: Mentioned = Mentioned()
    """The accounts that stay in shares, as too many would leave at once."""
    quotas: tuple[QuotaUsage, ...] = ()
    """The quotas that are near, the fullest first."""
    announced: Mentioned = Mentioned()
    """Who is announced to leave a share that policies forbid, when, and why."""
    disassociated: Mentioned = Mentioned()
    still_associated: Mentioned = Mentioned()
    """What accounts that left a share have associated though it is due to go, and why."""


class SweepRecords(Protocol):
    """Where the records of sweeps are kept."""

    def keep(self, record: SweepRecord, commands: frozenset[str]) -> None:
        """Keep a record for the commands that wait for it, and as the last of its kind."""
        ...

    def last_scheduled(self) -> SweepRecord | None:
        """Return the record of the last sweep that the schedule asked for."""
        ...


def sweep_record(
    scope: SweepScope,
    result: SweepResult | None,
    *,
    failures: Iterable[DrawbridgeError],
    broken: Iterable[str],
    began_at: datetime,
    ended_at: datetime,
) -> SweepRecord:
    """Return the record of a sweep, which broke off if it has no result."""
    record = SweepRecord(
        began_at=began_at,
        ended_at=ended_at,
        shares=scope.shares,
        connections=scope.connections,
        notifications=scope.notifications,
        offers=scope.offers,
        orphans=scope.orphans,
        scheduled=scope.scheduled,
        failures=_mentioned(str(each) for each in failures),
        broken=_mentioned(broken),
    )
    if result is None:
        return record
    return msgspec.structs.replace(
        record,
        observed=result.observed,
        started=_mentioned(result.started),
        no_longer_permitted=_mentioned(result.no_longer_permitted),
        reviews_open=_mentioned(result.reviews_open),
        withdrawals_capped=_mentioned(result.withdrawals_capped),
        existence_unknown=_mentioned(result.existence_unknown),
        expiring=_mentioned(str(each) for each in result.expiring or ()),
        offered=_mentioned(result.offered),
        taken_back=_mentioned(result.taken_back),
        not_offered=_mentioned(result.not_offered),
        offers_refused=_mentioned(str(each) for each in result.offers_refused),
        offers_refused_before=_mentioned(result.offers_refused_before),
        offers_held_back=_mentioned(str(each) for each in result.offers_held_back),
        accounts_held_back=_mentioned(result.accounts_held_back),
        quotas=fitting(result.quotas, _QUOTAS_BYTES),
        announced=_mentioned(result.announced),
        disassociated=_mentioned(result.disassociated),
        still_associated=_mentioned(result.still_associated),
    )


def _mentioned(texts: Iterable[str]) -> Mentioned:
    all_of_them = tuple(texts)
    return Mentioned(len(all_of_them), fitting((shortened(each, _WORDS_BYTES) for each in all_of_them), _LIST_BYTES))
