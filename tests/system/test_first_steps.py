"""What ``make up EXAMPLE=1`` prints, and docs/bindings.md and docs/intake.md after it, copied into other terminals.

It takes as long as the local AWS takes to start, and each command. What comes of a command is waited for by the clock
of the local AWS, as reading it again and again would cost a start of the command line each time.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.builders import REPOSITORY
from tests.without_make import environment_without_make

GUIDE = (REPOSITORY / "docs" / "bindings.md").read_text(encoding="utf-8")
STEPS = GUIDE.partition("in ten minutes\n")[2].partition("\n## ")[0]
SCRIPT = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SESSIONS = re.compile(r"^\$ (.*)\n((?:(?!\$ |```).*\n)*)", re.MULTILINE)
INTAKE = (REPOSITORY / "docs" / "intake.md").read_text(encoding="utf-8").partition("\n## Proof of ownership")[0]
PROMPTED = re.compile(r"^(provider|customer|second)\$ ((?:.*\\\n)*.*)\n((?:(?!\w+\$ |```).*\n)*)", re.MULTILINE)
"""Who types what, with what it shows; lines that end in a backslash go on."""

LOOKS = ("aws ec2 describe-", "aws ram get-", "aws ssm get-", "drawbridge ")
"""Commands before which all that was begun comes to its end."""

REPEATED = ("aws ec2 describe-", "aws ram get-", "drawbridge status", "drawbridge why", "drawbridge consumers list")
"""Commands that change nothing: what the schedule does may have come between."""

TIMES = 5
"""How often such a command is typed, a sweep of the schedule after the other."""

EVERY = 60.0
"""Seconds from one sweep of the schedule to the next."""

LONGEST = 600
"""Seconds of the clock that anything takes: a proof is good for fifteen minutes of the customer's own clock."""

PATIENCE = 120.0
"""Real seconds that one piece of work takes, however slow the machine."""

WAITING = {"executions", "messages", "planned"}
"""What may be in flight and only wait for the clock."""


@dataclass(frozen=True)
class Served:
    process: subprocess.Popen[str]
    printed: str
    """What it printed once it was ready."""

    @property
    def lines(self) -> list[str]:
        """The lines that are there to be copied."""
        return [line.strip() for line in self.printed.splitlines() if line.startswith("    ")]

    @property
    def port(self) -> str:
        (port,) = set(re.findall(r"127\.0\.0\.1:(\d+)", self.printed))
        return str(port)

    def pass_time(self, seconds: float) -> None:
        self._ask("clock", json.dumps({"advance": seconds}).encode())

    def settle(self) -> None:
        """Let time pass there until nothing is in flight, but none while anything is at work."""
        passed, until = 0, time.monotonic() + PATIENCE
        while in_flight := self._in_flight():
            if WAITING.issuperset(in_flight):
                assert passed < LONGEST, in_flight
                self.pass_time(1.0)
                passed, until = passed + 1, time.monotonic() + PATIENCE
            else:
                assert time.monotonic() < until, in_flight
                time.sleep(0.02)  # real time: what is at work there does not follow the clock

    def _in_flight(self) -> dict[str, int]:
        try:
            return dict(self._ask("idle")["inFlight"])
        except urllib.error.HTTPError as busy:
            return dict(json.load(busy)["inFlight"])

    def _ask(self, route: str, body: bytes | None = None) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_local/{route}", body) as answer:
            return json.load(answer)


def _environment(folder: Path) -> dict[str, str]:
    # Whoever types in a terminal has Python keep what it compiled.
    others = ("AWS_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in environment_without_make().items() if not name.startswith(others)}
    # The command beside what runs this, of the code that is tested, in front of what is installed.
    programs = os.pathsep.join([str(folder / "programs"), str(Path(sys.executable).parent), kept["PATH"]])
    return kept | {"PATH": programs, "PYTHONPATH": os.pathsep.join(sys.path), "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("somewhere")
    (made / "programs").mkdir()
    command = made / "programs" / "drawbridge"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m drawbridge_cli.main "$@"\n')
    command.chmod(0o755)
    return made


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Served]:
    """Serve it as ``make up EXAMPLE=1`` does, in a terminal of its own."""
    command = [sys.executable, "-m", "local_stack", "--port", "0", "--example"]
    process = subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env=_environment(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    printed = []
    for line in process.stderr:
        printed.append(line)
        if line.startswith("Ctrl-C"):
            break
    yield Served(process, "".join(printed))
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    process.wait(120)
    process.stderr.close()


def _alike(text: str) -> str:
    """Return a text without what AWS chooses, and as if nobody had typed."""
    ids = re.sub(r"\b(vpce|rcfg|subnet)-[0-9a-f]{17}", r"\1-…", text.replace("[y/N]: y\n", "[y/N]: "))
    lines = re.sub(r"\b[0-9a-f]{7}\.vpc-lattice", "….vpc-lattice", ids).splitlines()
    return "\n".join(line.rstrip() for line in lines)


@dataclass(frozen=True)
class Typed:
    """What a command showed, and how it ended."""

    shown: str
    errors: str
    status: int


class Shell:
    """A terminal that stays open, in the repository, with nothing of this process's settings of AWS."""

    def __init__(self, folder: Path, name: str) -> None:
        self._errors = folder / f"{name}.errors"
        with self._errors.open("w") as errors:
            self._process = subprocess.Popen(
                ["bash"],
                cwd=REPOSITORY,
                env=_environment(folder),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def type(self, command: str, answer: str = "") -> Typed:
        """Type a command, and an answer to what it asks.

        The answer is no line of the shell's own input, as the command would take all lines of that which are there.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        before = len(self._errors.read_text())
        self._process.stdin.write(f"{command}{answer and f' <<<{answer}'}\necho END OF IT $?\n")
        self._process.stdin.flush()
        shown = ""
        for line in self._process.stdout:
            # A question is not ended by a new line.
            text, ended, status = line.partition("END OF IT ")
            shown += text
            if ended:
                return Typed(shown, self._errors.read_text()[before:], int(status))
        raise AssertionError(f"the shell ended: {self._errors.read_text()}")

    def close(self) -> None:
        self._process.communicate(timeout=120)


@pytest.fixture
def shells(folder: Path) -> Iterator[dict[str, Shell]]:
    opened = {who: Shell(folder, who) for who in ("provider", "customer", "second")}
    yield opened
    for each in opened.values():
        each.close()


def test_the_printed_lines_and_then_the_guide_lead_to_the_name(
    served: Served, folder: Path, shells: dict[str, Shell]
) -> None:
    begin, status = served.lines
    shell = shells["customer"]
    begun = shell.type(f"{begin}\ncd {folder}")

    before = shell.type(status)
    (script,) = SCRIPT.findall(STEPS)
    written = shell.type(script)
    sessions = SESSIONS.findall(STEPS)
    if shutil.which("aws") is None:
        sessions = [(command, shown) for command, shown in sessions if not command.startswith("aws ")]

    assert (begun.status, begun.errors) == (0, "")
    assert (before.status, before.errors) == (0, "")
    assert "account 222222222222: nothing needs anybody" in before.shown
    assert (written.status, written.errors) == (0, "")
    assert [command.split()[0] for command, _ in SESSIONS.findall(STEPS)] == ["drawbridge"] * 5 + ["aws"]
    for command, shown in sessions:
        served.settle()
        typed = shell.type(command, "y" if "apply" in command else "")
        assert _alike(typed.shown) == _alike(shown), typed.errors


def _without_what_varies(text: str) -> str:
    """Return a text without times, and what AWS and the challenge make up; a table's widths are kept."""
    alike = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?", "…", _alike(text))
    alike = re.sub(r"…-[0-9a-f]{8}\.|\b[0-9a-f]{32}\b|http://127\S+|resource-share/\S+", "…", alike)
    return re.sub(r"swept at .*", "…", alike)


def _seen(served: Served, shell: Shell, typed: str, command: str, shown: str) -> str:
    """Return what a command of the guide shows, once it is what the guide says or will not be."""
    if command.startswith(LOOKS):
        served.settle()
    printed = shell.type(typed).shown
    for _ in range(TIMES if command.startswith(REPEATED) else 0):
        if _without_what_varies(printed) == _without_what_varies(shown):
            break
        served.pass_time(EVERY)
        served.settle()
        printed = shell.type(typed).shown
    return printed


@pytest.mark.skipif(shutil.which("aws") is None, reason="the guide's customer has the AWS CLI")
def test_the_guide_to_intake_leads_from_nothing_to_customers_that_come_and_go(
    served: Served, folder: Path, shells: dict[str, Shell]
) -> None:
    printed = endpoint_id = challenge = ""
    for who, command, shown in PROMPTED.findall(INTAKE):
        typed = command
        if command.startswith("eval"):
            typed = re.sub(r"make env-\w+", rf"\g<0> PORT={served.port}", command) + f"; cd {folder}"
        elif command.startswith("drawbridge prove"):
            typed = challenge
        elif command.startswith("drawbridge why"):
            typed = re.sub(r"vpce-[0-9a-f]{17}", endpoint_id, command)
        printed = _seen(served, shells[who], typed, command, shown)
        # What a sweep offers, the schedule's may have offered a moment before.
        if not command.startswith("drawbridge sweep"):
            assert _without_what_varies(printed) == _without_what_varies(shown), command
        if command == "echo $ENDPOINT_ID":
            endpoint_id = printed.strip()
        elif command.startswith("drawbridge consumers challenge"):
            (challenge,) = (line for line in printed.splitlines() if "drawbridge prove" in line)
    # The last of the page: none was left out.
    assert "consumers import" in command


def test_the_document_shows_what_is_printed(served: Served) -> None:
    document = (REPOSITORY / "docs" / "local-aws.md").read_text(encoding="utf-8")
    shown = document.partition("$ make up EXAMPLE=1\n")[2].partition("```")[0]

    printed = re.sub(r":\d+/", ":4566/", re.sub(r" PORT=\d+", "", served.printed))
    first, _, rest = shown.partition("\n")
    assert first == "ready http://127.0.0.1:4566"
    assert rest
    assert printed.endswith(rest)


def test_ctrl_c_ends_it_without_a_traceback(served: Served) -> None:
    # As a terminal sends it: to the functions' processes too.
    os.killpg(served.process.pid, signal.SIGINT)

    _, said = served.process.communicate(timeout=120)

    assert (served.process.returncode, said) == (0, "local aws: ending\n")
