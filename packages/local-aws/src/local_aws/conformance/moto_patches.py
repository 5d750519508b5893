"""Corrections of moto's answers to the form of the models."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from local_aws.conformance.outputs import has_status_member
from local_aws.http import answers
from local_aws.http.answers import Answer
from local_aws.http.request_identification import IdentifiedCall

# moto adds members that neither the model nor AWS has, on which other SDKs than boto3 may fail.
_WITH_EXTRA_MEMBERS = frozenset(
    {
        "events:ListRules",
        "kms:ListRetirableGrants",
        "lambda:CreateEventSourceMapping",
        "lambda:DeleteEventSourceMapping",
        "lambda:GetEventSourceMapping",
        "lambda:ListEventSourceMappings",
        "lambda:UpdateEventSourceMapping",
        "scheduler:ListSchedules",
        "vpc-lattice:CreateRule",
        "vpc-lattice:CreateTargetGroup",
        "vpc-lattice:ListTargetGroups",
    }
)
_CODES = {
    ("dynamodb:DescribeTimeToLive", "ResourceNotFound"): "ResourceNotFoundException",
    ("dynamodb:RestoreTableToPointInTime", "SourceTableNotFoundException"): "TableNotFoundException",
    ("dynamodb:UpdateTimeToLive", "ResourceNotFound"): "ResourceNotFoundException",
    ("states:UpdateStateMachine", "UnknownError"): "MissingRequiredParameter",
}
_UNNAMED = "UnknownError"
"""The code in moto's header for an error whose code is in the body only, or nowhere."""
_SUCCESS = range(200, 300)


def patched(call: IdentifiedCall, answer: Answer) -> Answer:
    """Return the answer with the status, members and error code that the model has for it."""
    if call.modelled is None:
        return answer
    if answer.status not in _SUCCESS:
        return _with_code(call, answer)
    if call.protocol == "rest-json":
        answer = _with_status(call, answer)
    if call.name in _WITH_EXTRA_MEMBERS:
        members = _modelled(call.modelled.output_shape, json.loads(answer.body))
        answer = answer.with_body(json.dumps(members).encode())
    return answer


def _with_code(call: IdentifiedCall, answer: Answer) -> Answer:
    if not call.is_json:
        return answer
    moto_code = answer.error_code() or ""
    code = _CODES.get((call.name, moto_code))
    if code is None and moto_code != _UNNAMED:
        return answer
    try:
        body = json.loads(answer.body)
    except ValueError:
        return answer
    code = code or str(body.get("__type") or "ValidationException").rpartition("#")[2]
    return answers.error(call, code, str(body.get("message") or body.get("Message") or ""), answer.status)


def _with_status(call: IdentifiedCall, answer: Answer) -> Answer:
    status = int(call.modelled.http.get("responseCode", 200))
    return answer if answer.status == status or has_status_member(call.modelled) else replace(answer, status=status)


def _modelled(shape: Any, value: Any) -> Any:
    """Return the value without members that the model does not have."""
    if shape.type_name == "structure" and isinstance(value, dict) and not shape.is_document_type:
        members = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        return {name: _modelled(members[name], each) for name, each in value.items() if name in members}
    if shape.type_name == "list" and isinstance(value, list):
        return [_modelled(shape.member, each) for each in value]
    return value
