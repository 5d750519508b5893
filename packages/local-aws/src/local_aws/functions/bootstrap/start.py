"""The first code of a function's process: set the local AWS's time, and run AWS's runtime client.

Run as ``python start.py <handler> <timeout> <local time> <1 if that stands still, else 0>`` in the runtime's
environment, which has nothing else of the local AWS on its path; or forked by ``fork_server``, which calls ``begin``.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

TOLERANCE = 0.5
"""Seconds by which the process's time may differ before it is corrected."""


class _Traveller:
    def __init__(self, *, stands_still: bool) -> None:
        self._stands_still = stands_still
        self._coordinates: Any = None

    def go(self, now: float) -> None:
        if self._coordinates is not None:
            self._coordinates.move_to(now)
        elif self._stands_still or abs(now - time.time()) > TOLERANCE:
            # Most processes never travel, and the import would slow their start.
            import time_machine  # noqa: PLC0415 - it is in the runtime's environment

            self._coordinates = time_machine.travel(now, tick=not self._stands_still).start()


def _end_with_parent() -> None:
    """End this process when the local AWS is gone, as its end of the standard input closes then."""
    watched = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)

    def watch() -> None:
        while os.read(watched, 1):
            pass
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _travel_at_invocations(timeout: float, traveller: _Traveller, loaded: Callable[[], None]) -> None:
    """Set the time from each invocation's deadline, the only time that the runtime client passes on."""
    # Found in the runtime's environment, once this file's folder is off the path.
    from awslambdaric import lambda_runtime_client as client  # noqa: PLC0415 - as said

    wait = client.BaseLambdaRuntimeClient.wait_next_invocation

    def wait_and_travel(self: Any) -> Any:
        loaded()
        request = wait(self)
        traveller.go(int(request.deadline_time_in_ms) / 1000 - timeout)
        return request

    client.BaseLambdaRuntimeClient.wait_next_invocation = wait_and_travel


def _sleep_by_the_clock(traveller: _Traveller) -> None:
    """Have ``time.sleep`` last as long as the local AWS's clock says, in libraries too: they call it by its module."""
    from http.client import HTTPConnection  # noqa: PLC0415 - once this file's folder is off the path

    def sleep(seconds: float) -> None:
        connection = HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
        connection.request("GET", f"/_local/sleep?seconds={float(seconds)}")
        # Without an answer the time is up, and this process is ended.
        traveller.go(float(connection.getresponse().read()))
        connection.close()

    time.sleep = sleep  # type: ignore[assignment]  # of any number that there is, as said where it is declared


def begin(
    handler: str,
    timeout: float,
    now: float,
    loaded: Callable[[], None] = lambda: None,
    *,
    stands_still: bool,
) -> None:
    """Run the function until this process is ended; ``loaded`` is called whenever it is idle."""
    _end_with_parent()
    traveller = _Traveller(stands_still=stands_still)
    traveller.go(now)
    _sleep_by_the_clock(traveller)
    _travel_at_invocations(timeout, traveller, loaded)
    sys.argv = ["awslambdaric", handler]
    from awslambdaric import __main__ as runtime  # noqa: PLC0415 - as above

    runtime.main(sys.argv)


if __name__ == "__main__":
    # Python puts this file's folder first; on Lambda the function's folder is first.
    del sys.path[0]
    begin(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), stands_still=sys.argv[4] == "1")
