"""The output of the command line: text and tables for people, JSON for programs.

Names and tags come from other accounts: they are made legible where they get into a line, and nothing reaches the
terminal but printable characters.
"""

import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO

import typer

from drawbridge.errors import DrawbridgeError, InvalidInputError
from drawbridge.legible import printable

_MARKS = {"good": "32", "bad": "31", "doubtful": "33", "aside": "2", "title": "1", "": ""}
"""What a terminal is told for each: colours, faint, bold."""


def say(text: str = "", mark: str = "") -> None:
    """Print a line."""
    _write(sys.stdout, text, mark)


Line = tuple[str, str]
"""A line, and its mark."""


def say_lines(lines: Iterable[Line]) -> None:
    """Print lines that are as wide as they may be."""
    for text, mark in lines:
        say(text, mark)


def width() -> int | None:
    """Return how many columns a line may have; ``None`` in a file or a pipe, where no line is broken."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def redraw(lines: Iterable[Line]) -> None:
    """Print lines on an empty screen; in a file or a pipe, below what was printed before."""
    if _can_be_steered(sys.stdout):
        sys.stdout.write("\x1b[2J\x1b[H")
    say_lines(lines)
    sys.stdout.flush()


class Written:
    """What a command has written so far, and whether it answers in JSON."""

    def __init__(self, *, in_json: bool) -> None:
        self.in_json = in_json
        self.complaints: list[str] = []
        self.problems: list[Any] = []
        """Those of the complaints, for programs, that are about files."""
        self.is_answered = False


_written: ContextVar[Written | None] = ContextVar("written", default=None)


@contextmanager
def noting_what_is_written(*, in_json: bool) -> Iterator[Written]:
    """Note what is complained of, and whether there is a document for programs: of an error, one is made of that."""
    written = Written(in_json=in_json)
    token = _written.set(written)
    try:
        yield written
    finally:
        _written.reset(token)


def complain(text: str, problem: object = None) -> None:
    """Print a line to standard error; ``problem`` is what it says, for programs, if it is about a file."""
    if (written := _written.get()) is not None:
        written.complaints.append(text)
        written.problems += [] if problem is None else [problem]
    _write(sys.stderr, text, "bad")


Show = Callable[[str], None]
"""Shows how far it is, in place of what was shown before; an empty text takes it away."""


@contextmanager
def accounting(done: Callable[[], str]) -> Iterator[Show]:
    """Give a function that shows how far it is; if AWS fails in between or Ctrl-C is pressed, complain of what is done.

    ``done`` returns what is done so far, and what goes on regardless or does the rest; if it returns nothing, nothing
    is said. How far it is, is shown on one line of a terminal, and neither in a pipe nor beside JSON.
    """
    written = _written.get()
    shows = _can_be_steered(sys.stderr) and not (written and written.in_json)

    def show(text: str) -> None:
        if shows:
            # What does not fit would leave lines behind.
            fitting = printable(text)[: shutil.get_terminal_size().columns - 1]
            sys.stderr.write(f"\r\x1b[K{fitting}")
            sys.stderr.flush()

    try:
        yield show
    except (DrawbridgeError, KeyboardInterrupt):
        show("")
        if text := done():
            complain(text)
        raise
    except BaseException:
        show("")
        raise
    else:
        show("")


def ask(question: str) -> None:
    """Ask, and go on only if the answer is yes.

    Raises:
        Abort: it is no, or nobody answers.
    """
    while True:
        sys.stdout.write(f"{printable(question)} [y/N]: ")
        sys.stdout.flush()
        answer = sys.stdin.readline()
        if not answer:
            say()
            complain("nobody answers; say --yes to do it without asking")
            raise typer.Abort
        match answer.strip().lower():
            case "y" | "yes":
                return
            case "" | "n" | "no":
                raise typer.Abort
            case _:
                say("y or n?")


def check_that_nobody_is_asked(*, as_json: bool, yes: bool, dry_run: bool | None = None) -> None:
    """Refuse ``--json`` where somebody would be asked.

    Raises:
        InvalidInputError: neither ``--yes`` is said nor, where there is such an option, ``--dry-run``.
    """
    if as_json and not yes and not dry_run:
        or_dry_run = "" if dry_run is None else " or --dry-run"
        raise InvalidInputError(f"--json: nobody is asked then; say --yes{or_dry_run} as well")


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table."""
    say_lines(table_lines(columns, rows, width()))


_GAP = "  "


def table_lines(columns: Sequence[str], rows: Iterable[Sequence[str]], width: int | None) -> Iterator[Line]:
    """Yield a table as lines; if it is too wide for them, each row as lines of its own, so that no name is broken."""
    printed = [[printable(cell).replace("\n", " ") for cell in row] for row in rows]
    widths = [max(map(_cells, column)) for column in zip(columns, *printed, strict=True)]
    if width is not None and sum(widths) + len(_GAP) * (len(columns) - 1) > width:
        for first, *others in printed:
            yield from wrapped(f"{columns[0]}: {first}", width, indent=0, mark="title")
            for column, cell in zip(columns[1:], others, strict=True):
                if cell:
                    yield from wrapped(f"{column}: {cell}", width, indent=2)
        return
    yield _in_columns(columns, widths), "title"
    yield _GAP.join("─" * each for each in widths), "aside"
    for row in printed:
        yield _in_columns(row, widths), ""


def _in_columns(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - _cells(cell)) for cell, width in zip(cells, widths, strict=True))
    return _GAP.join(padded).rstrip()


def _cells(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(each) in {"W", "F"} for each in text)
    return len(text) + wide - sum(unicodedata.combining(each) > 0 for each in text)


def wrapped(text: str, width: int | None, *, indent: int, mark: str = "", end: str = "") -> Iterator[Line]:
    """Yield a text as lines; a word that is too long for one has it for itself, with less before it, or none.

    ``end`` is put at the end of each line but the last: a shell reads on after a backslash.
    """
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if line and width is not None and indent + _cells(longer) + len(end) > width:
            yield f"{_before(line, width, indent)}{line}{end}", mark
            line = word
        else:
            line = longer
    yield f"{_before(line, width, indent)}{line}", mark


def _before(line: str, width: int | None, indent: int) -> str:
    return " " * (indent if width is None else max(0, min(indent, width - _cells(line))))


def show_json(value: Any) -> None:
    """Print a value as JSON, and nothing else."""
    # What only shows text needs no encoder.
    import msgspec  # noqa: PLC0415

    text = msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2).decode()
    escaped = (each if each.isprintable() or each == "\n" else json.dumps(each)[1:-1] for each in text)
    sys.stdout.write("".join(escaped) + "\n")
    if (written := _written.get()) is not None:
        written.is_answered = True


def _write(stream: TextIO, text: str, mark: str) -> None:
    line = printable(text)
    if mark and line and not os.environ.get("NO_COLOR") and _can_be_steered(stream):
        line = f"\x1b[{_MARKS[mark]}m{line}\x1b[0m"
    stream.write(f"{line}\n")


def _can_be_steered(stream: TextIO) -> bool:
    """Whether it is a terminal that knows colours, and lines that are drawn anew."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"
