"""The routes of the console: the page at ``/_local/`` for browsers, and its parts below ``/_local/console/``.

All else below ``/_local/`` is the control's, which is JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any

from msgspec import Meta

from local_aws.console import page
from local_aws.console.page import Console
from local_aws.control.routes import PREFIX, control
from local_aws.http import control_input
from local_aws.http.control_input import ControlInput, InvalidInputError
from local_aws.http.request_identification import Environ
from local_aws.http.strangers import refuse_strangers

_BELOW = f"{PREFIX}/console/"

_HTML = "text/html; charset=utf-8"

AccountFilter = Annotated[str, Meta(pattern=r"^([0-9]{12})?\Z", description="an account id of 12 digits, or nothing,")]
NamePrefix = Annotated[str, Meta(max_length=2048, description="the beginning of a parameter's name")]


class ConsoleQuery(ControlInput, frozen=True):
    """What the page is to show: one account, and the parameters whose names begin so."""

    account: AccountFilter = ""
    prefix: NamePrefix = ""


def serve(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request below ``/_local``, as a WSGI application."""
    path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
    is_page = path in {PREFIX, f"{PREFIX}/"} and method == "GET" and _accepts_html(environ.get("HTTP_ACCEPT", ""))
    part = "" if is_page else path.removeprefix(_BELOW)
    if not is_page and (method != "GET" or not path.startswith(_BELOW) or part not in _PARTS):
        return control(environ, start_response)
    try:
        refuse_strangers(environ)
        kind, text = _PARTS[part](environ)
        status = "200 OK"
    except InvalidInputError as error:
        status, kind, text = "400 Error", "text/plain; charset=utf-8", f"{error}\n"
    body = text.encode(errors="backslashreplace")
    headers = {
        "Content-Type": kind,
        "Content-Length": str(len(body)),
        "Content-Security-Policy": page.POLICY,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    start_response(status, list(headers.items()))
    return [body]


def _console(environ: Environ) -> Console:
    query = control_input.query(environ.get("QUERY_STRING", ""), ConsoleQuery, "the page's query")
    return Console(PREFIX, account_id=query.account, prefix=query.prefix)


def _accepts_html(accept: str) -> bool:
    """Return whether HTML is asked for by its name, as browsers do; programs that ask for anything get JSON."""
    return any(each.partition(";")[0].strip() == "text/html" for each in accept.lower().split(","))


_PARTS: dict[str, Callable[[Environ], tuple[str, str]]] = {
    "": lambda environ: (_HTML, _console(environ).whole()),
    "sections": lambda environ: (_HTML, _console(environ).sections()),
    "look.css": lambda _: ("text/css; charset=utf-8", page.STYLES["look.css"]),
    "page.css": lambda _: ("text/css; charset=utf-8", page.STYLES["page.css"]),
    "page.js": lambda _: ("text/javascript; charset=utf-8", page.SCRIPT),
}
