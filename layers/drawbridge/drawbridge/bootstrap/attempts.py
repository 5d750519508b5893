"""What attempts work on, for the functions that an attempt goes through."""

from datetime import UTC, datetime

from drawbridge.aws.attempts import Attempts
from drawbridge.bootstrap.clients import table
from drawbridge.environment import Environment


def attempts(environment: Environment) -> Attempts:
    return Attempts(table(environment.attempts_table), now=lambda: datetime.now(UTC))
