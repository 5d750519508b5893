"""The Lambda Runtime API, as one sandbox's runtime client sees it.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from local_aws.time.clock import clock

_PREFIX = "/2018-06-01/runtime/"
_SLEEP = "/_local/sleep"
"""Not AWS's: ``start.py`` has a function's sleep follow the clock by it."""


@dataclass(frozen=True)
class Task:
    """One invocation, as it is handed to the sandbox."""

    request_id: str
    payload: bytes
    function_arn: str
    trace_id: str
    timeout: float
    client_context: str | None = None


@dataclass(frozen=True)
class Ready:
    """The sandbox is initialised and requests its first task."""


@dataclass(frozen=True)
class InitFailed:
    """The function's module could not be loaded."""

    error: bytes


@dataclass(frozen=True)
class Answered:
    """The handler returned, or raised if ``failed``."""

    request_id: str
    payload: bytes
    failed: bool


@dataclass(frozen=True)
class Exited:
    """The process is gone; ``status`` is as in ``subprocess``, negative for a signal."""

    status: int


@dataclass(frozen=True)
class TimedOut:
    """The time is up; reported by whoever ends an invocation early, never by the process."""


Report = Ready | InitFailed | Answered | Exited | TimedOut


@dataclass
class RuntimeApi:
    """One sandbox's server on a port of its own, since the runtime client takes no path."""

    sleep: Callable[[float], bool] = lambda _: True
    """Sleeps so many seconds of the clock for the process; ``False`` if its time is up before."""
    reports: queue.SimpleQueue[Report] = field(default_factory=queue.SimpleQueue)

    def __post_init__(self) -> None:
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._asked = False
        self._listening = socket.create_server(("127.0.0.1", 0))
        host, port = self._listening.getsockname()[:2]
        self.address = f"{host}:{port}"
        threading.Thread(target=self._accept, name=f"runtime-api-{port}", daemon=True).start()

    def hand(self, task: Task) -> None:
        """Hand the sandbox its next task."""
        self._tasks.put(task)

    def close(self) -> None:
        # Wakes the accepting thread, which closing does not do; macOS wakes it on close and refuses this.
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._tasks.put(None)

    def next_task(self) -> Task | None:
        """Wait for a task; None once this is closed."""
        if not self._asked:
            self._asked = True
            self.reports.put(Ready())
        return self._tasks.get()

    def _accept(self) -> None:
        while True:
            try:
                connection, address = self._listening.accept()
            except OSError:
                return
            threading.Thread(
                target=self._serve, args=(connection, address), name="runtime-api-connection", daemon=True
            ).start()

    def _serve(self, connection: socket.socket, address: Any) -> None:
        with connection:
            try:
                _Handler(connection, address, self)
            except OSError:
                return  # the process was killed in the middle of a request


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Both are needed: each small packet of an answer would cost 40 ms of delayed acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = -1

    def __init__(self, connection: socket.socket, address: Any, api: RuntimeApi) -> None:
        self.api = api
        # The base class takes a server but does not use it.
        super().__init__(connection, address, api)  # type: ignore[arg-type]  # as said above

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass

    def do_GET(self) -> None:
        if urlsplit(self.path).path == _SLEEP:
            self._sleep()
            return
        if self.path != f"{_PREFIX}invocation/next":
            self._answer(404, b"{}")
            return
        task = self.api.next_task()
        if task is None:
            self.close_connection = True
            return
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": task.request_id,
            # The local time plus the handler's seconds: the bootstrap sets the time from it.
            "Lambda-Runtime-Deadline-Ms": str(int((clock.time() + task.timeout) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": task.function_arn,
            "Lambda-Runtime-Trace-Id": task.trace_id,
        }
        if task.client_context is not None:
            headers["Lambda-Runtime-Client-Context"] = task.client_context
        self._answer(200, task.payload, headers)

    def _sleep(self) -> None:
        (seconds,) = parse_qs(urlsplit(self.path).query)["seconds"]
        if self.api.sleep(float(seconds)):
            self._answer(200, str(clock.time()).encode())
        else:
            self.close_connection = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = self.path.removeprefix(_PREFIX).split("/")
        if parts == ["init", "error"]:
            self._report(InitFailed(body))
        elif len(parts) == 3 and parts[0] == "invocation" and parts[2] in {"response", "error"}:  # noqa: PLR2004 - invocation/<id>/<what>
            self._report(Answered(parts[1], body, failed=parts[2] == "error"))
        else:
            self._answer(404, b"{}")

    def _report(self, report: Report) -> None:
        # Answered first: once it is reported, the sandbox may get its next task.
        self._answer(202, json.dumps({"status": "OK"}).encode())
        self.wfile.flush()
        self.api.reports.put(report)

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {"Content-Type": "application/json"}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
