"""Being somebody of the local AWS in a shell."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local_aws.testing.server import LocalAws
from local_stack.environment import main
from tests.builders import REPOSITORY
from tests.without_make import environment_without_make

ASKED = "echo $AWS_ENDPOINT_URL $AWS_REGION $AWS_DEFAULT_REGION ${AWS_PROFILE-none} $AWS_SESSION_TOKEN; echo $PATH"


def port_of(server: LocalAws) -> str:
    return server.url.rpartition(":")[2]


@pytest.mark.parametrize("shell", ["bash", "zsh", "dash"])
def test_a_shell_takes_the_settings_twice_and_finds_the_command_once(
    shell: str, local_aws_server: LocalAws, capsys: pytest.CaptureFixture[str]
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    code = main(["consumer", "--port", port_of(local_aws_server)])
    settings = capsys.readouterr().out

    ran = subprocess.run(
        [shutil.which(shell) or shell, "-c", f"{settings}\n{settings}\n{ASKED}"],
        env={"PATH": "/usr/bin:/bin", "AWS_PROFILE": "mine", "AWS_REGION": "eu-west-1"},
        capture_output=True,
        text=True,
        check=False,
    )

    settled, path = ran.stdout.splitlines()
    url, region, default_region, profile, token = settled.split()
    assert (code, ran.stderr) == (0, "")
    assert (url, region, default_region, profile) == (local_aws_server.url, "us-east-1", "us-east-1", "none")
    assert token
    assert path == f"{Path(sys.executable).parent}:/usr/bin:/bin"


@pytest.mark.parametrize(
    ("account", "account_id"),
    [("provider", "111111111111"), ("consumer", "222222222222"), ("345678901234", "345678901234")],
)
def test_the_settings_are_those_of_the_account(
    account: str, account_id: str, local_aws_server: LocalAws, capsys: pytest.CaptureFixture[str]
) -> None:
    main([account, "--port", port_of(local_aws_server)])
    settings = dict(re.findall(r"^export (AWS_\w+)=(.*)$", capsys.readouterr().out, re.MULTILINE))

    code = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    asked = subprocess.run([sys.executable, "-c", code], env=settings, capture_output=True, text=True, check=True)

    assert asked.stdout.strip() == f"arn:aws:sts::{account_id}:assumed-role/person/me"


def test_where_nothing_is_served_that_is_said_and_nothing_is_set(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["consumer", "--port", "1"])

    said = capsys.readouterr()
    assert (code, said.out) == (1, "")
    assert said.err == "nothing answers at http://127.0.0.1:1: make up serves it, in a terminal of its own\n"


def test_an_account_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["consumers"])

    assert ended.value.code == 2
    assert "provider, consumer or an account's id is expected, not 'consumers'" in capsys.readouterr().err


@pytest.mark.parametrize("whose", ["consumer", "provider"])
def test_make_gives_the_settings_and_nothing_else(whose: str) -> None:
    ran = subprocess.run(
        ["make", "-n", f"env-{whose}", "PORT=4567"],
        cwd=REPOSITORY,
        env=environment_without_make(),
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout == f".venv/bin/python -m local_stack.environment {whose} --port 4567\n"
