"""The processes of functions: forked by a server that has loaded the libraries if that works, else started anew."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Protocol

from local_aws import project
from local_aws.functions.configuration import BOOTSTRAP, FunctionConfiguration, runtime_environment

forking = sys.platform == "linux"
"""Whether to fork: on Linux only, and measurements of cold starts turn it off."""

_MOST_BYTES = 200_000
"""Of one packet, as in the server."""

_START_SECONDS = 60.0
"""How long a fork may take while the server loads libraries; giving the server up ends its processes too."""


class Process(Protocol):
    """A process as a sandbox uses it, the leader of a process group."""

    @property
    def pid(self) -> int: ...

    @property
    def stdin(self) -> IO[bytes] | None: ...

    @property
    def stdout(self) -> IO[bytes] | None: ...

    def wait(self) -> int:
        """Wait for its end; return its exit status, negative for a signal."""


def start(configuration: FunctionConfiguration, arguments: Sequence[str], variables: dict[str, str]) -> Process:
    """Start a function's process, in a group of its own.

    So Ctrl-C in a terminal reaches the local AWS only, and a kill also ends what the process started.
    """
    directory = configuration.source.code if configuration.source.code.is_dir() else Path("/")
    if forking:
        server = _server_for(configuration)
        try:
            return server.fork(arguments, variables, directory)
        except OSError:
            server.stop()  # it is gone or stuck; the next start makes another one
    return subprocess.Popen(
        [str(project.current().python), "-s", str(BOOTSTRAP / "start.py"), *arguments],
        cwd=directory,
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def stop_servers() -> None:
    """End the fork servers; their processes stay."""
    with _lock:
        servers = list(_servers.values())
        _servers.clear()
    for server in servers:
        server.stop()


class _Forked:
    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.stdin: IO[bytes] | None = None
        self.stdout: IO[bytes] | None = None
        self._ended = threading.Event()
        self._status = 0

    def wait(self) -> int:
        self._ended.wait()
        return self._status

    def end(self, status: int) -> None:
        self._status = status
        self._ended.set()


class _ForkServer:
    """The local AWS's side of a fork server."""

    def __init__(self, layers: tuple[Path, ...], runtime: str) -> None:
        self.gone = False
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._started: dict[int, _Forked] = {}
        self._running: dict[int, _Forked] = {}
        self._socket, other_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        path = os.pathsep.join(str(layer) for layer in layers)
        with other_end:
            self._process = subprocess.Popen(
                [str(project.current().python), "-s", str(BOOTSTRAP / "fork_server.py")],
                cwd="/",
                env=runtime_environment(runtime) | {"PYTHONPATH": path},
                stdin=other_end.fileno(),
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        threading.Thread(target=self._listen, name="fork-server", daemon=True).start()

    def fork(self, arguments: Sequence[str], variables: dict[str, str], directory: Path) -> _Forked:
        """Fork a process.

        Raises:
            OSError: the server is gone, or takes too long.
        """
        number = next(self._numbers)
        request = {"id": number, "arguments": arguments, "environment": variables, "directory": str(directory)}
        child_input, own_end = os.pipe()
        stdin = os.fdopen(own_end, "wb", 0)
        own_end, child_output = os.pipe()
        stdout = os.fdopen(own_end, "rb", 0)
        try:
            socket.send_fds(self._socket, [json.dumps(request).encode()], [child_input, child_output])
            forked = self._wait_for(number)
        except OSError:
            stdin.close()
            stdout.close()
            raise
        finally:
            os.close(child_input)
            os.close(child_output)
        forked.stdin, forked.stdout = stdin, stdout
        return forked

    def stop(self) -> None:
        """End the server; its processes count as killed, since their exit status is lost."""
        self._process.kill()
        self._process.wait()

    def _wait_for(self, number: int) -> _Forked:
        with self._changed:
            if not self._changed.wait_for(lambda: number in self._started or self.gone, _START_SECONDS):
                raise TimeoutError("the process that forks does not answer")
            if number not in self._started:
                raise ConnectionResetError("the process that forks is gone")
            return self._started.pop(number)

    def _listen(self) -> None:
        with self._socket:
            while packet := self._receive():
                self._take(json.loads(packet))
            with self._changed:
                self.gone = True
                for each in self._running.values():
                    each.end(-signal.SIGKILL)
                self._changed.notify_all()

    def _receive(self) -> bytes:
        try:
            return self._socket.recv(_MOST_BYTES)
        except ConnectionResetError:
            return b""

    def _take(self, message: dict[str, int]) -> None:
        with self._changed:
            if "ended" in message:
                self._running.pop(message["ended"]).end(message["status"])
            else:
                self._started[message["started"]] = self._running[message["pid"]] = _Forked(message["pid"])
                self._changed.notify_all()


_lock = threading.Lock()
_servers: dict[tuple[tuple[Path, ...], str], _ForkServer] = {}


def _server_for(configuration: FunctionConfiguration) -> _ForkServer:
    key = (configuration.source.layers, configuration.runtime)
    with _lock:
        server = _servers.get(key)
        if server is not None and server.gone:
            server.stop()  # this also waits for its process
            server = None
        if server is None:
            server = _servers[key] = _ForkServer(*key)
        return server
