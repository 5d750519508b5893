"""HTTP/1.1 on a socket: connections are kept alive, and answers are sent at once and whole."""

from __future__ import annotations

import io
import json
import logging
import socket
import sys
import threading
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import ThreadedWSGIServer

from local_aws.time.clock import clock

_log = logging.getLogger(__name__)

MOST_BODY_BYTES = 64 * 1024 * 1024
"""More than the body of any AWS request, except objects of S3."""

_PIECE = 1024 * 1024

BODY_SECONDS = 30.0
"""Real seconds within which the next part of a body has to arrive."""


class _RefusedError(Exception):
    """A request that is not valid HTTP."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Handler(MotoRequestHandler):  # type: ignore[misc]  # moto ships no types
    """One connection, kept alive; werkzeug's own handler closes it after each request."""

    # An answer is more than one segment; without this the second waits for the first's acknowledgement, 40 ms.
    disable_nagle_algorithm = True
    wbufsize = -1

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Report a request line or header that can't be read in JSON; the base class does it in HTML."""
        self._refuse(code, f"HTTP: {message or explain or HTTPStatus(code).phrase}")

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the header ``Date``: callers tell by it whether their clock is right."""
        return formatdate(clock.time() if timestamp is None else timestamp, usegmt=True)

    def handle_expect_100(self) -> bool:
        # An SDK that uploads waits for this before it sends the body.
        accepted = bool(super().handle_expect_100())
        self.wfile.flush()
        return accepted

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        try:
            # The whole body is read, even if the application does not: the next request begins after it.
            body = self._read_body(environ)
            environ.pop("wsgi.input_terminated", None)
            environ.pop("HTTP_TRANSFER_ENCODING", None)
            environ["wsgi.input"] = io.BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
            self._answer(environ)
        except _RefusedError as refused:
            self._refuse(refused.status, str(refused))
        except ConnectionError:
            self.close_connection = True
        except Exception as failure:  # noqa: BLE001 - the caller gets an answer after any failure
            _log.exception("%s %s failed", self.command, self.path)
            self._refuse(500, f"the local AWS failed: {failure!r}")

    def _read_body(self, environ: dict[str, Any]) -> bytes:
        self.connection.settimeout(BODY_SECONDS)
        try:
            return self._read_chunks(environ) if "wsgi.input_terminated" in environ else self._read_exactly(environ)
        except TimeoutError as error:
            raise _RefusedError(408, f"body: nothing more of it came within {BODY_SECONDS:g} seconds") from error
        finally:
            self.connection.settimeout(None)

    def _read_exactly(self, environ: dict[str, Any]) -> bytes:
        content_length = environ.get("CONTENT_LENGTH") or "0"
        if not content_length.isdigit():
            raise _RefusedError(400, f"Content-Length: a whole number is expected, not {content_length!r}")
        length = int(content_length)
        if length > MOST_BODY_BYTES:
            raise _RefusedError(413, f"body: at most {MOST_BODY_BYTES} bytes are taken here, not {length}")
        body: bytes = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionAbortedError
        return body

    def _read_chunks(self, environ: dict[str, Any]) -> bytes:
        body = bytearray()
        try:
            while piece := environ["wsgi.input"].read(_PIECE):
                body += piece
                if len(body) > MOST_BODY_BYTES:
                    raise _RefusedError(413, f"body: at most {MOST_BODY_BYTES} bytes are taken here")
        except (ConnectionError, TimeoutError):
            raise
        except OSError as error:
            raise _RefusedError(400, f"body: it can't be read ({error})") from error
        return bytes(body)

    def _refuse(self, status: int, reason: str) -> None:
        """Answer and close the connection: where the next request would begin is not known."""
        self.close_connection = True
        headers = [("Content-Type", "application/json"), ("Connection", "close")]
        self._send(f"{status} Error", headers, json.dumps({"error": reason}).encode() + b"\n")

    def _answer(self, environ: dict[str, Any]) -> None:
        status = "500 Error"
        headers: list[tuple[str, str]] = []
        chunks: list[bytes] = []

        def start_response(status_line: str, response_headers: list[tuple[str, str]], *_: Any) -> Any:
            nonlocal status, headers
            status, headers = status_line, response_headers
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
        # The answer to HEAD has no body, but the length of GET's.
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
        """Log no single requests: ``GET /_local/calls`` lists them."""


class Server(ThreadedWSGIServer):
    """A server with a thread for each connection; ``hang_up`` ends them all."""

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

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a caller that has gone, such as a function that was killed before its answer."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        """Close all connections from this side."""
        with self._lock:
            left, self._open = list(self._open), set()
        for connection in left:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                # The other side has closed it already.
                continue
