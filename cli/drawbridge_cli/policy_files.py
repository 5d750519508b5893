"""Policies in files: one in each, named as its parameter."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from drawbridge.decision.conflicts import conflict_among
from drawbridge.decision.idle_delays import idle_delays
from drawbridge.decision.policies import InvalidPolicyError, Policy, parse_policy
from drawbridge.document_mistakes import Mistake
from drawbridge_cli.named_files import FileProblem, NamedFile, find_named

SUFFIX = ".cedar"

# What Parameter Store allows in the last part of a name.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


class CheckedPolicies(Struct, frozen=True):
    """The result of a check."""

    policies: tuple[Policy, ...]
    """The good ones."""
    problems: tuple[FileProblem, ...]
    notes: tuple[FileProblem, ...] = ()
    """What has no effect as it stands, and is good all the same."""


def find_files(paths: Sequence[Path]) -> list[NamedFile]:
    """Read the files, and those in the folders and below them that end in ``.cedar``.

    Raises:
        InvalidFilesError: a path does not exist, can't be read, or has no policy in it.
    """
    return find_named(paths, (SUFFIX,), "a policy")


def check_files(files: Iterable[NamedFile], *, everything_may_be_permitted: bool = False) -> CheckedPolicies:
    """Check each file, and all of them together, as if they were the policies in force."""
    by_name: dict[str, NamedFile] = {}
    policies: list[Policy] = []
    problems: list[FileProblem] = []
    for file in files:
        first = by_name.setdefault(file.name, file)
        if first is not file:
            problems.append(file.problem(Mistake(message=f"the name {file.name!r} is taken by {first.path}")))
            continue
        mistakes = [*filter(None, (_refused_name(file), file.refused()))]
        good: tuple[Policy, ...] = ()
        try:
            good = () if file.is_too_long else (parse_policy(file.name, file.text),)
        except InvalidPolicyError as error:
            mistakes += error.mistakes
        policies += () if mistakes else good
        problems += map(file.problem, mistakes)
    # Whether all is let in depends on those, too, that are not good yet.
    conflict = conflict_among(policies, everything_may_be_permitted=everything_may_be_permitted or bool(problems))
    if conflict is not None:
        problems += (by_name[name].problem(Mistake(message=reason)) for name, reason in sorted(conflict.blame.items()))
    notes = [
        by_name[each.statement.policy].problem(Mistake(message=str(each), line=each.statement.line, field="@delay"))
        for each in idle_delays(policies)
    ]
    return CheckedPolicies(tuple(policies), tuple(problems), tuple(notes))


def _refused_name(file: NamedFile) -> Mistake | None:
    if _NAME.fullmatch(file.name) is not None:
        return None
    return Mistake(message="the file's name is to be letters, digits, '-', '_' and '.', a letter or digit first")
