"""What discovery works on, in memory."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec

from drawbridge.association.made import Made
from drawbridge.association.plan_inputs import Inputs
from drawbridge.decision.grounds import Grounds
from drawbridge.discovery.drift import Drifted
from drawbridge.discovery.observed import Seen
from drawbridge.discovery.review import Review, ReviewOpen
from drawbridge.discovery.row import Row
from drawbridge.discovery.sweep import Discoverer
from drawbridge.discovery.waiting import Waits
from drawbridge.errors import DrawbridgeError, ThrottledError
from drawbridge.lattice import Matchable
from drawbridge.request import WorkflowInput
from drawbridge.request.connections import NONE_HELD, Connection, ConnectionState, Held, ManagedService
from drawbridge.request.digests import digest
from drawbridge.request.shares import Invitation, Share, SharedResource
from drawbridge.status import Status
from tests.builders import (
    CONSUMER,
    ENDPOINT_ID,
    NOW,
    SERVICE_ID,
    connection_facts,
    row,
)
from tests.unit.sweeping import discoverer_of

BY_DAY = Grounds(
    outcome="hold",
    at=NOW,
    zone="UTC",
    policies="by day",
    determined_by=(),
    facts=connection_facts(),
    fingerprint="by day",
)


class CrashError(BaseException):
    """The function was stopped here."""


class World:
    """All that discovery looks at and writes to; it can be told what fails, and after which write it crashes."""

    def __init__(self) -> None:
        self.listed_invitations: list[Invitation] = []
        self.listed_shares: list[Share] = []
        self.listed_resources: list[SharedResource] = []
        self.listed_connections: list[Connection] = []
        self.notified: list[str] = []
        self.kept: dict[str, Row] = {}
        self.running: dict[str, WorkflowInput] = {}
        self.ended: set[str] = set()
        self.explained: set[str] = set()
        """Of those, the ones that Step Functions still knows the end of."""
        self.announced: list[tuple[str, int]] = []
        self.failing: set[str] = set()
        self.writes_until_crash = 1_000
        self.policies = "policies"
        self.bindings = "bindings"
        self.matching = "the one that matches"
        self.drifted = ""
        self.unknown: tuple[DrawbridgeError, ...] = ()
        """Why drift could not be looked for."""
        self.counts = True
        """Whether policies go by how many connections there are."""
        self.rests_on = Inputs()
        self.left_there: list[Made] = []
        self.looked_at_inputs = 0
        self.found: Review | ReviewOpen = ReviewOpen("nothing is kept")
        """What reviews come to."""
        self.asked: list[str] = []
        self.reviewed_with: list[str] = []
        """What the share was said to hold."""
        self.looked_at: list[str] = []
        self.seen_to: list[tuple[str, bool]] = []
        self.waits: Waits | None = None
        """What is known of requests that wait, whatever there is to tell."""
        self.told: list[tuple[str, bool, str]] = []

    def discoverer(self) -> Discoverer:
        return discoverer_of(self)

    def _fail(self, what: str) -> None:
        if what in self.failing:
            raise ThrottledError(what)

    def _write(self) -> None:
        self.writes_until_crash -= 1
        if self.writes_until_crash < 0:
            raise CrashError

    def invitations(self) -> list[Invitation]:
        self._fail("invitations")
        return self.listed_invitations

    def shares(self) -> list[Share]:
        return self.listed_shares

    def resources(self) -> list[SharedResource]:
        return self.listed_resources

    def managed(self) -> list[ManagedService]:
        self._fail("managed")
        return [ManagedService(service_id=SERVICE_ID, tags={})]

    def connections(self) -> list[Connection]:
        return self.listed_connections

    def without_notification(self, service_ids: Collection[str]) -> list[str]:
        return sorted(set(service_ids) - set(self.notified))

    def notify_of(self, service_id: str) -> None:
        self._fail("notify")
        self.notified.append(service_id)

    def of(self, row: Row) -> Drifted:
        """Give the drift."""
        self._fail("drift")
        return Drifted(self.drifted, self.unknown)

    def inputs(self, provider: str, share_name: str, held: Collection[SharedResource], row: Row) -> Inputs:
        self.looked_at_inputs += 1
        self._fail("inputs")
        return self.rests_on

    def left(self, row: Row) -> tuple[Made, ...] | None:
        return None if row.left is None else tuple(self.left_there)

    def note_inputs(self, row: Row, inputs: Inputs) -> None:
        self._write()
        # As the ledger has it: inputs that say nothing leave nothing behind.
        noted = None if inputs == Inputs() else inputs
        self.kept[row.request_id] = msgspec.structs.replace(self.kept[row.request_id], inputs=noted)

    def rows(self, request_ids: Collection[str]) -> Mapping[str, Row]:
        return {each: self.kept[each] for each in request_ids if each in self.kept}

    def followed(self) -> list[Row]:
        return [each for each in self.kept.values() if not each.settled or each.status is Status.HELD]

    def claim(self, seen: Seen, attempt: int, *, after: Row | None) -> bool:
        self._write()
        if self.kept.get(seen.request.request_id) != after:
            return False
        self.kept[seen.request.request_id] = row(
            Status.PENDING,
            request=seen.request,
            account_id=seen.account_id,
            attempt=attempt,
            settled=False,
            seen=seen.state,
            wanted=seen.wanted,
            permitted=seen.permitted,
            drift=seen.drift,
            inputs=seen.inputs,
            left=seen.left,
        )
        return True

    def start(self, request: WorkflowInput) -> bool:
        self._fail("start")
        self._write()
        if request.execution_name in self.ended:
            return False
        self.running[request.execution_name] = request
        return True

    def record(self, row: Row) -> bool:
        """Record how an execution ended."""
        self._fail("record")
        if f"{row.request_id}-{row.attempt}" not in self.explained:
            return False
        self._write()
        self.kept[row.request_id] = msgspec.structs.replace(
            row, status=Status.FAILED, settled=True, failures=row.failures + 1
        )
        return True

    def pending(self, seen: Seen, attempt: int) -> None:
        self._write()
        self.announced.append((seen.request.request_id, attempt))

    def wanted(self, provider: str, share_name: str) -> str:
        return self.bindings

    def matched(self, share_name: str, contents: tuple[Matchable, ...]) -> str:
        return digest(share_name, contents, self.matching)

    def permitted(self, account_id: str, held: Held = NONE_HELD) -> str:
        return self.policies if held == NONE_HELD or not self.counts else f"{self.policies}, {held.in_all} held"

    def decides_otherwise(self, row: Row, now: datetime) -> bool:
        return row.grounds == BY_DAY and now.hour in range(8, 18)

    def review(self, row: Row, held: Collection[SharedResource]) -> Review | ReviewOpen:
        self.asked.append(row.request_id)
        self.reviewed_with = [each.arn for each in held]
        return self.found

    def reviewed(self, row: Row, review: Review, *, under: str) -> None:
        self._write()
        self.told.append((row.request_id, review.permitted, under))

    def look_at(self, request_ids: Collection[str]) -> None:
        self.looked_at += [*request_ids]

    def see_to(self, row: Row, now: datetime, *, reconsider: bool) -> Waits:
        assert row.request_id in self.looked_at
        self.seen_to.append((row.request_id, reconsider))
        return self.waits or (Waits.TOLD if reconsider else Waits.WAITS)

    def goes_by_the_clock(self) -> bool:
        return any(row.grounds for row in self.kept.values())

    def with_grounds(self, row: Row) -> Row:
        return self.kept[row.request_id]

    def note_seen(self, row: Row, seen: Seen) -> None:
        self.kept[row.request_id] = msgspec.structs.replace(row, seen=seen.state, permitted=seen.permitted)

    def note_healed(self, row: Row) -> None:
        self._write()
        self.kept[row.request_id] = msgspec.structs.replace(self.kept[row.request_id], drift="")

    def note_review(self, row: Row, review: Review, *, under: str) -> None:
        self._write()
        self.kept[row.request_id] = msgspec.structs.replace(
            row, reviewed=under, no_longer_permitted=not review.permitted
        )


def connection(state: ConnectionState = ConnectionState.PENDING_ACCEPTANCE, **changes: Any) -> Connection:
    told: dict[str, Any] = {
        "service_id": SERVICE_ID,
        "endpoint_id": ENDPOINT_ID,
        "owner": CONSUMER,
        "region": "here",
        "asked_at": NOW,
    }
    return Connection(state=state, **(told | changes))
