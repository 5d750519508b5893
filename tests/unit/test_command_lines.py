"""Commands that people are advised to run: each is one of ours, and reaches the stack of whoever is told."""

import ast
import re
import shlex
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from drawbridge_cli.command_lines import command, told_with
from drawbridge_cli.main import app
from drawbridge_cli.request_status import request_status
from drawbridge_cli.stack import Stack
from drawbridge_cli.turns import Command
from tests.builders import NOW, REPOSITORY
from tests.lives import NAMED

CLI = REPOSITORY / "cli" / "drawbridge_cli"
OPTIONS = ("--stack", "mine", "--region", "eu-west-1", "--profile", "my own")


def given_by(line: str) -> dict[str, str]:
    """Return where the stack is, as our own parser reads it in a line that is pasted into a shell."""
    program, *words = shlex.split(line)
    assert program == "drawbridge"
    group: Any = typer.main.get_command(app)
    context = group.make_context(program, words)
    while hasattr(group, "commands"):
        name, group, rest = group.resolve_command(context, [*context._protected_args, *context.args])
        context = group.make_context(name, rest, parent=context)
    given: dict[str, str] = context.meta.get("drawbridge_cli.where", {})
    return given


def advised() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the commands of the code, and where they stand; what is put into them is a word."""
    for path in sorted(CLI.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "command":
                words = (each.value if isinstance(each, ast.Constant) else "x" for each in node.args)
                yield f"{path.name}:{node.lineno}", tuple(map(str, words))
    for each in Command:
        yield f"turns.py {each.name}", each.of(request="share-1", binding="orders", account="111111111111").words


ADVISED = dict(advised())


def test_the_code_advises_commands() -> None:
    assert len(ADVISED) > 20


@pytest.mark.parametrize("where", ADVISED)
@pytest.mark.parametrize("options", [(), OPTIONS])
def test_whatever_is_advised_is_a_command_and_keeps_the_callers_options(where: str, options: tuple[str, ...]) -> None:
    with told_with(options):
        line = str(command(*ADVISED[where]))

    assert [*given_by(line).values()] == [*options[1::2]]


@given(
    st.tuples(*(st.text(min_size=1, alphabet=st.characters(exclude_categories=["C"])) for _ in range(3))),
    st.sampled_from(sorted(ADVISED)),
)
def test_options_are_kept_whatever_they_are(given_words: tuple[str, str, str], where: str) -> None:
    stack, region, profile = given_words
    with told_with(Stack(stack, region=region, profile=profile).options):
        line = str(command(*ADVISED[where]))

    named = {"stack": stack, "region": region, "profile": profile}
    assert given_by(line) == (named if stack != "drawbridge" else {"region": region, "profile": profile})


@pytest.mark.parametrize("name", NAMED)
def test_what_a_status_says_to_run_keeps_them(name: str) -> None:
    with told_with(OPTIONS):
        status = request_status(NAMED[name], NOW, expiring_within=timedelta(0))

    if status.next:
        assert given_by(status.next) == {"stack": "mine", "region": "eu-west-1", "profile": "my own"}


def test_the_options_are_those_of_the_stack_that_is_told_of() -> None:
    with told_with(OPTIONS):
        with told_with(("--region", "b")):
            within = str(command("sweep"))
        after = str(command("sweep"))

    assert (within, after) == (
        "drawbridge --region b sweep",
        "drawbridge --stack mine --region eu-west-1 --profile 'my own' sweep",
    )


_NAMES = "|".join(typer.main.get_command(app).commands)  # type: ignore[attr-defined]  # it is a group
_BY_HAND = re.compile(rf"\bdrawbridge (?:{_NAMES})\b")


@pytest.mark.parametrize("path", sorted(CLI.glob("*.py")), ids=lambda path: path.name)
def test_no_command_is_written_by_hand(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    told = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for part in ast.walk(node)
    }

    by_hand = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
        if _BY_HAND.search(node.value)
    ]

    assert by_hand == []
