"""The objects of ``accept_request``."""

from datetime import UTC, datetime
from functools import cache

from drawbridge.aws.consumers_table import ConsumersTable
from drawbridge.aws.endpoint_services import EndpointServices
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.aws.resource_shares import ResourceShares
from drawbridge.bootstrap.clients import client, table
from drawbridge.environment import Environment


@cache
def shares() -> ResourceShares:
    return ResourceShares(client("ram"))


@cache
def connections() -> EndpointServices:
    return EndpointServices(client("ec2"))


@cache
def ledger() -> LedgerTable:
    return LedgerTable(table(Environment().ledger_table), now=now)


@cache
def consumers() -> ConsumersTable:
    return ConsumersTable(table(Environment().consumers_table))


def now() -> datetime:
    return datetime.now(UTC)
