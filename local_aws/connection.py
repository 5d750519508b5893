"""HTTP/1.1 on a socket: connections are kept, and answers go out at once and whole."""

from __future__ import annotations

import io
import logging
import socket
import threading
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import ThreadedWSGIServer
from werkzeug.wsgi import get_input_stream

_log = logging.getLogger(__name__)


class Handler(MotoRequestHandler):  # type: ignore[misc]  # moto ships no types
    """One connection, kept; werkzeug's own handler closes it after each request."""

    # An answer is more than one segment; without this the second waits for the first's acknowledgement, 40 ms.
    disable_nagle_algorithm = True
    wbufsize = -1

    def handle_expect_100(self) -> bool:
        # An SDK that uploads waits for this before it sends the body.
        told = bool(super().handle_expect_100())
        self.wfile.flush()
        return told

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        try:
            # All of it is read, whatever the application reads: the next request begins right after.
            body = get_input_stream(environ, safe_fallback=True).read()
            environ.pop("wsgi.input_terminated", None)
            environ.pop("HTTP_TRANSFER_ENCODING", None)
            environ["wsgi.input"] = io.BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
            self._answer(environ)
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except Exception as failure:  # noqa: BLE001 - whatever failed, the caller is answered
            _log.exception("%s %s failed", self.command, self.path)
            self.close_connection = True
            self._send("500 Error", [("Content-Type", "text/plain")], repr(failure).encode())

    def _answer(self, environ: dict[str, Any]) -> None:
        status = "500 Error"
        headers: list[tuple[str, str]] = []
        chunks: list[bytes] = []

        def start_response(line: str, told: list[tuple[str, str]], *_: Any) -> Any:
            nonlocal status, headers
            status, headers = line, told
            return chunks.append

        application: Any = self.server.app
        answer = application(environ, start_response)
        try:
            chunks.extend(answer)
        finally:
            if close := getattr(answer, "close", None):
                close()
        self._send(status, headers, b"".join(chunks))

    def _send(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        # The answer to HEAD has no body, but tells the length that GET's would have.
        head = self.command == "HEAD"
        for name, value in headers:
            if head or name.lower() != "content-length":
                self.send_header(name, value)
        if not head:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if head else body)
        self.wfile.flush()

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Say nothing of single requests: ``GET /_local/calls`` tells of them."""


class Server(ThreadedWSGIServer):
    """A thread for each connection; hanging up ends them all."""

    request_queue_size = 512

    def __init__(self, listening: socket.socket, application: Any) -> None:
        host, port = listening.getsockname()[:2]
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(host, port, application, handler=Handler, fd=listening.fileno())

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Close all connections from this side."""
        with self._lock:
            left, self._open = list(self._open), set()
        for connection in left:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                # The other side was faster.
                continue
