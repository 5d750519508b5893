"""JSON from outside is read in one place, where whatever it is has one of two ends."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from msgspec import Struct

from drawbridge.parsing import UnreadableError, read_json
from tests.builders import REPOSITORY
from tests.odd import DEEP, ODD_JSON, fuzzed, json_texts

READ_ELSEWHERE = {
    "layers/drawbridge/drawbridge/aws/attempts.py": "Only the attempt that wrote it reads it.",
    "cli/drawbridge_cli/documents.py": "Numbers stay text there; it refuses what it can't read, and is fuzzed.",
}


class Told(Struct):
    """What is expected."""

    name: str = ""


@fuzzed
@given(json_texts)
def test_any_text_is_read_or_unreadable(text: str) -> None:
    for kind in (Told, dict[str, object], str, tuple[Told, ...], object):
        try:
            read_json(text, kind)
        except UnreadableError as error:
            assert len(str(error)) < 1000


@pytest.mark.parametrize("text", ODD_JSON, ids=range(len(ODD_JSON)))
def test_bytes_are_read_as_texts_are(text: str) -> None:
    for kind in (Told, object):
        try:
            read_json(text.encode("utf-8", "surrogatepass"), kind)
        except UnreadableError:
            with pytest.raises(UnreadableError):
                read_json(text, kind)


def test_what_nobody_reads_may_be_deep_and_the_next_text_is_read_all_the_same() -> None:
    with pytest.raises(UnreadableError, match="nested too deep"):
        read_json(f'{{"x": {"[" * DEEP}{"]" * DEEP}, "name": "a"}}', Told)

    assert read_json('{"x": [[]], "name": "a"}', Told) == Told("a")


def test_nothing_that_runs_reads_json_in_another_place() -> None:
    sources = [
        path
        for folder in ("layers/drawbridge/drawbridge", "functions", "cli/drawbridge_cli")
        for path in (REPOSITORY / folder).rglob("*.py")
        if path.name != "parsing.py"
    ]

    found = {
        str(path.relative_to(REPOSITORY))
        for path in sources
        if re.search(r"json\.(decode|Decoder|loads?)\b|yaml\.decode", path.read_text())
    }

    assert found == READ_ELSEWHERE.keys()
