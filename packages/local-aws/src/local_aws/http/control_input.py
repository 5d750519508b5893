"""Reading what somebody posted, strictly: what is wrong is named, with what is expected there and what was given."""

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
    """What was posted can't be taken; the message names the field and says what to do."""


class ControlInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """An object that people post: it has these fields and no others."""


def read(body: bytes, kind: type[Kind], whole: str) -> Kind:
    """Read JSON; ``whole`` is what all of it is called where something is wrong with it.

    Raises:
        InvalidInputError: it is no JSON, or not of this kind.
    """
    return convert(decode(body), kind, whole)


def decode(body: bytes) -> Any:
    """Read JSON of whatever kind.

    Raises:
        InvalidInputError: it is none.
    """
    try:
        return _DECODER.decode(body)
    except RecursionError:
        # Not chained: a thousand frames help nobody.
        raise InvalidInputError("body: JSON is expected (it is nested too deep)") from None
    except (msgspec.DecodeError, UnicodeError) as wrong:
        raise InvalidInputError(f"body: JSON is expected ({str(wrong).partition(' - at ')[0]})") from wrong


def query(text: str, kind: type[Kind], whole: str) -> Kind:
    """Read a URL's query, which has each field once.

    Raises:
        InvalidInputError: it is not of this kind.
    """
    values = parse_qs(text, keep_blank_values=True)
    asked = convert({name: given[0] for name, given in values.items()}, kind, whole)
    for name, given in values.items():
        if len(given) > 1:
            raise InvalidInputError(f"{name}: give it once")
    return asked


def convert(value: Any, kind: type[Kind], whole: str) -> Kind:
    """Read what is no text any more.

    Raises:
        InvalidInputError: it is not of this kind.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as wrong:
        raise InvalidInputError(_complaint("", value, kind, whole)) from wrong


def _complaint(where: str, value: Any, kind: Any, whole: str) -> str:
    """Say what is wrong with a value, in terms of the innermost part of it that is not of its kind.

    msgspec's own message has neither the value, nor a mapping's key, nor the names that there are.
    """
    bare, expected = _described(kind)
    if isinstance(value, dict) and _is_object(bare):
        fields = msgspec.structs.fields(bare)
        names = [field.encode_name for field in fields]
        for name in value:
            if name not in names:
                known = f"use {', '.join(names)}" if names else "it takes none"
                return f"{where or whole}: {_shown.repr(name)} is unknown, {known}"
        for field in fields:
            if field.required and field.encode_name not in value:
                return f"{_below(where, field.encode_name)}: {_described(field.type)[1]} is expected, and there is none"
    for place, part, its_kind in _parts(where, value, bare):
        try:
            msgspec.convert(part, its_kind)
        except msgspec.ValidationError:
            return _complaint(place, part, its_kind, whole)
    return f"{where or whole}: {expected} is expected, not {_shown.repr(value)}"


def _parts(where: str, value: Any, kind: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the parts of a value, each with its place and the kind that it should be of."""
    if isinstance(value, dict) and _is_object(kind):
        kinds = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
        for name, part in value.items():
            yield _below(where, name), part, kinds[name]
    elif isinstance(value, dict) and get_origin(kind) is dict:
        of_key, of_part = get_args(kind)
        for key, part in value.items():
            yield where, key, of_key
            yield _below(where, key), part, of_part
    elif isinstance(value, list) and get_origin(kind) is tuple:
        for position, part in enumerate(value):
            yield f"{where}[{position}]", part, get_args(kind)[0]


def _described(kind: Any) -> tuple[Any, str]:
    """Return a kind without what is said about it, and what is said, or the words for it."""
    if get_origin(kind) in {Union, UnionType}:
        # With a kind there is only what stands for its being left out.
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


def _below(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
