"""A server that starts functions' processes fast, by forking a process that has loaded the libraries.

Run as ``python fork_server.py`` with the layers on its path and one end of a Unix socket as its standard input. Each
packet is a request to start, as JSON (``id``, ``arguments``, ``environment``, ``directory``), with two descriptors:
the process's standard input, and its output. The answers are ``{"started": id, "pid": pid}`` and, in its time,
``{"ended": pid, "status": status}``.

Only what belongs to Python itself, or to a distribution that is installed in a layer, is loaded here: the runtime
client, a function's code and a layer's own modules are loaded anew in each process, as on Lambda. Which libraries to
load is learnt from the processes: each reports what it had to load itself. The parsed contents of botocore's data
files, which are large, are kept too, and its lists of services, for which it searches hundreds of folders. Of what is
loaded anew, the compiled code and regular expressions are kept, which are the same in each process.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.machinery
import importlib.metadata
import json
import os
import re
import selectors
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from types import CodeType
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
                self._name_methods(reader.load_file(path))
            for type_name, *searched in lists:
                loader = loaders.Loader(extra_search_paths=searched, include_default_search_paths=False)
                loader.list_available_services(type_name)

    def _name_methods(self, read: Any) -> None:
        """Have botocore keep the names of a service's methods: working them out is a fifth of a client's making."""
        # Not every kind of file describes operations.
        if isinstance(read, dict) and hasattr(sys.modules["botocore"], "xform_name"):
            for operation in read.get("operations", ()):
                sys.modules["botocore"].xform_name(operation)


_Stamp = tuple[int, int]


class _Code:
    """The compiled code of modules that are loaded anew in each process, as long as their files stay as they are."""

    def __init__(self, libraries: frozenset[str]) -> None:
        self.kept: dict[str, tuple[_Stamp, CodeType]] = {}
        self.missed: set[str] = set()
        """The files that were read although their modules' code may be kept."""
        self._libraries = libraries
        self._read = importlib.machinery.SourceFileLoader.get_code

    def keep(self) -> None:
        """Make Python look here first."""

        def get_code(loader: Any, name: str) -> CodeType | None:
            if name.partition(".")[0] in self._libraries:
                return self._read(loader, name)
            stamp, code = self.kept.get(loader.path, (None, None))
            if code is not None and stamp == _stamp(loader.path):
                return code
            self.missed.add(loader.path)
            return self._read(loader, name)

        importlib.machinery.SourceFileLoader.get_code = get_code  # type: ignore[assignment,method-assign]  # for all

    def read(self, paths: list[str]) -> None:
        for path in paths:
            # It may be gone or broken by now.
            with contextlib.suppress(Exception):
                # Looked at before it is read: if it changes meanwhile, it is read again.
                stamp = _stamp(path)
                name = Path(path).stem
                code = self._read(importlib.machinery.SourceFileLoader(name, path), name)
                if code is not None:
                    self.kept[path] = (stamp, code)


def _stamp(path: str) -> _Stamp:
    status = os.stat(path)  # noqa: PTH116 - Path is slower, and each module is looked at
    return (status.st_mtime_ns, status.st_size)


def _patterns() -> set[tuple[str, int]]:
    """Return the regular expressions, with their flags, that Python keeps compiled: ``re`` tells them to nobody."""
    return {(pattern, int(flags)) for kind, pattern, flags in list(getattr(re, "_cache", ())) if kind is str}


def _compile(patterns: list[list[Any]]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for pattern, flags in patterns:
            with contextlib.suppress(Exception):
                re.compile(pattern, flags)


def _installed(layers: list[str]) -> set[str]:
    """Return the names of the packages and modules of the distributions in these folders."""
    here = {each.metadata["Name"] for each in importlib.metadata.distributions(path=layers)}
    return {name for name, owners in importlib.metadata.packages_distributions().items() if not here.isdisjoint(owners)}


class _Server:
    def __init__(self, local_aws: socket.socket) -> None:
        self._local_aws = local_aws
        self._libraries = sys.stdlib_module_names | _installed(os.environ["PYTHONPATH"].split(os.pathsep))
        self._files = _Files()
        self._code = _Code(self._libraries)
        self._code.keep()
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
        self._code.read(loaded["code"])
        _compile(loaded["patterns"])
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
        handler, timeout, now, still = request["arguments"]
        if self._has_loaded_module(Path(os.environ["LAMBDA_TASK_ROOT"])):
            arguments = [sys.executable, "-s", str(Path(_HERE) / "start.py"), *request["arguments"]]
            os.execv(sys.executable, arguments)  # noqa: S606 - no shell is wanted
        sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
        report = _Report(self._reporting, self._libraries, self._files, self._code)
        begin(handler, float(timeout), float(now), report, stands_still=still == "1")

    def _has_loaded_module(self, code: Path) -> bool:
        """Return whether the function's code has a module of a name that is loaded here: it needs a new interpreter."""
        own = {each.stem for each in code.iterdir()} if code.is_dir() else set()
        return not own.isdisjoint(name.partition(".")[0] for name in sys.modules)


class _Report:
    """Reports to the server, whenever a function's process is idle, what it had to load itself."""

    def __init__(self, reporting: socket.socket, libraries: frozenset[str], files: _Files, code: _Code) -> None:
        self._reporting = reporting
        self._libraries = libraries
        self._files = files
        self._code = code
        self._patterns: set[tuple[str, int]] | None = _patterns()
        self._modules = set(sys.modules)
        self._paths = set(files.kept)
        self._lists = set(files.lists)

    def __call__(self) -> None:
        modules = [each for each in sys.modules.keys() - self._modules if each.partition(".")[0] in self._libraries]
        paths = list(self._files.kept.keys() - self._paths)
        lists = list(self._files.lists.keys() - self._lists)
        code = list(self._code.missed)
        # Those that are made for one event are of no use to another.
        patterns = list(_patterns() - self._patterns) if self._patterns is not None else []
        self._modules |= sys.modules.keys()
        self._paths.update(paths)
        self._lists.update(lists)
        self._code.missed.clear()
        self._patterns = None
        if modules or paths or lists or code or patterns:
            # If the server's buffer is full, a later process will report it.
            report = {"modules": modules, "files": paths, "lists": lists, "code": code, "patterns": patterns}
            with contextlib.suppress(OSError):
                self._reporting.send(json.dumps(report).encode(), socket.MSG_DONTWAIT)


if __name__ == "__main__":
    _Server(socket.socket(fileno=os.dup(0))).serve()()
