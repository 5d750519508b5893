"""Step Functions' names of services, members and errors.

They follow the AWS SDK for Java; botocore's models have the services' own spellings.
"""

from __future__ import annotations

import functools
import re

import botocore.session
from botocore.model import ServiceModel

# The others have botocore's names without the hyphens.
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
    """Return botocore's name for a service of an ``aws-sdk`` resource; None if there is none."""
    if name in _BOTOCORE_NAMES:
        return _BOTOCORE_NAMES[name]
    services = botocore.session.get_session().get_available_services()
    known = {service.replace("-", ""): service for service in services}
    found = known.get(name)
    # EventBridge is eventbridge, not events.
    return None if found in _BOTOCORE_NAMES.values() else found


@functools.cache
def pascal(name: str) -> str:
    """Return a member's name in Step Functions: ServiceNetworkArn for serviceNetworkArn, Arn for ARN."""
    return "".join(word[0].upper() + word[1:].lower() for word in _WORDS.findall(name))


@functools.cache
def prefix(service_id: str) -> str:
    """Return the prefix of a service's errors: VpcLattice, DynamoDb, Ec2, Ssm."""
    return "".join(pascal(word) for word in service_id.split())


def modelled(model: ServiceModel, codes: set[str]) -> str | None:
    """Return the name of an error's exception in the API's model; None if it has none."""
    for shape in model.error_shapes:
        if codes & {shape.name, shape.metadata.get("error", {}).get("code")}:
            return exception(shape.name)
    return None


def exception(shape: str) -> str:
    """Return the Java class name of an error shape."""
    if shape.endswith("Exception"):
        return shape
    return f"{shape.removesuffix('Fault')}Exception"
