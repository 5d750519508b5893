"""Policies in files: one a file, by the name that its parameter has or will have."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from drawbridge.decision.conflicts import conflict_among
from drawbridge.decision.policies import InvalidPolicyError, Policy, parse_policy
from drawbridge.errors import InvalidInputError

SUFFIX = ".cedar"

# What Parameter Store allows in the last part of a name.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")

_LONGEST = 8192
"""Bytes that it takes in the advanced tier."""


class PolicyFile(Struct, frozen=True):
    """A file, read and not yet checked."""

    name: str
    path: Path
    text: str


class Problem(Struct, frozen=True):
    """Why a file, or several together, can't take effect."""

    path: str
    policy: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.path}{f':{self.line}' if self.line else ''}: {self.message}"


class Checked(Struct, frozen=True):
    """What became of the check."""

    policies: tuple[Policy, ...]
    """The good ones."""
    problems: tuple[Problem, ...]


def find_files(paths: Sequence[Path]) -> list[PolicyFile]:
    """Read the files, and those in the folders and below them that end in ``.cedar``.

    Raises:
        InvalidInputError: a path does not exist, can't be read, or has no policy in it.
    """
    found: dict[Path, PolicyFile] = {}
    for path in paths:
        try:
            inside = sorted(path.rglob(f"*{SUFFIX}")) if path.is_dir() else [path]
            if not inside:
                raise InvalidInputError(f"{path}: no file in it ends in {SUFFIX}")
            for each in inside:
                found[each.resolve()] = PolicyFile(each.stem, each, each.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise InvalidInputError(f"{path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise InvalidInputError(f"{each}: not UTF-8; a policy is plain text") from error
    return [*found.values()]


def check_files(files: Iterable[PolicyFile], *, everything_is_meant: bool = False) -> Checked:
    """Check each file, and all of them together, as if they were the policies in force."""
    by_name: dict[str, PolicyFile] = {}
    policies: list[Policy] = []
    problems: list[Problem] = []
    for file in files:
        first = by_name.setdefault(file.name, file)
        if first is not file:
            problems.append(Problem(str(file.path), file.name, f"the name {file.name!r} is taken by {first.path}"))
            continue
        try:
            policies.append(check_file(file))
        except InvalidPolicyError as error:
            problems.append(Problem(str(file.path), file.name, error.reason, error.line))
    conflict = None if problems else conflict_among(policies, everything_is_meant=everything_is_meant)
    if conflict is not None:
        problems += [Problem(str(by_name[name].path), name, reason) for name, reason in sorted(conflict.blame.items())]
    return Checked(tuple(policies), tuple(problems))


def check_file(file: PolicyFile) -> Policy:
    """Check a file by itself, and whether Parameter Store takes it.

    Raises:
        InvalidPolicyError: it cannot take effect.
    """
    if _NAME.fullmatch(file.name) is None:
        raise InvalidPolicyError(
            file.name, "the file's name is to be letters, digits, '-', '_' and '.', a letter or digit first"
        )
    if (size := len(file.text.encode())) > _LONGEST:
        raise InvalidPolicyError(file.name, f"{size} bytes, {_LONGEST} at most")
    for number, line in enumerate(file.text.splitlines(), start=1):
        if "{{" in line:
            raise InvalidPolicyError(file.name, "Parameter Store refuses '{{'; put a space between", number)
    return parse_policy(file.name, file.text)
