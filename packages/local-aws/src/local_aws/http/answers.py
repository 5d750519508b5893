"""Errors in AWS's form, in the protocol of the call."""

from __future__ import annotations

import json
import math
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

from moto.core.utils import get_service_model

from local_aws.http.request_identification import IdentifiedCall

_THROTTLES = (
    "ThrottlingException",
    "TooManyRequestsException",
    "ThrottledException",
    "RequestThrottled",
    "ThrottlingError",
)
_BREAKDOWNS = (
    "InternalServerException",
    "InternalServerError",
    "ServerInternalException",
    "InternalException",
    "InternalErrorException",
    "InternalServiceError",
    "ServiceException",
)
_OF_BODY = frozenset({"content-length", "x-amz-crc32"})
_CODE_IN_XML = re.compile(rb"<Code>\s*([^<\s]+)\s*</Code>")


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def error_code(self) -> str | None:
        """Return AWS's error code, or None if this is no error."""
        if self.status < 400:  # noqa: PLR2004 - where HTTP's errors begin
            return None
        code = next((value for name, value in self.headers if name.lower() == "x-amzn-errortype"), None)
        if code is None and (found := _CODE_IN_XML.search(self.body)):
            code = found[1].decode()
        if code is None:
            code = _code_in_json(self.body) or str(self.status)
        return code.split(":", 1)[0].rsplit("#", 1)[-1]

    def with_body(self, body: bytes) -> Answer:
        """Return the answer with another body, and with the headers that depend on it."""
        # DynamoDB's checksum would no longer fit; clients do without.
        others = ((name, value) for name, value in self.headers if name.lower() not in _OF_BODY)
        return replace(self, headers=(*others, ("Content-Length", str(len(body)))), body=body)


def error(call: IdentifiedCall, code: str, message: str, status: int) -> Answer:
    """Return the answer that an SDK reads as this error."""
    request_id = str(uuid.uuid4())
    headers = [("x-amzn-RequestId", request_id)]
    if call.protocol in {"ec2", "query", "rest-xml"}:
        body = _xml(call, code, message, status, request_id)
        return Answer(status, (*headers, ("Content-Type", "text/xml")), body.encode())
    headers.append(("x-amzn-ErrorType", code))
    if _is_known(call.model) and "awsQueryCompatible" in get_service_model(call.model).metadata:
        headers.append(("x-amzn-query-error", f"{code};{_fault(status)}"))
    kind = "application/json" if call.protocol.startswith("rest") else "application/x-amz-json-1.1"
    body = json.dumps({"__type": code, "message": message, "Message": message})
    return Answer(status, (*headers, ("Content-Type", kind)), body.encode())


def throttled(call: IdentifiedCall, seconds: float = 1.0) -> Answer:
    """Return the service's error for a caller that is throttled; some tell after how many seconds to try again."""
    if call.protocol == "ec2":
        return error(call, "RequestLimitExceeded", "Request limit exceeded.", 503)
    if call.model == "s3":
        return error(call, "SlowDown", "Please reduce your request rate.", 503)
    if call.model == "route53":
        # Its model has ThrottlingException too, for DNSSEC's keys.
        return error(call, "Throttling", "Rate exceeded", 400)
    code, status = _modelled(call, _THROTTLES) or (
        ("Throttling", 400) if call.protocol in {"query", "rest-xml"} else ("ThrottlingException", 400)
    )
    answer = error(call, code, "Rate exceeded", status)
    headers = tuple((name, str(math.ceil(seconds))) for name in _retry_headers(call, code))
    return replace(answer, headers=(*answer.headers, *headers))


def broken(call: IdentifiedCall) -> Answer:
    """Return the service's error for its own failure."""
    fallback = {"ec2": "InternalError", "query": "InternalFailure", "rest-xml": "InternalError"}
    code, status = _modelled(call, _BREAKDOWNS) or (fallback.get(call.protocol, "InternalServerError"), 500)
    return error(call, code, "An internal error has occurred. Retry your request.", max(status, 500))


def unknown_operation(call: IdentifiedCall, detail: str = "") -> Answer:
    """Return the error for an operation that the local AWS lacks; moto answers with a page of HTML."""
    code = "InvalidAction" if call.protocol in {"ec2", "query"} else "UnknownOperationException"
    lack = f"The local AWS does not have {call.name}."
    return error(call, code, f"{lack} {detail}".rstrip(), 400)


def no_such_operation(call: IdentifiedCall) -> Answer:
    """Return the error for an operation that AWS's model of the service does not have."""
    if call.model == "s3":
        return error(call, "NotImplemented", f"S3 has no operation for {call.operation}.", 501)
    if call.protocol in {"ec2", "query"}:
        return error(call, "InvalidAction", f"The action {call.operation} is not valid for {call.service}.", 400)
    status = 404 if call.protocol.startswith("rest") else 400
    return error(call, "UnknownOperationException", f"{call.service} has no operation {call.operation}.", status)


def in_part(call: IdentifiedCall, failure: Exception) -> Answer:
    """Return the error for an operation that the local AWS has only in part, which no client retries."""
    code = "UnsupportedOperation" if call.protocol in {"ec2", "query"} else "UnsupportedOperationException"
    message = f"The local AWS has {call.name} only in part: it failed with {failure!r}."
    return error(call, code, message, 400)


def unsigned(content_type: str, detail: str) -> Answer:
    """Return the error for a request that has to be signed and is not."""
    message = f"Missing Authentication Token. {detail}".rstrip()
    if content_type.startswith("application/x-www-form-urlencoded"):
        inner = f"<Type>Sender</Type><Code>MissingAuthenticationToken</Code><Message>{escape(message)}</Message>"
        body = f"<?xml version='1.0' encoding='UTF-8'?><ErrorResponse><Error>{inner}</Error></ErrorResponse>"
        return Answer(403, (("Content-Type", "text/xml"),), body.encode())
    code = "MissingAuthenticationTokenException"
    body = json.dumps({"__type": code, "message": message})
    return Answer(403, (("Content-Type", "application/json"), ("x-amzn-ErrorType", code)), body.encode())


def modelled_status(call: IdentifiedCall, code: str) -> int:
    """Return the HTTP status of an error in botocore's model of the service, by its code or its shape's name."""
    return next((status for name, its_code, status in _modelled_errors(call) if code in {name, its_code}), 400)


def _modelled(call: IdentifiedCall, names: tuple[str, ...]) -> tuple[str, int] | None:
    """Return the code and HTTP status of the first of these errors that botocore's model of the service has."""
    known = {name: (code, status) for name, code, status in _modelled_errors(call)}
    return next((known[name] for name in names if name in known), None)


def _modelled_errors(call: IdentifiedCall) -> Iterator[tuple[str, str, int]]:
    """Yield the name of each error's shape, its code and its HTTP status."""
    for shape in get_service_model(call.model).error_shapes if _is_known(call.model) else ():
        traits = shape.metadata.get("error", {})
        yield shape.name, str(traits.get("code", shape.name)), int(traits.get("httpStatusCode", 400))


def _retry_headers(call: IdentifiedCall, code: str) -> Iterator[str]:
    """Yield the headers in which botocore's model of the service has an error's ``retryAfterSeconds``."""
    for shape in get_service_model(call.model).error_shapes if _is_known(call.model) else ():
        member = shape.members.get("retryAfterSeconds")
        if shape.name == code and member is not None and member.serialization.get("location") == "header":
            yield str(member.serialization["name"])


def _is_known(model: str) -> bool:
    try:
        get_service_model(model)
    except Exception:  # noqa: BLE001 - any failure of the loader means that the service is unknown
        return False
    return True


def _xml(call: IdentifiedCall, code: str, message: str, status: int, request_id: str) -> str:
    inner = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if call.protocol == "ec2":
        errors = f"<Errors><Error>{inner}</Error></Errors><RequestID>{request_id}</RequestID>"
        return f"<?xml version='1.0' encoding='UTF-8'?><Response>{errors}</Response>"
    if call.model == "s3":
        return f"<?xml version='1.0' encoding='UTF-8'?><Error>{inner}<RequestId>{request_id}</RequestId></Error>"
    fault = f"<Error><Type>{_fault(status)}</Type>{inner}</Error><RequestId>{request_id}</RequestId>"
    return f"<?xml version='1.0' encoding='UTF-8'?><ErrorResponse>{fault}</ErrorResponse>"


def _fault(status: int) -> str:
    return "Sender" if status < 500 else "Receiver"  # noqa: PLR2004 - where HTTP's server errors begin


def _code_in_json(body: bytes) -> str | None:
    try:
        content = json.loads(body)
    except ValueError:
        return None
    if not isinstance(content, dict):
        return None
    found = content.get("__type") or content.get("code") or content.get("Code")
    return str(found) if found else None
