"""A pytest plugin with the one local AWS that all tests of a process use."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Generator, Iterator

import boto3
import pytest
from hypothesis import settings

from local_aws.testing.conformance import Finding
from local_aws.testing.server import LocalAws
from local_aws_tests.known_findings import unexpected
from local_aws_tests.people import Person, assume

# The duration of an example says more about the machine than about the code.
settings.register_profile("no deadline", parent=settings(), deadline=None)
settings.load_profile("no deadline")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage while tests are collected: nearly all that is made stays, and looking takes a third of it."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Freeze permanent objects: a full collection would stop all threads for seconds while time goes on."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(scope="session", autouse=True)
def answers_are_as_the_models_have_them(local_aws_findings: Callable[[], list[Finding]]) -> Iterator[None]:
    """Check every answer of the local AWS against its model, and fail after the last test if one differs."""
    yield
    assert unexpected(local_aws_findings()) == []


@pytest.fixture(scope="session")
def local_aws_server(local_aws: LocalAws) -> LocalAws:
    """Return the plugin's server under the name by which these tests know it."""
    return local_aws


@pytest.fixture(scope="session")
def person(local_aws_server: LocalAws) -> Person:
    """Return a boto3 session of a person in an account; its clients go to the local AWS."""

    def session(account_id: str, region: str = "us-east-1", role: str = "person") -> boto3.Session:
        return assume(local_aws_server.url, f"arn:aws:iam::{account_id}:role/{role}", region)

    return session


@pytest.hookimpl(wrapper=True)
def pytest_unconfigure() -> Generator[None, object, object]:
    """Close the socket that the X-Ray SDK, which moto loads, opens and leaves to the garbage collector.

    pytest then looks for garbage, and tells what goes wrong there. What is left after that ends with the process: to
    look through it again, as pytest does once more and Python twice, takes seconds.
    """
    xray = sys.modules.get("aws_xray_sdk.core")
    if xray is not None:
        xray.xray_recorder.emitter._socket.close()
    done = yield
    gc.freeze()
    return done
