"""``drawbridge ui``: a page in the browser that shows what the stack does; it changes nothing."""

import secrets
import sys
from typing import Annotated

import typer

from drawbridge.errors import InvalidInputError
from drawbridge_cli.screen import say
from drawbridge_cli.stack import Stack
from drawbridge_cli.ui_server import UiServer
from drawbridge_cli.ui_site import Site
from drawbridge_cli.ui_views import views_of

_LAST_PORT = 65535


def ui(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="On 127.0.0.1; 0 takes a free one.", min=0, max=_LAST_PORT)] = 0,
) -> None:
    """Serve a page on this machine, with your credentials, that shows status, stories, names and bindings.

    It only reads. Ctrl-C ends it.
    """
    stack: Stack = context.obj
    where = stack.where
    try:
        server = UiServer(port, Site(secrets.token_urlsafe(24), views_of(stack)))
    except OSError as error:
        raise InvalidInputError(f"--port: {port} can't be used: {error.strerror}; choose another, or none") from error
    with server:
        say(f"{where}, read only; Ctrl-C ends it", "aside")
        # Whoever has the address may read all that its owner may.
        say(server.address)
        # In a pipe or a file it would stay in the buffer for as long as the page is served.
        sys.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("ended", "aside")
