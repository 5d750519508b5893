"""Steps as programs read them: in words, and in fields whose names stay, whatever they are called in the code."""

from typing import Any, assert_never

from drawbridge.association.actions import (
    AddSubnets,
    AssociateVpc,
    ChangePrivateDns,
    ChangeSecurityGroups,
    ChangeVpcAssociation,
    CreateEndpoint,
    CreateNetwork,
    EndpointChange,
    PutInNetwork,
    TakeOutOfNetwork,
)
from drawbridge.association.steps import Await, Step, Stuck


def step_document(step: Step) -> dict[str, Any]:
    return {"do": str(step)} | _fields(step)


def _fields(step: Step) -> dict[str, Any]:
    told: dict[str, Any]
    match step:
        case CreateNetwork(name=name):
            told = {"type": "CreateNetwork", "name": name}
        case PutInNetwork(network=network, resource=resource, private_dns=private):
            told = {"type": "PutInNetwork", "network": network.name, "resource": resource.arn, "private_dns": private}
        case TakeOutOfNetwork(association_id=association_id, failure=failure):
            told = {"type": "TakeOutOfNetwork", "association_id": association_id, "failure": failure}
        case AssociateVpc(network=network, vpc_id=vpc_id, settings=settings):
            groups = settings.security_group_ids
            told = {"type": "AssociateVpc", "network": network.name, "vpc_id": vpc_id, "security_group_ids": groups}
        case ChangeVpcAssociation(association=there, why=why):
            told = {"type": "ChangeVpcAssociation", "association_id": there.id, "why": why}
        case CreateEndpoint(target=target, placement=placement):
            told = {
                "type": "CreateEndpoint",
                "target": str(target),
                "vpc_id": placement.vpc_id,
                "subnet_ids": placement.subnet_ids,
                "address_type": placement.address_type,
            }
        case ChangeSecurityGroups() | ChangePrivateDns() | AddSubnets():
            told = _change_fields(step)
        case Await(what=what):
            told = {"type": "Await", "what": what}
        case Stuck(code=code, why=why):
            told = {"type": "Stuck", "code": code, "why": why}
        case _:
            assert_never(step)
    return told


def _change_fields(change: EndpointChange) -> dict[str, Any]:
    told: dict[str, Any]
    there = {"endpoint_id": change.endpoint.id}
    match change:
        case ChangeSecurityGroups(add=add, remove=remove):
            told = {"type": "ChangeSecurityGroups", **there, "add": sorted(add), "remove": sorted(remove)}
        case ChangePrivateDns(private_dns=private_dns, domains=domains):
            told = {"type": "ChangePrivateDns", **there, "private_dns": private_dns, "domains": sorted(domains)}
        case AddSubnets(subnet_ids=subnet_ids):
            told = {"type": "AddSubnets", **there, "subnet_ids": sorted(subnet_ids)}
        case _:
            assert_never(change)
    return told
