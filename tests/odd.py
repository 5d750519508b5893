"""What nobody means and anybody can send: deep, huge and odd-typed JSON and YAML, for the tests of every door."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("DRAWBRIDGE_SOAK_RUNS", "1")) * 60

fuzzed = settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
"""For a property of a door: a second or two, and longer in ``make soak``."""

DEEP = 100_000

ODD_JSON = (
    "",
    " ",
    "\ufeff{}",
    "null",
    "NaN",
    "[]",
    "{",
    "{}{}",
    '"\\ud800"',
    '"\ud800"',
    "\x00",
    '{"a": NaN, "b": Infinity}',
    "1e400",
    f'{{"a": 1{"0" * 400}}}',
    f'{{"a": 1{"0" * 5000}}}',
    f'{{"a": "{"x" * 200_000}"}}',
    "[" * DEEP,
    "[" * DEEP + "]" * DEEP,
    f'{{"a": {"[" * DEEP}{"]" * DEEP}}}',
    f'{{"a": {"[" * 1000}{"]" * 1000}}}',
    '{"a":' * DEEP + "1" + "}" * DEEP,
)
"""Each has taken a parser of somebody's down."""

ODD_VALUES: tuple[str, ...] = (
    "null",
    "true",
    "-1",
    "1.5",
    f"1{'0' * 400}",
    "1e400",
    "NaN",
    '""',
    '"\\u0000"',
    '"\\ud800"',
    '"<!channel> {{x}} \\u202e"',
    f'"{"x" * 200_000}"',
    "[]",
    "{}",
    "[[[1]]]",
    '{"a": {"b": [null]}}',
    f"{'[' * 900}{']' * 900}",
    f"{'[' * DEEP}{']' * DEEP}",
)
"""For any member of any document, as JSON."""

scalars = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**40), max_value=10**40)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["", "\x00", "\ud800", "x" * 5000])
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)

json_texts = st.sampled_from(ODD_JSON) | st.text(max_size=60) | values.map(json.dumps)
"""Any text at all, much of it JSON."""

numbers = st.sampled_from(
    [Decimal(-1), Decimal(0), Decimal("1.5"), Decimal(1), Decimal("9" * 38), Decimal("1E+125"), Decimal("1E-130")]
)
attributes = st.recursive(
    st.none()
    | st.booleans()
    | numbers
    | st.text(max_size=20)
    | st.binary(max_size=5)
    | st.sampled_from([*(text for text in ODD_JSON if text.isascii()), {"a"}, {Decimal(1)}, "9" * 400_000, "None"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=3),
)
"""What somebody may write into an attribute of a DynamoDB item."""


def paths(document: Any, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path to every member of a document, at any depth."""
    match document:
        case dict():
            members: list[tuple[str | int, Any]] = [*document.items()]
        case list():
            members = [*enumerate(document)]
        case _:
            members = []
    found = [(*above, key) for key, _ in members]
    return found + [path for key, inner in members for path in paths(inner, (*above, key))]


_HERE = "\u2603 here"


def with_json(document: Any, path: tuple[str | int, ...], value: str) -> str:
    """Return the document as JSON, with a member that is the JSON in ``value``, whatever Python can write of it."""
    copy = json.loads(json.dumps(document))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = _HERE
    return json.dumps(copy, ensure_ascii=False).replace(json.dumps(_HERE, ensure_ascii=False), value)


def with_odd_members(document: Any) -> st.SearchStrategy[str]:
    """Return the document as JSON with an odd value for one of its members, at any depth."""
    odd = st.sampled_from(ODD_VALUES) | values.map(json.dumps)
    return st.tuples(st.sampled_from(paths(document)), odd).map(lambda chosen: with_json(document, *chosen))
