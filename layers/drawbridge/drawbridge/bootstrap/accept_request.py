"""The objects of ``accept_request``."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache

from drawbridge.aws.attempts_table import AttemptsTable
from drawbridge.aws.budgets_table import BudgetsTable
from drawbridge.aws.consumers_table import ConsumersTable
from drawbridge.aws.endpoint_services import EndpointServices
from drawbridge.aws.event_bus import EventBus
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.aws.resource_shares import ResourceShares
from drawbridge.bootstrap.attempts import attempts as build_attempts
from drawbridge.bootstrap.budgets import budgets as build_budgets
from drawbridge.bootstrap.clients import client, paced, table
from drawbridge.bootstrap.history import history
from drawbridge.environment import Environment
from drawbridge.pacing.pace import Pace
from drawbridge.record.answer_kept import RecordPorts
from drawbridge.record.history import GatheredHistory


@cache
def shares() -> ResourceShares:
    return ResourceShares(client("ram"))


@cache
def connections() -> EndpointServices:
    return EndpointServices(client("ec2"), answering=paced("ec2"))


@cache
def ledger() -> LedgerTable:
    return LedgerTable(table(Environment().ledger_table), now=now)


@cache
def consumers() -> ConsumersTable:
    return ConsumersTable(table(Environment().consumers_table))


@cache
def attempts() -> AttemptsTable:
    return build_attempts(Environment())


def records() -> RecordPorts:
    """Return where answers are recorded, with a history of this invocation's own."""
    settings = Environment()
    together = GatheredHistory(history(settings))
    recording = LedgerTable(table(settings.ledger_table), now=now, history=together)
    return RecordPorts(ledger=recording, history=together, bus=EventBus(client("events"), settings.bus))


@cache
def budgets() -> BudgetsTable:
    return build_budgets(Environment())


def pace(time_left: Callable[[], float]) -> Pace:
    """Return the pace of one invocation."""
    return Pace(budgets(), now, sleep, time_left)


def now() -> datetime:
    return datetime.now(UTC)


def sleep(seconds: float) -> None:
    time.sleep(seconds)
