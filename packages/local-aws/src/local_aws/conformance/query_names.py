"""The names of an EC2 request's parameters: EC2 refuses one that it does not know."""

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
"""A structure's members by the names in requests; the shape is kept, since its id is the key."""


def unknown_name(shape: Any, names: Iterable[str]) -> str | None:
    """Return the first name that the operation does not have."""
    for name in names:
        if name in _OF_EVERY_REQUEST or name.startswith("X-Amz-"):
            continue
        if shape is None or not _leads_somewhere(shape, name.split(".")):
            return name
    return None


def _leads_somewhere(shape: Any, parts: list[str]) -> bool:
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
    kept = _members.get(id(shape))
    if kept is None:
        kept = (shape, {_request_name(member, name): member for name, member in shape.members.items()})
        _members[id(shape)] = kept
    return kept[1]


def _request_name(member: Any, name: str) -> str:
    told = member.serialization
    if "queryName" in told:
        return str(told["queryName"])
    # On input, EC2's names begin with a capital.
    plain = str(told.get("name", name))
    return plain[:1].upper() + plain[1:]
