"""The objects of ``record_outcome``."""

from datetime import UTC, datetime
from functools import cache

from drawbridge.aws.attempts_table import AttemptsTable
from drawbridge.aws.event_bus import EventBus
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.bootstrap.attempts import attempts as build_attempts
from drawbridge.bootstrap.clients import client, table
from drawbridge.bootstrap.history import history
from drawbridge.environment import Environment


@cache
def ledger() -> LedgerTable:
    settings = Environment()
    return LedgerTable(table(settings.ledger_table), now=lambda: datetime.now(UTC), history=history(settings))


@cache
def attempts() -> AttemptsTable:
    return build_attempts(Environment())


@cache
def bus() -> EventBus:
    return EventBus(client("events"), Environment().bus)
