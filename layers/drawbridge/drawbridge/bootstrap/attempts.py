"""The table of attempts, for the functions that an attempt goes through."""

from datetime import UTC, datetime

from drawbridge.aws.attempts_table import AttemptsTable
from drawbridge.bootstrap.clients import table
from drawbridge.environment import Environment


def attempts(environment: Environment) -> AttemptsTable:
    return AttemptsTable(table(environment.attempts_table), now=lambda: datetime.now(UTC))
