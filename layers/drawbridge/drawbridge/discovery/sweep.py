"""The sweep: one look at what AWS lists, compared with the ledger; an execution for each request that needs one."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import msgspec
from msgspec import Struct

from drawbridge.association.plan_inputs import Inputs
from drawbridge.discovery.announcements import Announcements
from drawbridge.discovery.attention import Need, is_its_turn, may_try_again, need_of
from drawbridge.discovery.drift import Drift
from drawbridge.discovery.endings import Endings
from drawbridge.discovery.fingerprints import Configured
from drawbridge.discovery.notifications import NotifyingServices, ensure_notifications
from drawbridge.discovery.observation import Observer
from drawbridge.discovery.observed import Seen
from drawbridge.discovery.planned import Planned
from drawbridge.discovery.review import Review, ReviewOpen
from drawbridge.discovery.reviewer import PolicyReviewer
from drawbridge.discovery.row import Row
from drawbridge.discovery.turns import FreeTurns
from drawbridge.discovery.waiting import WaitingRequests, Waits
from drawbridge.errors import DrawbridgeError, InvalidInputError, UpstreamError
from drawbridge.hint import Look
from drawbridge.request import Request, WorkflowInput
from drawbridge.request.connections import Connection
from drawbridge.status import Status


class Ledger(Protocol):
    """The ledger, as discovery needs it."""

    def rows(self, request_ids: Collection[str]) -> Mapping[str, Row]:
        """Give rows as far as a look compares them: without what their decisions rested on."""
        ...

    def with_grounds(self, row: Row) -> Row:
        """Give a row with what its decisions rested on."""
        ...

    def followed(self) -> list[Row]:
        """Give the rows that AWS should still list: under way, or settled only for now (held, failed)."""
        ...

    def claim(self, seen: Seen, attempt: int, *, after: Row | None) -> bool:
        """Enter the attempt; ``False`` if the row is not any longer as it was read, in ``after``."""
        ...

    def note_seen(self, row: Row, seen: Seen) -> None:
        """Note what a request that waits was looked at with; nothing if it does not wait any more."""
        ...

    def note_healed(self, row: Row) -> None:
        """Note that what an attempt was made for is as it was left; nothing if the row has a later attempt by now."""
        ...

    def note_inputs(self, row: Row, inputs: Inputs) -> None:
        """Note what was found, for the next look to compare with; nothing if the row has a later attempt by now."""
        ...

    def note_review(self, row: Row, review: Review, *, under: str) -> None:
        """Note what a review came to, under which configuration; nothing if the row has a later attempt by now."""
        ...


class Workflow(Protocol):
    """The onboarding workflow."""

    def start(self, request: WorkflowInput) -> bool:
        """Start the execution, or find it running; ``False`` if one of that name has come to its end."""
        ...


class Discovery(Struct, frozen=True):
    """What one look found and did, for the log and the metrics."""

    seen: int
    started: tuple[str, ...]
    no_longer_permitted: tuple[str, ...]
    """The requests that were let in, and by the policies in force would not be any more; each is told once."""
    failures: tuple[DrawbridgeError, ...]
    """What could not be looked at or seen to; nothing else was stopped by it. The look has to be repeated."""
    broken: tuple[InvalidInputError, ...] = ()
    """What can't be read, as a row that somebody wrote by hand: no repetition mends it."""
    left_behind: tuple[str, ...] = ()
    """The ids of what was made for requests and is called for by nothing any longer."""
    attachments: tuple[Connection, ...] = ()
    """Attachments of transit gateways that wait for acceptance by a managed service: people's to answer."""
    reviews_open: tuple[str, ...] = ()
    """The requests of which it is not known what changed policies make of them, and why; the next look tries again."""


@dataclass
class _Findings:
    """What one look has found so far."""

    started: list[str] = field(default_factory=list)
    no_longer_permitted: list[str] = field(default_factory=list)
    failures: list[DrawbridgeError] = field(default_factory=list)
    broken: list[InvalidInputError] = field(default_factory=list)
    left_behind: set[str] = field(default_factory=set)
    attachments: list[Connection] = field(default_factory=list)
    reviews_open: list[str] = field(default_factory=list)
    unknown: dict[str, DrawbridgeError] = field(default_factory=dict)
    """Why drift could not be looked for, each once."""
    unlisted: DrawbridgeError | None = None
    """Why what plans rest on could not be listed: that is not tried again for each row."""

    def result(self, seen: int) -> Discovery:
        failures = [*self.failures, *self.unknown.values(), *([self.unlisted] if self.unlisted else [])]
        return Discovery(
            seen=seen,
            started=tuple(self.started),
            no_longer_permitted=tuple(self.no_longer_permitted),
            failures=tuple(failures),
            broken=tuple(self.broken),
            left_behind=tuple(sorted(self.left_behind)),
            attachments=tuple(self.attachments),
            reviews_open=tuple(self.reviews_open),
        )


class Discoverer:
    """Looks, and starts an execution for every request that needs one."""

    def __init__(
        self,
        *,
        observer: Observer,
        services: NotifyingServices,
        ledger: Ledger,
        workflow: Workflow,
        endings: Endings,
        configured: Configured,
        announcements: Announcements,
        reviewer: PolicyReviewer,
        waiting: WaitingRequests,
        drift: Drift,
        planned: Planned,
        questions_at_once: int,
    ) -> None:
        """``questions_at_once`` is how many of one account are open at most."""
        self._observer = observer
        self._services = services
        self._ledger = ledger
        self._workflow = workflow
        self._endings = endings
        self._configured = configured
        self._announcements = announcements
        self._reviewer = reviewer
        self._waiting = waiting
        self._drift = drift
        self._questions_at_once = questions_at_once
        self._planned = planned

    def discover(self, look: Look, now: datetime) -> Discovery:
        """Look where the hints say.

        Any number of hints costs one look. It is safe to break off anywhere and to run twice at once: an attempt is
        entered in the ledger before its execution starts, by one writer only, and an entered attempt that does not
        run is started by the next look.
        """
        findings = _Findings()
        followed = self._ledger.followed()
        seen = self._look(look, followed, findings)
        rows = self._ledger.rows([each.request.request_id for each in seen])
        try:
            self._waiting.look_at([row.request_id for row in rows.values() if row.waits_for_approval])
        except DrawbridgeError as error:
            findings.failures.append(error)
        turns = FreeTurns(followed, self._questions_at_once)
        for each in seen:
            row = rows.get(each.request.request_id)
            try:
                execution = self._attend(each, row, turns, now, findings)
                if execution is None and row is not None and self._turns_out_wrong(each, row, findings):
                    findings.no_longer_permitted.append(row.request_id)
            except InvalidInputError as error:
                findings.broken.append(error)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one request, it stops no other
                findings.failures.append(_failure(each.request.request_id, error))
            else:
                findings.started += [execution] if execution else []
        return findings.result(len(seen))

    def _look(self, look: Look, followed: list[Row], findings: "_Findings") -> list[Seen]:
        """Give what is seen where the hints say; what could not be looked at or seen to is added to the failures."""
        failures, attachments = findings.failures, findings.attachments
        seen: list[Seen] = []
        if look.executions:
            failures += self._see_to_ended(look.executions)
        if look.connections:
            seen += self._collect(lambda: self._observer.connections(followed, attachments), failures)
        if look.upkeep:
            failures += ensure_notifications(self._services)
        if look.shares:
            seen += self._collect(lambda: self._observer.shares(followed), failures)
        return seen

    @staticmethod
    def _collect(look: Callable[[], list[Seen]], failures: list[DrawbridgeError]) -> list[Seen]:
        try:
            return look()
        except Exception as error:  # noqa: BLE001 - what can't be looked at stops nothing else
            failures.append(_failure("look", error))
            return []

    def _see_to_ended(self, executions: Collection[str]) -> list[DrawbridgeError]:
        """See to attempts whose executions are said to have ended; give what went wrong."""
        failures: list[DrawbridgeError] = []
        try:
            rows = self._ledger.rows({name.rpartition("-")[0] for name in executions})
        except DrawbridgeError as error:
            return [error]
        for row in rows.values():
            if row.settled or _input(row.request, row.attempt).execution_name not in executions:
                continue
            try:
                self._endings.record(row)
            except DrawbridgeError as error:
                failures.append(error)
        return failures

    def _attend(
        self, seen: Seen, row: Row | None, turns: FreeTurns, now: datetime, findings: "_Findings"
    ) -> str | None:
        """See to one request; give the name of the execution if one was started."""
        if row is not None and row.waits_for_approval and self._sees_to_waiting(seen, row, now):
            return None
        seen = self._with_drift(self._with_matched(seen, row), row, findings)
        seen = self._with_inputs(seen, row, findings)
        need = need_of(seen, row, now)
        if need is Need.NOTHING and not self._is_to_be_decided_again(seen, row, turns, now):
            return None
        if need is Need.MAKE_SURE and row is not None and (self._is_seen_to(seen, row) or not may_try_again(row, now)):
            return None
        return self._begin(seen, row)

    def _with_matched(self, seen: Seen, row: Row | None) -> Seen:
        """Look closer where bindings changed: most are for other resources of the same provider."""
        contents = row.contents if row is not None and seen.wanted != row.wanted else None
        if contents is None:
            return seen
        return msgspec.structs.replace(seen, matched=self._configured.matched(seen.share_name, contents))

    def _with_drift(self, seen: Seen, row: Row | None, findings: "_Findings") -> Seen:
        """Look whether what is connected still is as it was left."""
        if row is None or row.ways is None or not seen.open or row.status is not Status.AVAILABLE:
            return seen
        drifted = self._drift.of(row)
        # One network that can't be listed is told once, however many rows go by it.
        findings.unknown |= {str(error): error for error in drifted.unknown}
        if drifted.unknown and not drifted.digest:
            return msgspec.structs.replace(seen, drift=row.drift)
        if row.drift and not drifted.digest and row.settled:
            # The same may happen again, and is then to be seen to at once.
            self._ledger.note_healed(row)
        return msgspec.structs.replace(seen, drift=drifted.digest)

    def _with_inputs(self, seen: Seen, row: Row | None, findings: "_Findings") -> Seen:
        """Look whether what the plan rested on still is so.

        What AWS does not list is not known, and no change: the look goes on without it, and is repeated.
        """
        if row is None or not row.settled or not seen.held or findings.unlisted is not None:
            return seen
        try:
            inputs = self._planned.inputs(seen.account_id, seen.share_name, seen.held, row)
            left = self._planned.left(row)
        except DrawbridgeError as error:
            findings.unlisted = error
            return seen
        if row.inputs is None:
            # The version that wrote the row kept none: from now on it is compared.
            self._ledger.note_inputs(row, inputs)
        findings.left_behind.update(each.id for each in left or ())
        return msgspec.structs.replace(seen, inputs=inputs, left=left)

    def _sees_to_waiting(self, seen: Seen, row: Row, now: datetime) -> bool:
        """Have a request that waits for a person looked at again if it, or what is configured, changed meanwhile.

        Tell whether there is nothing else to see to: its execution is known to wait, or was told. What it was not told
        is not noted, and tried again by the next look.
        """
        changed = (seen.state, seen.permitted, seen.open) != (row.seen, row.permitted, True)
        waits = self._waiting.see_to(row, now, reconsider=changed)
        if changed and waits is Waits.TOLD:
            self._ledger.note_seen(row, seen)
        return waits is Waits.TOLD or (waits is Waits.WAITS and not is_its_turn(row, now))

    def _is_to_be_decided_again(self, seen: Seen, row: Row | None, turns: FreeTurns, now: datetime) -> bool:
        """Tell whether what is held is let go by a policy that goes by the clock, or may be asked about by now.

        So it is with what was kept, and is permitted again.
        """
        if row is None or not row.settled or not seen.open:
            return False
        if turns.is_next(row):
            return True
        if row.status is Status.HELD:
            by_clock = self._reviewer.goes_by_the_clock()
            return by_clock and self._reviewer.decides_otherwise(self._ledger.with_grounds(row), now)
        if not row.kept or seen.permitted == row.permitted:
            return False
        review = self._reviewer.review(self._ledger.with_grounds(row), seen.contents)
        return isinstance(review, Review) and review.permitted

    def _turns_out_wrong(self, seen: Seen, row: Row, findings: "_Findings") -> bool:
        """Review what was let in if the configuration changed; tell whether it is found not to be permitted any more.

        A connection keeps the policies that it was let in by: taking it down is withdrawal's.
        """
        let_in = row.settled and row.status is Status.AVAILABLE and seen.open
        # What was kept was not let in by what is in force: that is told as any change is.
        if not let_in or seen.under == (row.reviewed or ("" if row.kept else row.permitted)):
            return False
        review = self._reviewer.review(self._ledger.with_grounds(row), seen.contents)
        if isinstance(review, ReviewOpen):
            findings.reviews_open.append(f"{row.request_id}: {review.because}")
            return False
        changed = review.permitted is row.no_longer_permitted
        if changed:
            self._announcements.reviewed(row, review, under=seen.under)
        self._ledger.note_review(row, review, under=seen.under)
        return changed and not review.permitted

    def _is_seen_to(self, seen: Seen, row: Row) -> bool:
        """Have the attempt's execution run, or its end recorded; ``False`` if it has ended and nobody knows how."""
        return self._runs(seen, row) or self._endings.record(row)

    def _runs(self, seen: Seen, row: Row) -> bool:
        if row.status is Status.PENDING:
            # Whoever entered the attempt may have been stopped before telling anybody.
            self._announcements.pending(seen, row.attempt)
        return self._workflow.start(_input(row.request, row.attempt))

    def _begin(self, seen: Seen, row: Row | None) -> str | None:
        attempt = row.attempt + 1 if row else 1
        if not self._ledger.claim(seen, attempt, after=row):
            return None
        self._announcements.pending(seen, attempt)
        execution = _input(seen.request, attempt)
        self._workflow.start(execution)
        return execution.execution_name


def _failure(of: str, error: Exception) -> DrawbridgeError:
    """Give an error that nobody foresaw as one that may pass: the look is repeated, and people are told."""
    if isinstance(error, DrawbridgeError):
        return error
    return UpstreamError(f"{of}: {type(error).__name__}: {str(error)[:500]}")


def _input(request: Request, attempt: int) -> WorkflowInput:
    return WorkflowInput(request=request, request_id=request.request_id, attempt=attempt)
