"""The objects of ``accept_request``."""

from datetime import UTC, datetime
from functools import cache

from drawbridge.aws.endpoint_services import EndpointServices
from drawbridge.aws.resource_shares import ResourceShares
from drawbridge.bootstrap.clients import client


@cache
def shares() -> ResourceShares:
    return ResourceShares(client("ram"))


@cache
def connections() -> EndpointServices:
    return EndpointServices(client("ec2"))


def now() -> datetime:
    return datetime.now(UTC)
