"""A sandbox: one process that runs one function, one invocation at a time."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import selectors
import signal
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from local_aws.functions import processes
from local_aws.functions.configuration import FunctionConfiguration, environment
from local_aws.functions.logs import SandboxLog
from local_aws.functions.runtime_api import (
    Answered,
    Exited,
    InitFailed,
    Ready,
    Report,
    RuntimeApi,
    Task,
    TimedOut,
)
from local_aws.functions.stopwatch import Stopwatch
from local_aws.iam.role_credentials import credentials_for_role
from local_aws.time.activity import at_rest, under_way_here
from local_aws.time.clock import clock

INIT_SECONDS = 10.0
"""How long a module may load before Lambda counts it as the invocation's time."""

_MOST_RESPONSE_BYTES = 6_291_556


@dataclass(frozen=True)
class InvocationOutcome:
    """The outcome of an invocation; ``error`` is the function error, None or ``Unhandled``."""

    payload: bytes
    error: str | None = None
    log_tail: str = ""
    duration_ms: float = 0.0


class Sandbox:
    """A process with AWS's runtime client; ``dead`` once it can't be used again."""

    def __init__(self, configuration: FunctionConfiguration, endpoint_url: str) -> None:
        self.configuration = configuration
        self.dead = False
        self.idle_since = 0.0
        self.request_id: str | None = None
        """The request id of the present or last invocation."""
        self.activities: tuple[str, ...] = ()
        """What waits for the present invocation, and is at rest while it sleeps."""
        self.follows_clock = clock.speed == 0
        """Whether the process's time is the clock's, which stands still; else it runs on by itself."""
        self._started = time.perf_counter()
        self._init_ms: float | None = None
        self._initialised = False
        self._reading = threading.Lock()
        self._unfinished = b""
        self._ended = False
        now = clock.now()
        stream = f"{now:%Y/%m/%d}/[{configuration.version}]{uuid.uuid4().hex}"
        self.log = SandboxLog(configuration, stream)
        self._api = RuntimeApi(self._sleep)
        self._watch: Stopwatch | None = None
        self._waking = threading.Event()
        self._credentials = credentials_for_role(configuration.role_arn, configuration.name)
        self._process = self._start(endpoint_url)
        os.set_blocking(self._output().fileno(), False)
        threading.Thread(target=self._read_output, name=f"log-{configuration.name}", daemon=True).start()

    @property
    def access_key_id(self) -> str:
        """The access key of the process's calls, unique to it."""
        return self._credentials.access_key_id

    def run(self, task: Task) -> InvocationOutcome:
        """Let the function handle one event within its timeout, after which the process is killed."""
        self.request_id = task.request_id
        self.activities = under_way_here()
        self.log.begin()
        if not self._initialised:
            self.log.write(f"INIT_START Runtime Version: {self.configuration.runtime}")
        self.log.write(f"START RequestId: {task.request_id} Version: {self.configuration.version}")
        watch = Stopwatch(INIT_SECONDS + task.timeout)
        report: Report | None = None
        if not self._initialised:
            report = self._report(watch)
            watch = Stopwatch(task.timeout)
        if report is None or isinstance(report, Ready):
            if report is not None:
                self._initialised = True
                self._init_ms = (time.perf_counter() - self._started) * 1000
            report = self._handle(task, watch) if self._initialised else None
        duration_ms = min(watch.used(), task.timeout) * 1000
        if isinstance(report, TimedOut):
            duration_ms = task.timeout * 1000
        payload, error = self._judge(task, report)
        self._drain()
        self._write_end(task, duration_ms, _status(report))
        return InvocationOutcome(payload, error, self.log.tail(), duration_ms)

    def stop(self) -> None:
        """Kill the process and all that it started."""
        self.dead = True
        self.kill()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._api.close()

    def kill(self) -> None:
        """Kill the process; the waiting invocation then fails."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def time_out(self) -> None:
        """End the present invocation as if its time were up, without the wait."""
        self._api.reports.put(TimedOut())
        self.kill()

    def _start(self, endpoint_url: str) -> processes.Process:
        configuration = self.configuration
        variables = environment(
            configuration,
            self._credentials,
            endpoint_url=endpoint_url,
            runtime_api=self._api.address,
            log_stream=self.log.stream,
        )
        return processes.start(
            configuration,
            [configuration.handler, str(configuration.timeout), str(clock.time()), str(int(self.follows_clock))],
            variables,
        )

    def _handle(self, task: Task, watch: Stopwatch) -> Report | None:
        self._api.hand(task)
        while True:
            report = self._report(watch)
            if isinstance(report, Answered) and report.request_id != task.request_id:
                continue
            return report

    def _report(self, watch: Stopwatch) -> Report | None:
        """Wait for a report from the process; None if the time is up."""
        self._watch = watch
        try:
            while (left := watch.left()) > 0:
                with contextlib.suppress(queue.Empty):
                    return self._api.reports.get(timeout=watch.in_real_seconds(left))
            return None
        finally:
            self._watch = None
            self._waking.set()

    def _sleep(self, seconds: float) -> bool:
        """Sleep by the clock for the process; ``False`` if its time is up before."""
        watch = self._watch
        if watch is None:
            # Lambda would have frozen it: whatever still runs has nobody who waits for it.
            clock.sleep(seconds)
            return True
        self._waking = waking = threading.Event()
        with watch.sleeping(seconds) as most, at_rest(*self.activities) as end:

            def wake() -> None:
                end()
                waking.set()

            due = clock.call_later(most, wake)
            waking.wait()
            due.cancel()
        if most < seconds:
            self._api.reports.put(TimedOut())
        return most == seconds

    def _judge(self, task: Task, report: Report | None) -> tuple[bytes, str | None]:
        """Return Lambda's answer to a report; a failed sandbox is not used again."""
        if isinstance(report, Answered):
            if len(report.payload) > _MOST_RESPONSE_BYTES:
                text = f"Response payload size exceeded maximum allowed payload size ({_MOST_RESPONSE_BYTES} bytes)."
                return _error("Function.ResponseSizeTooLarge", text), "Unhandled"
            return report.payload, "Unhandled" if report.failed else None
        self.stop()
        if isinstance(report, InitFailed):
            return report.error, "Unhandled"
        if isinstance(report, Exited):
            text = f"RequestId: {task.request_id} Error: {_describe(report.status)}"
            self.log.write(text)
            return _error("Runtime.ExitError", text), "Unhandled"
        text = f"Task timed out after {task.timeout:.2f} seconds"
        now = clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.log.write(f"{now} {task.request_id} {text}")
        return _error("Sandbox.Timedout", f"RequestId: {task.request_id} Error: {text}"), "Unhandled"

    def _write_end(self, task: Task, duration_ms: float, status: list[str]) -> None:
        fields = [
            f"REPORT RequestId: {task.request_id}",
            f"Duration: {duration_ms:.2f} ms",
            f"Billed Duration: {int(duration_ms) + 1} ms",
            f"Memory Size: {self.configuration.memory_mb} MB",
        ]
        memory = _most_memory_mb(self._process.pid)
        if memory is not None:
            fields.append(f"Max Memory Used: {memory} MB")
        if self._init_ms is not None:
            fields.append(f"Init Duration: {self._init_ms:.2f} ms")
            self._init_ms = None
        self.log.write(f"END RequestId: {task.request_id}", "\t".join([*fields, *status]) + "\t")

    def _read_output(self) -> None:
        with self._output() as output, selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            while self._drain():
                selector.select()
            selector.unregister(output)
            self._api.reports.put(Exited(self._process.wait()))

    def _drain(self) -> bool:
        """Log the output so far; return False once the process will write no more."""
        with self._reading:
            while not self._ended:
                try:
                    read = os.read(self._output().fileno(), 65536)
                except BlockingIOError:
                    break
                self._ended = not read
                *lines, self._unfinished = (self._unfinished + read).split(b"\n")
                if self._ended and self._unfinished:
                    lines.append(self._unfinished)
                self._write_lines(lines)
            return not self._ended

    def _write_lines(self, lines: list[bytes]) -> None:
        # The runtime client puts the lines of a traceback into one event, with carriage returns between them.
        self.log.write(*(line.decode(errors="replace").replace("\r", "\n") for line in lines))

    def _output(self) -> IO[bytes]:
        if self._process.stdout is None:
            raise RuntimeError("a sandbox's output is always a pipe")
        return self._process.stdout


def _status(report: Report | None) -> list[str]:
    """Return the addition to Lambda's last line for an invocation that the runtime did not end."""
    if isinstance(report, Exited):
        return ["Status: error", "Error Type: Runtime.ExitError"]
    return ["Status: timeout"] if report is None or isinstance(report, TimedOut) else []


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


def _describe(status: int) -> str:
    if status < 0:
        names = {signal.SIGKILL: "killed", signal.SIGSEGV: "segmentation fault", signal.SIGABRT: "aborted"}
        name = names.get(signal.Signals(-status), signal.Signals(-status).name)
        return f"Runtime exited with error: signal: {name}"
    return f"Runtime exited with error: exit status {status}" if status else "Runtime exited without providing a reason"


def _most_memory_mb(pid: int) -> int | None:
    """Return the process's peak memory, if the system reports it."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    return None
