"""Policies in files: one in each, named as its parameter."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from drawbridge.decision.conflicts import conflict_among
from drawbridge.decision.policies import InvalidPolicyError, Policy, parse_policy
from drawbridge_cli.named_files import LONGEST, NamedFile, find_named

SUFFIX = ".cedar"

# What Parameter Store allows in the last part of a name.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


class PolicyProblem(Struct, frozen=True):
    """The reason why a file, or several together, can't take effect."""

    path: str
    policy: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.path}{f':{self.line}' if self.line else ''}: {self.message}"


class CheckedPolicies(Struct, frozen=True):
    """The result of a check."""

    policies: tuple[Policy, ...]
    """The good ones."""
    problems: tuple[PolicyProblem, ...]


def find_files(paths: Sequence[Path]) -> list[NamedFile]:
    """Read the files, and those in the folders and below them that end in ``.cedar``.

    Raises:
        InvalidInputError: a path does not exist, can't be read, or has no policy in it.
    """
    return find_named(paths, (SUFFIX,), "a policy")


def check_files(files: Iterable[NamedFile], *, everything_may_be_permitted: bool = False) -> CheckedPolicies:
    """Check each file, and all of them together, as if they were the policies in force."""
    by_name: dict[str, NamedFile] = {}
    policies: list[Policy] = []
    problems: list[PolicyProblem] = []
    for file in files:
        first = by_name.setdefault(file.name, file)
        if first is not file:
            problems.append(
                PolicyProblem(str(file.path), file.name, f"the name {file.name!r} is taken by {first.path}")
            )
            continue
        try:
            policies.append(check_file(file))
        except InvalidPolicyError as error:
            problems.append(PolicyProblem(str(file.path), file.name, error.reason, error.line))
    conflict = None if problems else conflict_among(policies, everything_may_be_permitted=everything_may_be_permitted)
    if conflict is not None:
        problems += [
            PolicyProblem(str(by_name[name].path), name, reason) for name, reason in sorted(conflict.blame.items())
        ]
    return CheckedPolicies(tuple(policies), tuple(problems))


def check_file(file: NamedFile) -> Policy:
    """Check a file by itself, and whether Parameter Store takes it.

    Raises:
        InvalidPolicyError: it cannot take effect.
    """
    if _NAME.fullmatch(file.name) is None:
        raise InvalidPolicyError(
            file.name, "the file's name is to be letters, digits, '-', '_' and '.', a letter or digit first"
        )
    if file.size > LONGEST:
        raise InvalidPolicyError(file.name, f"{file.size} bytes, {LONGEST} at most")
    if (line := file.reference_line) is not None:
        raise InvalidPolicyError(file.name, "Parameter Store refuses '{{'; put a space between", line)
    return parse_policy(file.name, file.text)
