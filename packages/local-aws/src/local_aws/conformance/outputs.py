"""Validation of answers against botocore's models: unknown, missing and wrong members."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

from local_aws.conformance import bodies
from local_aws.conformance.bodies import Problem
from local_aws.conformance.findings import Finding, findings
from local_aws.conformance.inputs import CHECKED
from local_aws.http.answers import Answer
from local_aws.http.request_identification import IdentifiedCall

_ERROR = 400
"""The lowest HTTP status of an error."""
_FAILED = 500

# https://docs.aws.amazon.com/awssupport/latest/APIReference/CommonErrors.html, and those of the services' frameworks.
_COMMON_CODES = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InternalFailure",
        "InternalServerError",
        "InvalidAction",
        "InvalidClientTokenId",
        "MissingAuthenticationTokenException",
        "MissingParameter",
        "NotAuthorized",
        "RequestExpired",
        "SerializationException",
        "ServiceUnavailable",
        "ThrottlingException",
        "UnknownOperationException",
        "UnrecognizedClientException",
        "UnsupportedOperationException",
        "ValidationException",
    }
)


def observe(call: IdentifiedCall, answer: Answer) -> None:
    """Check a service's answer, if findings are collected."""
    if findings.watching and call.modelled is not None and call.model in CHECKED:
        for finding in check(call, answer):
            findings.add(finding)


def check(call: IdentifiedCall, answer: Answer) -> list[Finding]:
    """Return the findings of an answer to a modelled call."""
    problems = _error_problems(call, answer) if answer.status >= _ERROR else _success_problems(call, answer)
    return [Finding(call.name, kind, path.lstrip("."), detail) for kind, path, detail in problems]


@functools.cache
def has_status_member(operation: Any) -> bool:
    """Return whether a member of the operation's output is the HTTP status."""
    members = operation.output_shape.members.values() if operation.output_shape is not None else ()
    return any(member.serialization.get("location") == "statusCode" for member in members)


def _error_problems(call: IdentifiedCall, answer: Answer) -> Iterator[Problem]:
    code = answer.error_code() or ""
    if answer.status >= _FAILED and code in {"InternalFailure", "500"}:
        yield "failed", "", answer.body[:200].decode(errors="replace")
    if not call.is_json:
        if answer.body and _as_xml(answer.body) is None:
            yield "unreadable", "", answer.body[:80].decode(errors="replace")
        return
    if _as_json(answer.body) is None:
        yield "unreadable", "", answer.body[:80].decode(errors="replace")
    elif code not in _COMMON_CODES and code not in _codes(call.modelled.service_model):
        yield "error code", "", code


def _success_problems(call: IdentifiedCall, answer: Answer) -> Iterator[Problem]:
    status = int(call.modelled.http.get("responseCode", 200))
    # S3's model says 200 where S3 says 204.
    if call.protocol == "rest-json" and answer.status != status and not has_status_member(call.modelled):
        yield "status", "", f"{answer.status} instead of {status}"
    shape = call.modelled.output_shape
    payload = shape.serialization.get("payload") if shape is not None else None
    if payload:
        shape = shape.members[payload]
        if shape.type_name != "structure" or shape.is_document_type or shape.serialization.get("eventstream"):
            return
    if call.is_json:
        yield from _json_problems(shape, answer.body)
    else:
        yield from _xml_problems(call, shape, answer.body)


def _json_problems(shape: Any, body: bytes) -> Iterator[Problem]:
    if shape is None:
        return
    value = _as_json(body) if body else {}
    if value is None:
        yield "unreadable", "", body[:80].decode(errors="replace")
    else:
        yield from bodies.json_problems(shape, value)


def _xml_problems(call: IdentifiedCall, shape: Any, body: bytes) -> Iterator[Problem]:
    if not body:
        return
    root = _as_xml(body)
    if root is None:
        yield "unreadable", "", body[:80].decode(errors="replace")
        return
    if shape is None:
        return
    if call.protocol == "ec2":
        yield from bodies.xml_problems(shape, root, also=frozenset({"requestId", "RequestId"}))
        return
    wrapper = shape.serialization.get("resultWrapper")
    if wrapper and call.protocol == "query":
        inner = next((child for child in root if bodies.tag(child) == wrapper), None)
        if inner is None:
            yield "missing", f".{wrapper}", ""
        else:
            yield from bodies.xml_problems(shape, inner)
    else:
        yield from bodies.xml_problems(shape, root, also=frozenset({"ResponseMetadata"}))


def _as_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _as_xml(body: bytes) -> ET.Element | None:
    try:
        return ET.fromstring(body)  # noqa: S314 - this process wrote it
    except ET.ParseError:
        return None


@functools.cache
def _codes(service: Any) -> frozenset[str]:
    names = set()
    for shape in service.error_shapes:
        names |= {shape.name, shape.metadata.get("error", {}).get("code", shape.name)}
    return frozenset(names)
