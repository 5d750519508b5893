"""What is imported to start: help, version and completion are there before anything that asks AWS could be."""

import os
import subprocess
import sys

import pytest

from tests.builders import REPOSITORY

_IMPORTED = """
import sys
from drawbridge_cli.main import main
try:
    main()
finally:
    print(*sys.modules, sep="\\n", file=sys.stderr)
"""

ASKS_AWS = {"boto3", "botocore.session", "botocore.client", "urllib3", "slack_sdk"}
DECIDES = {"cedarpy", "yaml", "msgspec", "drawbridge_cli.stack"}
COMPLETE = "_DRAWBRIDGE_COMPLETE"


def start(*arguments: str, **environment: str) -> tuple[str, set[str]]:
    """Return what a command prints, and what is imported by then."""
    path = os.pathsep.join(str(REPOSITORY / each) for each in ("cli", "layers/drawbridge", "layers/policy"))
    ran = subprocess.run(
        [sys.executable, "-c", _IMPORTED, *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return ran.stdout, {*ran.stderr.splitlines()}


def complete(line: str) -> tuple[list[str], set[str]]:
    """Return what a shell is offered at the end of a line, and what is imported by then."""
    words = line.split(" ")
    offered, imported = start(
        **{COMPLETE: "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)},
    )
    return offered.split(), imported


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_the_program_itself_imports_nothing_that_asks_or_decides(option: str) -> None:
    _, imported = start(option)

    assert "drawbridge_cli.main" in imported
    assert imported & (ASKS_AWS | DECIDES | {"rich", "drawbridge_cli.status"}) == set()


@pytest.mark.parametrize("command", ["status", "policy check", "bindings", "consumers import", "doctor", "slack check"])
def test_help_of_a_command_imports_nothing_that_asks_aws(command: str) -> None:
    shown, imported = start(*command.split(), "--help")

    assert shown.startswith(f"Usage: drawbridge {command} ")
    assert imported & (ASKS_AWS | {"rich"}) == set()


@pytest.mark.parametrize("command", ["status", "why"])
def test_who_asks_how_things_stand_does_not_wait_for_what_decides(command: str) -> None:
    _, imported = start(command, "--help")

    assert "cedarpy" not in imported


def test_names_of_commands_are_completed_without_importing_them() -> None:
    offered, imported = complete("drawbridge re")

    assert offered == ["retry", "redrive"]
    assert imported & (ASKS_AWS | DECIDES | {"rich", "drawbridge_cli.retry"}) == set()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("drawbridge --region x policy s", ["simulate"]),
        ("drawbridge withdraw --con", ["--consumer", "--confirm"]),
        ("drawbridge bindings apply --reg", ["--region"]),
    ],
)
def test_what_commands_take_is_completed_without_asking_aws(line: str, offered: list[str]) -> None:
    found, imported = complete(line)

    assert found == offered
    assert imported & (ASKS_AWS | {"rich"}) == set()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(shell: str) -> None:
    script, _ = start(**{COMPLETE: f"source_{shell}"})

    assert COMPLETE in script
