"""Route 53's hosted zones: rules for their creation and their VPCs, and listings that moto lacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.route53.models import route53_backends

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.operations import Proceed, ServiceCall, add_operation, extend_operation
from local_aws.moto_extension.pages import BadTokenError, page
from local_aws.services.dns.dns_names import fault_of, in_order, normal
from local_aws.services.ec2.vpc_facts import place_of
from local_aws.services.route53.record_changes import new_change

_MOST_ZONES = 100
"""On a page."""


def install() -> None:
    add_operation("route53", "CreateHostedZone", _create)
    extend_operation("route53", "DeleteHostedZone", _delete)
    extend_operation("route53", "AssociateVPCWithHostedZone", _associate)
    extend_operation("route53", "DisassociateVPCFromHostedZone", _disassociate)
    add_operation("route53", "ListHostedZonesByName", _list_by_name)
    add_operation("route53", "ListHostedZonesByVPC", _list_by_vpc)


def zone_of(call: ServiceCall, zone_id: str) -> Any:
    """Return a zone of the caller's account.

    Raises:
        AwsError: NoSuchHostedZone.
    """
    zone = route53_backends[call.account_id][call.partition].zones.get(zone_id.removeprefix("/hostedzone/"))
    if zone is None:
        raise AwsError("NoSuchHostedZone", f"No hosted zone found with ID: {zone_id}")
    return zone


def all_zones() -> Iterator[tuple[str, Any]]:
    """Yield every account's zones, each with its account."""
    for account_id in list(route53_backends):
        for backend in list(route53_backends[account_id].values()):
            yield from ((account_id, zone) for zone in list(backend.zones.values()))


def zones_of_vpc(vpc_id: str) -> Iterator[tuple[str, Any]]:
    """Yield the private zones that the VPC is associated with, each with the account that owns it."""
    for account_id, zone in all_zones():
        if zone.private_zone and any(vpc.get("vpc_id") == vpc_id for vpc in zone.vpcs):
            yield account_id, zone


def _create(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    name = params["Name"]
    if fault := fault_of(name):
        raise AwsError("InvalidDomainName", fault)
    config, vpc = params.get("HostedZoneConfig") or {}, params.get("VPC")
    backend = route53_backends[call.account_id][call.partition]
    if any(zone.caller_reference == params["CallerReference"] for zone in backend.zones.values()):
        raise AwsError(
            "HostedZoneAlreadyExists",
            f"A hosted zone has already been created with the specified caller reference: {params['CallerReference']}",
        )
    if config.get("PrivateZone") and not vpc:
        raise AwsError(
            "InvalidInput",
            "When you're creating a private hosted zone (when you specify true for PrivateZone), you must also specify"
            " values for VPCId and VPCRegion.",
        )
    if vpc:
        _check_vpc(call, vpc)
        _check_free(vpc, name)
    zone = backend.create_hosted_zone(
        f"{normal(name)}.",
        # A zone with a VPC is private, whether the request says so or not.
        private_zone=bool(vpc),
        caller_reference=params["CallerReference"],
        vpcid=vpc["VPCId"] if vpc else None,
        vpcregion=vpc["VPCRegion"] if vpc else None,
        comment=config.get("Comment"),
        delegation_set_id=params.get("DelegationSetId"),
    )
    # AWS's ids begin with Z, unlike moto's.
    del backend.zones[zone.resource_id]
    zone.resource_id = f"Z{zone.resource_id[1:]}"
    backend.zones[zone.resource_id] = zone
    answer = {
        "HostedZone": zone,
        "ChangeInfo": new_change(),
        "Location": f"https://route53.amazonaws.com/2013-04-01/hostedzone/{zone.resource_id}",
    }
    return answer | ({"VPC": vpc} if vpc else {"DelegationSet": zone.delegation_set})


def _delete(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    proceed()
    return {"ChangeInfo": new_change()}


def _associate(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    zone, vpc = zone_of(call, params["HostedZoneId"]), params["VPC"]
    if zone.private_zone:
        _check_vpc(call, vpc)
        _check_free(vpc, zone.name)
    proceed()
    return {"ChangeInfo": new_change(params.get("Comment"))}


def _disassociate(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    zone, vpc_id = zone_of(call, params["HostedZoneId"]), params["VPC"].get("VPCId")
    if not any(each.get("vpc_id") == vpc_id for each in zone.vpcs):
        raise AwsError(
            "VPCAssociationNotFound", f"The VPC: {vpc_id} is not associated with the hosted zone: {zone.resource_id}."
        )
    proceed()
    return {"ChangeInfo": new_change(params.get("Comment"))}


def _check_vpc(call: ServiceCall, vpc: dict[str, str]) -> None:
    vpc_id, region = vpc.get("VPCId", ""), vpc.get("VPCRegion", "")
    place = place_of(vpc_id)
    if place is None or place.region != region:
        raise AwsError("InvalidVPCId", f"The VPC: {vpc_id} in region {region} that you provided does not exist.")
    if place.account_id != call.account_id:
        raise AwsError(
            "NotAuthorizedException",
            f"The VPC: {vpc_id} in region {region} that you provided is not authorized to make the association.",
        )


def _check_free(vpc: dict[str, str], name: str) -> None:
    """Refuse a second zone of the same name for a VPC; a zone and its subdomain do not conflict."""
    for _, zone in zones_of_vpc(vpc["VPCId"]):
        if normal(zone.name) == normal(name):
            raise AwsError(
                "ConflictingDomainExists",
                f"The VPC {vpc['VPCId']} in region {vpc['VPCRegion']} has already been associated with the hosted zone"
                f" {zone.resource_id} with the same domain name.",
            )


def most_items(params: dict[str, Any], most: int) -> int:
    """Read ``MaxItems``, which is text in Route 53's model; it is limited to AWS's largest page."""
    text = params.get("MaxItems") or str(most)
    if not text.isdecimal() or int(text) < 1:
        raise AwsError("InvalidInput", f"The value {text} of maxitems is not valid: a number from 1 is expected.")
    return min(int(text), most)


def _list_by_name(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    """List zones from a name on; the first one need not have that name."""
    name, zone_id = params.get("DNSName"), params.get("HostedZoneId")
    if name is not None and (fault := fault_of(name)):
        raise AwsError("InvalidDomainName", fault)
    if zone_id and name is None:
        raise AwsError("InvalidInput", "If you specify a value for hostedzoneid, specify one for dnsname too.")
    zones = sorted(route53_backends[call.account_id][call.partition].zones.values(), key=_place_in_list)
    if name is not None:
        first = (in_order(name), (zone_id or "").removeprefix("/hostedzone/"))
        zones = [zone for zone in zones if _place_in_list(zone) >= first]
    most = most_items(params, _MOST_ZONES)
    answer: dict[str, Any] = {"HostedZones": zones[:most], "IsTruncated": len(zones) > most, "MaxItems": str(most)}
    if name is not None:
        answer["DNSName"] = f"{normal(name)}."
    if zone_id:
        answer["HostedZoneId"] = zone_id
    for zone in zones[most : most + 1]:
        answer |= {"NextDNSName": zone.name, "NextHostedZoneId": zone.resource_id}
    return answer


def _place_in_list(zone: Any) -> tuple[list[str], str]:
    return in_order(zone.name), zone.resource_id


def _list_by_vpc(call: ServiceCall, params: dict[str, Any]) -> dict[str, Any]:
    place = place_of(params["VPCId"])
    if place is None or (place.account_id, place.region) != (call.account_id, params["VPCRegion"]):
        raise AwsError("InvalidInput", f"The VPC {params['VPCId']} in region {params['VPCRegion']} does not exist.")
    rows = [
        {"HostedZoneId": zone.resource_id, "Name": zone.name, "Owner": {"OwningAccount": owner}}
        for owner, zone in zones_of_vpc(params["VPCId"])
    ]
    most = most_items(params, _MOST_ZONES)
    try:
        shown, token = page(rows, f"zones of {params['VPCId']}", params.get("NextToken"), most)
    except BadTokenError as bad:
        raise AwsError("InvalidPaginationToken", "The specified pagination token is not valid.") from bad
    return {"HostedZoneSummaries": shown, "MaxItems": str(most), "NextToken": token}
