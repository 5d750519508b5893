"""The objects of ``tell_consumers``."""

from datetime import UTC, datetime
from functools import cache

from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.aws.webhook_secret import WebhookSecrets
from drawbridge.bootstrap.clients import client, table
from drawbridge.environment import Environment
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
def secrets() -> WebhookSecrets:
    return WebhookSecrets(client("secretsmanager"), environment().webhook_secret, now=now)


@cache
def sender() -> WebhookSender:
    return WebhookSender(reserved=environment().runtime_api)
