"""Doubles for ``discover_requests``, and the messages that have it sweep."""

from __future__ import annotations

import json
from datetime import datetime

import msgspec

from drawbridge.configuration import Broken
from drawbridge.discovery.expiring import Expiring
from drawbridge.discovery.findings import SweepResult
from drawbridge.discovery.followed_counts import FollowedCounts
from drawbridge.discovery.sweep_record import SweepRecord
from drawbridge.errors import DrawbridgeError, InvalidInputError
from drawbridge.hint import CONNECTIONS, EVERYTHING, ORPHANS, SERVICES, SHARES, HintSource, SweepScope
from tests.builders import sample, told
from tests.functions.invocations import Json

SCOPES = {
    "ram-resource-sharing-state-change": told(SHARES, HintSource.RAM),
    "lattice-sharee-association": told(SHARES, HintSource.LATTICE),
    "endpoint-connection-notification": told(CONNECTIONS, HintSource.NOTIFICATION),
    "endpoint-service-tagged": told(SERVICES, HintSource.CLOUDTRAIL),
    "parameter-store-change": told(EVERYTHING, HintSource.CONFIGURATION),
    "schedule": told(EVERYTHING, HintSource.SCHEDULE),
    "schedule-orphans": told(ORPHANS, HintSource.SCHEDULE),
}


class World:
    """All that the door works with."""

    def __init__(self) -> None:
        self.scopes: list[SweepScope] = []
        self.dead: list[tuple[str, str]] = []
        self.broken: tuple[tuple[str, Broken], ...] = ()
        self.failures: tuple[DrawbridgeError, ...] = ()
        self.no_longer_permitted: tuple[str, ...] = ()
        self.reviews_open: tuple[str, ...] = ()
        self.withdrawals_capped: tuple[str, ...] = ()
        self.existence_unknown: tuple[str, ...] = ()
        self.expiring: tuple[Expiring, ...] | None = None
        self.started: tuple[str, ...] = ("share-a-1",)
        self.first_attempts: tuple[str, ...] = ()
        self.drifted: tuple[str, ...] = ()
        self.followed = FollowedCounts()
        self.offered: tuple[str, ...] = ()
        self.taken_back: tuple[str, ...] = ()
        self.not_offered: tuple[str, ...] = ()
        self.offers_refused: tuple[InvalidInputError, ...] = ()
        self.offers_held_back: tuple[InvalidInputError, ...] = ()
        self.unreadable: tuple[InvalidInputError, ...] = ()
        self.records: list[tuple[SweepRecord, frozenset[str]]] = []
        self.scheduled: SweepRecord | None = None
        self.read = 0
        self.raises: dict[str, Exception] = {}
        """What goes wrong, by where it does."""

    def configuring(self, scope: SweepScope) -> World:
        self.read += 1
        self._perhaps_raise("configuring")
        return self

    def sweeper(self, configuration: object, now: object, on_broken: object) -> World:
        assert configuration is self
        self._perhaps_raise("sweeper")
        return self

    def sweep(self, scope: SweepScope, now: datetime) -> SweepResult:
        assert now.tzinfo is not None
        self.scopes.append(scope)
        self._perhaps_raise("sweep")
        return SweepResult(
            2,
            self.started,
            self.no_longer_permitted,
            self.failures,
            self.unreadable,
            reviews_open=self.reviews_open,
            withdrawals_capped=self.withdrawals_capped,
            existence_unknown=self.existence_unknown,
            expiring=self.expiring,
            first_attempts=self.first_attempts,
            drifted=self.drifted,
            followed=self.followed,
            offered=self.offered,
            taken_back=self.taken_back,
            not_offered=self.not_offered,
            offers_refused=self.offers_refused,
            offers_held_back=self.offers_held_back,
        )

    def sweep_records(self) -> World:
        return self

    def keep(self, record: SweepRecord, commands: frozenset[str]) -> None:
        self._perhaps_raise("keep")
        # The table keeps it as JSON.
        msgspec.json.encode(record)
        self.records.append((record, commands))

    def last_scheduled(self) -> SweepRecord | None:
        self._perhaps_raise("last scheduled")
        return self.scheduled

    def dead_letters(self) -> World:
        return self

    def send(self, body: str, reason: str) -> None:
        self._perhaps_raise(f"send {body}")
        self.dead.append((body, reason))

    def _perhaps_raise(self, where: str) -> None:
        if where in self.raises:
            raise self.raises[where]


def batch(*bodies: str) -> Json:
    """Return the bodies as SQS hands them to Lambda."""
    return {
        "Records": [
            {
                "messageId": message_id(number),
                "receiptHandle": "handle",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:111111111111:hints",
                "awsRegion": "us-east-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


def message_id(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012}"


def failed(*numbers: int) -> Json:
    """Return the answer that has the queue deliver these messages of the batch again, and no others."""
    return {"batchItemFailures": [{"itemIdentifier": message_id(number)} for number in numbers]}


def hint(name: str) -> str:
    return json.dumps(sample(name))
