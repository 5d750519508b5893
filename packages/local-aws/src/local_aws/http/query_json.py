"""Answers of STS in JSON, for a caller that accepts it rather than XML: errors, and the caller's identity."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

from local_aws.http.answers import Answer
from local_aws.http.request_identification import IdentifiedCall

_IN_JSON = frozenset({"sts:GetCallerIdentity"})
_ERROR = 400


def as_accepted(call: IdentifiedCall, answer: Answer) -> Answer:
    """Return the answer in JSON, if the call asks for it, and is one of those that have it here."""
    accepted = str(call.request.headers.get("Accept", "")) if call.request else ""
    if call.model != "sts" or "application/json" not in accepted:
        return answer
    if answer.status < _ERROR and call.name not in _IN_JSON:
        return answer
    root = ET.fromstring(answer.body)  # noqa: S314 - our own answer
    members = _members(root)
    document = (
        {"Error": members["Error"], "RequestId": members["RequestId"]} if _is_error(root) else {_name(root): members}
    )
    kept = tuple(each for each in answer.headers if each[0].lower() not in {"content-type", "content-length"})
    body = json.dumps(document).encode()
    headers = (*kept, ("Content-Type", "application/json"), ("Content-Length", str(len(body))))
    return Answer(answer.status, headers, body)


def _is_error(root: ET.Element) -> bool:
    return _name(root) == "ErrorResponse"


def _members(element: ET.Element) -> dict[str, Any]:
    return {_name(each): _members(each) if len(each) else (each.text or "") for each in element}


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
