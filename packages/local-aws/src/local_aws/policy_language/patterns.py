"""Text with wildcards and policy variables."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Context = Mapping[str, tuple[str, ...]]
"""Condition keys of a request, in lower case, with their values."""

_VARIABLE = re.compile(r"\$\{(?P<inside>[^{}]*)\}")
_DEFAULT = re.compile(r"(?P<key>[^,]+?)\s*,\s*'(?P<default>[^']*)'")
_LITERAL_VARIABLES = frozenset("*?$")


@dataclass(frozen=True)
class _Text:
    text: str
    wild: bool


@dataclass(frozen=True)
class _Variable:
    key: str
    default: str | None

    def value(self, context: Context) -> str | None:
        """Return the key's value if it has exactly one, else the default."""
        values = context.get(self.key, ())
        return values[0] if len(values) == 1 else self.default


@dataclass(frozen=True)
class Template:
    """A text of a policy, with variables that are filled in from the request."""

    parts: tuple[_Text | _Variable, ...]

    def plain(self, context: Context) -> str | None:
        """Return the filled-in text, with wildcards as plain characters; None if a variable has no value."""
        filled = self._filled(context)
        return None if filled is None else "".join(part.text for part in filled)

    def matches(self, text: str, context: Context) -> bool:
        """Return whether the text matches; a character from a variable is no wildcard."""
        filled = self._filled(context)
        return filled is not None and _compiled(tuple(filled)).fullmatch(text) is not None

    def segments(self, count: int) -> tuple[Template, ...]:
        """Split at the first colons, as an ARN is; fewer segments than ``count`` if there are fewer colons."""
        segments: list[list[_Text | _Variable]] = [[]]
        for part in self.parts:
            if isinstance(part, _Variable):
                segments[-1].append(part)
                continue
            first, *others = part.text.split(":", count - len(segments))
            segments[-1].append(_Text(first, part.wild))
            segments.extend([_Text(other, part.wild)] for other in others)
        return tuple(Template(tuple(segment)) for segment in segments)

    def _filled(self, context: Context) -> list[_Text] | None:
        filled = []
        for part in self.parts:
            if isinstance(part, _Text):
                filled.append(part)
                continue
            value = part.value(context)
            if value is None:
                return None
            filled.append(_Text(value, wild=False))
        return filled


@functools.lru_cache(maxsize=4096)
def template(text: str, *, variables: bool) -> Template:
    """Parse a policy's text; without ``variables`` (policy version 2008-10-17) ``${...}`` is plain text."""
    return Template(tuple(_parts(text, variables=variables)))


def wildcard_matches(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    """Return whether the text matches a pattern with ``*`` (any characters or none) and ``?`` (one)."""
    if ignore_case:
        pattern, text = pattern.lower(), text.lower()
    return _compiled((_Text(pattern, wild=True),)).fullmatch(text) is not None


def _parts(text: str, *, variables: bool) -> Iterator[_Text | _Variable]:
    position = 0
    for found in _VARIABLE.finditer(text) if variables else ():
        if found.start() > position:
            yield _Text(text[position : found.start()], wild=True)
        position = found.end()
        inside = found["inside"]
        if inside in _LITERAL_VARIABLES:
            yield _Text(inside, wild=False)
        elif with_default := _DEFAULT.fullmatch(inside):
            yield _Variable(with_default["key"].lower(), with_default["default"])
        else:
            yield _Variable(inside.strip().lower(), None)
    if position < len(text):
        yield _Text(text[position:], wild=True)


@functools.lru_cache(maxsize=4096)
def _compiled(parts: tuple[_Text, ...]) -> re.Pattern[str]:
    """Compile so that matching is fast with any number of stars.

    The text between two stars is searched once, at its first occurrence: the groups are atomic.
    """
    fixed = [""]
    for part in parts:
        for piece in re.split(r"(\*|\?)", part.text) if part.wild else (part.text,):
            if part.wild and piece == "*":
                fixed.append("")
            elif part.wild and piece == "?":
                fixed[-1] += "."
            else:
                fixed[-1] += re.escape(piece)
    first, *others = fixed
    if not others:
        return re.compile(first, re.DOTALL)
    between = "".join(f"(?>.*?{each})" for each in others[:-1] if each)
    return re.compile(f"{first}{between}.*{others[-1]}", re.DOTALL)
