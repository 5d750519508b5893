"""What ``associate_resource`` works with."""

from functools import cache

from drawbridge.aws.resource_endpoints import ResourceEndpoints
from drawbridge.bootstrap.clients import client
from drawbridge.environment import Environment


@cache
def endpoints() -> ResourceEndpoints:
    return ResourceEndpoints(client("ec2"), owner=Environment().prefix)
