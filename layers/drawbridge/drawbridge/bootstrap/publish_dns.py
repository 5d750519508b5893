"""What ``publish_dns`` works with."""

from functools import cache

from drawbridge.aws.endpoint_services import EndpointServices
from drawbridge.aws.parameter_store import PublishedNames
from drawbridge.aws.resource_configurations import ResourceConfigurations
from drawbridge.aws.resource_endpoints import ResourceEndpoints
from drawbridge.bootstrap.clients import client
from drawbridge.environment import Environment


@cache
def environment() -> Environment:
    return Environment()


@cache
def endpoints() -> ResourceEndpoints:
    return ResourceEndpoints(client("ec2"), owner=environment().prefix)


@cache
def connections() -> EndpointServices:
    return EndpointServices(client("ec2"), region=environment().region)


@cache
def configurations() -> ResourceConfigurations:
    return ResourceConfigurations(client("vpc-lattice"))


@cache
def names() -> PublishedNames:
    return PublishedNames(client("ssm"), owner=environment().prefix)
