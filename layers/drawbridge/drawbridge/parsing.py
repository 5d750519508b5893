"""Parsing what comes from outside: it is read into the type that is expected, or refused, whatever it is."""

import re
from collections.abc import Iterator
from typing import TypeVar

import msgspec

from drawbridge.errors import InvalidInputError
from drawbridge.legible import on_one_line

Kind = TypeVar("Kind")

DEEPEST = 50
"""Brackets within brackets; of what people write for us, nothing has ten."""


class UnreadableError(InvalidInputError):
    """What came is not what is expected of it; the message says where."""


def read_json(text: str | bytes, kind: type[Kind]) -> Kind:
    """Read JSON.

    Raises:
        UnreadableError: it is no JSON, of another type, or nested too deep.
    """
    try:
        return msgspec.json.decode(text, type=kind)
    except RecursionError:
        # Fields that are skipped are parsed by recursion too. Not chained: a thousand frames help nobody.
        raise UnreadableError("JSON is nested too deep") from None
    except (msgspec.DecodeError, UnicodeError) as error:
        # A lone surrogate can't be written in UTF-8; the error would quote the whole text.
        words = str(error) if isinstance(error, msgspec.DecodeError) else "not UTF-8"
        raise UnreadableError(on_one_line(words)) from error


def read_value(value: object, kind: type[Kind]) -> Kind:
    """Read what is decoded already: an event, as the Lambda runtime gives it.

    Raises:
        UnreadableError: it is of another type, or holds a text that can't be written.
    """
    return _converted(value, kind, strict=True)


def read_document(loaded: object, kind: type[Kind]) -> Kind:
    """Read a document that people wrote, as JSON or YAML was loaded, where numbers may be written as texts.

    Raises:
        UnreadableError: it is of another type, or holds a text that can't be written.
    """
    document = _converted(loaded, kind, strict=False)
    try:
        for text in _texts(loaded):
            text.encode()
    except UnicodeError as error:
        # Escapes can write it; neither AWS nor Cedar takes it.
        raise UnreadableError(HALF) from error
    return document


HALF = "half of a character, as \\ud800, is no text"
"""Escapes can write it, in JSON and in YAML."""


def _converted(value: object, kind: type[Kind], *, strict: bool) -> Kind:
    try:
        return msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError as error:
        raise UnreadableError(on_one_line(str(error))) from error
    except UnicodeError as error:
        # JSON's escapes can write it, and Lambda passes it on.
        raise UnreadableError(HALF) from error


def _texts(loaded: object) -> Iterator[str]:
    """Yield every text in lists and mappings; what YAML's anchors repeat, or nest in itself, is visited once."""
    seen: set[int] = set()
    left = [loaded]
    while left:
        each = left.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict | list | tuple) and id(each) not in seen:
            seen.add(id(each))
            left += (*each.keys(), *each.values()) if isinstance(each, dict) else each


def line_too_deep(text: str) -> int | None:
    """Return the line where brackets nest deeper than ``DEEPEST``, or ``None``: YAML's parsers take ages over it."""
    depth = 0
    for found in re.finditer(r"[\[{]|[\]}]", text):
        depth = max(0, depth + (1 if found.group() in "[{" else -1))
        if depth > DEEPEST:
            return text.count("\n", 0, found.start()) + 1
    return None
