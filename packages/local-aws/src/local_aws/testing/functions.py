"""Lambda's functions: the location of their code, and their processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from local_aws.functions import processes, sources
from local_aws.functions.fleet import fleet
from local_aws.functions.invocations import of_account
from local_aws.functions.sources import FunctionSource

__all__ = ["FunctionSource", "begin_anew", "invoked", "source_of", "started_cold"]


def source_of(account_id: str, region: str, name: str) -> FunctionSource:
    """Return the location of a deployed function's code on this machine.

    Raises:
        LookupError: no such function is deployed.
    """
    found = sources.find(account_id, region, name)
    if found is None:
        raise LookupError(f"{name} is not deployed in {account_id}, {region}")
    return found


def begin_anew(account_id: str, region: str, name: str) -> None:
    """End the idle processes of a function, so that the next invocation is a cold start."""
    fleet.forget(account_id, region, name)


def invoked(account_id: str) -> tuple[int, float]:
    """Return how many invocations of an account's functions have ended, and the seconds that they took in all."""
    return of_account(account_id)


@contextmanager
def started_cold() -> Iterator[None]:
    """Start each new process from scratch, as Lambda does, instead of forking one that has loaded the libraries."""
    before, processes.forking = processes.forking, False
    try:
        yield
    finally:
        processes.forking = before
