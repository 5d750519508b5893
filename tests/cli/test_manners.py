"""What all commands have in common: where the stack is, errors for programs, Ctrl-C, readers that go away."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from botocore.exceptions import SSOTokenLoadError, TokenRetrievalError, UnauthorizedSSOTokenError

from drawbridge.aws.consumers_table import ConsumersTable, Registered
from drawbridge.errors import DrawbridgeError
from drawbridge_cli.main import _EXPIRED, app
from drawbridge_cli.version import own_version
from local_aws.testing.faults import CallFault, faults
from local_stack.stack import REGION
from tests.builders import CONSUMER, REPOSITORY
from tests.cli.operators import Drawbridge, Operator

LOG_IN = "; the login has ended: log in again (IAM Identity Center: aws sso login, with the same --profile)"
BOTOCORE_S = {
    "UnauthorizedSSOTokenError": UnauthorizedSSOTokenError(),
    "TokenRetrievalError": TokenRetrievalError(provider="sso", error_msg="Token has expired and refresh failed"),
    "SSOTokenLoadError": SSOTokenLoadError(error_msg="Token for company does not exist"),
}
BY_SSO = """
[profile company]
region = us-east-1
sso_session = company
sso_account_id = 111111111111
sso_role_name = operator
[sso-session company]
sso_region = us-east-1
sso_start_url = https://example.invalid/start
"""
ROOT: Any = typer.main.get_command(app)


def leaves(group: Any, *path: str) -> Iterator[tuple[str, Any]]:
    for name, listed in group.commands.items():
        command = group.imported(name) if group is ROOT else listed
        if hasattr(command, "commands"):
            yield from leaves(command, *path, name)
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(leaves(ROOT))


@pytest.fixture(autouse=True)
def _handler() -> Iterator[None]:
    handler = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, handler)


@pytest.fixture
def wheres(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None, str | None]]:
    """Return the stacks that commands look for: name, Region, profile; none is found."""
    looked_for: list[tuple[str, str | None, str | None]] = []

    def stack(name: str, *, region: str | None, profile: str | None) -> None:
        looked_for.append((name, region, profile))
        raise DrawbridgeError("nowhere")

    monkeypatch.setattr("drawbridge_cli.stack.Stack", stack)
    return looked_for


@pytest.mark.parametrize("option", ["--stack", "--region", "--profile", "--json", "--help"])
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_it(command: str, option: str) -> None:
    parameters = COMMANDS[command].get_params(COMMANDS[command].make_context(command, [], resilient_parsing=True))

    # What ui shows is a page.
    has_it = (command, option) != ("ui", "--json")
    assert (option in {each for parameter in parameters for each in parameter.opts}) is has_it


@pytest.mark.parametrize("name", ROOT.lazy)
def test_what_is_listed_of_a_command_is_what_it_says_itself(name: str) -> None:
    said = " ".join(ROOT.imported(name).help.split())

    assert f"{said} ".startswith(f"{ROOT.lazy[name].help} ")


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        (("consumers", "list"), ("drawbridge", None, None)),
        (("--stack", "a", "--region", "b", "--profile", "c", "consumers", "list"), ("a", "b", "c")),
        (("consumers", "--stack", "a", "--region", "b", "--profile", "c", "list"), ("a", "b", "c")),
        (("consumers", "list", "--stack", "a", "--region", "b", "--profile", "c"), ("a", "b", "c")),
        (("--stack", "a", "consumers", "--region", "b", "list", "--profile", "c"), ("a", "b", "c")),
        (("--region", "a", "consumers", "--region", "b", "list", "--region", "c"), ("drawbridge", "c", None)),
        (("--region", "a", "consumers", "--region", "b", "list"), ("drawbridge", "b", None)),
        (("status", "--region", "a", "--all", "--region", "b"), ("drawbridge", "b", None)),
    ],
    ids=lambda each: " ".join(map(str, each)),
)
def test_where_the_stack_is_may_be_said_anywhere_and_the_last_counts(
    drawbridge: Drawbridge,
    wheres: list[tuple[str, str | None, str | None]],
    arguments: tuple[str, ...],
    where: tuple[str, str | None, str | None],
) -> None:
    assert drawbridge(*arguments).code == 3
    assert wheres == [where]


def test_what_is_said_counts_more_than_the_environment(
    drawbridge: Drawbridge, wheres: list[tuple[str, str | None, str | None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAWBRIDGE_STACK", "set")

    drawbridge("--stack", "said", "status")
    drawbridge("status")

    assert [name for name, _, _ in wheres] == ["said", "set"]


def test_the_version_is_that_of_the_distribution(drawbridge: Drawbridge) -> None:
    ended = drawbridge("--version")

    assert (ended.code, ended.out, ended.err) == (0, f"drawbridge {own_version()}\n", "")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("policy", "zzz", "--json"), {"code": "usage", "message": "No such command 'zzz'."}),
        (
            ("status", "--jsno", "--json"),
            {"code": "usage", "field": "--jsno", "message": "No such option: --jsno (Possible options: --json)"},
        ),
        (
            ("consumers", "show", "--json"),
            {"code": "usage", "field": "ACCOUNT", "message": "Missing argument 'ACCOUNT'."},
        ),
        (
            ("policy", "check", "nowhere.cedar", "--json"),
            {
                "code": "invalid-files",
                "message": "nowhere.cedar: No such file or directory",
                "problems": [
                    {
                        "path": "nowhere.cedar",
                        "name": "",
                        "message": "No such file or directory",
                        "line": None,
                        "field": "",
                    }
                ],
            },
        ),
        (
            ("consumers", "list", "--json"),
            {
                "code": "invalid-input",
                "field": "--region",
                "message": "--region: no Region is set; name the one that the stack is in",
            },
        ),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_what_is_wrong_with_a_call_is_one_document(
    drawbridge: Drawbridge, arguments: tuple[str, ...], error: dict[str, Any]
) -> None:
    ended = drawbridge(*arguments)

    assert (ended.code, ended.json) == (2, {"error": error})
    assert error["message"] in ended.err


def test_what_is_named_json_is_no_option(drawbridge: Drawbridge, tmp_path: Path) -> None:
    ended = drawbridge("policy", "check", "--", "--json")

    assert (ended.code, ended.out) == (2, "")


def test_a_fault_of_the_program_is_no_finding_and_no_traceback(
    drawbridge: Drawbridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(*_: object) -> None:
        raise KeyError("x")

    monkeypatch.delenv("DRAWBRIDGE_TRACEBACK")
    monkeypatch.setattr("drawbridge_cli.status.look_at", look)

    ended = drawbridge("status", "--json")

    assert (ended.code, ended.json) == (
        4,
        {"error": {"code": "fault", "message": "a fault of drawbridge: KeyError: 'x'"}},
    )
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize("name", BOTOCORE_S)
@pytest.mark.parametrize("command", ["status", "why share-x", "doctor", "plan"])
def test_what_to_do_about_a_login_that_has_ended_is_told(
    drawbridge: Drawbridge, monkeypatch: pytest.MonkeyPatch, name: str, command: str
) -> None:
    def refuse(*_: object) -> None:
        raise BOTOCORE_S[name]

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", refuse)

    ended = drawbridge(*command.split(), "--region", "us-east-1")

    assert (ended.code, ended.out) == (3, "")
    assert ended.err.endswith(f"{LOG_IN}\n")
    assert "aws sso login" in ended.err


def test_every_error_of_a_login_that_has_ended_is_tried_here() -> None:
    assert {*BOTOCORE_S, "ExpiredToken", "ExpiredTokenException", "RequestExpired"} == _EXPIRED


def test_who_never_logged_in_by_sso_is_told_what_to_do(
    drawbridge: Drawbridge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = tmp_path / "config"
    settings.write_text(BY_SSO)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(settings))
    monkeypatch.setenv("HOME", str(tmp_path))

    ended = drawbridge("--profile", "company", "status")

    assert (ended.code, ended.out) == (3, "")
    assert ended.err.endswith(f"{LOG_IN}\n")


class TestWithAStack:
    def test_a_finding_without_a_document_of_its_own_gets_one(self, at_work: Drawbridge) -> None:
        ended = at_work("consumers", "show", CONSUMER, "--json")

        message = f"{CONSUMER} is not registered"
        assert (ended.code, ended.err) == (1, f"{message}\n")
        assert ended.json == {"error": {"code": "finding", "message": message}}

    def test_a_finding_with_one_has_no_other(self, at_work: Drawbridge) -> None:
        ended = at_work("why", "share-none", "--json")

        assert (ended.code, ended.json["requests"]) == (1, [])

    @pytest.mark.parametrize(
        ("code", "name", "to_do"),
        [
            ("AccessDeniedException", "access-denied", ""),
            ("ExpiredToken", "upstream", LOG_IN),
            ("ExpiredTokenException", "upstream", LOG_IN),
            ("RequestExpired", "upstream", LOG_IN),
        ],
    )
    def test_an_error_of_aws_is_one_document(
        self, at_work: Drawbridge, operator: Operator, code: str, name: str, to_do: str
    ) -> None:
        fault = CallFault("cloudformation:DescribeStacks", "error", code=code, account=operator.account_id)

        with faults.injected(fault):
            ended = at_work("status", "--json")

        error = ended.json["error"]
        assert (ended.code, error["code"]) == (3, name)
        assert error["message"].startswith(f"find the stack drawbridge: {code}: ")
        assert error["message"].endswith(f"error.{to_do}")
        assert ended.err == f"AWS: {error['message']}\n"

    def test_a_region_without_the_stack_is_reported(self, at_work: Drawbridge) -> None:
        ended = at_work("status", "--region", "eu-west-1", "--json")

        message = "--stack: there is no stack 'drawbridge' in eu-west-1"
        assert (ended.code, ended.json) == (
            2,
            {"error": {"code": "no-stack", "field": "--stack", "message": message}},
        )

    def test_who_stops_waiting_for_a_sweep_is_told_that_it_goes_on(
        self, at_work: Drawbridge, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def press(_: float) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("drawbridge_cli.sweep.pause", press)

        ended = at_work("sweep")

        assert (ended.code, ended.out) == (130, "")
        assert ended.err == f"drawbridge in {REGION} was asked to sweep, and will\ninterrupted\n"

    def test_who_stops_in_the_middle_is_told_what_is_done(
        self, at_work: Drawbridge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / "consumers.csv"
        file.write_text("account_id,services\n" + "".join(f"{number:012},*\n" for number in range(250)))
        add_hundred = ConsumersTable._add_hundred

        def press(self: ConsumersTable, entries: Any, *, replace: bool = False) -> Registered:
            if "000000000100" in entries:
                raise KeyboardInterrupt
            return add_hundred(self, entries, replace=replace)

        monkeypatch.setattr(ConsumersTable, "_add_hundred", press)

        ended = at_work("consumers", "import", str(file))

        assert ended.code == 130
        assert ended.out.splitlines() == [f"registered  {number:012}" for number in range(100)]
        assert ended.err == "100 of 250 are registered; the same command registers the rest\ninterrupted\n"

    def test_who_is_asked_and_does_not_answer_is_told_how_to_say_it(self, at_work: Drawbridge) -> None:
        at_work("consumers", "add", CONSUMER, "--service", "*")

        ended = at_work("policy", "apply", str(REPOSITORY / "policies" / "examples"))

        assert ended.code == 1
        assert ended.err == "nobody answers; say --yes to do it without asking\nnothing was done\n"


def python(*arguments: str, **settings: Any) -> "subprocess.Popen[str]":
    path = os.pathsep.join(str(REPOSITORY / each) for each in ("cli", "layers/drawbridge", "layers/policy"))
    return subprocess.Popen(
        [sys.executable, "-m", "drawbridge_cli.main", *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": path, "HOME": os.devnull} | settings.pop("environment", {}),
        stderr=subprocess.PIPE,
        text=True,
        **settings,
    )


@pytest.mark.parametrize("arguments", [("--help",), ("bindings", "schema"), ("policy", "check", "policies")])
def test_who_reads_no_more_is_not_complained_of(arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    with python(*arguments, stdout=writing, cwd=REPOSITORY) as process:
        os.close(writing)
        _, complaints = process.communicate(timeout=60)

    assert (process.returncode, complaints) == (141, "")


def test_what_a_terminal_has_no_letters_for_is_written_by_its_code_point(tmp_path: Path) -> None:
    (tmp_path / "größe.cedar").write_text("permit(")

    with python("policy", "check", str(tmp_path), environment={"PYTHONIOENCODING": "ascii"}) as process:
        _, complaints = process.communicate(timeout=60)

    assert process.returncode == 1
    assert complaints.startswith(f"{tmp_path}/gr\\xf6\\xdfe.cedar: ")


EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "status": (),
    "why": ("share-1",),
    "plan": (),
    "approve": ("share-1", "--yes"),
    "deny": ("share-1", "--yes"),
    "withdraw": ("share-1", "--yes"),
    "retry": ("share-1", "--yes"),
    "sweep": ("--no-wait",),
    "redrive": (),
    "doctor": (),
    "policy check": ("a.cedar",),
    "policy explain": ("share-1",),
    "policy simulate": ("a.cedar",),
    "policy test": ("cases",),
    "policy apply": ("a.cedar", "--yes"),
    "bindings check": ("a.yaml",),
    "bindings list": (),
    "bindings show": ("orders",),
    "bindings apply": ("a.yaml", "--yes"),
    "bindings remove": ("orders", "--yes"),
    "bindings schema": (),
    "consumers add": (CONSUMER, "--service", "*"),
    "consumers list": (),
    "consumers show": (CONSUMER,),
    "consumers suspend": (CONSUMER,),
    "consumers resume": (CONSUMER,),
    "consumers challenge": (CONSUMER,),
    "consumers proof": (CONSUMER, "--file", "/no/such/file"),
    "prove": ("--challenge", f"drawbridge-drawbridge.{CONSUMER}.us-east-1.{CONSUMER}.{'5f' * 16}", "--output", "/no/x"),
    "consumers remove": (CONSUMER, "--yes"),
    "consumers import": ("a.csv",),
    "slack check": (),
}
"""A call of each command that answers in JSON."""


def test_there_is_an_example_of_every_command_that_answers_in_json() -> None:
    assert {*COMMANDS} == {*EXAMPLES, "ui"}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.cedar").write_text('@id("a") permit(principal == Account::"1", action, resource);')
    (tmp_path / "a.yaml").write_text("attach: {mode: resource-endpoint, vpc: vpc-0123456789abcdef0}")
    (tmp_path / "a.csv").write_text(f"account_id,services\n{CONSUMER},*\n")
    (tmp_path / "cases").mkdir()
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("command", EXAMPLES)
def test_whatever_happens_there_is_exactly_one_document(
    drawbridge: Drawbridge, operator: Operator, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    call = (*command.split(), *EXAMPLES[command], "--json")
    without_region = drawbridge(*call)
    for name, value in operator.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("drawbridge_cli.doctor.now", lambda: datetime.now(UTC) + timedelta(hours=2))
    all_calls = [
        CallFault(each, "error", code="SignatureDoesNotMatch", status=403, account=operator.account_id)
        for each in ("cloudformation:DescribeStacks", "sts:GetCallerIdentity")
    ]
    with faults.injected(*all_calls):
        refused = drawbridge(*call)
    elsewhere = drawbridge(*call, "--region", "eu-west-1")

    for ended in (without_region, refused, elsewhere):
        assert isinstance(ended.json, dict), ended
    assert {without_region.code, refused.code, elsewhere.code} <= {0, 1, 2, 3}


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("command", sorted({*EXAMPLES} - {"sweep", "doctor"}))
def test_with_a_stack_there_is_exactly_one_document(at_work: Drawbridge, command: str) -> None:
    ended = at_work(*command.split(), *EXAMPLES[command], "--json")

    assert isinstance(ended.json, dict | list), ended
