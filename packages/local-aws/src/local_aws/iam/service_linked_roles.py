"""Service-linked roles: the first call that needs one makes it, with the caller's permission.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from moto.iam import models
from moto.iam.exceptions import EntityAlreadyExists

from local_aws.iam import identities, reference
from local_aws.iam.rules import AwsCall, Requirement, key

_NAMES: Mapping[str, str] = {
    "organizations.amazonaws.com": "Organizations",
    "ram.amazonaws.com": "ResourceAccessManager",
    "vpc-lattice.amazonaws.com": "VpcLattice",
}
"""By service: the part of the role's name after AWSServiceRoleFor. Other services have no such role."""

_LATTICE_PARAMETERS = ("ResourceConfigurationArn", "ServiceNetworkArn")


def name_as_aws_does() -> None:
    """Have ``iam:CreateServiceLinkedRole`` name these roles as AWS does; moto uses the service's own name."""
    models.SERVICE_NAME_CONVERSION.update({service.split(".")[0]: name for service, name in _NAMES.items()})


def requirement(call: AwsCall) -> Iterator[Requirement]:
    """Yield the permission to make the role, which AWS names in its refusal."""
    if service := _service(call):
        arn = f"arn:{call.partition}:iam::{call.account_id}:role/aws-service-role/{service}/{_role(service)}"
        keys = {**key("iam:AWSServiceName", service), **key("aws:ViaAWSService", value=True)}
        yield Requirement("iam:CreateServiceLinkedRole", arn, keys, "role")


def is_missing(call: AwsCall) -> bool:
    """Return whether the account lacks a role that the call needs."""
    service = _service(call)
    return service is not None and identities.find_role(call.account_id, call.partition, _role(service)) is None


def make(call: AwsCall) -> None:
    """Make the role that an allowed call needs, unless it exists."""
    service = _service(call)
    action = reference.find_action(call.prefix, call.operation)
    if service is None or action is None or "iam:CreateServiceLinkedRole" not in action.dependents:
        return
    if not is_missing(call):
        return
    name_as_aws_does()
    try:
        models.iam_backends[call.account_id][call.partition].create_service_linked_role(service, "", "")
    except EntityAlreadyExists:
        return  # another call made it first


def _service(call: AwsCall) -> str | None:
    """Return the service whose role the call needs."""
    if call.prefix == "ec2":
        on_lattice = call.operation == "CreateVpcEndpoint" and any(
            call.params.get(each) for each in _LATTICE_PARAMETERS
        )
        return "vpc-lattice.amazonaws.com" if on_lattice else None
    service = f"{call.prefix}.amazonaws.com"
    return service if service in _NAMES else None


def _role(service: str) -> str:
    return f"AWSServiceRoleFor{_NAMES[service]}"
