from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from local_aws.command import main
from local_aws_tests.people import assume

TEMPLATE = Path(__file__).parent / "stack" / "template.yaml"


def test_it_prints_ready_in_one_line_and_ends_cleanly_on_a_signal() -> None:
    command = [
        sys.executable,
        "-m",
        "local_aws",
        "--port",
        "0",
        "--accounts",
        "111111111111",
        "--template",
        str(TEMPLATE),
        "--stack",
        "mine",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as served:
        assert served.stdout is not None
        line = served.stdout.readline().split()

        with urlopen(f"{line[1]}/_local/clock") as answer:  # noqa: S310 - http
            clock = json.load(answer)
        function = assume(line[1], "arn:aws:iam::111111111111:role/person").client("lambda")
        function.invoke(FunctionName="mine-echo", Payload=b"{}")
        functions = _children(served.pid)
        served.send_signal(signal.SIGTERM)
        rest = served.stdout.read()
        code = served.wait(120)

    assert line[0] == "ready"
    assert clock["speed"] == 1
    assert (rest, code) == ("", 0)
    assert functions
    assert not functions & _running()


def test_without_a_template_it_serves_empty_accounts(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "local_aws", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        url = served.stdout.readline().split()[1]
        stacks = assume(url, "arn:aws:iam::123456789012:role/person").client("cloudformation").list_stacks()
        served.send_signal(signal.SIGTERM)
        _, errors = served.communicate(timeout=120)

    assert stacks["StackSummaries"] == []
    assert "deploying" not in errors


INTERRUPTED = f"""
import os, signal, sys
from pathlib import Path
from local_aws.command import Options, run

def deploy(template, account_id, region, *, name):
    os.kill(os.getpid(), signal.SIGINT)

accounts = ("111111111111", "222222222222")
options = Options(port=0, accounts=accounts, template=Path({str(TEMPLATE)!r}))
sys.exit(run(options, deploy, lambda url: "what to do next"))
"""


def test_a_signal_while_it_starts_ends_it_before_the_next_account() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", INTERRUPTED],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (ended.returncode, ended.stdout) == (0, "")
    assert "in 111111111111" in ended.stderr
    assert "in 222222222222" not in ended.stderr
    assert "what to do next" not in ended.stderr
    assert ended.stderr.endswith("local aws: ending\n")


def _processes() -> list[tuple[int, int]]:
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    return [(int(pid), int(parent)) for pid, parent in (line.split() for line in listed.splitlines())]


def _children(parent: int) -> set[int]:
    return {pid for pid, parent_pid in _processes() if parent_pid == parent}


def _running() -> set[int]:
    return {pid for pid, _ in _processes()}


def test_a_port_in_use_is_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        code = main(["--port", str(port), "--template", str(TEMPLATE)])

    lines = capsys.readouterr().err.splitlines()
    assert code == 1
    assert gc.isenabled()
    assert (
        lines[-1]
        == f"local aws: port {port} can't be used: it is in use, end what uses it or choose another with --port"
    )


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param(["--port", "http"], "a port from 0 to 65535 is expected", id="a port that is a word"),
        pytest.param(["--speed", "0"], "a number above 0", id="time at a standstill"),
        pytest.param(["--accounts", "1"], "an account id of 12 digits is expected", id="no account"),
        pytest.param(["--stack", "my stack"], "a stack's name of letters", id="a stack with a space in its name"),
    ],
)
def test_an_argument_that_is_wrong_is_refused(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert reason in capsys.readouterr().err
