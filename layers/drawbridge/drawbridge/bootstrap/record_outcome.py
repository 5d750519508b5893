"""What ``record_outcome`` works with."""

from datetime import UTC, datetime
from functools import cache

from drawbridge.aws.attempts import Attempts
from drawbridge.aws.bus import Bus
from drawbridge.aws.ledger import Ledger
from drawbridge.bootstrap.attempts import attempts as build_attempts
from drawbridge.bootstrap.clients import client, table
from drawbridge.environment import Environment


@cache
def ledger() -> Ledger:
    return Ledger(table(Environment().ledger_table), now=lambda: datetime.now(UTC))


@cache
def attempts() -> Attempts:
    return build_attempts(Environment())


@cache
def bus() -> Bus:
    return Bus(client("events"), Environment().bus)
