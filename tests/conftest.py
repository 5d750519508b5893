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


LONGEST = ("tests/system/test_crashes.py", "tests/system/test_neighbours.py")
"""What takes minutes is begun first, and each by a worker of its own."""


@pytest.hookimpl(tryfirst=True)  # xdist reads the marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep together, with several workers, what shares accounts: a file's tests, and those of the system."""
    if not hasattr(config, "workerinput"):
        return
    for item in items:
        path = item.path.relative_to(config.rootpath)
        alone = path.as_posix() in LONGEST or path.parent.name != "system"
        item.add_marker(pytest.mark.xdist_group(path.as_posix() if alone else path.parent.name))
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    path = item.path.as_posix()
    return next((place for place, each in enumerate((*LONGEST, "tests/system/")) if each in path), len(LONGEST) + 1)


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
