"""In: events of sign-up services. Out: entries of the registry, and commands to withdraw what goes with them."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from drawbridge.bootstrap.metering import metered
from drawbridge.bootstrap.register_consumer import dead_letters, sign_ups
from drawbridge.hint.batch import read_batch
from drawbridge.intake.registration.register import take_all
from drawbridge.intake.registration.registration_event import parse_registration_event
from drawbridge.observability import Metric, logger


@logger.inject_lambda_context(clear_state=True)
@metered
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Do what each event of the batch tells; one that fails is delivered again, and stops no other."""
    parse = partial(parse_registration_event, now=datetime.now(UTC))
    batch = read_batch(event.get("Records"), parse, dead_letters, what="event", broken=Metric.REGISTRATIONS_BROKEN)
    failed = [*batch.failed, *(take_all(batch.messages, sign_ups()) if batch.messages else ())]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
