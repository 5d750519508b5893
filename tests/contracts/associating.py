"""Associations made by the adapters, however long AWS takes."""

from __future__ import annotations

from typing import Any

from drawbridge.association import DesiredAttachment
from drawbridge.association.reconcile import AttachmentReconciler
from drawbridge.aws.service_networks import ServiceNetworks
from drawbridge.aws.vpc_endpoints import VpcEndpoints
from drawbridge.errors import NotReadyError
from local_aws_tests.sharing import pass_time
from tests.associating import associate
from tests.contracts.accounts import Account


def reconciler_of(who: Account) -> AttachmentReconciler:
    """Build the reconciler for one run; listings are kept that long."""
    networks = ServiceNetworks(who.lattice, owner="drawbridge", account_id=who.account_id)
    return AttachmentReconciler(networks, VpcEndpoints(who.ec2, owner="drawbridge"))


def made(who: Account, association: DesiredAttachment) -> Any:
    """Associate it, however long it takes."""
    for _ in range(20):
        try:
            return associate(association, reconciler_of(who), attempt=1)
        except NotReadyError:
            pass_time(5)
    raise AssertionError(f"{association.name} does not come about")
