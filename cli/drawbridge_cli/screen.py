"""The output of the command line: text and tables for people, JSON for programs.

Names and tags come from other accounts: they are made legible where they get into a line, and nothing reaches the
terminal but printable characters.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from drawbridge.legible import printable

_MARKS = {"good": "green", "bad": "red", "doubtful": "yellow", "aside": "dim", "title": "bold", "": ""}


def say(text: str = "", mark: str = "") -> None:
    """Print a line."""
    _console().print(Text(printable(text), style=_MARKS[mark]), soft_wrap=True)


Line = tuple[str, str]
"""A line, and its mark."""


def say_lines(lines: Iterable[Line]) -> None:
    """Print lines that are as wide as they may be."""
    for text, mark in lines:
        say(text, mark)


def width() -> int | None:
    """Return how many columns a line may have; ``None`` in a file or a pipe, where no line is broken."""
    return _console().width if sys.stdout.isatty() else None


def redraw(lines: Iterable[Line]) -> None:
    """Print lines on an empty screen; in a file or a pipe, below what was printed before."""
    if sys.stdout.isatty():
        _console().clear()
    say_lines(lines)


def complain(text: str) -> None:
    """Print a line to standard error."""
    Console(stderr=True, highlight=False).print(Text(printable(text), style="red"), soft_wrap=True)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(each)) for each in row))
    _console().print(table)


def show_json(value: Any) -> None:
    """Print a value as JSON, and nothing else."""
    text = msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2).decode()
    escaped = (each if each.isprintable() or each == "\n" else json.dumps(each)[1:-1] for each in text)
    sys.stdout.write("".join(escaped) + "\n")


def _console() -> Console:
    # In a file or a pipe no line is broken; a terminal has the width that it has.
    return Console(highlight=False, width=None if sys.stdout.isatty() else 200)
