"""Answers of moto's that are put into the form that the models give them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from local_aws.conformance.outputs import tells_status
from local_aws.http import answers
from local_aws.http.answers import Answer
from local_aws.http.request_identification import IdentifiedCall

# What moto says beyond the model, and AWS does not say: another SDK than boto3 may stumble over it.
_TALKATIVE = frozenset(
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
"""What moto's header says of an error whose code stands in the body only, or nowhere."""
_SUCCESS = range(200, 300)


def patched(call: IdentifiedCall, answer: Answer) -> Answer:
    """Return the answer with the status, members and error code that the model has for it."""
    if call.modelled is None:
        return answer
    if answer.status not in _SUCCESS:
        return _with_code(call, answer)
    if call.protocol == "rest-json":
        answer = _with_status(call, answer)
    if call.name in _TALKATIVE:
        told = _known(call.modelled.output_shape, json.loads(answer.body))
        answer = _with_body(answer, json.dumps(told).encode())
    return answer


def _with_code(call: IdentifiedCall, answer: Answer) -> Answer:
    if not call.is_json:
        return answer
    said = answer.error_code() or ""
    code = _CODES.get((call.name, said))
    if code is None and said != _UNNAMED:
        return answer
    try:
        told = json.loads(answer.body)
    except ValueError:
        return answer
    code = code or str(told.get("__type") or "ValidationException").rpartition("#")[2]
    return answers.error(call, code, str(told.get("message") or told.get("Message") or ""), answer.status)


def _with_status(call: IdentifiedCall, answer: Answer) -> Answer:
    wanted = int(call.modelled.http.get("responseCode", 200))
    return answer if answer.status == wanted or tells_status(call.modelled) else replace(answer, status=wanted)


def _with_body(answer: Answer, body: bytes) -> Answer:
    headers = tuple((name, value) for name, value in answer.headers if name.lower() != "content-length")
    return replace(answer, headers=(*headers, ("Content-Length", str(len(body)))), body=body)


def _known(shape: Any, value: Any) -> Any:
    """Return the value without what the model does not have."""
    if shape.type_name == "structure" and isinstance(value, dict) and not shape.is_document_type:
        members = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        return {name: _known(members[name], each) for name, each in value.items() if name in members}
    if shape.type_name == "list" and isinstance(value, list):
        return [_known(shape.member, each) for each in value]
    return value
