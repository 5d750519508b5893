"""What ``make up EXAMPLE=1`` prints, and docs/bindings.md and docs/intake.md after it, copied into other terminals.

It takes as long as the local AWS takes to start and an endpoint to be made: it is what everybody does first.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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

LOOKS = ("aws ec2 describe-", "aws ram get-", "drawbridge status", "drawbridge why", "drawbridge consumers list")
"""Commands that change nothing: repeated until they show it."""

PATIENCE = 40
"""Commands of a second or so, until what they show is what the guide says."""


@dataclass(frozen=True)
class Served:
    process: subprocess.Popen[str]
    printed: str
    """What it printed once it was ready."""

    @property
    def lines(self) -> list[str]:
        """The lines that are there to be copied."""
        return [line.strip() for line in self.printed.splitlines() if line.startswith("    ")]


@dataclass(frozen=True)
class Terminal:
    """A shell in the repository, with nothing of this process's settings of AWS."""

    folder: Path
    begin: str

    def run(self, script: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        whole = f"{self.begin}\ncd {self.folder}\n{script}"
        return subprocess.run(
            ["bash", "-c", whole],
            cwd=REPOSITORY,
            env=_environment(self.folder),
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in environment_without_make().items() if not name.startswith("AWS_")}
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
    process.wait(30)
    process.stderr.close()


def _alike(text: str) -> str:
    """Return a text without what AWS chooses, and as if nobody had typed."""
    ids = re.sub(r"\b(vpce|rcfg|subnet)-[0-9a-f]{17}", r"\1-…", text.replace("[y/N]: y\n", "[y/N]: "))
    lines = re.sub(r"\b[0-9a-f]{7}\.vpc-lattice", "….vpc-lattice", ids).splitlines()
    return "\n".join(line.rstrip() for line in lines)


def _shows(terminal: Terminal, command: str, shown: str) -> None:
    for _ in range(PATIENCE):
        ran = terminal.run(command, typed="y\n")
        if _alike(ran.stdout) == _alike(shown) or "apply" in command:
            break
    assert _alike(ran.stdout) == _alike(shown), ran.stderr


def test_the_printed_lines_and_then_the_guide_lead_to_the_name(served: Served, folder: Path) -> None:
    begin, status = served.lines
    terminal = Terminal(folder, begin)

    before = terminal.run(status)
    (script,) = SCRIPT.findall(STEPS)
    written = terminal.run(script)
    sessions = SESSIONS.findall(STEPS)
    if shutil.which("aws") is None:
        sessions = [(command, shown) for command, shown in sessions if not command.startswith("aws ")]

    assert (before.returncode, before.stderr) == (0, "")
    assert "account 222222222222: nothing needs anybody" in before.stdout
    assert (written.returncode, written.stderr) == (0, "")
    assert [command.split()[0] for command, _ in SESSIONS.findall(STEPS)] == ["drawbridge"] * 5 + ["aws"]
    for command, shown in sessions:
        _shows(terminal, command, shown)


class Shell:
    """A terminal that stays open: what is set in it stays."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            ["bash"],
            cwd=REPOSITORY,
            env=_environment(folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def type(self, command: str) -> str:
        """Return what a command shows."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\necho END OF IT\n")
        self._process.stdin.flush()
        return "".join(iter(self._process.stdout.readline, "END OF IT\n"))

    def close(self) -> None:
        self._process.communicate(timeout=30)


def _without_what_varies(text: str) -> str:
    """Return a text without times, and what AWS and the challenge make up; a table's widths are kept."""
    alike = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?", "…", _alike(text))
    alike = re.sub(r"…-[0-9a-f]{8}\.|\b[0-9a-f]{32}\b|http://127\S+|resource-share/\S+", "…", alike)
    return re.sub(r"swept at .*", "…", alike)


@pytest.fixture
def shells(folder: Path) -> Iterator[dict[str, Shell]]:
    opened = {who: Shell(folder) for who in ("provider", "customer", "second")}
    yield opened
    for each in opened.values():
        each.close()


@pytest.mark.skipif(shutil.which("aws") is None, reason="the guide's customer has the AWS CLI")
def test_the_guide_to_intake_leads_from_nothing_to_customers_that_come_and_go(
    served: Served, folder: Path, shells: dict[str, Shell]
) -> None:
    (port,) = set(re.findall(r"127\.0\.0\.1:(\d+)", served.printed))
    printed = endpoint_id = challenge = ""
    for who, command, shown in PROMPTED.findall(INTAKE):
        typed = command
        if command.startswith("eval"):
            typed = re.sub(r"make env-\w+", rf"\g<0> PORT={port}", command) + f"; cd {folder}"
        elif command.startswith("drawbridge prove"):
            typed = challenge
        elif command.startswith("drawbridge why"):
            typed = re.sub(r"vpce-[0-9a-f]{17}", endpoint_id, command)
        for _ in range(PATIENCE if command.startswith(LOOKS) else 1):
            printed = shells[who].type(typed)
            if _without_what_varies(printed) == _without_what_varies(shown):
                break
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

    _, said = served.process.communicate(timeout=30)

    assert (served.process.returncode, said) == (0, "local aws: ending\n")
