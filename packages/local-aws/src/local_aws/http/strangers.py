"""Requests of strangers: of other sites that are open in a browser of this machine."""

from __future__ import annotations

import re

from local_aws.http.control_input import InvalidInputError
from local_aws.http.request_identification import Environ

_THIS_MACHINE = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?", re.IGNORECASE)


def refuse_strangers(environ: Environ) -> None:
    """Refuse what a page of another site sends, or one whose name was made to lead to this machine.

    Programs send no ``Origin``, and name the host by which they found this one.

    Raises:
        InvalidInputError: it comes from elsewhere; the message names the header.
    """
    host, origin = str(environ.get("HTTP_HOST", "")), str(environ.get("HTTP_ORIGIN", ""))
    if host and _THIS_MACHINE.fullmatch(host) is None:
        raise InvalidInputError(f"Host: {host[:100]} is not this machine, use 127.0.0.1")
    if origin and origin.partition("://")[2] != host:
        raise InvalidInputError(f"Origin: {origin[:100]} may not do this here")
