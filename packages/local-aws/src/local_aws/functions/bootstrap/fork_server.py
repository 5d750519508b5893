"""A server that starts functions' processes fast, by forking a process that has loaded the libraries.

Run as ``python fork_server.py`` with the layers on its path and one end of a Unix socket as its standard input. Each
packet is a request to start, as JSON (``id``, ``arguments``, ``environment``, ``directory``), with two descriptors:
the process's standard input, and its output. The answers are ``{"started": id, "pid": pid}`` and, in its time,
``{"ended": pid, "status": status}``.

Only what belongs to Python itself, or to a distribution that is installed in a layer, is loaded here: the runtime
client, a function's code and a layer's own modules are loaded anew in each process, as on Lambda. Which libraries to
load is learnt from the processes: each reports what it had to load itself. The parsed contents of botocore's data
files, which are large, are kept too, and its lists of services, for which it searches hundreds of folders.
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

from start import begin  # type: ignore[import-not-found]  # in this file's folder, which is no package here

# Python put this folder first, but no function is to find it.
_HERE = sys.path.pop(0)

MOST_BYTES = 200_000
"""Of one packet, within Linux's default limit."""


class _Files:
    """The parsed contents of botocore's data files, and the lists of services that have files of a type."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self.lists: dict[tuple[str, ...], list[str]] = {}
        """By the files' type, and the paths that were searched."""

    def keep(self) -> None:
        """Make botocore's loaders look here first, once botocore is loaded."""
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
        loader = sys.modules["botocore.loaders"].Loader
        list_services = loader.list_available_services

        def list_available_services(loader: Any, type_name: str) -> list[str]:
            key = (type_name, *loader.search_paths)
            if key not in self.lists:
                self.lists[key] = list_services(loader, type_name)
            return self.lists[key]

        loader.list_available_services = list_available_services

    def read(self, paths: list[str], lists: list[list[str]]) -> None:
        self.keep()
        if "botocore.loaders" in sys.modules:
            loaders = sys.modules["botocore.loaders"]
            reader = loaders.JSONFileLoader()
            for path in paths:
                reader.load_file(path)
            for type_name, *searched in lists:
                loader = loaders.Loader(extra_search_paths=searched, include_default_search_paths=False)
                loader.list_available_services(type_name)


def _installed(layers: list[str]) -> set[str]:
    """Return the names of the packages and modules of the distributions in these folders."""
    here = {each.metadata["Name"] for each in importlib.metadata.distributions(path=layers)}
    return {name for name, owners in importlib.metadata.packages_distributions().items() if not here.isdisjoint(owners)}


class _Server:
    def __init__(self, local_aws: socket.socket) -> None:
        self._local_aws = local_aws
        self._libraries = sys.stdlib_module_names | _installed(os.environ["PYTHONPATH"].split(os.pathsep))
        self._files = _Files()
        self._reported, self._reporting = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._children, signalled = os.pipe()
        for each in (self._children, signalled):
            os.set_blocking(each, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(signalled, warn_on_full_buffer=False)
        self._signalled = signalled

    def serve(self) -> Callable[[], None]:
        """Serve for ever; return only in each new process, with the function to call there."""
        with selectors.DefaultSelector() as selector:
            for each in (self._local_aws, self._reported, self._children):
                selector.register(each, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if self._children in ready:
                    self._reap()
                if self._local_aws in ready:
                    start = self._start()
                    if start is not None:
                        return start
                elif self._reported in ready:
                    self._learn(json.loads(self._reported.recv(MOST_BYTES)))

    def _start(self) -> Callable[[], None] | None:
        """Fork on a request; return None in the server, and a function to call in the new process."""
        packet, descriptors, *_ = socket.recv_fds(self._local_aws, MOST_BYTES, 2)
        if not packet:
            os._exit(0)  # the local AWS is gone
        request = json.loads(packet)
        pid = os.fork()
        if pid == 0:
            self._leave()
            return lambda: self._become(request, *descriptors)
        # Both processes set the group, so that it is set whichever runs first.
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        for each in descriptors:
            os.close(each)
        self._send({"started": request["id"], "pid": pid})
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
            self._send({"ended": pid, "status": os.waitstatus_to_exitcode(status)})

    def _send(self, answer: dict[str, Any]) -> None:
        try:
            self._local_aws.send(json.dumps(answer).encode())
        except OSError:
            os._exit(0)  # the local AWS is gone

    def _learn(self, loaded: dict[str, list[Any]]) -> None:
        for name in loaded["modules"]:
            # It may exist on one function's path only.
            with contextlib.suppress(Exception):
                importlib.import_module(name)
        self._files.read(loaded["files"], loaded["lists"])
        if threading.active_count() > 1:
            # A fork copies one thread only: whatever waits for another would wait for ever.
            os._exit(1)
        gc.collect()
        gc.freeze()

    def _leave(self) -> None:
        """Close the server's descriptors and reset its signals in a new process."""
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for each in (self._children, self._signalled):
            os.close(each)
        self._local_aws.close()
        self._reported.close()

    def _become(self, request: dict[str, Any], standard_input: int, output: int) -> None:
        for descriptor, known in ((standard_input, 0), (output, 1), (output, 2)):
            os.dup2(descriptor, known)
        for each in (standard_input, output):
            os.close(each)
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["directory"])
        handler, timeout, now = request["arguments"]
        if self._has_loaded_module(Path(os.environ["LAMBDA_TASK_ROOT"])):
            arguments = [sys.executable, "-s", str(Path(_HERE) / "start.py"), handler, timeout, now]
            os.execv(sys.executable, arguments)  # noqa: S606 - no shell is wanted
        sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
        begin(handler, float(timeout), float(now), _Report(self._reporting, self._libraries, self._files))

    def _has_loaded_module(self, code: Path) -> bool:
        """Return whether the function's code has a module of a name that is loaded here: it needs a new interpreter."""
        own = {each.stem for each in code.iterdir()} if code.is_dir() else set()
        return not own.isdisjoint(name.partition(".")[0] for name in sys.modules)


class _Report:
    """Reports to the server, whenever a function's process is idle, what it had to load itself."""

    def __init__(self, reporting: socket.socket, libraries: frozenset[str], files: _Files) -> None:
        self._reporting = reporting
        self._libraries = libraries
        self._files = files
        self._modules = set(sys.modules)
        self._paths = set(files.kept)
        self._lists = set(files.lists)

    def __call__(self) -> None:
        modules = [each for each in sys.modules.keys() - self._modules if each.partition(".")[0] in self._libraries]
        paths = list(self._files.kept.keys() - self._paths)
        lists = list(self._files.lists.keys() - self._lists)
        self._modules |= sys.modules.keys()
        self._paths.update(paths)
        self._lists.update(lists)
        if modules or paths or lists:
            # If the server's buffer is full, a later process will report it.
            report = {"modules": modules, "files": paths, "lists": lists}
            with contextlib.suppress(OSError):
                self._reporting.send(json.dumps(report).encode(), socket.MSG_DONTWAIT)


if __name__ == "__main__":
    _Server(socket.socket(fileno=os.dup(0))).serve()()
