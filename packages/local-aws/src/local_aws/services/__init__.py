"""Services that moto lacks or gets wrong, each in a package of its own."""

from __future__ import annotations

import os

from local_aws.http.access_keys import find_accounts_of_keys
from local_aws.moto_extension.error_shapes import keep_error_shapes
from local_aws.moto_extension.operations import list_methods_once, refuse_unknown_operations
from local_aws.moto_extension.possible_keys import keep_possible_keys
from local_aws.services import service_quotas
from local_aws.services.dynamodb import table_items
from local_aws.services.ec2 import filters, subnets
from local_aws.services.lattice import (
    configurations,
    domains,
    gateways,
    network_resources,
    network_services,
    network_vpcs,
    service_networks,
)
from local_aws.services.lattice import services as lattice_services
from local_aws.services.organizations import operations as organizations
from local_aws.services.privatelink import (
    connection_notifications,
    endpoint_associations,
    endpoint_connections,
    endpoint_deletion,
    endpoint_service_operations,
    endpoints,
    held_places,
    service_permissions,
)
from local_aws.services.ram import operations as ram
from local_aws.services.route53 import hosted_zones, record_changes, zone_records
from local_aws.services.ssm import parameter_store, parameter_tags
from local_aws.services.tagging import operations as tagging

_installed = False


def install() -> None:
    """Put the services into moto; calling it again changes nothing."""
    global _installed  # noqa: PLW0603 - moto's response classes are one for the process too
    if _installed:
        return
    _installed = True
    # Amazon's 1,300 images take more memory and time than all else in an account, and nothing here uses them.
    os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    for service in (
        connection_notifications,
        filters,
        endpoint_associations,
        endpoint_connections,
        endpoint_deletion,
        endpoint_service_operations,
        endpoints,
        held_places,
        hosted_zones,
        configurations,
        domains,
        gateways,
        lattice_services,
        organizations,
        parameter_store,
        parameter_tags,
        ram,
        record_changes,
        network_resources,
        network_services,
        network_vpcs,
        service_networks,
        service_permissions,
        service_quotas,
        subnets,
        table_items,
        tagging,
        zone_records,
    ):
        service.install()
    for name in ("ec2", "organizations", "ram", "route53", "service-quotas", "ssm", "vpc-lattice"):
        refuse_unknown_operations(name)
    find_accounts_of_keys()
    keep_error_shapes()
    list_methods_once()
    keep_possible_keys()
