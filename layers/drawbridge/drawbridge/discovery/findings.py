"""What one sweep finds and does, gathered on the way, and its result."""

from dataclasses import dataclass, field

import msgspec
from msgspec import Struct

from drawbridge.discovery.absence_watch import Watch
from drawbridge.discovery.attempt_starter import Launched
from drawbridge.discovery.expiring import Expiring
from drawbridge.discovery.followed_counts import FollowedCounts
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.errors import DrawbridgeError, InvalidInputError, UpstreamError
from drawbridge.hint import HintSource
from drawbridge.intake.offering.converged import Converged
from drawbridge.intake.offering.quotas import QuotaUsage
from drawbridge.request import Request
from drawbridge.request.absence import Absence
from drawbridge.status import Reason


class SweepResult(Struct, frozen=True):
    """What one sweep found and did, for the log and the metrics."""

    observed: int
    started: tuple[str, ...]
    no_longer_permitted: tuple[str, ...]
    """The requests that were let in and that the policies in force would not let in any more; each is reported once."""
    failures: tuple[DrawbridgeError, ...]
    """What could not be observed or reconciled; nothing else was stopped by it. The sweep has to be repeated."""
    broken: tuple[InvalidInputError, ...] = ()
    """What can't be read, such as a row that somebody wrote by hand: no repetition mends it."""
    reviews_open: tuple[str, ...] = ()
    """The requests whose review has no result yet, and why; the next sweep tries again."""
    withdrawals_capped: tuple[str, ...] = ()
    """The requests of which something is gone and nothing is taken down, and the accounts that stay in shares: too many
    would go at once."""
    existence_unknown: tuple[str, ...] = ()
    """What is not listed, and of which AWS, asked by its id, says neither that it is there nor that it is gone."""
    expiring: tuple[Expiring, ...] | None = None
    """What is not let in yet and expires soon; ``None`` if shares were not observed."""
    first_attempts: tuple[str, ...] = ()
    """Those of the executions that are the first of their requests."""
    drifted: tuple[str, ...] = ()
    """The requests of which something connected is not as it was left."""
    followed: FollowedCounts = FollowedCounts()
    """What the ledger said of the requests that it follows."""
    offered: tuple[str, ...] = ()
    """The services and shares that were offered, each with whom to."""
    taken_back: tuple[str, ...] = ()
    """The services and shares that are no longer offered, each with whom to."""
    not_offered: tuple[str, ...] = ()
    """What the registry has an account offered, and is not, and why."""
    offers_refused: tuple[InvalidInputError, ...] = ()
    """What AWS refuses to have offered or taken back, in its words."""
    offers_refused_before: tuple[str, ...] = ()
    """What AWS refused of offers earlier, and is asked for again later."""
    offers_held_back: tuple[InvalidInputError, ...] = ()
    """What is not taken back, as too much would go at once."""
    accounts_held_back: tuple[str, ...] = ()
    """The accounts that stay in shares, as too many would leave at once, each after the share."""
    quotas: tuple[QuotaUsage, ...] = ()
    """The quotas that are near, of what is offered."""
    announced: tuple[str, ...] = ()
    """Who is announced to leave a share that policies forbid, when, and why."""
    disassociated: tuple[str, ...] = ()
    """What accounts that left a share had associated with what it holds, and was deleted."""
    still_associated: tuple[str, ...] = ()
    """What they have associated though it is due to go, and why."""


@dataclass
class Findings:
    """What one sweep has found so far."""

    told_by: frozenset[HintSource] = frozenset()
    """Who hinted at what is swept."""
    started: list[str] = field(default_factory=list)
    no_longer_permitted: list[str] = field(default_factory=list)
    failures: list[DrawbridgeError] = field(default_factory=list)
    broken: list[InvalidInputError] = field(default_factory=list)
    reviews_open: list[str] = field(default_factory=list)
    kinds: list[type[Request]] = field(default_factory=list)
    """The kinds of requests that could be observed."""
    listed: frozenset[str] = frozenset()
    """What AWS lists of them: the ARNs of shares and of what they hold, the ids of endpoints."""
    going: dict[str, tuple[Absence, ...]] = field(default_factory=dict)
    """The marks with which an attempt is to take down what is gone of a request."""
    withdrawals_capped: list[str] = field(default_factory=list)
    existence_unknown: list[str] = field(default_factory=list)
    expiring: tuple[Expiring, ...] | None = None
    first_attempts: list[str] = field(default_factory=list)
    drifted: list[str] = field(default_factory=list)
    followed: FollowedCounts = field(default_factory=FollowedCounts)
    offers: Converged = field(default_factory=Converged)
    """What was done about offers."""
    reviewed: set[str] = field(default_factory=set)
    """The requests that were reviewed."""
    is_capped: bool = False
    """Whether so much would go at once that nothing goes which nobody let go."""
    is_watched: bool = True
    """Whether it is known how much would go at once."""
    unknown: dict[str, DrawbridgeError] = field(default_factory=dict)
    """Why drift could not be detected, each reason once."""
    unlisted: DrawbridgeError | None = None
    """Why what plans rest on could not be listed; it is not tried again for each row."""

    def result(self, observed: int) -> SweepResult:
        failures = [*self.failures, *self.unknown.values(), *([self.unlisted] if self.unlisted else [])]
        return SweepResult(
            observed=observed,
            started=tuple(self.started),
            no_longer_permitted=tuple(self.no_longer_permitted),
            failures=tuple(failures),
            broken=tuple(self.broken),
            reviews_open=tuple(self.reviews_open),
            withdrawals_capped=tuple(self.withdrawals_capped),
            existence_unknown=tuple(self.existence_unknown),
            expiring=self.expiring,
            first_attempts=tuple(self.first_attempts),
            drifted=tuple(self.drifted),
            followed=self.followed,
            offered=tuple(self.offers.offered),
            taken_back=tuple(self.offers.taken_back),
            not_offered=tuple(self.offers.not_offered),
            offers_refused=tuple(self.offers.refused),
            offers_refused_before=tuple(self.offers.refused_before),
            offers_held_back=tuple(self.offers.too_many),
            accounts_held_back=tuple(self.offers.held_back),
            quotas=tuple(self.offers.quotas),
            announced=tuple(self.offers.announced),
            disassociated=tuple(self.offers.disassociated),
            still_associated=tuple(self.offers.still_associated),
        )

    def take_over_offers(self, converged: Converged) -> None:
        """Add what was done about offers, and what of it failed."""
        self.offers = converged
        self.failures += converged.failures
        self.broken += converged.broken
        self.withdrawals_capped += converged.held_back

    def take_over_launched(self, launched: Launched) -> None:
        """Add what was started, and what of it failed."""
        self.started += launched.started
        self.first_attempts += launched.first_attempts
        for request_id, error in launched.failures:
            self.note_failure(request_id, error)

    def note_failure(self, request_id: str, error: Exception) -> None:
        """Note what was wrong with one request."""
        if isinstance(error, InvalidInputError):
            self.broken.append(error)
        else:
            self.failures.append(failure_of(request_id, error))

    def take_over(self, watch: Watch) -> None:
        """Add what watching for absences found."""
        self.going |= watch.going
        self.withdrawals_capped += watch.capped
        self.existence_unknown += watch.unknown
        self.failures += watch.failures
        self.is_capped = watch.is_capped

    @property
    def holds_back(self) -> bool:
        """Return whether nothing goes that nobody let go."""
        return self.is_capped or not self.is_watched

    def caused_by(self, cause: Reason) -> Reason:
        """Return why there is another attempt, with who hinted that there may be something to do."""
        return msgspec.structs.replace(cause, source=", ".join(sorted(self.told_by)))

    def lists(self, row: LedgerRow) -> bool:
        """Return whether AWS lists what the request is about."""
        return row.request.subject in self.listed


def failure_of(of: str, error: Exception) -> DrawbridgeError:
    """Return an unforeseen error as one that may pass: the sweep is repeated, and the error is logged."""
    if isinstance(error, DrawbridgeError):
        return error
    return UpstreamError(f"{of}: {type(error).__name__}: {str(error)[:500]}")
