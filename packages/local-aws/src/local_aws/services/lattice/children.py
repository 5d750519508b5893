"""The managed children of a resource configuration of type ARN: one for each endpoint of the resource."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from local_aws.moto_extension.tables import later, new_id
from local_aws.services.lattice import store
from local_aws.services.lattice.kinds import children
from local_aws.services.lattice.store import LatticeResource, configurations
from local_aws.services.timings import timings

# Lattice reads them from the database, which need not exist here.
_PORT = "5432"
_LONGEST = 36


def grow(parent: LatticeResource) -> None:
    """Create a configuration's managed children, after a while."""
    later(timings.lattice_children, lambda: set_endpoints(parent, _endpoints(parent)))


def set_endpoints(parent: LatticeResource, names: Sequence[str]) -> None:
    """Set the resource's endpoints, and create and delete children accordingly.

    It simulates a change of the database, such as a new replica, another instance type or a failover.
    """
    if configurations.get(parent.id) is not parent or parent.status == "DELETE_IN_PROGRESS":
        return
    present = {child.shown["customDomainName"]: child for child in children(parent)}
    for name in names:
        if name not in present:
            _add(parent, name)
    for name, child in present.items():
        if name not in names:
            store.remove_later(configurations, child)


def _endpoints(parent: LatticeResource) -> list[str]:
    kind, _, name = (
        parent.shown["resourceConfigurationDefinition"]["arnResource"]["arn"].split(":", 5)[5].partition(":")
    )
    mark = hashlib.sha256(parent.owner.encode()).hexdigest()[:12]
    host = f"{parent.region}.rds.amazonaws.com"
    if kind == "cluster":
        return [f"{name}.cluster-{mark}.{host}", f"{name}.cluster-ro-{mark}.{host}"]
    return [f"{name}.{mark}.{host}"]


def _add(parent: LatticeResource, name: str) -> None:
    child_id = new_id("rcfg")
    taken = {child.shown["name"] for child in children(parent)}
    stem = parent.shown["name"][:_LONGEST].rstrip("-")
    called = next(f"{stem}-{number}" for number in range(1, len(taken) + 2) if f"{stem}-{number}" not in taken)
    child = LatticeResource(
        child_id,
        f"{parent.arn.rpartition('/')[0]}/{child_id}",
        parent.owner,
        parent.region,
        {},
        {
            "name": called,
            "type": "CHILD",
            "amazonManaged": True,
            "allowAssociationToShareableServiceNetwork": False,
            "resourceConfigurationGroupId": parent.id,
            "resourceGatewayId": parent.shown["resourceGatewayId"],
            "resourceConfigurationDefinition": {"dnsResource": {"domainName": name, "ipAddressType": "IPV4"}},
            "customDomainName": name,
            "portRanges": [_PORT],
            "protocol": "TCP",
        },
    )
    configurations[child_id] = child
    child.settle()
