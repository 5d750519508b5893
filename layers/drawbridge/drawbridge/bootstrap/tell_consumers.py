"""The objects of ``tell_consumers``."""

from datetime import UTC, datetime
from functools import cache

from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.aws.offers_table import OffersTable
from drawbridge.aws.webhook_secret import WebhookSecrets
from drawbridge.bootstrap.clients import client, table
from drawbridge.environment import Environment
from drawbridge.errors import InvalidInputError
from drawbridge.webhook.sender import WebhookSender


@cache
def environment() -> Environment:
    return Environment()


def now() -> datetime:
    return datetime.now(UTC)


@cache
def ledger() -> LedgerTable:
    return LedgerTable(table(environment().ledger_table), now=now)


@cache
def offers() -> OffersTable:
    return OffersTable(table(environment().offers_table), on_broken=_refuse)


def _refuse(what: str) -> None:
    """Have an event tried again, and end as a dead letter, whose record can't be read."""
    raise InvalidInputError(what)


@cache
def secrets() -> WebhookSecrets:
    return WebhookSecrets(client("secretsmanager"), environment().webhook_secret, now=now)


@cache
def sender() -> WebhookSender:
    return WebhookSender(reserved=environment().runtime_api)
