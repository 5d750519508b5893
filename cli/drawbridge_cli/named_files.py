"""Files that become parameters: one for each, of the same name."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from drawbridge.errors import InvalidInputError

LONGEST = 8192
"""Bytes that Parameter Store takes in the advanced tier."""


class NamedFile(Struct, frozen=True):
    """A file that was read and is not checked yet."""

    name: str
    path: Path
    text: str

    @property
    def reference_line(self) -> int | None:
        """The line with ``{{``, which Parameter Store refuses: it takes it for a reference."""
        before, reference, _ = self.text.partition("{{")
        return before.count("\n") + 1 if reference else None

    @property
    def size(self) -> int:
        return len(self.text.encode())


def find_named(paths: Sequence[Path], suffixes: tuple[str, ...], what: str) -> list[NamedFile]:
    """Read the files, and those in the folders and below them that have one of the suffixes.

    Raises:
        InvalidInputError: a path does not exist, can't be read, or has none in it.
    """
    found: dict[Path, NamedFile] = {}
    for path in paths:
        try:
            inside = sorted(each for each in path.rglob("*") if each.suffix in suffixes) if path.is_dir() else [path]
            if not inside:
                raise InvalidInputError(f"{path}: no file in it ends in {' or '.join(suffixes)}")
            for each in inside:
                found[each.resolve()] = NamedFile(each.stem, each, each.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise InvalidInputError(f"{path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise InvalidInputError(f"{each}: not UTF-8; {what} is plain text") from error
    return [*found.values()]
