"""The names of an EC2 request's parameters, of which EC2 refuses unknown ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_OF_EVERY_REQUEST = frozenset(
    {
        "Action",
        "Version",
        "AWSAccessKeyId",
        "Expires",
        "SecurityToken",
        "Signature",
        "SignatureMethod",
        "SignatureVersion",
        "Timestamp",
    }
)
_members: dict[int, tuple[Any, dict[str, Any]]] = {}
"""A structure's members by their names in requests; the shape is cached, since its id is the key."""


def unknown_name(shape: Any, names: Iterable[str]) -> str | None:
    """Return the first name that the operation does not have."""
    for name in names:
        if name in _OF_EVERY_REQUEST or name.startswith("X-Amz-"):
            continue
        if shape is None or not _names_a_member(shape, name.split(".")):
            return name
    return None


def _names_a_member(shape: Any, parts: list[str]) -> bool:
    for part in parts:
        if shape.type_name == "structure":
            shape = _by_request_name(shape).get(part)
        elif shape.type_name == "list" and part.isdigit():
            shape = shape.member
        else:
            return bool(shape.type_name == "map")
        if shape is None:
            return False
    return True


def _by_request_name(shape: Any) -> dict[str, Any]:
    cached = _members.get(id(shape))
    if cached is None:
        cached = (shape, {_request_name(member, name): member for name, member in shape.members.items()})
        _members[id(shape)] = cached
    return cached[1]


def _request_name(member: Any, name: str) -> str:
    serialization = member.serialization
    if "queryName" in serialization:
        return str(serialization["queryName"])
    # On input, EC2's names begin with a capital.
    plain = str(serialization.get("name", name))
    return plain[:1].upper() + plain[1:]
