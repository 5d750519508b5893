"""Steps as documents for programs: in words, and in fields whose names do not follow the code's."""

from typing import Any, assert_never

from drawbridge.association.actions import (
    CreateEndpoint,
    CreateResourceAssociation,
    CreateServiceNetwork,
    CreateVpcAssociation,
    DeleteResourceAssociation,
    EndpointChange,
    ModifyEndpointPrivateDns,
    ModifyEndpointSecurityGroups,
    ModifyEndpointSubnets,
    UpdateVpcAssociation,
)
from drawbridge.association.steps import Await, Blocked, Step
from drawbridge.withdrawal.steps import (
    AwaitGone,
    AwaitNames,
    DeleteObject,
    NotOurs,
    RejectConnection,
    TakeBackName,
    WithdrawalStep,
)


def step_document(step: Step) -> dict[str, Any]:
    return {"do": str(step)} | _fields(step)


def withdrawal_step_document(step: WithdrawalStep) -> dict[str, Any]:
    document: dict[str, Any]
    match step:
        case TakeBackName(name=name):
            document = {"type": "TakeBackName", "path": name.path, "binding": name.binding}
        case DeleteObject(removed=removed, failure=failure):
            document = {"type": "Delete", "id": removed.id, "failure": failure}
        case RejectConnection(service_id=service_id, endpoint_id=endpoint_id):
            document = {"type": "Reject", "service_id": service_id, "endpoint_id": endpoint_id}
        case AwaitGone(what=what):
            document = {"type": "AwaitGone", "what": what}
        case AwaitNames(names=names):
            document = {"type": "AwaitNames", "paths": [each.path for each in names]}
        case NotOurs():
            document = {"type": "Stuck", "code": "ownership-lost", "why": str(step)}
        case _:
            assert_never(step)
    return {"do": str(step)} | document


def _fields(step: Step) -> dict[str, Any]:
    document: dict[str, Any]
    match step:
        case CreateServiceNetwork(name=name):
            document = {"type": "CreateNetwork", "name": name}
        case CreateResourceAssociation(network=network, resource=resource, private_dns=private):
            document = {
                "type": "PutInNetwork",
                "network": network.name,
                "resource": resource.arn,
                "private_dns": private,
            }
        case DeleteResourceAssociation(association_id=association_id, failure=failure):
            document = {"type": "TakeOutOfNetwork", "association_id": association_id, "failure": failure}
        case CreateVpcAssociation(network=network, vpc_id=vpc_id, settings=settings):
            groups = settings.security_group_ids
            document = {"type": "AssociateVpc", "network": network.name, "vpc_id": vpc_id, "security_group_ids": groups}
        case UpdateVpcAssociation(association=there, why=why):
            document = {"type": "ChangeVpcAssociation", "association_id": there.id, "why": why}
        case CreateEndpoint(target=target, placement=placement):
            document = {
                "type": "CreateEndpoint",
                "target": str(target),
                "vpc_id": placement.vpc_id,
                "subnet_ids": placement.subnet_ids,
                "address_type": placement.address_type,
            }
        case ModifyEndpointSecurityGroups() | ModifyEndpointPrivateDns() | ModifyEndpointSubnets():
            document = _change_fields(step)
        case Await(what=what):
            document = {"type": "Await", "what": what}
        case Blocked(code=code, why=why):
            document = {"type": "Stuck", "code": code, "why": why}
        case _:
            assert_never(step)
    return document


def _change_fields(change: EndpointChange) -> dict[str, Any]:
    document: dict[str, Any]
    there = {"endpoint_id": change.endpoint.id}
    match change:
        case ModifyEndpointSecurityGroups(add=add, remove=remove):
            document = {"type": "ChangeSecurityGroups", **there, "add": sorted(add), "remove": sorted(remove)}
        case ModifyEndpointPrivateDns(private_dns=private_dns, domains=domains):
            document = {"type": "ChangePrivateDns", **there, "private_dns": private_dns, "domains": sorted(domains)}
        case ModifyEndpointSubnets(subnet_ids=subnet_ids):
            document = {"type": "AddSubnets", **there, "subnet_ids": sorted(subnet_ids)}
        case _:
            assert_never(change)
    return document
