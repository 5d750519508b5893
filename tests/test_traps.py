"""The index of AWS's traps: each that can occur here is shown by a test that names it.

A test names a trap as ``Trap NN`` in its docstring, or as ``trap_NN`` in its own name.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
TESTS = (REPOSITORY / "tests", REPOSITORY / "packages" / "local-aws" / "tests")

TRAPS = {
    1: "RAM's event is a hint that may be lost, and its detail is documented nowhere",
    2: "no event tells of a connection request: only SNS, if asked to",
    3: "VPC Lattice has no events of its own, and a sharee's come as a service event of CloudTrail",
    4: "an invitation to Lattice resources expires after 12 hours",
    5: "accepting takes the whole share, for good, and what comes into it later",
    6: "inside an organization there is no invitation",
    7: "an invitation that is over is gone after 7 days",
    8: "empty pages with a token, and listings that botocore does not turn",
    9: "an endpoint's state comes in two spellings",
    10: "what failed stands in a successful answer",
    11: "an endpoint is of type Gateway if nobody says otherwise, with the default security group",
    12: "names of endpoints come late, only from the associations, and by mode",
    13: "a service network refuses shared configurations by its default, unalterably",
    14: "two things that are both shared can't be associated",
    15: "private names need the association's setting and the endpoint's, unalterably",
    16: "partly usable is no failure; what failed stays and is in the way",
    17: "a provider may claim private names in a consumer's VPC",
    18: "402 for a quota, 409 for what is there already",
    19: "a client token that comes back, with other parameters or after a deletion",
    20: "three writes a second, no tags when overwriting, half a minute after a deletion",
    21: "a workflow's data end at 256 KiB; a token is long, and new with each attempt",
    22: "PascalCase and Exception in SDK tasks; a closed execution's name is taken for 90 days",
    23: "Slack's requests: signed raw, encoded twice, answered within three seconds",
    24: "two people decide at once",
    25: "what was decided on may have changed by the time it is carried out",
    26: "rules match events that other accounts forwarded; CloudTrail's reads need a rule state of their own",
    27: "Organizations answers to few accounts, and an account's Status is retired",
    28: "Lambda's own boto3 is older than the operations that are needed",
    29: "names and tags of shares are written by strangers",
    30: "who owns an endpoint is AWS's word, what it is called is the owner's",
    31: "what is connected stays connected when it is no longer allowed",
    32: "a connection that needs no acceptance arrives available",
}

_NAMED = re.compile(r"\btrap[ _](\d+)", re.IGNORECASE)
_IN_NAME = re.compile(r"(?<![a-z])trap_(\d+)")


@functools.cache
def shown() -> dict[int, tuple[str, ...]]:
    """Return the tests that show each trap, by its number."""
    found: dict[int, list[str]] = {}
    for path in sorted(path for folder in TESTS for path in folder.rglob("test_*.py")):
        for name, doc in _tests(path):
            for number in {*_IN_NAME.findall(name), *_NAMED.findall(doc)}:
                found.setdefault(int(number), []).append(f"{path.relative_to(REPOSITORY)}::{name}")
    return {number: tuple(tests) for number, tests in found.items()}


def _tests(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name, ast.get_docstring(node) or ""


@pytest.mark.parametrize("number", TRAPS)
def test_every_trap_that_can_occur_here_is_shown_by_a_test(number: int) -> None:
    tests = shown().get(number, ())

    assert tests, f"no test says that it shows trap {number}: {TRAPS[number]}"


def test_no_test_names_a_trap_that_there_is_not() -> None:
    unknown = {number: tests for number, tests in shown().items() if number not in TRAPS}

    assert not unknown
