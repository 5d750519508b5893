"""The screen: nothing that other accounts write steers a terminal, and nothing is broken or coloured in a pipe."""

import io
import json
import unicodedata

import pytest
import typer
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from drawbridge.errors import UpstreamError
from drawbridge.legible import printable
from drawbridge_cli.screen import (
    accounting,
    ask,
    complain,
    noting_what_is_written,
    redraw,
    say,
    say_lines,
    show_json,
    show_table,
    table_lines,
    width,
)

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
    assert [row.split() for row in rows] == [["1", "[b]Orders[/b]"], ["2", "⟨U+001B⟩[2J"]]


def test_lines_are_printed_as_wide_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    say_lines([("a" * 300, "bad"), ("", ""), ("[b]\x1b[2J", "title")])

    assert capsys.readouterr().out == f"{'a' * 300}\n\n[b]⟨U+001B⟩[2J\n"
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


ROWS = [("111111111111", "vpce-svc-00000000000000001", "Orders"), ("222222222222", "", "注文")]


@pytest.mark.parametrize("width", [None, 50])
def test_a_table_that_fits_is_in_columns(width: int | None) -> None:
    lines = [line for line, _ in table_lines(("account", "services", "name"), ROWS, width)]

    assert lines == [
        "account       services                    name",
        "────────────  ──────────────────────────  ──────",
        "111111111111  vpce-svc-00000000000000001  Orders",
        "222222222222                              注文",
    ]


@pytest.mark.parametrize("width", [47, 30])
def test_of_a_table_that_does_not_fit_each_row_has_lines_of_its_own(width: int) -> None:
    lines = [line for line, _ in table_lines(("account", "services", "name"), ROWS, width)]

    services = {47: ["  services: vpce-svc-00000000000000001"], 30: ["  services:", "  vpce-svc-00000000000000001"]}
    assert lines == [
        "account: 111111111111",
        *services[width],
        "  name: Orders",
        "account: 222222222222",
        "  name: 注文",
    ]


@given(st.lists(st.tuples(_words, _words), max_size=3), st.integers(20, 80))
def test_no_word_of_a_table_is_broken(rows: list[tuple[str, str]], width: int) -> None:
    lines = "\n".join(line for line, _ in table_lines(("a", "b"), rows, width)).split()

    for cell in (cell for row in rows for cell in row):
        assert {*printable(cell).split()} <= {*lines}


@pytest.mark.parametrize("answer", ["y\n", "YES\n", "what\ny\n"])
def test_only_who_says_yes_goes_on(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))

    ask("Do it?")


@pytest.mark.parametrize("answer", ["", "\n", "n\n", "no\n", "what\n"])
def test_nobody_else_does(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))

    with pytest.raises(typer.Abort):
        ask("Do it?")


def test_what_is_waited_for_is_one_line_that_goes_in_the_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "10")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)

    with accounting(lambda: "") as show:
        show("one")
        show("two, and more than fits")

    assert capsys.readouterr() == ("", "\r\x1b[Kone\r\x1b[Ktwo, and \r\x1b[K")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), UpstreamError("no"), RuntimeError("a fault")])
def test_where_it_breaks_off_the_line_goes_and_it_is_said_what_is_done(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)

    def break_off() -> None:
        with accounting(lambda: "1 of 2 are done") as show:
            show("one")
            raise error

    with pytest.raises(type(error)):
        break_off()

    told = "" if isinstance(error, RuntimeError) else "1 of 2 are done\n"
    assert capsys.readouterr() == ("", f"\r\x1b[Kone\r\x1b[K{told}")


def test_beside_json_nothing_is_shown_of_waiting(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)

    with noting_what_is_written(in_json=True), accounting(lambda: "") as show:
        show("one")

    assert capsys.readouterr() == ("", "")


def test_in_a_pipe_nothing_is_said_of_waiting(capsys: pytest.CaptureFixture[str]) -> None:
    with accounting(lambda: "") as show:
        show("one")

    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_who_wants_no_colours_gets_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)

    say("with", "bad")
    monkeypatch.setenv(variable, value)
    say("without", "bad")

    assert capsys.readouterr().out == "\x1b[31mwith\x1b[0m\nwithout\n"
