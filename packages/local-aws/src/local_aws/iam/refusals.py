"""AWS's errors for denied calls: error code, HTTP status and message, which differ by service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from moto.core.utils import get_service_model

Reason = Literal[
    "no identity-based policy",
    "explicit deny in an identity-based policy",
    "no permissions boundary",
    "explicit deny in a permissions boundary",
    "no session policy",
    "explicit deny in a session policy",
    "no resource-based policy",
    "explicit deny in a resource-based policy",
    "",
]

_BY_PROTOCOL = {
    "ec2": ("UnauthorizedOperation", 403),
    "query": ("AccessDenied", 403),
    "rest-xml": ("AccessDenied", 403),
    "rest-json": ("AccessDeniedException", 403),
    "json": ("AccessDeniedException", 400),
}
_BY_SERVICE = {"sns": ("AuthorizationError", 403), "sqs": ("AccessDenied", 403)}


@dataclass(frozen=True)
class Denied:
    """AWS's error for a call that is not allowed."""

    code: str
    message: str
    status: int


def refuse(model: str, principal_arn: str, action: str, resource: str, reason: Reason) -> Denied:
    """Return the service's error for a denied call; ``model`` is botocore's name of the service."""
    code, status = _BY_SERVICE.get(model) or _BY_PROTOCOL.get(_protocol(model), ("AccessDeniedException", 400))
    spelled = _spelled(model, action)
    because = f"because {reason} allows the {spelled} action" if reason.startswith("no ") else f"with an {reason}"
    message = f"User: {principal_arn} is not authorized to perform: {spelled} on resource: {resource}"
    if reason:
        message = f"{message} {because}"
    if model == "ec2":
        message = f"You are not authorized to perform this operation. {message}"
    return Denied(code, message, status)


def _protocol(model: str) -> str:
    """Return the protocol of the service's errors: CloudWatch has several."""
    metadata = get_service_model(model).metadata
    protocols = [metadata.get("protocol"), *(metadata.get("protocols") or ())]
    return next((each for each in protocols if each in _BY_PROTOCOL), "json")


def _spelled(model: str, action: str) -> str:
    # SQS has "sqs:sendmessage" and SNS "SNS:Publish" in their messages.
    service, name = action.split(":", 1)
    if model == "sqs":
        return action.lower()
    return f"SNS:{name}" if model == "sns" and service == "sns" else action
