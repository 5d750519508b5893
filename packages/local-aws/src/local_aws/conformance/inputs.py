"""Refusal of requests before the operation: unknown, unreadable, or not allowed by the model."""

from __future__ import annotations

import json
from typing import Any

from local_aws.conformance import refusals
from local_aws.conformance.constraints import violations
from local_aws.conformance.json_types import mistyped
from local_aws.conformance.query_names import unknown_name
from local_aws.http import answers
from local_aws.http.answers import Answer
from local_aws.http.request_identification import IdentifiedCall

CHECKED = frozenset(
    {
        "cloudformation",
        "cloudtrail",
        "cloudwatch",
        "dynamodb",
        "dynamodbstreams",
        "ec2",
        "events",
        "iam",
        "kms",
        "lambda",
        "logs",
        "organizations",
        "ram",
        "route53",
        "s3",
        "scheduler",
        "secretsmanager",
        "service-quotas",
        "sns",
        "sqs",
        "ssm",
        "stepfunctions",
        "sts",
        "vpc-lattice",
    }
)
"""botocore's names of the services that are validated against their models."""

_TAKEN_FOR_ANOTHER = frozenset({"s3:CreateSession"})
"""Operations that moto lacks, and takes for another one with the same path."""

_MAY_LACK = {
    "ec2:AcceptVpcEndpointConnections": ("VpcEndpointIds",),
    "ec2:RejectVpcEndpointConnections": ("VpcEndpointIds",),
}
"""Members that models require and, by what they say of them, are left out for others: the operation refuses these."""


def refusal(call: IdentifiedCall) -> Answer | None:
    """Return the service's error for a call that its model does not allow; None if it does."""
    if call.model not in CHECKED:
        return None
    if call.modelled is None:
        return answers.no_such_operation(call)
    if call.name in _TAKEN_FOR_ANOTHER:
        return answers.unknown_operation(call)
    shape = call.modelled.input_shape
    if call.protocol == "ec2" and (name := unknown_name(shape, call.names())):
        return answers.error(call, "UnknownParameter", f"The parameter {name} is not recognized", 400)
    problem = _json_error(call, shape) if call.is_json else None
    if shape is not None and problem is None:
        problem = call.unreadable
    if problem is not None:
        return refusals.unreadable(call, problem)
    found = [
        each
        for each in (violations(shape, call.params) if shape is not None else [])
        if each.kind != "missing" or each.path != _MAY_LACK.get(call.name)
    ]
    return refusals.violated(call, found) if found else _broken_policy(call)


def _broken_policy(call: IdentifiedCall) -> Answer | None:
    """Refuse a bucket's policy that is no JSON; moto keeps it, and fails in every later call to the bucket."""
    if (call.model, call.operation) != ("s3", "PutBucketPolicy"):
        return None
    try:
        json.loads(call.params.get("Policy", ""))
    except ValueError:
        return answers.error(call, "MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'", 400)
    return None


def _json_error(call: IdentifiedCall, shape: Any) -> str | None:
    """Return why a JSON body is not of the model's shape."""
    payload = shape.serialization.get("payload") if shape else None
    body_shape = shape.members[payload] if payload else shape
    if not call.body or (payload and body_shape.type_name != "structure"):
        # The body may be the value itself: a function's payload, a policy.
        return None
    try:
        raw = json.loads(call.body)
    except (ValueError, RecursionError) as error:
        return f"Could not parse request body into json: {error}"
    return mistyped(body_shape, raw) if body_shape is not None else None
