"""Service Quotas: the quotas that there are here, as an account's own values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.operations import ServiceCall, add_operation
from local_aws.moto_extension.pages import BadTokenError, page
from local_aws.services.quotas import Quotas, quotas

_MOST: Final = 100
"""Quotas in one page (API reference, ``MaxResults``)."""


class _Listed(NamedTuple):
    """A quota as Service Quotas lists it, and its name among ``Quotas``."""

    name: str
    of: str


_LISTED: Final[Mapping[str, Mapping[str, _Listed]]] = {
    "ram": {
        "L-238C96EE": _Listed("Number of pending invitations", "pending_invitations"),
        "L-8491BF81": _Listed("Number of principal associations", "principal_associations"),
        "L-275DAC00": _Listed("Number of principal associations per resource share", "principals_per_share"),
        "L-4A6CEE66": _Listed("Number of resource associations", "resource_associations"),
        "L-1F7F8A25": _Listed("Number of resource associations per resource share", "resources_per_share"),
        "L-595828F9": _Listed("Number of resource shares", "shares_per_region"),
    },
    "vpc": {
        "L-1B52E74A": _Listed("Gateway VPC endpoints per Region", "gateway_endpoints_per_region"),
        "L-29B6F2EB": _Listed("Interface VPC endpoints per VPC", "interface_endpoints_per_vpc"),
        "L-3B4E38D2": _Listed("VPC endpoints of type 'service network' per VPC", "network_endpoints_per_vpc"),
        "L-CA6CC422": _Listed("VPC endpoints of type 'resource' per VPC", "resource_endpoints_per_vpc"),
    },
    "vpc-lattice": {
        "L-0DCA4434": _Listed("Resource gateways per VPC", "gateways_per_vpc"),
        "L-5FF8F9B9": _Listed("Resource configurations per AWS Region", "configurations_per_region"),
        "L-6095700C": _Listed("Resource Configurations per service network", "configurations_per_network"),
        "L-620C821E": _Listed("Services per region", "services_per_region"),
        "L-73D0F278": _Listed("Domain Verifications per AWS Region", "domain_verifications"),
        "L-75D4A19E": _Listed("Service associations per service network", "services_per_network"),
        "L-89DEA27F": _Listed(
            "VPC endpoints of type service network per service network", "network_endpoints_per_network"
        ),
        "L-9BC96FEF": _Listed("Child Resource Configurations per Group Resource Configuration", "children_per_group"),
        "L-9CAD07FB": _Listed("Service networks per region", "networks_per_region"),
        "L-EF6E2D62": _Listed("VPC associations per service network", "vpc_associations_per_network"),
    },
}
"""By service and code. https://docs.aws.amazon.com/general/latest/gr/ram.html and vpc-lattice-service.html, and the
console's links in the user guide of AWS PrivateLink, "Quotas"."""


def install() -> None:
    add_operation("service-quotas", "GetServiceQuota", lambda call, params: _get(call, params, quotas))
    add_operation("service-quotas", "GetAWSDefaultServiceQuota", lambda call, params: _get(call, params, Quotas()))
    add_operation("service-quotas", "ListServiceQuotas", lambda call, params: _list(call, params, quotas))
    add_operation("service-quotas", "ListAWSDefaultServiceQuotas", lambda call, params: _list(call, params, Quotas()))


def _get(call: ServiceCall, params: dict[str, Any], of: Quotas) -> dict[str, Any]:
    listed = _of_service(params).get(params["QuotaCode"])
    if listed is None:
        raise AwsError("NoSuchResourceException", "The specified quota does not exist.")
    return {"Quota": _described(call, params["ServiceCode"], params["QuotaCode"], listed, of)}


def _list(call: ServiceCall, params: dict[str, Any], of: Quotas) -> dict[str, Any]:
    service = params["ServiceCode"]
    found = [_described(call, service, code, each, of) for code, each in _of_service(params).items()]
    size = min(params.get("MaxResults") or _MOST, _MOST)
    try:
        some, token = page(found, f"{call.operation} {service}", params.get("NextToken"), size)
    except BadTokenError:
        raise AwsError("InvalidPaginationTokenException", "Invalid NextToken.") from None
    return {"Quotas": some, **({"NextToken": token} if token else {})}


def _of_service(params: dict[str, Any]) -> Mapping[str, _Listed]:
    found = _LISTED.get(params["ServiceCode"])
    if found is None:
        raise AwsError("NoSuchResourceException", f"The service {params['ServiceCode']} does not exist.")
    return found


def _described(call: ServiceCall, service: str, code: str, listed: _Listed, of: Quotas) -> dict[str, Any]:
    return {
        "ServiceCode": service,
        "QuotaArn": call.arn("servicequotas", f"{service}/{code}"),
        "QuotaCode": code,
        "QuotaName": listed.name,
        "Value": float(getattr(of, listed.of)),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
        "QuotaAppliedAtLevel": "ACCOUNT",
    }
