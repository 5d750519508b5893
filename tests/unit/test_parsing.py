"""What comes from outside is read in one place, where whatever it is has one of two ends."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from msgspec import Struct

from drawbridge.parsing import UnreadableError, read_document, read_json, read_value
from tests.builders import REPOSITORY
from tests.odd import DEEP, ODD_JSON, fuzzed, json_texts, values

READ_ELSEWHERE = {
    "layers/drawbridge/drawbridge/aws/attempts_table.py": "Only the attempt that wrote it reads it.",
    "cli/drawbridge_cli/documents.py": "Numbers stay text there; it refuses what it can't read, and is fuzzed.",
}


CONVERTED_ELSEWHERE = {
    "layers/drawbridge/drawbridge/aws/ledger_items.py": "Its own rows; one that can't be read stops no other.",
    "layers/drawbridge/drawbridge/aws/ledger_table.py": "The same, of single attributes.",
    **{
        f"functions/{name}/app.py": "A step of our own workflow: a task that fails says so to it."
        for name in (
            "accept_request",
            "associate_resource",
            "decide_request",
            "plan_associations",
            "plan_withdrawal",
            "record_outcome",
            "request_approval",
            "withdraw_attachment",
        )
    },
}


class Expected(Struct):
    """What is expected."""

    name: str = ""


class Strict(Struct, forbid_unknown_fields=True):
    """What may have nothing else in it."""


@pytest.mark.parametrize(
    ("key", "told"),
    [("a\nb", r"a\nb"), ("a\r\u2028b", r"a\r\u2028b"), ("\u202e\u200bb", r"\u202e\u200bb"), ("⟨ä⟩", "⟨ä⟩")],
)
def test_what_a_key_says_is_told_on_one_line_and_made_legible_once(key: str, told: str) -> None:
    reads: list[Callable[[], object]] = [
        lambda: read_json(json.dumps({key: 1}), Strict),
        lambda: read_value({key: 1}, Strict),
        lambda: read_document({key: 1}, Strict),
    ]
    for read in reads:
        with pytest.raises(UnreadableError) as refused:
            read()
        assert str(refused.value) == f"Object contains unknown field `{told}`"


@fuzzed
@given(json_texts)
def test_any_text_is_read_or_unreadable(text: str) -> None:
    for kind in (Expected, dict[str, object], str, tuple[Expected, ...], object):
        try:
            read_json(text, kind)
        except UnreadableError as error:
            assert len(str(error)) < 1000


@fuzzed
@given(values)
def test_any_value_is_read_or_unreadable(value: object) -> None:
    for kind in (Expected, dict[str, object], str, tuple[Expected, ...], dict[str, tuple[str, ...]]):
        try:
            read_value(value, kind)
        except UnreadableError as error:
            assert len(str(error)) < 1000


@pytest.mark.parametrize("value", ["\ud800", {"\ud800": 1}, {"name": "\ud800"}, {"name": {"\ud800": "\ud800"}}])
def test_half_of_a_character_which_lambda_passes_on_is_unreadable_or_left_alone(value: object) -> None:
    for kind in (Expected, dict[str, object], tuple[Expected, ...]):
        with suppress(UnreadableError):
            read_value(value, kind)
        with pytest.raises(UnreadableError):
            read_document(value, kind)


@fuzzed
@given(values)
def test_any_document_is_read_or_unreadable_and_what_is_read_can_be_written(loaded: object) -> None:
    for kind in (Expected, dict[str, object], str, tuple[Expected, ...], dict[str, tuple[str, ...]]):
        with suppress(UnreadableError):
            msgspec.json.encode(read_document(loaded, kind))


def test_what_an_anchor_names_again_and_again_is_gone_through_once() -> None:
    value: list[object] = ["\ud800"]
    for _ in range(100):
        value = [value, value]

    with pytest.raises(UnreadableError, match="half of a character"):
        read_document(value, object)


@pytest.mark.parametrize("text", ODD_JSON, ids=range(len(ODD_JSON)))
def test_bytes_are_read_as_texts_are(text: str) -> None:
    for kind in (Expected, object):
        try:
            read_json(text.encode("utf-8", "surrogatepass"), kind)
        except UnreadableError:
            with pytest.raises(UnreadableError):
                read_json(text, kind)


def test_what_nobody_reads_may_be_deep_and_the_next_text_is_read_all_the_same() -> None:
    with pytest.raises(UnreadableError, match="nested too deep"):
        read_json(f'{{"x": {"[" * DEEP}{"]" * DEEP}, "name": "a"}}', Expected)

    assert read_json('{"x": [[]], "name": "a"}', Expected) == Expected("a")


def test_nothing_that_runs_reads_json_in_another_place() -> None:
    assert sources_with(r"json\.(decode|Decoder|loads?)\b|yaml\.decode") == READ_ELSEWHERE.keys()


def test_nothing_from_outside_is_converted_in_another_place() -> None:
    assert sources_with(r"\bconvert\(|import convert\b") == CONVERTED_ELSEWHERE.keys()


def sources_with(pattern: str) -> set[str]:
    return {
        str(path.relative_to(REPOSITORY))
        for folder in ("layers/drawbridge/drawbridge", "functions", "cli/drawbridge_cli")
        for path in (REPOSITORY / folder).rglob("*.py")
        if path.name != "parsing.py" and re.search(pattern, path.read_text())
    }
