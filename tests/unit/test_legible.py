"""Text from others: what people are shown is what was written, on one line, and nothing else."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drawbridge.legible import LONGEST, legible, name_and_id, printable, quoted, word
from drawbridge.observability import logger
from tests.legible_texts import LEGIBLE

# Surrogates too: JSON brings them in.
ANY = st.text(
    st.characters(exclude_categories=()) | st.sampled_from(" ⟨⟩U+20 spaces….\u202e\u200b\u0301é\n"), max_size=40
)
UNCUT = 100_000
_SHOWN = re.compile("⟨U\\+([0-9A-F]{4,6})⟩|⟨(?:([0-9]+) spaces|(space))⟩|(.)")


def written(shown: str) -> str:
    """Read the text that was shown: there is only one."""
    parts = _SHOWN.findall(shown)
    return "".join(char or (chr(int(code, 16)) if code else " " * int(times or "1")) for code, times, _, char in parts)


def inside_quotes(text: str, most: int) -> str:
    return quoted(text, most)[1:-1]


@given(ANY)
@example("⟨U+202E⟩")
@example("⟨\u202eU+202E⟩")
@example("  ⟨2 spaces⟩")
@example("⟨space⟩")
@example("⟨… 3 more⟩")
def test_two_different_texts_never_show_the_same(text: str) -> None:
    assert written(legible(text, UNCUT)) == text


@given(ANY)
def test_what_is_shown_is_printable_and_on_one_line(text: str) -> None:
    shown = legible(text, UNCUT)

    assert shown.isprintable()
    assert "  " not in shown
    assert shown == shown.strip()
    assert {unicodedata.category(each) for each in shown}.isdisjoint({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@given(ANY)
def test_what_is_shown_is_as_it_is_composed_so_that_it_looks_like_no_other_text(text: str) -> None:
    shown = legible(text, UNCUT)

    assert unicodedata.normalize("NFC", shown) == shown


@given(st.text(st.characters(exclude_categories=()), max_size=300), st.integers(30, 100))
@example(" " * 1000, 30)
@example("\u202e" * 1000, 30)
@example("  ”" * 100, 30)
@pytest.mark.parametrize("show", [legible, inside_quotes])
def test_a_text_that_is_cut_is_as_long_as_it_may_be_and_says_so(
    show: Callable[[str, int], str], text: str, most: int
) -> None:
    shown = show(text, most)

    assert len(shown) <= most
    left_out = re.search(r"⟨… ([0-9]+) more⟩\Z", shown)
    if left_out is None:
        assert written(shown) == text
    else:
        before = written(shown[: left_out.start()])
        assert text.startswith(before)
        assert len(before) + int(left_out.group(1)) == len(text)


@pytest.mark.parametrize(("text", "shown"), LEGIBLE)
def test_what_is_not_plainly_visible_is_shown_by_its_code_point(text: str, shown: str) -> None:
    assert legible(text) == shown


def test_a_text_is_bounded_if_nobody_says_otherwise() -> None:
    assert legible("x" * LONGEST) == "x" * LONGEST
    assert legible("x" * 5000).endswith("x⟨… 4613 more⟩")


@given(ANY | st.sampled_from(["x” (1)", '"', "“"]))
def test_what_is_quoted_does_not_end_its_quotes(text: str) -> None:
    shown = quoted(text, UNCUT)

    assert not set(shown[1:-1]) & set('“”"')
    assert written(shown[1:-1]) == text


@given(st.text(",=()“”\"'a ", max_size=10) | ANY)
def test_a_word_among_ours_is_one_that_ends_plainly_or_is_quoted(text: str) -> None:
    shown = word(text, UNCUT)

    assert shown == quoted(text, UNCUT) or (shown == text and not re.search("[^A-Za-z0-9_.:/@+-]", text))


@pytest.mark.parametrize("text", ["gold", "drawbridge:tier", "a/b-c_d.e+f@g", "42"])
def test_what_is_one_word_needs_no_quotes(text: str) -> None:
    assert word(text) == text
    assert word(text * 100, 20) == quoted(text * 100, 20)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("prod” (1)", "“prod⟨U+201D⟩ (1)” (a⟨U+202E⟩)"),
        ("", "a⟨U+202E⟩"),
        ("x" * 300, f"“{'x' * 188}⟨… 112 more⟩” (a⟨U+202E⟩)"),
    ],
)
def test_a_name_stands_before_its_id_and_does_not_end_its_quotes(name: str, shown: str) -> None:
    assert name_and_id(name, "a\u202e") == shown


@given(ANY)
def test_a_line_of_ours_keeps_its_spaces_and_breaks_and_nothing_else(text: str) -> None:
    shown = printable(f"  a    {text}\n")

    assert shown.startswith("  a    ")
    assert shown.replace("\n", "").isprintable()
    assert shown.count("\n") == text.count("\n") + 1


@given(ANY)
def test_a_log_line_shows_nothing_that_is_not_visible(text: str) -> None:
    formatter: Any = logger.registered_formatter
    line = formatter.serialize({"message": text})

    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line) == {"message": text}
