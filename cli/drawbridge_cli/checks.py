"""Checks of a deployment: what each found, and what to do; asked for side by side, so that none stops another."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from enum import StrEnum

from msgspec import Struct

from drawbridge.aws.errors import denied_action
from drawbridge.errors import AccessDeniedError, DrawbridgeError, InvalidInputError
from drawbridge_cli.screen import Show

_SIDE_BY_SIDE = 8


class CheckResult(StrEnum):
    """What a check came to."""

    OK = "ok"
    WARNING = "warning"
    """It works, or comes right by itself, later or with less than it could."""
    PROBLEM = "problem"
    """Something that Drawbridge is for does not happen."""
    UNKNOWN = "unknown"
    """It could not be asked."""


class Check(Struct, frozen=True):
    """One thing that was checked, and what was found."""

    name: str
    result: CheckResult
    found: str
    what_to_do: str = ""


def ok(name: str, found: str) -> Check:
    return Check(name, CheckResult.OK, found)


def warning(name: str, found: str, what_to_do: str) -> Check:
    return Check(name, CheckResult.WARNING, found, what_to_do)


def problem(name: str, found: str, what_to_do: str) -> Check:
    return Check(name, CheckResult.PROBLEM, found, what_to_do)


def unknown(name: str, found: str, what_to_do: str) -> Check:
    return Check(name, CheckResult.UNKNOWN, found, what_to_do)


def all_ok(name: str, found: str, otherwise: Iterable[Check]) -> list[Check]:
    """Return the checks that found something; if none did, one that says that all is well."""
    return [*otherwise] or [ok(name, found)]


Ask = Callable[[], Iterable[Check]]
"""Asks AWS, and says what came of it."""


def asked_side_by_side(asks: Mapping[str, Ask], show: Show = lambda _: None) -> list[Check]:
    """Return what all come to, in their order; what one could not ask is unknown, and stops no other."""
    # A thread would know neither the caller's options nor what is noted for programs.
    contexts = [copy_context() for _ in asks]
    with side_by_side() as pool:
        asked = pool.map(lambda context, each: context.run(_asked, *each), contexts, asks.items())
        found: list[Check] = []
        for number, (name, checks) in enumerate(zip(asks, asked, strict=True), 1):
            show(f"{name}: {number} of {len(asks)} checks")
            found += checks
        return found


@contextmanager
def side_by_side() -> Iterator[ThreadPoolExecutor]:
    """Give a pool of threads; if what uses it breaks off, nothing more is begun in it, and nothing waited for."""
    pool = ThreadPoolExecutor(_SIDE_BY_SIDE)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def _asked(name: str, ask: Ask) -> list[Check]:
    try:
        return [*ask()]
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one check, it stops no other
        return [not_asked(name, error)]


def not_asked(name: str, error: Exception) -> Check:
    """Return the check that an error makes: what is not known, and what would have to be so that it were."""
    if isinstance(error, AccessDeniedError):
        action = denied_action(str(error))
        return unknown(name, str(error), f"let the caller {action}" if action else "let the caller make that call")
    if isinstance(error, InvalidInputError):
        return unknown(name, str(error), "mend that; then check again")
    if isinstance(error, DrawbridgeError):
        return unknown(name, str(error), "check again in a moment")
    return unknown(name, f"{type(error).__name__}: {error}", "this is a fault of the check: report it")
