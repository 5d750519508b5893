"""Starts functions' processes faster than Python does: forks them off a process that has loaded the libraries.

Run as ``python fork_server.py`` with the layers on its path and one end of a Unix socket as its standard input. Each
packet that comes is a start, as JSON (``id``, ``arguments``, ``environment``, ``directory``), with two descriptors: the
process's standard input, and its output. What goes back is ``{"started": id, "pid": pid}`` and, in its time,
``{"ended": pid, "status": status}``.

Only what belongs to Python itself, or to a distribution that is installed in a layer, is loaded here: the runtime
client, a function's code and a layer's own modules are loaded anew in each process, as on Lambda. Which libraries those
are is learnt from the processes: each tells what it had to load itself. Of botocore's data files, too, which are large,
the parsed contents are kept.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.metadata
import json
import os
import selectors
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from start import begin  # type: ignore[import-not-found]  # it is beside this file, which is no module of a package here

# Python put this folder first, which no function is to find.
_HERE = sys.path.pop(0)

MOST_BYTES = 200_000
"""Of one packet; Linux takes that much with its usual settings."""


class _Files:
    """The contents of botocore's data files, parsed."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def keep(self) -> None:
        """Have botocore's loaders ask here first, once somebody has loaded botocore."""
        if "botocore.loaders" not in sys.modules:
            return
        reader = sys.modules["botocore.loaders"].JSONFileLoader
        read = reader.load_file
        if hasattr(read, "keeps"):
            return

        def load_file(reader: Any, path: str) -> Any:
            if path not in self.kept:
                self.kept[path] = read(reader, path)
            return self.kept[path]

        load_file.keeps = True  # type: ignore[attr-defined]  # a mark
        reader.load_file = load_file

    def read(self, paths: list[str]) -> None:
        self.keep()
        if "botocore.loaders" in sys.modules:
            reader = sys.modules["botocore.loaders"].JSONFileLoader()
            for path in paths:
                reader.load_file(path)


def _installed(layers: list[str]) -> set[str]:
    """Name the packages and modules of the distributions in these folders."""
    here = {each.metadata["Name"] for each in importlib.metadata.distributions(path=layers)}
    return {name for name, owners in importlib.metadata.packages_distributions().items() if not here.isdisjoint(owners)}


class _Server:
    def __init__(self, local_aws: socket.socket) -> None:
        self._local_aws = local_aws
        self._libraries = sys.stdlib_module_names | _installed(os.environ["PYTHONPATH"].split(os.pathsep))
        self._files = _Files()
        self._told, self._telling = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._children, signalled = os.pipe()
        for each in (self._children, signalled):
            os.set_blocking(each, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(signalled, warn_on_full_buffer=False)
        self._signalled = signalled

    def serve(self) -> Callable[[], None]:
        """Serve for ever; comes back in each new process only, with what it is to do."""
        with selectors.DefaultSelector() as selector:
            for each in (self._local_aws, self._told, self._children):
                selector.register(each, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if self._children in ready:
                    self._reap()
                if self._local_aws in ready:
                    start = self._start()
                    if start is not None:
                        return start
                elif self._told in ready:
                    self._learn(json.loads(self._told.recv(MOST_BYTES)))

    def _start(self) -> Callable[[], None] | None:
        """Fork; None in this process."""
        packet, descriptors, *_ = socket.recv_fds(self._local_aws, MOST_BYTES, 2)
        if not packet:
            os._exit(0)  # the local AWS is gone
        wanted = json.loads(packet)
        pid = os.fork()
        if pid == 0:
            self._leave()
            return lambda: self._become(wanted, *descriptors)
        # Whoever comes first, so that nobody finds it in our group.
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        for each in descriptors:
            os.close(each)
        self._tell({"started": wanted["id"], "pid": pid})
        return None

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while os.read(self._children, 4096):
                pass
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._tell({"ended": pid, "status": os.waitstatus_to_exitcode(status)})

    def _tell(self, answer: dict[str, Any]) -> None:
        try:
            self._local_aws.send(json.dumps(answer).encode())
        except OSError:
            os._exit(0)  # the local AWS is gone

    def _learn(self, loaded: dict[str, list[str]]) -> None:
        for name in loaded["modules"]:
            # It may be there for one function's path only.
            with contextlib.suppress(Exception):
                importlib.import_module(name)
        self._files.read(loaded["files"])
        if threading.active_count() > 1:
            # A fork takes one thread along: what waits for the others would wait for ever.
            os._exit(1)
        gc.collect()
        gc.freeze()

    def _leave(self) -> None:
        """Drop, in a new process, what is the server's."""
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for each in (self._children, self._signalled):
            os.close(each)
        self._local_aws.close()
        self._told.close()

    def _become(self, wanted: dict[str, Any], standard_input: int, output: int) -> None:
        for descriptor, known in ((standard_input, 0), (output, 1), (output, 2)):
            os.dup2(descriptor, known)
        for each in (standard_input, output):
            os.close(each)
        os.environ.clear()
        os.environ.update(wanted["environment"])
        os.chdir(wanted["directory"])
        handler, timeout, moment = wanted["arguments"]
        if self._brings_its_own(Path(os.environ["LAMBDA_TASK_ROOT"])):
            arguments = [sys.executable, "-s", str(Path(_HERE) / "start.py"), handler, timeout, moment]
            os.execv(sys.executable, arguments)  # noqa: S606 - no shell is wanted
        sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
        begin(handler, float(timeout), float(moment), _Report(self._telling, self._libraries, self._files))

    def _brings_its_own(self, code: Path) -> bool:
        """Return whether a function's code has a module that is loaded here: only a new interpreter prefers that."""
        mine = {each.stem for each in code.iterdir()} if code.is_dir() else set()
        return not mine.isdisjoint(name.partition(".")[0] for name in sys.modules)


class _Report:
    """Tells the server, each time that a function's process has nothing to do, what it had to load itself."""

    def __init__(self, telling: socket.socket, libraries: frozenset[str], files: _Files) -> None:
        self._telling = telling
        self._libraries = libraries
        self._files = files
        self._modules = set(sys.modules)
        self._paths = set(files.kept)

    def __call__(self) -> None:
        modules = [each for each in sys.modules.keys() - self._modules if each.partition(".")[0] in self._libraries]
        paths = list(self._files.kept.keys() - self._paths)
        self._modules |= sys.modules.keys()
        self._paths.update(paths)
        if modules or paths:
            # What the server has no room for, the next process tells.
            with contextlib.suppress(OSError):
                self._telling.send(json.dumps({"modules": modules, "files": paths}).encode(), socket.MSG_DONTWAIT)


if __name__ == "__main__":
    _Server(socket.socket(fileno=os.dup(0))).serve()()
