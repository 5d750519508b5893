"""How Step Functions names what an AWS API calls by another name: services, members, errors.

It goes by the AWS SDK for Java: botocore's models say the same things in the services' own spellings.
"""

from __future__ import annotations

import functools
import re

import botocore.session
from botocore.model import ServiceModel

# The others are called as botocore calls them, but for the hyphens.
_BOTOCORE_NAMES = {
    "applicationautoscaling": "application-autoscaling",
    "cloudwatchevents": "events",
    "cloudwatchlogs": "logs",
    "costexplorer": "ce",
    "databasemigration": "dms",
    "ecrpublic": "ecr-public",
    "elasticloadbalancing": "elb",
    "elasticloadbalancingv2": "elbv2",
    "eventbridge": "events",
    "lexmodelbuilding": "lex-models",
    "sfn": "stepfunctions",
}
_WORDS = re.compile(r"[A-Z]+[0-9]*(?=[A-Z][a-z]|$|[^A-Za-z0-9])|[A-Z]?[a-z0-9]+|[A-Z]+[0-9]*|[0-9]+")


@functools.cache
def botocore_service(name: str) -> str | None:
    """Return botocore's name for a service of an ``aws-sdk`` resource; None where there is none."""
    if name in _BOTOCORE_NAMES:
        return _BOTOCORE_NAMES[name]
    services = botocore.session.get_session().get_available_services()
    known = {service.replace("-", ""): service for service in services}
    found = known.get(name)
    # EventBridge is eventbridge, not events.
    return None if found in _BOTOCORE_NAMES.values() else found


@functools.cache
def pascal(name: str) -> str:
    """Write a member's name as Step Functions does: serviceNetworkArn as ServiceNetworkArn, ARN as Arn."""
    return "".join(word[0].upper() + word[1:].lower() for word in _WORDS.findall(name))


@functools.cache
def prefix(service_id: str) -> str:
    """Return what the names of a service's errors begin with: VpcLattice, DynamoDb, Ec2, Ssm."""
    return "".join(pascal(word) for word in service_id.split())


def modelled(model: ServiceModel, codes: set[str]) -> str | None:
    """Name the exception that the API models for an error; None where it models none."""
    for shape in model.error_shapes:
        if codes & {shape.name, shape.metadata.get("error", {}).get("code")}:
            return exception(shape.name)
    return None


def exception(shape: str) -> str:
    """Name the Java class of an error shape."""
    if shape.endswith("Exception"):
        return shape
    return f"{shape.removesuffix('Fault')}Exception"
