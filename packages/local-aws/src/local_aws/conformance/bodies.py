"""Validation of the bodies of successful answers against the output's model, in JSON and in XML."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

from local_aws.conformance import scalars
from local_aws.conformance.findings import Kind

Problem = tuple[Kind, str, str]
"""The kind of a finding, its path, and a detail."""


def json_problems(shape: Any, value: Any, path: str = "") -> Iterator[Problem]:
    kind = shape.type_name
    if kind == "structure":
        if not shape.is_document_type:
            yield from _json_structure(shape, value, path)
    elif kind not in {"list", "map"}:
        for problem, detail in scalars.json_problems(shape, value):
            yield problem, path, detail
    elif kind == "list" and isinstance(value, list):
        for each in value:
            yield from json_problems(shape.member, each, f"{path}[]")
    elif kind == "map" and isinstance(value, dict):
        for name, each in value.items():
            yield from json_problems(shape.key, name, f"{path}{{}}")
            if each is not None:
                yield from json_problems(shape.value, each, f"{path}{{}}")
    else:
        yield "type", path, f"{kind} is {value!r:.60}"


def _json_structure(shape: Any, value: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield "type", path, f"structure is {value!r:.60}"
        return
    members = _json_members(shape)
    for sent, each in value.items():
        if sent not in members:
            # A union's answer may name its type.
            if sent != "__type":
                yield "unknown member", f"{path}.{sent}", ""
        elif each is not None:
            yield from json_problems(members[sent][1], each, f"{path}.{members[sent][0]}")
    for sent, name in _required_in_json(shape):
        if value.get(sent) is None:
            yield "missing", f"{path}.{name}", ""


# A model's shapes stay, so what follows from them is worked out once.
@functools.cache
def _json_members(shape: Any) -> dict[str, tuple[str, Any]]:
    """Return a structure's members by the names that are sent."""
    return {
        member.serialization.get("name", name): (name, member)
        for name, member in shape.members.items()
        if "location" not in member.serialization
    }


@functools.cache
def _required_in_json(shape: Any) -> tuple[tuple[str, str], ...]:
    """Return the names of a structure's required members, as they are sent and in the model."""
    return tuple((sent, name) for sent, (name, _) in _json_members(shape).items() if name in shape.required_members)


def xml_problems(shape: Any, node: Element, path: str = "", also: frozenset[str] = frozenset()) -> Iterator[Problem]:
    """Yield the problems of an element; children named in ``also`` are the protocol's own."""
    kind = shape.type_name
    if kind == "structure":
        yield from _xml_structure(shape, node, path, also)
    elif kind == "list":
        element_name = shape.member.serialization.get("name", "member")
        for child in node:
            if tag(child) == element_name:
                yield from xml_problems(shape.member, child, f"{path}[]")
            else:
                yield "unknown member", f"{path}.{tag(child)}", f"instead of {element_name}"
    elif kind == "map":
        for entry in [node] if shape.serialization.get("flattened") else node:
            yield from _xml_entry(shape, entry, path)
    else:
        for problem, detail in scalars.xml_problems(shape, (node.text or "").strip()):
            yield problem, path, detail


def _xml_structure(shape: Any, node: Element, path: str, also: frozenset[str]) -> Iterator[Problem]:
    members = _xml_members(shape)
    seen = set()
    for child in node:
        sent = tag(child)
        if sent in also:
            continue
        if sent not in members:
            yield "unknown member", f"{path}.{sent}", ""
            continue
        name, member = members[sent]
        seen.add(name)
        flat = member.type_name == "list" and member.serialization.get("flattened")
        yield from xml_problems(member.member if flat else member, child, f"{path}.{name}{'[]' if flat else ''}")
    for name in _required_in_xml(shape):
        if name not in seen:
            yield "missing", f"{path}.{name}", ""


@functools.cache
def _xml_members(shape: Any) -> dict[str, tuple[str, Any]]:
    """Return a structure's members by the names of their elements."""
    return {
        _xml_name(member, name): (name, member)
        for name, member in shape.members.items()
        if "location" not in member.serialization and not member.serialization.get("xmlAttribute")
    }


@functools.cache
def _required_in_xml(shape: Any) -> tuple[str, ...]:
    """Return the names of the members that have to be there: an empty list may be left out where it is flattened."""
    return tuple(
        name
        for name, member in _xml_members(shape).values()
        if name in shape.required_members and not member.serialization.get("flattened")
    )


def _xml_entry(shape: Any, entry: Element, path: str) -> Iterator[Problem]:
    names = {
        shape.key.serialization.get("name", "key"): shape.key,
        shape.value.serialization.get("name", "value"): shape.value,
    }
    for child in entry:
        if tag(child) in names:
            yield from xml_problems(names[tag(child)], child, f"{path}{{}}")
        else:
            yield "unknown member", f"{path}{{}}.{tag(child)}", ""


def _xml_name(member: Any, name: str) -> str:
    if member.type_name == "list" and member.serialization.get("flattened"):
        return str(member.member.serialization.get("name") or member.serialization.get("name", name))
    return str(member.serialization.get("name", name))


def tag(node: Element) -> str:
    """Return an element's name without its namespace."""
    return node.tag.rpartition("}")[2]
