"""The command line, run in this process, by somebody who has no settings of AWS until a test gives them some."""

import functools
import io
from collections.abc import Callable

import pytest
from botocore.loaders import create_loader

from drawbridge_cli.main import main
from local_aws.testing.server import LocalAws
from tests.cli.operators import Drawbridge, Ended, Operator

_SETTINGS = (
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"),
    *("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_ENDPOINT_URL", "DRAWBRIDGE_STACK", "FORCE_COLOR", "COLUMNS"),
)

_one_loader = functools.cache(create_loader)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _SETTINGS:
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    # Otherwise botocore without credentials asks the metadata service of the machine.
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    # A fault of the program is shown with where it is.
    monkeypatch.setenv("DRAWBRIDGE_TRACEBACK", "1")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing wait on real time: a sweep that does not come, a queue that is asked whether it has more."""
    monkeypatch.setattr("drawbridge_cli.sweep.pause", lambda _: None)
    monkeypatch.setattr("drawbridge_cli.dead_letter_queues.WAIT_SECONDS", 0)


@pytest.fixture
def drawbridge(_no_settings: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Drawbridge:
    # Each session would read AWS's models anew: half of the time would go into that.
    monkeypatch.setattr("botocore.session.create_loader", _one_loader)

    def run(*arguments: str, typed: str = "") -> Ended:
        monkeypatch.setattr("sys.argv", ["drawbridge", *arguments])
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        output = capsys.readouterr()
        return Ended(int(ended.value.code or 0), output.out, output.err)

    return run


@pytest.fixture(scope="module")
def new_operator(local_aws: LocalAws, local_aws_unthrottled_persons: None) -> Callable[[], Operator]:
    """Return an operator in an account that nobody has used; persons are not throttled, as tests would only wait."""
    return lambda: Operator(local_aws.url)


@pytest.fixture(scope="module")
def operator(new_operator: Callable[[], Operator]) -> Operator:
    """Return an operator in an account that has the stack."""
    somebody = new_operator()
    somebody.deploy()
    return somebody


@pytest.fixture
def at_work(operator: Operator, drawbridge: Drawbridge, monkeypatch: pytest.MonkeyPatch) -> Drawbridge:
    """Run commands as the operator of the stack."""
    for name, value in operator.environment.items():
        monkeypatch.setenv(name, value)
    return drawbridge
