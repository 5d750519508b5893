"""IAM's resource types, with the properties that moto's CloudFormation drops."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from moto.iam.models import AWSManagedPolicy, iam_backends
from moto.utilities.utils import get_partition

from local_aws.deployment.resource_types import CreatedResource, TemplateResource, add_type, moto_type


def add_types() -> None:
    add_type("AWS::IAM::Role", make_role, named_by="RoleName")
    add_type("AWS::IAM::RolePolicy", make_role_policy, attributes=())


def make_role(resource: TemplateResource) -> Any:
    """Make a role with its managed policies, which moto drops, and its inline policies as JSON text, as by the API."""
    properties = {name: value for name, value in resource.properties.items() if name != "Policies"}
    role = moto_type("AWS::IAM::Role").create_from_cloudformation_json(
        resource.name, {"Properties": properties}, resource.account_id, resource.region
    )
    backend = iam_backends[resource.account_id][get_partition(resource.region)]
    for arn in resource.properties.get("ManagedPolicyArns", ()):
        if arn not in backend.managed_policies and ":iam::aws:policy/" in arn:
            backend.managed_policies[arn] = _managed_policy(arn, resource)
        backend.attach_role_policy(arn, role.name)
    for policy in resource.properties.get("Policies", ()):
        # Not by the backend: moto requires a Version there, and SAM's policy templates have none.
        role.put_policy(policy["PolicyName"], json.dumps(policy["PolicyDocument"]))
    return role


def make_role_policy(resource: TemplateResource) -> CreatedResource:
    properties = resource.properties
    name, role = properties["PolicyName"], properties["RoleName"]
    backend = iam_backends[resource.account_id][get_partition(resource.region)]
    backend.put_role_policy(role, name, json.dumps(properties["PolicyDocument"]))
    return CreatedResource(f"{name}|{role}", undo=lambda: backend.delete_role_policy(role, name))


def _managed_policy(arn: str, resource: TemplateResource) -> Any:
    name = arn.rsplit("/", 1)[-1]
    return AWSManagedPolicy.from_data(name, resource.account_id, resource.region, _managed_policies()[name])


@cache
def _managed_policies() -> dict[str, Any]:
    # moto's own loading makes objects of all thirteen hundred for every account and partition.
    from moto.iam.aws_managed_policies import aws_managed_policies_data  # noqa: PLC0415 - for its size

    policies: dict[str, Any] = json.loads(aws_managed_policies_data)
    return policies
