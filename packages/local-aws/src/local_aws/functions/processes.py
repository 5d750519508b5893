"""The processes of functions: forked off one that has the libraries loaded where that works, else started anew."""

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
"""Whether to fork. A measurement of cold starts turns it off; elsewhere the system's own libraries don't survive it."""

_MOST_BYTES = 200_000
"""Of one packet, as the server has it."""

_START_SECONDS = 60.0
"""How long the server may take to fork, while it loads something: to give it up takes its processes along."""


class Process(Protocol):
    """What a sandbox needs of a process; it leads a process group."""

    @property
    def pid(self) -> int: ...

    @property
    def stdin(self) -> IO[bytes] | None: ...

    @property
    def stdout(self) -> IO[bytes] | None: ...

    def wait(self) -> int:
        """Wait for its end; give its exit status, negative for a signal."""


def start(configuration: FunctionConfiguration, arguments: Sequence[str], variables: dict[str, str]) -> Process:
    """Start a function's process, in a group of its own.

    So Ctrl-C in a terminal ends the local AWS first, and a kill takes along what the process started.
    """
    directory = configuration.source.code if configuration.source.code.is_dir() else Path("/")
    if forking:
        server = _server_for(configuration)
        try:
            return server.fork(arguments, variables, directory)
        except OSError:
            server.stop()  # it is gone or stuck; another one is made for the next
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
    """End what forks; the processes stay."""
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
    """The process that forks, from the local AWS's side."""

    def __init__(self, layers: tuple[Path, ...], runtime: str) -> None:
        self.gone = False
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._started: dict[int, _Forked] = {}
        self._running: dict[int, _Forked] = {}
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        path = os.pathsep.join(str(layer) for layer in layers)
        with theirs:
            self._process = subprocess.Popen(
                [str(project.current().python), "-s", str(BOOTSTRAP / "fork_server.py")],
                cwd="/",
                env=runtime_environment(runtime) | {"PYTHONPATH": path},
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        threading.Thread(target=self._listen, name="fork-server", daemon=True).start()

    def fork(self, arguments: Sequence[str], variables: dict[str, str], directory: Path) -> _Forked:
        """Have a process forked.

        Raises:
            OSError: the server is gone, or takes too long.
        """
        number = next(self._numbers)
        wanted = {"id": number, "arguments": arguments, "environment": variables, "directory": str(directory)}
        their_input, ours = os.pipe()
        stdin = os.fdopen(ours, "wb", 0)
        ours, their_output = os.pipe()
        stdout = os.fdopen(ours, "rb", 0)
        try:
            socket.send_fds(self._socket, [json.dumps(wanted).encode()], [their_input, their_output])
            forked = self._wait_for(number)
        except OSError:
            stdin.close()
            stdout.close()
            raise
        finally:
            os.close(their_input)
            os.close(their_output)
        forked.stdin, forked.stdout = stdin, stdout
        return forked

    def stop(self) -> None:
        """End the server. Nobody can ask any more how its processes ended: they count as killed."""
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

    def _take(self, told: dict[str, int]) -> None:
        with self._changed:
            if "ended" in told:
                self._running.pop(told["ended"]).end(told["status"])
            else:
                self._started[told["started"]] = self._running[told["pid"]] = _Forked(told["pid"])
                self._changed.notify_all()


_lock = threading.Lock()
_servers: dict[tuple[tuple[Path, ...], str], _ForkServer] = {}


def _server_for(configuration: FunctionConfiguration) -> _ForkServer:
    key = (configuration.source.layers, configuration.runtime)
    with _lock:
        server = _servers.get(key)
        if server is not None and server.gone:
            server.stop()  # its process is waited for, however it ended
            server = None
        if server is None:
            server = _servers[key] = _ForkServer(*key)
        return server
