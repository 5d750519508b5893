"""Requests' history, for every function that adds to it."""

from datetime import UTC, datetime

from drawbridge.aws.history_table import HistoryTable
from drawbridge.bootstrap.clients import table
from drawbridge.environment import Environment
from drawbridge.observability import logger


def history(environment: Environment) -> HistoryTable:
    """Return the history. That something of it can't be kept is logged, and holds nothing up."""
    return HistoryTable(
        table(environment.history_table),
        now=lambda: datetime.now(UTC),
        keep_for=environment.history_kept_for,
        on_lost=lambda why: logger.error("history not kept", extra={"reason": why}),
    )
