"""AWS's default quotas, which tests can lower in order to reach them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import msgspec

from local_aws.http.control_input import Count
from local_aws.moto_extension.errors import AwsError


class Quotas(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """Defaults as AWS publishes them for a new account (user guides, "Quotas")."""

    configurations_per_region: Count = 2000
    configurations_per_network: Count = 500
    children_per_group: Count = 60
    domain_verifications: Count = 5
    gateways_per_vpc: Count = 500
    networks_per_region: Count = 50
    services_per_region: Count = 2000
    services_per_network: Count = 500
    vpc_associations_per_network: Count = 500
    network_endpoints_per_network: Count = 200
    groups_per_association: Count = 5
    interface_endpoints_per_vpc: Count = 50
    """Including those for Gateway Load Balancers."""
    resource_endpoints_per_vpc: Count = 200
    network_endpoints_per_vpc: Count = 50
    gateway_endpoints_per_region: Count = 20
    principals_per_service: Count = 10_000
    """Permissions of an endpoint service: AWS publishes no quota. This one is large, for tests to lower."""
    shares_per_region: Count = 25_000
    principals_per_share: Count = 5_000
    resources_per_share: Count = 5_000
    principal_associations: Count = 25_000
    """Of all shares of an account in a Region."""
    resource_associations: Count = 25_000
    associations_per_call: Count = 100
    """Resources, as RAM's API reference says (at ``ResourceShareLimitExceededException``), and principals, of which it
    says nothing."""
    pending_invitations: Count = 250
    """Pending invitations of one sender in a Region."""
    standard_parameters: Count = 10_000
    advanced_parameters: Count = 100_000
    concurrent_executions: Count = 1000
    """Of all functions of an account in a Region; a new account has 10 at first (Lambda developer guide, "Quotas")."""


quotas: Final = Quotas()


@contextmanager
def lowered(**to: int) -> Iterator[None]:
    """Set quotas, by name, for as long as the block takes."""
    unknown = set(to) - set(Quotas.__struct_fields__)
    if unknown:
        raise ValueError(f"no such quota: {', '.join(sorted(unknown))}")
    before = {name: getattr(quotas, name) for name in to}
    _set(to)
    try:
        yield
    finally:
        _set(before)


def lattice_quota(used: int, most: int, *, plural: str, kind: str, code: str) -> None:
    """Refuse one more of VPC Lattice's resources than ``most``, with HTTP status 402.

    Args:
        used: the present number.
        most: the quota.
        plural: the noun that the message has ("resource configurations in the Region").
        kind: the resource type that Lattice's error names.
        code: the quota's code in Service Quotas.

    Raises:
        AwsError: the quota is used up.
    """
    if used >= most:
        raise AwsError(
            "ServiceQuotaExceededException",
            f"You have reached the quota of {most} {plural}.",
            resourceType=kind,
            serviceCode="vpc-lattice",
            quotaCode=code,
        )


def endpoint_quota(used: int, most: int, *, plural: str) -> None:
    """Refuse one more VPC endpoint than ``most``, as EC2 does.

    Raises:
        AwsError: the quota is used up.
    """
    if used >= most:
        raise AwsError("VpcEndpointLimitExceeded", f"The maximum number of {plural} has been reached: {most}.")


def _set(to: dict[str, int]) -> None:
    for name, value in to.items():
        setattr(quotas, name, value)
