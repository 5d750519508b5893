"""The answer to a call in which moto failed with an exception."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from local_aws.http import answers
from local_aws.http.answers import Answer
from local_aws.http.request_identification import IdentifiedCall

_log = logging.getLogger(__name__)

_NOT_FOUND = (
    "ResourceNotFoundException",
    "NotFoundException",
    "DoesNotExistException",
    "NoSuchEntityException",
    "NotFound",
)


def failure_answer(call: IdentifiedCall, failure: Exception) -> Answer:
    """Return a not-found error if moto lacks what a parameter names, else an error that names the failure."""
    if isinstance(failure, KeyError) and failure.args:
        missing = failure.args[0]
        name = next((name for name, value in _texts(call.params) if value == missing), None)
        if name is not None:
            return _not_found(call, name, str(missing))
    _log.error("%s failed inside the local AWS", call.name, exc_info=failure)
    return answers.in_part(call, failure)


def _not_found(call: IdentifiedCall, name: str, value: str) -> Answer:
    message = f"The {name} '{value}' does not exist"
    if call.protocol == "ec2":
        resource = name.removesuffix("s").removesuffix("Id").removesuffix("Arn")
        return answers.error(call, f"Invalid{resource}ID.NotFound", message, 400)
    if call.modelled is None:
        return answers.error(call, _NOT_FOUND[0], message, 404)
    for shape in call.modelled.error_shapes:
        traits = shape.metadata.get("error", {})
        code = str(traits.get("code", shape.name))
        if shape.name.endswith(_NOT_FOUND) or code.endswith(_NOT_FOUND):
            return answers.error(call, code, message, int(traits.get("httpStatusCode", 400)))
    return answers.error(call, _NOT_FOUND[0], message, 400)


def _texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text in the parameters, with the name of its parameter."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for inner, each in value.items():
            yield from _texts(each, str(inner))
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, name)
