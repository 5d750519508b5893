"""The objects of ``associate_resource``."""

from datetime import UTC, datetime
from functools import cache

from drawbridge.association.reconcile import AttachmentReconciler
from drawbridge.aws.attempts_table import AttemptsTable
from drawbridge.aws.service_networks import ServiceNetworks
from drawbridge.aws.vpc_endpoints import VpcEndpoints
from drawbridge.bootstrap.attempts import attempts as build_attempts
from drawbridge.bootstrap.clients import client, paced
from drawbridge.environment import Environment


@cache
def environment() -> Environment:
    return Environment()


@cache
def attempts() -> AttemptsTable:
    return build_attempts(environment())


def now() -> datetime:
    return datetime.now(UTC)


def reconciler() -> AttachmentReconciler:
    """Return a reconciler for one attempt: it keeps what it has listed."""
    owner = environment().prefix
    return AttachmentReconciler(
        ServiceNetworks(client("vpc-lattice"), owner=owner, account_id=environment().account_id),
        VpcEndpoints(client("ec2"), owner=owner, changing=paced("ec2")),
    )
