"""Composable checks of blocks and views; each finding names its place, as Slack's do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

Check = Callable[[str, Any], list[str]]
"""Take a JSON pointer and the value there; return what is wrong with it."""


def finding(pointer: str, problem: str) -> str:
    return f"{problem} [json-pointer:{pointer}]"


def string(most: int, least: int = 0) -> Check:
    def check(pointer: str, value: Any) -> list[str]:
        if not isinstance(value, str):
            return [finding(pointer, "must be a string")]
        if len(value) > most:
            return [finding(pointer, f"must be less than {most + 1} characters")]
        if len(value) < least:
            return [finding(pointer, f"must be more than {least - 1} characters")]
        return []

    return check


def url(most: int) -> Check:
    characters = string(most, 1)

    def check(pointer: str, value: Any) -> list[str]:
        found = characters(pointer, value)
        if not found and not (urlsplit(value).scheme in {"http", "https"} and urlsplit(value).netloc):
            return [finding(pointer, "must be a valid URL")]
        return found

    return check


def one_of(*values: str) -> Check:
    def check(pointer: str, value: Any) -> list[str]:
        return [] if value in values else [finding(pointer, f"must be one of: {', '.join(values)}")]

    return check


def flag(pointer: str, value: Any) -> list[str]:
    return [] if isinstance(value, bool) else [finding(pointer, "must be a boolean")]


def whole(least: int, most: int) -> Check:
    def check(pointer: str, value: Any) -> list[str]:
        fits = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
        return [] if fits else [finding(pointer, f"must be an integer from {least} to {most}")]

    return check


def array(item: Check, most: int, least: int = 1) -> Check:
    def check(pointer: str, value: Any) -> list[str]:
        if not isinstance(value, list):
            return [finding(pointer, "must be an array")]
        if len(value) > most:
            return [finding(pointer, f"no more than {most} items allowed")]
        if len(value) < least:
            return [finding(pointer, f"no less than {least} items allowed")]
        return [each for place, one in enumerate(value) for each in item(f"{pointer}/{place}", one)]

    return check


def record(fields: Mapping[str, Check], *required: str) -> Check:
    """Check an object's fields: the required ones are there, and no unknown ones; ``type`` is checked by ``typed``."""

    def check(pointer: str, value: Any) -> list[str]:
        if not isinstance(value, dict):
            return [finding(pointer, "must be an object")]
        lacking = [finding(pointer, f"missing required field: {name}") for name in required if name not in value]
        unknown = [
            finding(pointer, f"invalid additional property: {name}")
            for name in value
            if name not in fields and name != "type"
        ]
        inside = [
            each for name, inner in fields.items() if name in value for each in inner(f"{pointer}/{name}", value[name])
        ]
        return [*lacking, *unknown, *inside]

    return check


def typed(kinds: Mapping[str, Check]) -> Check:
    """Check an object by the rules of its ``type``."""

    def check(pointer: str, value: Any) -> list[str]:
        if not isinstance(value, dict):
            return [finding(pointer, "must be an object")]
        if "type" not in value:
            return [finding(pointer, "missing required field: type")]
        inner = kinds.get(str(value["type"]))
        if inner is None:
            return [finding(f"{pointer}/type", f"unsupported type: {value['type']}")]
        return inner(pointer, value)

    return check


def text(most: int, *kinds: str) -> Check:
    """Check a text object of one of these kinds; of any kind, if none is named."""
    characters = string(most, 1)
    plain = record({"text": characters, "emoji": flag}, "text")
    mrkdwn = record({"text": characters, "verbatim": flag}, "text")
    by_kind = {"plain_text": plain, "mrkdwn": mrkdwn}
    return typed({kind: inner for kind, inner in by_kind.items() if not kinds or kind in kinds})
