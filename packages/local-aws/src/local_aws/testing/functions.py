"""Lambda's functions: where their code is, and the processes that run it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from local_aws.functions import processes, sources
from local_aws.functions.fleet import fleet
from local_aws.functions.sources import FunctionSource

__all__ = ["FunctionSource", "begin_anew", "source_of", "started_cold"]


def source_of(account_id: str, region: str, name: str) -> FunctionSource:
    """Return where on this machine the code of a deployed function is.

    Raises:
        LookupError: no such function is deployed.
    """
    found = sources.find(account_id, region, name)
    if found is None:
        raise LookupError(f"{name} is not deployed in {account_id}, {region}")
    return found


def begin_anew(account_id: str, region: str, name: str) -> None:
    """End the idle processes of a function: the next invocation has nothing of what they kept in memory."""
    fleet.forget(account_id, region, name)


@contextmanager
def started_cold() -> Iterator[None]:
    """Start each new process from nothing, as Lambda does, and fork none off one that has the libraries loaded."""
    before, processes.forking = processes.forking, False
    try:
        yield
    finally:
        processes.forking = before
