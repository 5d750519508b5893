"""Each service's own error for a request that its model does not allow."""

from __future__ import annotations

import json
from collections.abc import Sequence

from local_aws.conformance.constraints import Violation
from local_aws.http import answers
from local_aws.http.answers import Answer
from local_aws.http.request_identification import IdentifiedCall

# The services' error codes other than ValidationException (JSON) and ValidationError (query).
_CODES = {
    "cloudtrail": "InvalidParameterCombinationException",
    "logs": "InvalidParameterException",
    "organizations": "InvalidInputException",
    "ram": "InvalidParameterException",
    "route53": "InvalidInput",
}
_MOST_SHOWN = 1000
"""The most characters of a value in an error."""


def violated(call: IdentifiedCall, found: Sequence[Violation]) -> Answer:
    """Return the error for violated constraints."""
    first = found[0]
    if call.model == "ec2":
        return _ec2_error(call, first)
    if call.model == "sqs":
        return _sqs_error(call, first)
    if call.model == "sns":
        return _sns_error(call, first)
    if call.model == "s3":
        return _s3_error(call, first)
    message = _coral(found)
    if call.model == "vpc-lattice":
        return _lattice_error(call, found, message)
    default = "ValidationError" if call.protocol == "query" or call.model == "cloudwatch" else "ValidationException"
    return answers.error(call, _CODES.get(call.model, default), message, 400)


def unreadable(call: IdentifiedCall, reason: str) -> Answer:
    """Return the error for a request that can't be read."""
    if call.protocol == "ec2":
        return answers.error(call, "InvalidParameterValue", f"The request can not be read: {reason}", 400)
    if call.protocol == "query":
        return answers.error(call, "MalformedInput", reason, 400)
    if call.model == "route53":
        return answers.error(call, "InvalidInput", f"Invalid XML ; {reason}", 400)
    if call.protocol == "rest-xml":
        message = "The XML you provided was not well-formed or did not validate against our published schema"
        return answers.error(call, "MalformedXML", message, 400)
    return answers.error(call, "SerializationException", reason, 400)


def _ec2_error(call: IdentifiedCall, violation: Violation) -> Answer:
    name = _dotted(violation)
    if violation.kind == "missing":
        return answers.error(call, "MissingParameter", f"The request must contain the parameter {name}", 400)
    message = f"Value ({_shown(violation)}) for parameter {name} is invalid. {violation.rule}"
    return answers.error(call, "InvalidParameterValue", message, 400)


def _sqs_error(call: IdentifiedCall, violation: Violation) -> Answer:
    name = _dotted(violation)
    if violation.kind == "missing":
        return answers.error(call, "MissingParameter", f"The request must contain the parameter {name}.", 400)
    message = f"Value {_shown(violation)} for parameter {name} is invalid. Reason: {violation.rule}."
    return answers.error(call, "InvalidParameterValue", message, 400)


def _sns_error(call: IdentifiedCall, violation: Violation) -> Answer:
    reason = "no value for required parameter" if violation.kind == "missing" else violation.rule
    return answers.error(call, "InvalidParameter", f"Invalid parameter: {_dotted(violation)} Reason: {reason}", 400)


def _s3_error(call: IdentifiedCall, violation: Violation) -> Answer:
    if len(violation.path) > 1 or violation.kind == "missing":
        return unreadable(call, violation.rule)
    return answers.error(call, "InvalidArgument", f"{_dotted(violation)}: {violation.rule}", 400)


def _lattice_error(call: IdentifiedCall, found: Sequence[Violation], message: str) -> Answer:
    fields = [{"name": _coral_path(each), "message": each.rule} for each in found]
    answer = answers.error(call, "ValidationException", message, 400)
    body = {**json.loads(answer.body), "reason": "fieldValidationFailed", "fieldList": fields}
    return Answer(answer.status, answer.headers, json.dumps(body).encode())


def _coral(found: Sequence[Violation]) -> str:
    """Return the message of most services, which is that of their framework."""
    errors = "; ".join(
        f"{_value(each)} at '{_coral_path(each)}' failed to satisfy constraint: {each.rule}" for each in found
    )
    return f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: {errors}"


def _value(violation: Violation) -> str:
    if violation.secret:
        return "Value"
    return "Value null" if violation.kind == "missing" else f"Value '{_shown(violation)}'"


def _shown(violation: Violation) -> str:
    value = violation.value
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"[:_MOST_SHOWN]
    return str(value)[:_MOST_SHOWN]


def _coral_path(violation: Violation) -> str:
    """Return the path of a nested parameter: ``keySchema.1.member.attributeName``."""
    parts = []
    for each in violation.path:
        parts += [str(each), "member"] if isinstance(each, int) else [each[:1].lower() + each[1:]]
    return ".".join(parts)


def _dotted(violation: Violation) -> str:
    return ".".join(map(str, violation.path))
