"""IAM's resource types: what moto's CloudFormation drops of them."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from moto.iam.models import AWSManagedPolicy, iam_backends
from moto.utilities.utils import get_partition

from local_aws.deployment.resource_types import Made, Wanted, add_type, moto_type


def add_types() -> None:
    add_type("AWS::IAM::Role", make_role, named_by="RoleName")
    add_type("AWS::IAM::RolePolicy", make_role_policy, attributes=())


def make_role(wanted: Wanted) -> Any:
    """Make a role with its managed policies, which moto drops, and its own as text, as the API gives them out."""
    properties = {name: value for name, value in wanted.properties.items() if name != "Policies"}
    role = moto_type("AWS::IAM::Role").create_from_cloudformation_json(
        wanted.name, {"Properties": properties}, wanted.account_id, wanted.region
    )
    backend = iam_backends[wanted.account_id][get_partition(wanted.region)]
    for arn in wanted.properties.get("ManagedPolicyArns", ()):
        if arn not in backend.managed_policies and ":iam::aws:policy/" in arn:
            backend.managed_policies[arn] = _managed_policy(arn, wanted)
        backend.attach_role_policy(arn, role.name)
    for policy in wanted.properties.get("Policies", ()):
        # Not by the backend: moto wants a Version there, and SAM's policy templates have none.
        role.put_policy(policy["PolicyName"], json.dumps(policy["PolicyDocument"]))
    return role


def make_role_policy(wanted: Wanted) -> Made:
    properties = wanted.properties
    name, role = properties["PolicyName"], properties["RoleName"]
    backend = iam_backends[wanted.account_id][get_partition(wanted.region)]
    backend.put_role_policy(role, name, json.dumps(properties["PolicyDocument"]))
    return Made(f"{name}|{role}", undo=lambda: backend.delete_role_policy(role, name))


def _managed_policy(arn: str, wanted: Wanted) -> Any:
    name = arn.rsplit("/", 1)[-1]
    told = _managed_policies()[name]
    return AWSManagedPolicy.from_data(name, wanted.account_id, wanted.region, told)


@cache
def _managed_policies() -> dict[str, Any]:
    # moto makes objects of all thirteen hundred for every account and partition, if asked to load them itself.
    from moto.iam.aws_managed_policies import aws_managed_policies_data  # noqa: PLC0415 - for its size

    policies: dict[str, Any] = json.loads(aws_managed_policies_data)
    return policies
