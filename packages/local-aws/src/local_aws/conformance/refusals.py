"""How each service says that a request is not as its model has it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from local_aws.conformance.constraints import Violation
from local_aws.http import answers
from local_aws.http.answers import Answer
from local_aws.http.request_identification import IdentifiedCall

# What the services call it where it is not ValidationException (JSON) or ValidationError (query).
_CODES = {
    "cloudtrail": "InvalidParameterCombinationException",
    "logs": "InvalidParameterException",
    "organizations": "InvalidInputException",
    "ram": "InvalidParameterException",
    "route53": "InvalidInput",
}
_SHOWN = 1000
"""Of a value; one of megabytes is not sent back."""


def violated(call: IdentifiedCall, found: Sequence[Violation]) -> Answer:
    """Refuse what the model does not allow."""
    first = found[0]
    if call.model == "ec2":
        return _by_ec2(call, first)
    if call.model == "sqs":
        return _by_sqs(call, first)
    if call.model == "sns":
        return _by_sns(call, first)
    if call.model == "s3":
        return _by_s3(call, first)
    message = _coral(found)
    if call.model == "vpc-lattice":
        return _by_lattice(call, found, message)
    default = "ValidationError" if call.protocol == "query" or call.model == "cloudwatch" else "ValidationException"
    return answers.error(call, _CODES.get(call.model, default), message, 400)


def unreadable(call: IdentifiedCall, why: str) -> Answer:
    """Refuse what can't be read at all."""
    if call.protocol == "ec2":
        return answers.error(call, "InvalidParameterValue", f"The request can not be read: {why}", 400)
    if call.protocol == "query":
        return answers.error(call, "MalformedInput", why, 400)
    if call.model == "route53":
        return answers.error(call, "InvalidInput", f"Invalid XML ; {why}", 400)
    if call.protocol == "rest-xml":
        message = "The XML you provided was not well-formed or did not validate against our published schema"
        return answers.error(call, "MalformedXML", message, 400)
    return answers.error(call, "SerializationException", why, 400)


def _by_ec2(call: IdentifiedCall, violation: Violation) -> Answer:
    name = _dotted(violation)
    if violation.kind == "missing":
        return answers.error(call, "MissingParameter", f"The request must contain the parameter {name}", 400)
    message = f"Value ({_shown(violation)}) for parameter {name} is invalid. {violation.rule}"
    return answers.error(call, "InvalidParameterValue", message, 400)


def _by_sqs(call: IdentifiedCall, violation: Violation) -> Answer:
    name = _dotted(violation)
    if violation.kind == "missing":
        return answers.error(call, "MissingParameter", f"The request must contain the parameter {name}.", 400)
    message = f"Value {_shown(violation)} for parameter {name} is invalid. Reason: {violation.rule}."
    return answers.error(call, "InvalidParameterValue", message, 400)


def _by_sns(call: IdentifiedCall, violation: Violation) -> Answer:
    why = "no value for required parameter" if violation.kind == "missing" else violation.rule
    return answers.error(call, "InvalidParameter", f"Invalid parameter: {_dotted(violation)} Reason: {why}", 400)


def _by_s3(call: IdentifiedCall, violation: Violation) -> Answer:
    if len(violation.path) > 1 or violation.kind == "missing":
        return unreadable(call, violation.rule)
    return answers.error(call, "InvalidArgument", f"{_dotted(violation)}: {violation.rule}", 400)


def _by_lattice(call: IdentifiedCall, found: Sequence[Violation], message: str) -> Answer:
    fields = [{"name": _coral_path(each), "message": each.rule} for each in found]
    answer = answers.error(call, "ValidationException", message, 400)
    body = {**json.loads(answer.body), "reason": "fieldValidationFailed", "fieldList": fields}
    return Answer(answer.status, answer.headers, json.dumps(body).encode())


def _coral(found: Sequence[Violation]) -> str:
    """Say it as most services do: the framework they are built on does it for them."""
    told = "; ".join(
        f"{_value(each)} at '{_coral_path(each)}' failed to satisfy constraint: {each.rule}" for each in found
    )
    return f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: {told}"


def _value(violation: Violation) -> str:
    if violation.secret:
        return "Value"
    return "Value null" if violation.kind == "missing" else f"Value '{_shown(violation)}'"


def _shown(violation: Violation) -> str:
    value = violation.value
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"[:_SHOWN]
    return str(value)[:_SHOWN]


def _coral_path(violation: Violation) -> str:
    """Name a nested parameter: ``keySchema.1.member.attributeName``."""
    parts = []
    for each in violation.path:
        parts += [str(each), "member"] if isinstance(each, int) else [each[:1].lower() + each[1:]]
    return ".".join(parts)


def _dotted(violation: Violation) -> str:
    return ".".join(map(str, violation.path))
