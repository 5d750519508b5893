import gc
import sys
from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from local_aws.testing.conformance import Finding
from local_aws.testing.server import LocalAws
from tests.local_aws.known_findings import unexpected

pytest_plugins = ["local_aws.pytest_plugin"]

# How long an example takes says more of the machine than of the code.
settings.register_profile("no deadline", parent=settings(), deadline=None)
settings.load_profile("no deadline")


LONGEST = (
    "tests/system/test_crashes.py",
    "tests/system/test_approval_crashes.py",
    "tests/system/test_neighbours.py",
    "tests/system/test_neighbours_played.py",
)
"""What takes minutes is begun first, and each by a worker of its own."""

LONG = ("tests/system/test_ways.py", "tests/system/test_faults.py", "tests/system/test_approvals.py")
"""Begun before the shorter files, so that no worker is left alone with one of them at the end."""

SYSTEM = "tests/system"
LAST = "tests/system/test_least_privilege.py"
"""Waits for all other tests of the system, wherever they run: begun last, it waits for nobody behind it."""


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types that mypy reads
    """With several workers, keeps together what shares accounts: a file's tests."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    return Scheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes longest, where there are several workers."""
    if hasattr(config, "workerinput"):
        items.sort(key=_rank)


def pytest_collection_finish() -> None:
    """Keep the garbage collector off what stays: a whole look stops all threads for seconds, and time goes on."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _rank(item: pytest.Item) -> int:
    order = (*LONGEST, *LONG, SYSTEM)
    if item.nodeid.startswith(LAST):
        return len(order) + 1
    return next((place for place, each in enumerate(order) if item.nodeid.startswith(each)), len(order))


@pytest.fixture(scope="session", autouse=True)
def answers_are_as_the_models_have_them(local_aws_findings: Callable[[], list[Finding]]) -> Iterator[None]:
    """Look at every answer of the local AWS that a test gets; the last test is followed by what was found."""
    yield
    assert unexpected(local_aws_findings()) == []


@pytest.fixture(scope="session")
def local_aws_server(local_aws: LocalAws) -> LocalAws:
    """Give the plugin's server under the name by which the local AWS's own tests know it."""
    return local_aws


def pytest_unconfigure() -> None:
    """Close the socket that the X-Ray SDK, which moto loads, opens and leaves to the garbage collector."""
    xray = sys.modules.get("aws_xray_sdk.core")
    if xray is not None:
        xray.xray_recorder.emitter._socket.close()
