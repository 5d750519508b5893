"""How long the local AWS takes until it is ready, beside ``moto_server`` alone in the same run."""

import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from bench.processes import print_times
from local_stack.stack import ACCOUNTS, REPOSITORY

RUNS = 5
POLL = 0.01
"""Seconds between two tries to connect."""
PATIENCE = 120.0
"""Seconds after which a server that is not ready is killed."""
_MOTO = "(moto_server)"


def report_starting() -> None:
    """Print the median, least and most of several starts of each, taken in turn.

    ``moto_server`` is ready when its port answers, with nothing in it; the local AWS when it says so.
    """
    scripts = Path(sys.executable).parent
    stacks = f"with {len(ACCOUNTS)} stacks"
    commands: Mapping[str, Sequence[str]] = {
        _MOTO: [str(scripts / "moto_server"), "-p"],
        "local-aws": [str(scripts / "local-aws"), "--port"],
        stacks: [sys.executable, "-m", "local_stack", "--port"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, command in commands.items():
            times[name].append(_start(command, says_so=name != _MOTO))
    print(f"\nTime until ready in ms, {RUNS} starts each:")
    print_times(times, beside=_MOTO, called="moto_server")


def _start(command: Sequence[str], *, says_so: bool) -> float:
    """Return the seconds until a server is ready on a free port; it is ended then.

    Raises:
        RuntimeError: it ended before, or took too long; the message is what it wrote.
    """
    port = _free_port()
    with tempfile.TemporaryFile("w+") as written:
        began = time.perf_counter()
        server = subprocess.Popen(
            [*command, str(port)],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=written,
            text=True,
        )
        watchdog = threading.Timer(PATIENCE, server.kill)
        watchdog.start()
        try:
            ready = _ready_line(server) if says_so else _port_answers(server, port)
            seconds = time.perf_counter() - began
        finally:
            watchdog.cancel()
            server.terminate()
            server.communicate()
        if not ready:
            written.seek(0)
            raise RuntimeError(f"{' '.join(command)}: {written.read().strip()}")
    return seconds


def _ready_line(server: subprocess.Popen[str]) -> bool:
    return server.stdout is not None and server.stdout.readline().startswith("ready ")


def _port_answers(server: subprocess.Popen[str], port: int) -> bool:
    while server.poll() is None:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return True
        time.sleep(POLL)
    return False


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
