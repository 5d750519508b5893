"""Mistakes in documents that people write: all of one document at once, each with its line, its field, and the fix.

msgspec stops at the first. Where it refuses a document, each field is read by itself.
"""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, TypeGuard, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from drawbridge.document_lines import line_of_error
from drawbridge.legible import on_one_line
from drawbridge.parsing import HALF, UnreadableError, read_document


class Mistake(Struct, frozen=True, kw_only=True):
    """One thing that is wrong in a document."""

    message: str
    """It names the field, and what to write instead."""
    line: int | None = None
    """Counted from 1; ``None`` if none can be named."""
    field: str = ""
    """The path of the field, as ``attach.vpc``; empty if it is not about one."""


def mistakes_in(loaded: object, kind: Any, text: str) -> list[Mistake]:
    """Return all that keeps a document, as it was loaded from its text, from being of a kind; nothing if it is."""
    return [_mistake(refusal, fix, text) for refusal, fix in _refusals(loaded, kind, "$")]


def legible_path(message: str) -> str:
    """Return msgspec's message without the sign by which it begins a path."""
    return re.sub(r"`(key in )?\$\.?", r"`\1", message)


_FIELD = re.compile(r" field `(.*?)`(?: - at|\Z)", re.DOTALL)
_PATH = re.compile(r" - at `(?:key in )?\$\.?([^`]*)`\Z")

_Refusal = tuple[str, str]
"""msgspec's message with the path from the top, and the fix, if that message does not say it."""


def _mistake(refusal: str, fix: str, text: str) -> Mistake:
    named, path = _FIELD.search(refusal), _PATH.search(refusal)
    steps = (path.group(1) if path else "", named.group(1) if named else "")
    # Keys are quoted as they were written, whatever is in them.
    return Mistake(
        message=f"{on_one_line(legible_path(refusal))}{fix}",
        line=line_of_error(text, refusal),
        field=on_one_line(".".join(filter(None, steps))),
    )


def _refusals(value: object, kind: Any, path: str) -> Iterator[_Refusal]:
    try:
        read_document(value, kind)
    except UnreadableError as error:
        # What is wrong together only, and nowhere within, is told as msgspec does.
        yield from [*_refusals_within(value, kind, path)] or [(_from_top(str(error), path), _fix(kind))]


def _refusals_within(value: object, kind: Any, path: str) -> Iterator[_Refusal]:
    bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if isinstance(value, Mapping) and (struct := _struct_for(value, bare)) is not None:
        yield from _refusals_of_fields(value, struct, path)
    elif isinstance(value, list) and get_origin(bare) is tuple:
        for number, each in enumerate(value):
            yield from _refusals(each, get_args(bare)[0], f"{path}[{number}]")


def _refusals_of_fields(value: Mapping[object, object], struct: type[Struct], path: str) -> Iterator[_Refusal]:
    fields = {each.encode_name: each for each in msgspec.structs.fields(struct)}
    config = struct.__struct_config__
    at = "" if path == "$" else f" - at `{path}`"
    for name, field in fields.items():
        if name in value:
            yield from _refusals(value[name], field.type, f"{path}.{name}")
        elif field.required:
            yield f"Object missing required field `{name}`{at}", ""
    if config.forbid_unknown_fields:
        for key in value:
            if key not in fields and key != config.tag_field:
                yield f"Object contains unknown field `{key}`{at}", _known(str(key), fields)


def _struct_for(value: Mapping[object, object], kind: Any) -> type[Struct] | None:
    """Return the struct that a mapping is meant to be: of several, the one whose tag it has."""
    members = get_args(kind) if get_origin(kind) in {Union, UnionType} else (kind,)
    structs = [each for each in members if _is_struct(each)]
    meant = [each for each in structs if _tag(each, value) == each.__struct_config__.tag]
    return meant[0] if len(meant) == 1 else None


def _is_struct(kind: Any) -> TypeGuard[type[Struct]]:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _tag(struct: type[Struct], value: Mapping[object, object]) -> object:
    field = struct.__struct_config__.tag_field
    return None if field is None else value.get(field)


def _from_top(refusal: str, path: str) -> str:
    if "`$" in refusal or "`key in $" in refusal:
        return re.sub(r"`(key in )?\$", lambda found: f"`{found.group(1) or ''}{path}", refusal)
    return refusal if path == "$" else f"{refusal} - at `{path}`"


def _known(key: str, fields: Mapping[str, object]) -> str:
    try:
        key.encode()
    except UnicodeError:
        return f"; {HALF}"
    meant = get_close_matches(key, fields, n=1)
    return f"; did you mean {meant[0]}?" if meant else f"; there are {', '.join(fields)}"


def _fix(kind: Any) -> str:
    """Return what may be written where only certain words may; of anything else msgspec's message says it."""
    members = get_args(kind) if get_origin(kind) in {Union, UnionType} else (kind,)
    words: list[str] = []
    for each in members:
        if get_origin(each) is Literal:
            words += get_args(each)
        elif isinstance(each, type) and issubclass(each, Enum):
            words += [str(one.value) for one in each]
    return f"; it is one of {', '.join(words)}" if words else ""
