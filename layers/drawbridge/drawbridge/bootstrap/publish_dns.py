"""The objects of ``publish_dns``."""

from functools import cache

from drawbridge.aws.attempts_table import AttemptsTable
from drawbridge.aws.endpoint_services import EndpointServices
from drawbridge.aws.hosted_zones import HostedZones
from drawbridge.aws.lattice_entities import LatticeEntities
from drawbridge.aws.parameter_store import PublishedParameters
from drawbridge.aws.vpc_endpoints import VpcEndpoints
from drawbridge.bootstrap.attempts import attempts as build_attempts
from drawbridge.bootstrap.clients import client
from drawbridge.environment import Environment
from drawbridge.publication.publish import Publisher


@cache
def environment() -> Environment:
    return Environment()


@cache
def attempts() -> AttemptsTable:
    return build_attempts(environment())


@cache
def publisher() -> Publisher:
    owner = environment().prefix
    entities = LatticeEntities(client("vpc-lattice"))
    endpoints, zones = VpcEndpoints(client("ec2"), owner=owner), HostedZones(client("route53"), owner=owner)
    return Publisher(endpoints, entities, names(), zones, prefix=owner)


@cache
def connections() -> EndpointServices:
    return EndpointServices(client("ec2"))


@cache
def names() -> PublishedParameters:
    return PublishedParameters(client("ssm"), owner=environment().prefix)
