"""The HTTP server of ``drawbridge ui``, on the loopback address."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from drawbridge_cli.screen import complain
from drawbridge_cli.ui_site import Asked, Site

_HOST = "127.0.0.1"
_PATIENCE = 30
"""Seconds that a browser may take to say what it wants: it opens connections before it needs them."""


class UiServer(ThreadingHTTPServer):
    """Serves a site to browsers of this machine.

    Raises:
        OSError: the port can't be used.
    """

    daemon_threads = True
    # Otherwise another program could take the port while this one listens on it.
    allow_reuse_address = sys.platform != "win32"

    def __init__(self, port: int, site: Site) -> None:
        self.site = site
        super().__init__((_HOST, port), _Handler)

    @property
    def address(self) -> str:
        """The address to open, with the token."""
        return f"http://{_HOST}:{self.server_port}/{self.site.token}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say in a line what went wrong with a connection; that a browser hung up is nothing."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            complain(f"ui: {error!r}")


class _Handler(BaseHTTPRequestHandler):
    server: UiServer
    timeout = _PATIENCE
    server_version = "drawbridge"
    sys_version = ""

    def _answer(self) -> None:
        answer = self.server.site.answer(
            Asked(
                method=self.command,
                target=self.path,
                host=self.headers.get("Host", ""),
                if_none_match=self.headers.get("If-None-Match", ""),
            )
        )
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    # What else a browser may send is refused in the same words.
    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer  # noqa: N815 - the library's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Print nothing: the address that is asked for holds the token."""
