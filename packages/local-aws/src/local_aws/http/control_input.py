"""Strict reading of posted input: an error names the field, the expectation and the value."""

from __future__ import annotations

import reprlib
import sys
from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin
from urllib.parse import parse_qs

import msgspec
from msgspec import Meta, UnsetType

Kind = TypeVar("Kind")

Text = Annotated[str, Meta(min_length=1, description="text")]
AccountId = Annotated[str, Meta(pattern=r"^[0-9]{12}\Z", description="an account id of 12 digits")]
Count = Annotated[int, Meta(ge=0, description="a whole number, 0 or more,")]
Probability = Annotated[float, Meta(ge=0, le=1, description="a probability from 0 to 1")]
# Infinity, as Python has it, is beyond the limit.
Seconds = Annotated[float, Meta(ge=0, le=sys.float_info.max, description="a number of seconds, 0 or more,")]

# A number beyond any float is infinity, so that what refuses it names the field.
_DECODER = msgspec.json.Decoder(float_hook=float)

_shown = reprlib.Repr()
_shown.maxstring = 100


class InvalidInputError(ValueError):
    """The input is not valid; the message names the field and says what to do."""


class ControlInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """An object that is posted, without unknown fields."""


def read(body: bytes, kind: type[Kind], whole: str) -> Kind:
    """Read JSON; ``whole`` is the name of the input in errors.

    Raises:
        InvalidInputError: it is no JSON, or not of this type.
    """
    return convert(decode(body), kind, whole)


def decode(body: bytes) -> Any:
    """Read any JSON.

    Raises:
        InvalidInputError: it is no JSON.
    """
    try:
        return _DECODER.decode(body)
    except RecursionError:
        # Not chained: its traceback has a thousand frames.
        raise InvalidInputError("body: JSON is expected (it is nested too deep)") from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise InvalidInputError(f"body: JSON is expected ({str(error).partition(' - at ')[0]})") from error


def query(text: str, kind: type[Kind], whole: str) -> Kind:
    """Read a URL's query, which has each field once.

    Raises:
        InvalidInputError: it is not of this kind.
    """
    values = parse_qs(text, keep_blank_values=True)
    fields = convert({name: texts[0] for name, texts in values.items()}, kind, whole)
    for name, texts in values.items():
        if len(texts) > 1:
            raise InvalidInputError(f"{name}: give it once")
    return fields


def convert(value: Any, kind: type[Kind], whole: str) -> Kind:
    """Convert a decoded value to this type.

    Raises:
        InvalidInputError: it is not of this kind.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise InvalidInputError(_error_message("", value, kind, whole)) from error


def _error_message(path: str, value: Any, kind: Any, whole: str) -> str:
    """Return the error of a value, for the innermost part of it that is not of its type.

    msgspec's own message has neither the value, nor a mapping's key, nor the known names.
    """
    bare, expected = _described(kind)
    if isinstance(value, dict) and _is_object(bare):
        fields = msgspec.structs.fields(bare)
        names = [field.encode_name for field in fields]
        for name in value:
            if name not in names:
                known = f"use {', '.join(names)}" if names else "it takes none"
                return f"{path or whole}: {_shown.repr(name)} is unknown, {known}"
        for field in fields:
            if field.required and field.encode_name not in value:
                return f"{_below(path, field.encode_name)}: {_described(field.type)[1]} is expected, and there is none"
    for part_path, part, part_kind in _parts(path, value, bare):
        try:
            msgspec.convert(part, part_kind)
        except msgspec.ValidationError:
            return _error_message(part_path, part, part_kind, whole)
    return f"{path or whole}: {expected} is expected, not {_shown.repr(value)}"


def _parts(path: str, value: Any, kind: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the parts of a value, each with its path and expected type."""
    if isinstance(value, dict) and _is_object(kind):
        kinds = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
        for name, part in value.items():
            yield _below(path, name), part, kinds[name]
    elif isinstance(value, dict) and get_origin(kind) is dict:
        key_kind, part_kind = get_args(kind)
        for key, part in value.items():
            yield path, key, key_kind
            yield _below(path, key), part, part_kind
    elif isinstance(value, list) and get_origin(kind) is tuple:
        for position, part in enumerate(value):
            yield f"{path}[{position}]", part, get_args(kind)[0]


def _described(kind: Any) -> tuple[Any, str]:
    """Return a type without its annotation, and its description."""
    if get_origin(kind) in {Union, UnionType}:
        # Besides the type, the union has only the marker of a field that is left out.
        (kind,) = set(get_args(kind)) - {NoneType, UnsetType}
    if get_origin(kind) is Annotated:
        return kind.__origin__, kind.__metadata__[0].description
    if get_origin(kind) is Literal:
        return kind, f"one of {', '.join(get_args(kind))}"
    if _is_object(kind):
        return kind, f"an object with {', '.join(field.encode_name for field in msgspec.structs.fields(kind))}"
    words = {bool: "true or false", int: "a whole number", str: "text", tuple: "a list", dict: "an object"}
    return kind, words[get_origin(kind) or kind]


def _is_object(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
