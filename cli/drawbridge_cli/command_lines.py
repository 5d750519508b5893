"""Commands that people are advised to run: as data, which prints itself with the options that the caller gave.

Who copies a command must reach the same stack. What the options are depends on the stack that is told of, and is known
where it is read; what is advised is decided far from there.
"""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from msgspec import Struct

_options: ContextVar[Sequence[str]] = ContextVar("options", default=())


class CommandLine(Struct, frozen=True):
    """A command of ours, by its words: groups, the command, its arguments and options."""

    words: tuple[str, ...]

    def __str__(self) -> str:
        """Return it as it can be pasted into a shell, where it reaches the stack that is told of."""
        return shlex.join(("drawbridge", *_options.get(), *self.words))


def command(*words: str) -> CommandLine:
    return CommandLine(words)


@contextmanager
def told_with(options: Sequence[str]) -> Iterator[None]:
    """Have commands print themselves with these options: those that lead to the stack that is told of."""
    token = _options.set(options)
    try:
        yield
    finally:
        _options.reset(token)
