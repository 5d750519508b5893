"""Services that moto lacks or tells wrongly: RAM, PrivateLink, VPC Lattice, Organizations, Route 53, some of others."""

from __future__ import annotations

import os

from local_aws.services import (
    connection_notifications,
    ec2_filters,
    endpoint_associations,
    endpoint_connections,
    endpoint_service_operations,
    endpoints,
    hosted_zones,
    lattice_configurations,
    lattice_domains,
    lattice_gateways,
    lattice_services,
    organization_operations,
    parameter_store,
    ram,
    record_changes,
    service_network_resources,
    service_network_services,
    service_network_vpcs,
    service_networks,
    subnets,
    table_items,
    tagging,
    zone_records,
)
from local_aws.services.operations import refuse_unknown_operations

_installed = False


def install() -> None:
    """Put the services into moto; again is the same as once."""
    global _installed  # noqa: PLW0603 - moto's response classes are one for the process too
    if _installed:
        return
    _installed = True
    # Amazon's 1,300 images take more room and time than all else in an account; nothing here runs from one.
    os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    for service in (
        connection_notifications,
        ec2_filters,
        endpoint_associations,
        endpoint_connections,
        endpoint_service_operations,
        endpoints,
        hosted_zones,
        lattice_configurations,
        lattice_domains,
        lattice_gateways,
        lattice_services,
        organization_operations,
        parameter_store,
        ram,
        record_changes,
        service_network_resources,
        service_network_services,
        service_network_vpcs,
        service_networks,
        subnets,
        table_items,
        tagging,
        zone_records,
    ):
        service.install()
    for name in ("ec2", "organizations", "ram", "route53", "ssm", "vpc-lattice"):
        refuse_unknown_operations(name)
