"""Files that people write: what is wrong with them, all at once; and those that become parameters, one for each."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from drawbridge.document_mistakes import Mistake
from drawbridge.errors import InvalidInputError
from drawbridge_cli.screen import complain

LONGEST = 8192
"""Bytes that Parameter Store takes in the advanced tier."""


class FileProblem(Struct, frozen=True, kw_only=True):
    """Something that is wrong with a file, or with several together."""

    path: str
    name: str = ""
    """Of the binding, the policy or the case that it is about; empty if it is about the whole file."""
    message: str
    """It names the field, and what to write instead."""
    line: int | None = None
    field: str = ""

    def __str__(self) -> str:
        return f"{self.path}{f':{self.line}' if self.line else ''}: {self.message}"


class InvalidFilesError(InvalidInputError):
    """Files that can't be used, with all that is wrong with them."""

    def __init__(self, problems: Iterable[FileProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def say_problems(problems: Iterable[FileProblem]) -> None:
    """Print what is wrong, each with file and line, as compilers do."""
    for problem in problems:
        complain(str(problem), problem)


class NamedFile(Struct, frozen=True):
    """A file that was read and is not checked yet."""

    name: str
    path: Path
    text: str

    @property
    def is_too_long(self) -> bool:
        """Whether Parameter Store has no room for it: then nothing else is looked at."""
        return len(self.text.encode()) > LONGEST

    def refused(self) -> Mistake | None:
        """Return why Parameter Store would not take it; ``None`` if it does."""
        if self.is_too_long:
            return Mistake(message=f"{len(self.text.encode())} bytes, {LONGEST} at most")
        before, reference, _ = self.text.partition("{{")
        if not reference:
            return None
        # It takes it for a reference to another parameter.
        line = before.count("\n") + 1
        return Mistake(message="Parameter Store refuses '{{'; put a space between", line=line)

    def problem(self, mistake: Mistake) -> FileProblem:
        return FileProblem(
            path=str(self.path), name=self.name, message=mistake.message, line=mistake.line, field=mistake.field
        )


def find_named(paths: Sequence[Path], suffixes: tuple[str, ...], what: str) -> list[NamedFile]:
    """Read the files, and those in the folders and below them that have one of the suffixes.

    Raises:
        InvalidFilesError: some path does not exist, can't be read, or has none in it.
    """
    found: dict[Path, NamedFile] = {}
    problems: list[FileProblem] = []
    for path in paths:
        inside = sorted(each for each in path.rglob("*") if each.suffix in suffixes) if path.is_dir() else [path]
        if not inside:
            problems.append(FileProblem(path=str(path), message=f"no file in it ends in {' or '.join(suffixes)}"))
        for each in inside:
            try:
                found[each.resolve()] = NamedFile(each.stem, each, each.read_text(encoding="utf-8-sig"))
            except OSError as error:
                problems.append(FileProblem(path=str(each), message=str(error.strerror)))
            except UnicodeDecodeError:
                problems.append(FileProblem(path=str(each), message=f"not UTF-8; {what} is plain text"))
    if problems:
        raise InvalidFilesError(dict.fromkeys(problems))
    return [*found.values()]
