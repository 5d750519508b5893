"""The kinds of resource configurations: what each leads to."""

from __future__ import annotations

from local_aws.services.lattice_store import LatticeResource, configurations


def leaves(configuration: LatticeResource) -> list[LatticeResource]:
    """Give what a consumer reaches through a configuration, each with its own ``status``.

    A SINGLE, CHILD or CIDR leads to itself; a GROUP or ARN to its children, of which there may be none yet.
    """
    if configuration.shown["type"] in {"GROUP", "ARN"}:
        return children(configuration)
    return [configuration]


def children(group: LatticeResource) -> list[LatticeResource]:
    return [each for each in configurations.values() if each.shown.get("resourceConfigurationGroupId") == group.id]
