"""The server: moto with all its extensions, on the loopback address."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterable
from functools import lru_cache
from types import TracebackType
from typing import Any, Self

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from local_aws import console, delivery, deployment, functions, http_apis, iam, services, slack, workflows
from local_aws.control.routes import PREFIX
from local_aws.http.connection import Server
from local_aws.http.request_identification import Environ
from local_aws.iam.authorize import authorize
from local_aws.middleware import Application, Middleware, StartResponse
from local_aws.project import current
from local_aws.time import moto_time

HOST = "127.0.0.1"


class LocalAws:
    """The local AWS of this process: moto's state is one for the process, so one of these at a time.

    Args:
        port: 0 takes a free one. It is bound on creation, so that a port in use is reported at once.

    Raises:
        OSError: the port is in use.
        InvalidProjectError: ``pyproject.toml`` has invalid settings for the local AWS.
    """

    def __init__(self, port: int = 0) -> None:
        current()
        self._listening = socket.create_server((HOST, port), backlog=Server.request_queue_size)
        self.port: int = self._listening.getsockname()[1]
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def start(self) -> Self:
        """Install all parts and serve; the port answers when this returns."""
        _set_credentials()
        middleware = _install(self.port, self.url)

        def application(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            return _served_by(environ.get("PATH_INFO", ""), middleware)(environ, start_response)

        self._server = Server(self._listening, application)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="server", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop all that runs, then close the port."""
        delivery.stop()
        workflows.stop()
        functions.stop_all()
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.hang_up()
            self._server.server_close()
            self._thread.join()
            self._server = self._thread = None
        self._listening.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _install(port: int, url: str) -> Middleware:
    """Install every part, in the order in which they build on one another."""
    moto_time.install()
    services.install()
    iam.install()
    functions.install(url)
    delivery.install()
    workflows.install(port)
    http_apis.install(url)
    slack.serve_at(url)
    deployment.install(url)
    return Middleware(_Dispatcher(_service), authorize)


_BELOW: dict[str, Application] = {
    http_apis.PREFIX: http_apis.serve,
    slack.PREFIX: slack.serve,
    PREFIX: console.serve,
}
"""The applications below paths that are not AWS's; the first match applies."""


def _served_by(path: str, middleware: Middleware) -> Application:
    return next(
        (serve for prefix, serve in _BELOW.items() if path == prefix or path.startswith(f"{prefix}/")), middleware
    )


class _Dispatcher(DomainDispatcherApplication):  # type: ignore[misc]  # moto ships no types
    """moto's dispatcher with a cache: it would search its folder for the service at every call, a third of its time."""

    def __init__(self, make: Callable[[str | None], Any]) -> None:
        super().__init__(make)
        self._found = lru_cache(maxsize=256)(super().get_backend_for_host)

    def get_backend_for_host(self, host: str | None) -> Any:
        return self._found(host)


def _service(name: str | None) -> Any:
    """Return moto's application of one service; moto passes None for a service that it does not have."""
    if name is None:
        raise NotImplementedError("nothing of this service")
    return create_backend_app(name)


def _set_credentials() -> None:
    """Set default credentials, so that moto's own boto3 clients in this process sign their calls."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        os.environ.setdefault(name, "local")
