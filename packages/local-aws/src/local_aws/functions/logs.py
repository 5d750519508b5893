"""Functions' logs, in CloudWatch Logs and in local files."""

from __future__ import annotations

import threading
from collections import deque
from pathlib import Path
from typing import Any, TextIO

from moto.logs.models import logs_backends

from local_aws import project
from local_aws.functions.configuration import FunctionConfiguration
from local_aws.functions.roles import refusal
from local_aws.time.clock import clock

_TAIL_BYTES = 4096

_lock = threading.Lock()
_files: dict[Path, TextIO] = {}
_begun: set[Path] = set()


class SandboxLog:
    """One sandbox's log stream; without the role's permission to write logs, they are only in the file."""

    def __init__(self, configuration: FunctionConfiguration, stream: str) -> None:
        self.stream = stream
        self._group = configuration.log_group
        self._backend: Any = logs_backends[configuration.account_id][configuration.region]
        self._path = project.current().logs / f"{configuration.account_id}-{configuration.name}.log"
        self._allowed = self._may_write(configuration)
        self._tail: deque[str] = deque(maxlen=200)

    def begin(self) -> None:
        """Reset the tail for a new invocation."""
        self._tail.clear()

    def write(self, *lines: str) -> None:
        """Write lines, each as one event."""
        if not lines:
            return
        self._tail.extend(lines)
        timestamp = int(clock.time() * 1000)
        with _lock:
            if self._allowed:
                # The group may have been deleted in the meantime: Lambda creates it again.
                self._backend.ensure_log_group(self._group)
                self._backend.ensure_log_stream(self._group, self.stream)
                events = [{"timestamp": timestamp, "message": line} for line in lines]
                self._backend.put_log_events(self._group, self.stream, events)
            file = _file(self._path)
            file.writelines(f"{line}\n" for line in lines)
            file.flush()

    def tail(self) -> str:
        """Return the last 4 KB of the invocation's log, as ``LogType=Tail`` does."""
        return "".join(f"{line}\n" for line in self._tail).encode()[-_TAIL_BYTES:].decode(errors="ignore")

    def _may_write(self, configuration: FunctionConfiguration) -> bool:
        needed = ["logs:CreateLogStream", "logs:PutLogEvents"]
        if self._group not in self._backend.groups:
            needed.append("logs:CreateLogGroup")
        parameters = {"logGroupName": self._group, "logStreamName": self.stream}
        role, session, region = configuration.role_arn, configuration.name, configuration.region
        return all(refusal(role, session, region, each, parameters) is None for each in needed)


def close_files() -> None:
    """Close the files; later lines are appended to them."""
    with _lock:
        for file in _files.values():
            file.close()
        _files.clear()


def _file(path: Path) -> TextIO:
    """Open a function's file, truncated the first time in this process; the caller holds the lock."""
    if path not in _files:
        path.parent.mkdir(parents=True, exist_ok=True)
        _files[path] = path.open("a" if path in _begun else "w", encoding="utf-8")
        _begun.add(path)
    return _files[path]
