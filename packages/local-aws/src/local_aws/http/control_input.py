"""Reading what somebody posted, strictly: the first thing that is wrong with it is told with the name of its field."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

_ACCOUNT = re.compile(r"[0-9]{12}")


class InvalidInputError(ValueError):
    """What was posted can't be taken; the message names the field and says what to do."""


def fields(where: str, value: Any, known: tuple[str, ...]) -> Mapping[str, Any]:
    """Read an object that has some of these fields and no others."""
    if not isinstance(value, dict):
        raise InvalidInputError(f"{where}: an object with {', '.join(known)} is expected")
    for name in value:
        if name not in known:
            raise InvalidInputError(f"{where}: {name!r} is unknown, use {', '.join(known)}")
    return value


def query(where: str, told: str, known: tuple[str, ...]) -> Mapping[str, str]:
    """Read a URL's query that has some of these fields, each once, and no others."""
    read: dict[str, str] = {}
    for name, value in parse_qsl(told, keep_blank_values=True):
        if name not in known:
            use = f"use {', '.join(known)}" if known else "it takes none"
            raise InvalidInputError(f"{where}: {name!r} is unknown in the query, {use}")
        if name in read:
            raise InvalidInputError(f"{name}: give it once")
        read[name] = value
    return read


def text(where: str, value: Any, form: re.Pattern[str], expected: str) -> str:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise InvalidInputError(f"{where}: {expected} is expected, not {value!r}")
    return value


def account(where: str, value: Any) -> str:
    return text(where, value, _ACCOUNT, "an account id of 12 digits")


def whole(where: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidInputError(f"{where}: a whole number, 0 or more, is expected, not {value!r}")
    return value


def number(where: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InvalidInputError(f"{where}: a number is expected, not {value!r}")
    return float(value)


def probability(where: str, value: Any) -> float:
    told = number(where, value)
    if not 0 <= told <= 1:
        raise InvalidInputError(f"{where}: a probability from 0 to 1 is expected, not {value!r}")
    return told


def seconds(where: str, value: Any) -> float:
    told = number(where, value)
    if told < 0:
        raise InvalidInputError(f"{where}: seconds that are 0 or more are expected, not {value!r}")
    return told


def flag(where: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidInputError(f"{where}: true or false is expected, not {value!r}")
    return value
