"""The screen: nothing that other accounts write steers a terminal, and nothing is broken or coloured in a pipe."""

import json
import unicodedata

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from drawbridge.legible import printable
from drawbridge_cli.screen import complain, redraw, say, say_lines, show_json, show_table, width

_words = st.text(st.characters(exclude_categories=["Cs"]))
_in_one_test = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def steering(text: str) -> list[str]:
    """Return what could steer a terminal: controls, formats (right to left), separators, what is unassigned."""
    return [
        each
        for each in text
        if each != "\n" and unicodedata.category(each) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    ]


@given(st.text())
@example("\x1b[2J\x9b2J\r\t\b\x7f\u202e\u2028\ud800")
def test_nothing_shown_steers_a_terminal(text: str) -> None:
    assert steering(printable(text)) == []


@pytest.mark.parametrize("text", ["Größe 5 → 6", "注文 データベース", "a b", "one\ntwo", "🌉", ""])
def test_what_people_write_is_shown_as_it_is(text: str) -> None:
    assert printable(text) == text


@given(_words)
@_in_one_test
def test_nothing_said_or_complained_of_steers_a_terminal(capsys: pytest.CaptureFixture[str], text: str) -> None:
    say(text, "good")
    complain(text)

    output = capsys.readouterr()
    assert steering(output.out + output.err) == []


@given(st.dictionaries(_words, _words | st.lists(_words) | st.none()))
@example({"name": "\x9b2J\x7f\u202e\U000e0001", "line": "a\nb"})
@_in_one_test
def test_json_is_the_value_and_steers_no_terminal(capsys: pytest.CaptureFixture[str], value: dict[str, object]) -> None:
    show_json(value)

    output = capsys.readouterr().out
    assert json.loads(output) == value
    assert steering(output) == []


def test_what_looks_like_markup_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    say("[red]x[/red] [link=http://x]y[/link] :bridge_at_night:")

    assert capsys.readouterr().out == "[red]x[/red] [link=http://x]y[/link] :bridge_at_night:\n"


@pytest.mark.parametrize("mark", ["good", "bad", "doubtful", "aside", "title", ""])
def test_no_line_is_broken_or_coloured_in_a_pipe(capsys: pytest.CaptureFixture[str], mark: str) -> None:
    line = "a long line of words " * 50

    say(line, mark)

    assert capsys.readouterr().out == f"{line}\n"


def test_complaints_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    say("said")
    complain("complained")

    output = capsys.readouterr()
    assert (output.out, output.err) == ("said\n", "complained\n")


def test_a_table_has_a_line_for_each_row(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("account", "name"), [("1", "[b]Orders[/b]"), ("2", "\x1b[2J")])

    header, _rule, *rows = capsys.readouterr().out.splitlines()
    assert header.split() == ["account", "name"]
    assert [row.split() for row in rows] == [["1", "[b]Orders[/b]"], ["2", "\\u{1b}[2J"]]


def test_lines_are_printed_as_wide_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    say_lines([("a" * 300, "bad"), ("", ""), ("[b]\x1b[2J", "title")])

    assert capsys.readouterr().out == f"{'a' * 300}\n\n[b]\\u{{1b}}[2J\n"
    assert width() is None


def test_on_a_terminal_lines_take_the_place_of_those_before(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)

    redraw([("one", "")])
    redraw([("two", "")])

    _, first, second = capsys.readouterr().out.split("\x1b[2J")
    assert ("one" in first, "two" in second, width()) == (True, True, 60)


def test_in_a_pipe_they_follow_one_another(capsys: pytest.CaptureFixture[str]) -> None:
    redraw([("one", "")])
    redraw([("two", "")])

    assert capsys.readouterr().out == "one\ntwo\n"
