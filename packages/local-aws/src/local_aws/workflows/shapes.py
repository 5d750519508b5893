"""Arguments and results of API actions, between Step Functions' spelling and the API's own."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from local_aws.workflows.failures import RUNTIME, StateFailed, to_json
from local_aws.workflows.sdk_names import pascal

# An optimized integration takes these as JSON too, an SDK integration only as a string.
_JSON_STRINGS = frozenset({"MessageBody", "Message", "Detail", "Input"})


def request(arguments: Any, shape: StructureShape | None, *, optimized: bool) -> dict[str, Any]:
    """Return the API's parameters for a Task's arguments; raise StateFailed if they don't fit the action."""
    if not isinstance(arguments, dict):
        raise _unusable("The arguments of an API action must be a JSON object")
    if shape is None:
        return {}
    parameters: dict[str, Any] = _to_api(arguments, shape, "", optimized)
    return parameters


def result(answer: Any, shape: Shape | None, *, optimized: bool) -> Any:
    """Return a Task's result for the API's answer."""
    if isinstance(shape, StructureShape) and isinstance(answer, dict):
        return {
            _spelled(name, shape, optimized): result(answer[name], member, optimized=optimized)
            for name, member in shape.members.items()
            if answer.get(name) is not None
        }
    if isinstance(shape, ListShape) and isinstance(answer, list):
        return [result(member, shape.member, optimized=optimized) for member in answer]
    if isinstance(shape, MapShape) and isinstance(answer, dict):
        return {key: result(value, shape.value, optimized=optimized) for key, value in answer.items()}
    return _plain(answer)


def unsupported(arguments: Any, shape: StructureShape | None, *, optimized: bool) -> list[str]:
    """Return the arguments that the action does not take, including any in the API's own spelling."""
    if not isinstance(arguments, dict) or shape is None:
        return []
    known = {_spelled(name, shape, optimized) for name in shape.members}
    return [name for name in arguments if name not in known]


def _to_api(value: Any, shape: Shape, name: str, optimized: bool) -> Any:
    if isinstance(shape, StructureShape):
        if not isinstance(value, dict):
            raise _unusable(f"The value for the field '{name}' must be an OBJECT")
        return _members_to_api(value, shape, optimized)
    if isinstance(shape, ListShape):
        if not isinstance(value, list):
            raise _unusable(f"The value for the field '{name}' must be an ARRAY")
        return [_to_api(member, shape.member, name, optimized) for member in value]
    if isinstance(shape, MapShape):
        if not isinstance(value, dict):
            raise _unusable(f"The value for the field '{name}' must be an OBJECT")
        return {key: _to_api(member, shape.value, key, optimized) for key, member in value.items()}
    return _scalar_to_api(value, shape, name, optimized)


def _members_to_api(value: dict[str, Any], shape: StructureShape, optimized: bool) -> dict[str, Any]:
    members = {_spelled(name, shape, optimized): (name, member) for name, member in shape.members.items()}
    parameters = {}
    for key, argument in value.items():
        if key not in members:
            raise _unusable(f"The field '{key}' is not supported by Step Functions")
        name, member = members[key]
        parameters[name] = _to_api(argument, member, key, optimized)
    return parameters


def _scalar_to_api(value: Any, shape: Shape, name: str, optimized: bool) -> Any:
    if shape.type_name == "string" and not isinstance(value, str):
        if optimized and name in _JSON_STRINGS:
            return to_json(value)
        raise _unusable(f"The value for the field '{name}' must be a STRING")
    if shape.type_name == "blob":
        return (value if isinstance(value, str) else to_json(value)).encode()
    if shape.type_name in ("integer", "long") and (isinstance(value, bool) or not isinstance(value, int)):
        raise _unusable(f"The value for the field '{name}' must be an INTEGER")
    if shape.type_name == "boolean" and not isinstance(value, bool):
        raise _unusable(f"The value for the field '{name}' must be a BOOLEAN")
    return value


def _spelled(name: str, shape: StructureShape, optimized: bool) -> str:
    # DynamoDB's type names stay the same in its optimized integration.
    if optimized and shape.name == "AttributeValue":
        return name
    return pascal(name)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        time = value.astimezone(UTC)
        precision = "milliseconds" if time.microsecond else "seconds"
        return time.isoformat(timespec=precision).replace("+00:00", "Z")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if hasattr(value, "read"):
        return value.read().decode()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _unusable(problem: str) -> StateFailed:
    return StateFailed(RUNTIME, f"The arguments could not be used to start the Task: [{problem}]")
