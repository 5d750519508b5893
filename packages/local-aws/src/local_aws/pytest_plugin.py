"""Fixtures for tests that use the local AWS: ``pytest_plugins = ["local_aws.pytest_plugin"]`` in the root conftest.

One local AWS is served for the whole session, on a port of its own, as moto's state is one for the process. Tests are
isolated by their accounts. Changes of faults and settings end with the test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

# moto takes more than a second to load, so it is loaded only once a fixture is used.
if TYPE_CHECKING:
    from local_aws.testing.accounts import Accounts
    from local_aws.testing.clock import Clock
    from local_aws.testing.conformance import Finding
    from local_aws.testing.deployment import Stack
    from local_aws.testing.faults import Faults
    from local_aws.testing.record import Record
    from local_aws.testing.server import LocalAws
    from local_aws.testing.slack import Workspace


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    """Serve a local AWS, at ``local_aws.url``."""
    from local_aws.testing.server import LocalAws  # noqa: PLC0415 - as above

    with LocalAws() as server:
        yield server


@pytest.fixture(scope="session")
def local_aws_accounts(local_aws: LocalAws) -> Accounts:
    """Return the accounts: ``person``, ``new_person``, ``in_role``."""
    from local_aws.testing.accounts import Accounts  # noqa: PLC0415 - as above

    return Accounts(local_aws.url)


@pytest.fixture(scope="session")
def local_aws_deploy(local_aws: LocalAws) -> Callable[..., Stack]:
    """Return a function that deploys a SAM template: see ``local_aws.testing.deployment.deploy``."""
    from local_aws.testing.deployment import deploy  # noqa: PLC0415 - as above

    return deploy


@pytest.fixture(scope="session")
def local_aws_clock(local_aws: LocalAws) -> Clock:
    """Return the clock, which never goes back: a test that advances it advances it for all tests."""
    from local_aws.testing.clock import clock  # noqa: PLC0415 - as above

    return clock


@pytest.fixture(scope="session")
def local_aws_record(local_aws: LocalAws) -> Record:
    """Return the record of all tests' calls: ``mark`` the beginning of your own."""
    from local_aws.testing.record import record  # noqa: PLC0415 - as above

    return record


@pytest.fixture
def local_aws_faults(local_aws: LocalAws) -> Iterator[Faults]:
    """Yield the faults; those that a test leaves in force end with it."""
    from local_aws.testing.faults import faults  # noqa: PLC0415 - as above

    with faults.injected():
        yield faults


@pytest.fixture
def local_aws_settings(local_aws: LocalAws) -> Iterator[Callable[..., None]]:
    """Yield a function that changes settings for a test: ``local_aws_settings(quotas={"children_per_group": 2})``."""
    from local_aws.testing.settings import changed  # noqa: PLC0415 - as above

    with ExitStack() as changes:

        def change(**to: object) -> None:
            changes.enter_context(changed(**to))  # type: ignore[arg-type]  # checked when it is applied

        yield change


@pytest.fixture(scope="module")
def local_aws_unthrottled_persons(local_aws: LocalAws) -> Iterator[None]:
    """Don't throttle persons during a module's tests, which would only wait while the clock stands still."""
    from local_aws.testing.settings import changed  # noqa: PLC0415 - as above

    with changed(throttle_persons=False):
        yield


@pytest.fixture(scope="session")
def local_aws_slack(local_aws: LocalAws) -> Workspace:
    """Return Slack's workspace."""
    from local_aws.testing.slack import workspace  # noqa: PLC0415 - as above

    return workspace


@pytest.fixture(scope="session")
def local_aws_findings() -> Callable[[], list[Finding]]:
    """Check every answer from now on; return a function that returns those that differ from botocore's models."""
    from local_aws.testing.conformance import findings, watch  # noqa: PLC0415 - as above

    watch()
    return findings
