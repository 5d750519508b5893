from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from local_aws.testing.clock import fast_forward, in_flight
from local_aws_tests.lambda_account import Account, new_account
from local_aws_tests.people import Person
from local_aws_tests.workflow_runs import client_of, served

SDK = ("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")
"""boto3's distribution and those that it depends on."""

DAY = 86_400.0


def pytest_configure(config: pytest.Config) -> None:
    """Use the one local AWS of this process."""
    config.pluginmanager.import_plugin("local_aws.pytest_plugin")
    config.pluginmanager.import_plugin("local_aws_tests.serving")


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> None:
    """Let what other tests of the process left under way end: there is one clock, and one count of what is at work."""
    if in_flight():
        assert fast_forward(DAY, until=lambda: not in_flight()), in_flight()


@pytest.fixture(scope="session")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a layer with this interpreter's boto3, which the runtime does not bring."""
    layer = tmp_path_factory.mktemp("sdk")
    for distribution in map(metadata.distribution, SDK):
        files = distribution.files or []
        for name in sorted({file.parts[0] for file in files} - {"..", "__pycache__"}):
            (layer / name).symlink_to(str(distribution.locate_file(name)))
    return layer


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Serve Step Functions alone, for workflows with Python functions in place of Lambda's."""
    with served() as port:
        yield port


@pytest.fixture(scope="module")
def sfn(port: int) -> Any:
    return client_of(port, "stepfunctions")


@pytest.fixture
def account(person: Person) -> Iterator[Account]:
    """Yield an account in which functions run, until the test is over."""
    made = new_account(person)
    yield made
    made.close()


@pytest.fixture
def other(person: Person) -> Iterator[Account]:
    """Yield another one."""
    made = new_account(person)
    yield made
    made.close()
