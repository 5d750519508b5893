import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# Helpers assert too, and say what was compared only if pytest has rewritten them.
pytest.register_assert_rewrite(
    "scenarios", *(f"tests.{each}" for each in ("cli", "contracts", "fakes", "functions", "system", "unit"))
)

pytest_plugins = ["local_aws.pytest_plugin", "local_aws_tests.serving"]

LONGEST = (
    "tests/system/test_crashes.py",
    "tests/system/test_approval_crashes.py",
    "tests/system/test_neighbours.py",
    "tests/system/test_neighbours_played.py",
    "tests/system/test_registrations.py",
)
"""What takes minutes is begun first, and each by a worker of its own."""

LONG = (
    "tests/system/test_attachments.py",
    "tests/system/test_faults.py",
    "tests/system/test_approvals.py",
    "packages/local-aws/tests/test_installed.py",
    "packages/local-aws/tests/test_main.py",
)
"""Begun before the shorter files, so that no worker is left alone with one of them at the end."""

SYSTEM = "tests/system"
LAST = "tests/system/test_least_privilege.py"
"""Waits for all other system tests, wherever they run, and so is begun last."""


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


def _rank(item: pytest.Item) -> int:
    order = (*LONGEST, *LONG, SYSTEM)
    if item.nodeid.startswith(LAST):
        return len(order) + 1
    return next((place for place, each in enumerate(order) if item.nodeid.startswith(each)), len(order))
