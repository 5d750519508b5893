"""What ``drawbridge status --all`` must say of every request once everything has come to rest."""

from collections.abc import Iterator
from datetime import UTC, datetime

from drawbridge.aws.ledger_table import LedgerTable
from drawbridge_cli.request_status import request_status
from drawbridge_cli.turns import WhoseTurn
from drawbridge_cli.urgency import Urgency
from local_aws.testing.clock import clock
from tests.lives import EXPIRING_WITHIN
from tests.system.model.homes import Home
from tests.system.model.rest import Rest

_NOTHING_TO_DO = frozenset({Urgency.CONNECTED, Urgency.ACCEPTED_ONLY, Urgency.OVER})


def judge_status(home: Home, rest: Rest) -> Iterator[str]:
    """Yield which request is left out, waits for nobody, or gives no reason."""
    broken: list[str] = []
    now = datetime.fromtimestamp(clock.time(), UTC)
    table = home.person.resource("dynamodb").Table(home.person.output("LedgerTableName"))
    entries = list(LedgerTable(table, now=lambda: now, on_broken=broken.append).entries())
    yield from broken
    yield from (f"status lacks {each}" for each in _ids(rest) - {entry.request_id for entry in entries})
    for entry in entries:
        status = request_status(entry, now, expiring_within=EXPIRING_WITHIN)
        if (status.waiting_for is WhoseTurn.NOBODY) is not (status.urgency in _NOTHING_TO_DO):
            yield f"status of {entry.request_id}, which is {status.urgency}, waits for {status.waiting_for}"
        if not status.reasons and status.urgency is not Urgency.OVER:
            yield f"status of {entry.request_id}, which is {status.urgency}, gives no reason"
        if status.urgency is Urgency.STUCK:
            yield f"status of {entry.request_id} is stuck: {status.reasons}"


def _ids(rest: Rest) -> set[str]:
    return {row["request_id"]["S"] for row in rest.ledger}
