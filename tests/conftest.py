import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

from local_aws.conformance.findings import findings
from local_aws.server import LocalAws
from tests.local_aws.known_findings import unexpected

# How long an example takes says more of the machine than of the code.
settings.register_profile("no deadline", parent=settings(), deadline=None)
settings.load_profile("no deadline")


@pytest.fixture(scope="session", autouse=True)
def answers_are_as_the_models_have_them() -> Iterator[None]:
    """Look at every answer of the local AWS that a test gets; the last test is followed by what was found."""
    findings.watching = True
    yield
    assert unexpected(findings.all()) == []


@pytest.fixture(scope="session")
def local_aws_server() -> Iterator[LocalAws]:
    """Serve one local AWS for all tests, as moto's state is one for the process: tests keep apart by their accounts."""
    with LocalAws() as server:
        yield server


def pytest_unconfigure() -> None:
    """Close the socket that the X-Ray SDK, which moto loads, opens and leaves to the garbage collector."""
    xray = sys.modules.get("aws_xray_sdk.core")
    if xray is not None:
        xray.xray_recorder.emitter._socket.close()
