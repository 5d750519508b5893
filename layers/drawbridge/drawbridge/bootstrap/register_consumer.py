"""The objects of ``register_consumer``."""

from datetime import UTC, datetime
from functools import cache

from drawbridge.aws.consumers_table import ConsumersTable
from drawbridge.aws.dead_letter_queue import DeadLetterQueue
from drawbridge.aws.endpoint_services import EndpointServices
from drawbridge.aws.hints_queue import HintsQueue
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.aws.removed_consumers import RemovedConsumerItems
from drawbridge.bootstrap.clients import client, table
from drawbridge.bootstrap.history import history
from drawbridge.discovery.withdrawable import AccountConnections
from drawbridge.environment import Environment
from drawbridge.hint import HintSource
from drawbridge.intake.registration.off_boarding import OffBoarding
from drawbridge.intake.registration.register import SignUps
from drawbridge.observability import logger


@cache
def dead_letters() -> DeadLetterQueue:
    return DeadLetterQueue(client("sqs"), Environment().hints_dead_letter_queue)


@cache
def sign_ups() -> SignUps:
    settings = Environment()
    registry = ConsumersTable(table(settings.consumers_table))
    removed = RemovedConsumerItems(table(settings.offers_table), now=_now, on_broken=logger.warning)
    ledger = LedgerTable(table(settings.ledger_table), now=_now, history=history(settings))
    off_boarding = OffBoarding(registry, removed, AccountConnections(ledger, _managed_services), tell_to_sweep)
    return SignUps(registry, removed, off_boarding, tell_to_sweep, _now)


def tell_to_sweep() -> None:
    HintsQueue(client("sqs"), Environment().hints_queue).ask_to_sweep(by=HintSource.SIGN_UP)


def _managed_services() -> frozenset[str]:
    """Return the ids of the endpoint services that Drawbridge looks after, listed anew: it may reject no other's."""
    services = EndpointServices(client("ec2"), listed=Environment().managed_services)
    return frozenset(each.service_id for each in services.managed())


def _now() -> datetime:
    return datetime.now(UTC)
