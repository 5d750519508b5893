"""The objects of ``withdraw_attachment``."""

from datetime import UTC, datetime
from functools import cache

from drawbridge.aws.attempts_table import AttemptsTable
from drawbridge.aws.endpoint_services import EndpointServices
from drawbridge.aws.existence import ExistenceById
from drawbridge.aws.hosted_zones import HostedZones
from drawbridge.aws.object_deletion import ObjectDeletions
from drawbridge.aws.parameter_store import PublishedParameters
from drawbridge.bootstrap.attempts import attempts as build_attempts
from drawbridge.bootstrap.clients import client, paced
from drawbridge.environment import Environment
from drawbridge.withdrawal.take_down import TakeDown


@cache
def environment() -> Environment:
    return Environment()


@cache
def attempts() -> AttemptsTable:
    return build_attempts(environment())


def now() -> datetime:
    return datetime.now(UTC)


@cache
def take_down() -> TakeDown:
    owner = environment().prefix
    return TakeDown(
        ObjectDeletions(client("ec2"), client("vpc-lattice"), owner=owner, deleting=paced("ec2")),
        PublishedParameters(client("ssm"), owner=owner),
        HostedZones(client("route53"), owner=owner),
        EndpointServices(client("ec2")),
        ExistenceById(client("ram"), client("vpc-lattice"), client("ec2")),
    )
