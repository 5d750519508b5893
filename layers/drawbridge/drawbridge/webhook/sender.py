"""Sending a message to the webhook: to an address that was looked at, once, in bounded time, following nothing."""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from drawbridge.errors import InvalidInputError, ThrottledError, UpstreamError
from drawbridge.webhook.address import WebhookAddress, callable_addresses

_MOST_ADDRESSES = 2
"""Of one name that are tried."""

_OK = range(200, 300)
_REDIRECTS = range(300, 400)
_TOO_MANY = 429
_BROKEN = 500


def resolved(host: str, port: int) -> list[str]:
    """Return the IP addresses that a name leads to."""
    return [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class _Deadline:
    """When an exchange has to be over: a socket's own time begins anew with each byte."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """The seconds that are left.

        Raises:
            TimeoutError: none are.
        """
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _Answer(io.RawIOBase):
    """What comes in by a socket until the deadline."""

    def __init__(self, connected: socket.socket, deadline: _Deadline) -> None:
        self._connected = connected
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connected.settimeout(self._deadline.left)
        return self._connected.recv_into(buffer)


def _status(connected: socket.socket, deadline: _Deadline) -> int:
    """Return the status of an answer; its headers are read too."""
    with http.client.HTTPResponse(connected, method="POST") as response:
        response.fp.close()
        response.fp = io.BufferedReader(_Answer(connected, deadline))
        response.begin()
        return response.status


class WebhookSender:
    """Sends messages by HTTP. The name is resolved once: what was looked at is what is called."""

    def __init__(
        self,
        *,
        timeout: float = 5,
        resolve: Callable[[str, int], Collection[str]] = resolved,
        context: ssl.SSLContext | None = None,
        reserved: str = "",
    ) -> None:
        """``timeout`` is that of a whole exchange but for the look-up of the name, in seconds.

        ``reserved`` is the address of the API by which Lambda runs this function: ``host:port``.
        """
        self._timeout = timeout
        self._resolve = resolve
        self._context = context or ssl.create_default_context()
        self._reserved = reserved

    def send(self, address: WebhookAddress, headers: Mapping[str, str], body: bytes) -> None:
        """Send a message.

        Raises:
            InvalidInputError: the address may not be called, or does not take it, which a retry does not mend.
            ThrottledError: it wants to be called less often.
            UpstreamError: it can't be reached, or failed.
        """
        if not address.is_https and str(address.port) == self._reserved.rpartition(":")[2]:
            raise InvalidInputError(f"url: port {address.port} of this machine is Lambda's own")
        try:
            status = self._post(address, headers, body)
        except (OSError, http.client.HTTPException) as error:
            # Not with its words, some of which quote what was sent.
            raise UpstreamError(f"{address.host} can't be reached, or breaks off: {type(error).__name__}") from error
        if status in _OK:
            return
        words = f"{address.host} answers with status {status}"
        if status in _REDIRECTS:
            raise InvalidInputError(f"{words}, a redirect, and none is followed: give the url that it leads to")
        if status == _TOO_MANY:
            raise ThrottledError(words)
        if status >= _BROKEN:
            raise UpstreamError(words)
        raise InvalidInputError(words)

    def _post(self, address: WebhookAddress, headers: Mapping[str, str], body: bytes) -> int:
        deadline = _Deadline(self._timeout)
        connection = http.client.HTTPConnection(address.host, address.port)
        connected = connection.sock = self._connected(address, deadline)
        try:
            connected.settimeout(deadline.left)
            connection.request(
                "POST",
                address.path,
                body,
                {
                    "Host": address.host_header,
                    "Content-Type": "application/json",
                    "User-Agent": "drawbridge",
                    "Connection": "close",
                    **headers,
                },
            )
            # What it says besides is nobody's concern, however long it is.
            return _status(connected, deadline)
        finally:
            connection.close()

    def _connected(self, address: WebhookAddress, deadline: _Deadline) -> socket.socket:
        found = callable_addresses(address, self._resolve(address.host, address.port))
        failed: OSError = OSError("no address")
        for each in found[:_MOST_ADDRESSES]:
            try:
                plain = socket.create_connection((each, address.port), deadline.left)
            except OSError as error:
                failed = error
                continue
            if not address.is_https:
                return plain
            try:
                plain.settimeout(deadline.left)
                return self._context.wrap_socket(plain, server_hostname=address.host)
            except OSError:
                plain.close()
                raise
        raise failed
