"""Operations that answer with lists, by botocore's models, and their answers with less in them than there is."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from xml.dom import minidom

import botocore.session
from botocore.exceptions import DataNotFoundError
from moto.core.utils import get_service_model

from local_aws.http.answers import Answer
from local_aws.http.request_identification import IdentifiedCall, models_of

_READS = re.compile(r"(Describe|List|Get|BatchGet|Query|Scan)(?![a-z])")
_FOLLOWS = re.compile(r"next|.*(token|marker)$", re.IGNORECASE)
"""The names of members that lead to the next page, where botocore has no paginator for the operation."""
_GOES_ON = re.compile(r".*truncated$", re.IGNORECASE)
"""The names of flags that there is a next page."""
_SUCCESS = range(200, 300)


@dataclass(frozen=True)
class _Members:
    """The members at the top of a listing's answer, by what becomes of them when it is cut short."""

    shortened: frozenset[str]
    counting: frozenset[str]
    dropped: frozenset[str]
    """The tokens of a next page."""
    denied: frozenset[str]
    """The flags that there is a next page."""


def is_listing(operation: Any) -> bool:
    """Return whether an operation, in botocore's model, reads and has a list at the top of its answer."""
    return operation is not None and bool(_READS.match(operation.name)) and bool(_lists(operation))


def strikes_a_listing(pattern: str) -> bool:
    """Return whether a pattern of operations, ``service:Operation``, has a listing among them.

    Of a pattern for several services only the operation's name is looked at: all services' models would take minutes.
    """
    service, _, operation = pattern.partition(":")
    if "*" in service:
        return "*" in operation or bool(_READS.match(operation))
    return any(fnmatchcase(each, operation) for each in _listings(service))


@functools.cache
def _listings(service: str) -> tuple[str, ...]:
    models = [get_service_model(name) for name in models_of(service)]
    return tuple(name for model in models for name in model.operation_names if is_listing(model.operation_model(name)))


def shortened(call: IdentifiedCall, answer: Answer, most: int) -> Answer:
    """Return a listing's answer with at most so many entries in each list at its top, and without a next page.

    An error stays as it is.
    """
    if answer.status not in _SUCCESS or not answer.body:
        return answer
    change = _json if call.is_json else _xml
    return answer.with_body(change(call, answer.body, most))


@functools.cache
def _lists(operation: Any) -> frozenset[str]:
    """Return the members at the top that are lists, or that have a list for each of several names."""
    return frozenset(
        name
        for name, each in _in_body(operation.output_shape).items()
        if each.type_name == "list" or (each.type_name == "map" and each.value.type_name == "list")
    )


def _in_body(shape: Any) -> dict[str, Any]:
    if shape is None or shape.serialization.get("payload"):
        return {}
    return {name: each for name, each in shape.members.items() if "location" not in each.serialization}


@functools.cache
def _members(operation: Any) -> _Members:
    in_body, lists, paging = _in_body(operation.output_shape), _lists(operation), _paginator(operation)
    others = {name: each for name, each in in_body.items() if name not in lists}
    tokens = _names(paging.get("output_token"))
    return _Members(
        shortened=lists,
        counting=frozenset(_names(paging.get("result_key"))) & _of_type(others, "integer"),
        dropped=frozenset(
            name
            for name, each in others.items()
            if name in tokens or (each.type_name == "string" and _FOLLOWS.match(name))
        ).difference(operation.output_shape.required_members),
        denied=frozenset(
            name
            for name in _of_type(others, "boolean")
            if name in _names(paging.get("more_results")) or _GOES_ON.match(name)
        ),
    )


def _of_type(members: dict[str, Any], kind: str) -> frozenset[str]:
    return frozenset(name for name, each in members.items() if each.type_name == kind)


def _paginator(operation: Any) -> dict[str, Any]:
    """Return botocore's paginator of an operation; {} if it has none."""
    try:
        found = _session().get_paginator_model(operation.service_model.service_name)
        return dict(found.get_paginator(operation.name))
    except (DataNotFoundError, ValueError):
        # botocore's errors for a service without any and for an operation without one.
        return {}


@functools.cache
def _session() -> Any:
    return botocore.session.get_session()


def _names(expressions: str | Iterable[str] | None) -> set[str]:
    """Return the members that a paginator's expressions begin with, such as ``NextMarker || Contents[-1].Key``."""
    each = [expressions] if isinstance(expressions, str) else (expressions or ())
    return {name for expression in each for name in re.findall(r"(?:^|\|\|\s*)(\w+)", expression)}


def _json(call: IdentifiedCall, body: bytes, most: int) -> bytes:
    content = json.loads(body)
    members = _members(call.modelled)
    for name, shape in call.modelled.output_shape.members.items():
        sent = shape.serialization.get("name", name)
        if content.get(sent) is None:
            continue
        if name in members.dropped:
            del content[sent]
        elif name in members.denied:
            content[sent] = False
        elif name in members.counting:
            content[sent] = min(content[sent], most)
        elif name in members.shortened and isinstance(content[sent], dict):
            content[sent] = {key: each[:most] for key, each in content[sent].items()}
        elif name in members.shortened:
            content[sent] = content[sent][:most]
    return json.dumps(content).encode()


def _xml(call: IdentifiedCall, body: bytes, most: int) -> bytes:
    # Unlike ElementTree, it writes prefixes of namespaces as it read them.
    document = minidom.parseString(body)  # noqa: S318 - this process wrote it
    members, shape = _members(call.modelled), call.modelled.output_shape
    wrapper = shape.serialization.get("resultWrapper") if call.protocol == "query" else None
    root = next(_children(document.documentElement, wrapper), None) if wrapper else document.documentElement
    for name, member in shape.members.items() if root is not None else ():
        sent = member.serialization.get("name", name)
        found = list(_children(root, sent))
        if name in members.dropped:
            _remove(found)
        elif name in members.denied:
            for each in found:
                each.firstChild.data = "false"
        elif name in members.shortened and member.serialization.get("flattened"):
            entry = member.member.serialization.get("name") or sent
            _remove(list(_children(root, entry))[most:])
        elif name in members.shortened:
            for each in found:
                _remove(list(_children(each))[most:])
    return bytes(document.toxml(encoding="utf-8"))


def _children(parent: Any, name: str | None = None) -> Iterator[Any]:
    """Yield the elements right below an element, all or those of a name."""
    for each in list(parent.childNodes):
        if each.nodeType == each.ELEMENT_NODE and name in {None, each.localName}:
            yield each


def _remove(elements: Iterable[Any]) -> None:
    for each in elements:
        each.parentNode.removeChild(each)
