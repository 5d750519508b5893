"""What the pages of ``drawbridge ui`` answer, and to whom.

A browser opens pages of strangers too: none of them may read a stack by way of it. Whoever asks knows the token in the
address, and calls this machine by its own name, not by one that was made to lead here.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import msgspec
from msgspec import Struct

from drawbridge.errors import DrawbridgeError, InvalidInputError
from drawbridge.legible import legible
from drawbridge_cli.screen import complain

Query = Mapping[str, str]


class Shown(Struct, frozen=True):
    """What a view shows."""

    document: Any
    """As JSON has it."""
    age: float = 0.0
    """Seconds since it was read."""


View = Callable[[Query], Shown]
"""Returns what is shown.

Raises:
    InvalidInputError: the query is not understood, or the stack can't be read like this.
    DrawbridgeError: AWS refused, or was not reached.
"""

_FOLDER = Path(__file__).with_name("page")
_FILES = {
    "": ("page.html", "text/html; charset=utf-8"),
    "look.css": ("look.css", "text/css; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
}
_JSON = "application/json"
_NOT_MODIFIED = 304
_TEXT = "text/plain; charset=utf-8"
_THIS_MACHINE = re.compile(r"(127\.0\.0\.1|localhost)(:[0-9]+)?", re.IGNORECASE)

# Whatever others have written, the browser runs only the page's own script and loads nothing else.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # The address holds the token.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Asked(Struct, frozen=True, kw_only=True):
    """A request of a browser."""

    method: str
    target: str
    """The path and the query."""
    host: str
    if_none_match: str = ""
    """The tag of what the browser has already."""


class Answer(Struct, frozen=True, kw_only=True):
    """An answer to a browser."""

    status: int
    content_type: str = _TEXT
    body: bytes = b""
    more_headers: Mapping[str, str] = {}

    @property
    def headers(self) -> Mapping[str, str]:
        content = {"Content-Type": self.content_type, "Content-Length": str(len(self.body))}
        return {**_HEADERS, **({} if self.status == _NOT_MODIFIED else content), **self.more_headers}


class Site:
    """The pages below a token, and the views that they show."""

    def __init__(self, token: str, views: Mapping[str, View]) -> None:
        self.token = token
        self._views = views

    def answer(self, asked: Asked) -> Answer:
        """Return the answer; whatever fails on the way to it is told on the page."""
        if _THIS_MACHINE.fullmatch(asked.host) is None:
            return _refused(421, "This is 127.0.0.1, and called by another name it answers nothing.")
        if asked.method != "GET":
            return _refused(405, "Here one can only read.", {"Allow": "GET"})
        path, _, query = asked.target.partition("?")
        token, slash, name = path.removeprefix("/").partition("/")
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            return _refused(404, "There is nothing here; whoever serves this was told the whole address.")
        if not slash:
            return _refused(308, "The address ends with a slash.", {"Location": f"/{self.token}/"})
        return self._found(name, query, asked.if_none_match)

    def _found(self, name: str, query: str, known: str) -> Answer:
        if name in _FILES:
            file, content_type = _FILES[name]
            return Answer(status=200, content_type=content_type, body=(_FOLDER / file).read_bytes())
        view = self._views.get(name.removesuffix(".json")) if name.endswith(".json") else None
        if view is None:
            return _refused(404, "There is nothing here.")
        return _shown(view, {each: values[-1] for each, values in parse_qs(query).items()}, known)


def _shown(view: View, query: Query, known: str) -> Answer:
    """Return what a view shows, without a body if the browser has it already."""
    try:
        shown = view(query)
        answer = _json(200, shown.document)
        tag = f'"{hashlib.sha256(answer.body).hexdigest()}"'
        headers = {"ETag": tag, "Age": str(int(shown.age))}
        if tag == known:
            return Answer(status=_NOT_MODIFIED, more_headers=headers)
        return msgspec.structs.replace(answer, more_headers=headers)
    except InvalidInputError as error:
        return _json(400, {"error": str(error)})
    except DrawbridgeError as error:
        return _json(502, {"error": f"AWS: {error}"})
    except Exception as error:  # noqa: BLE001 - the page stays, and says what failed
        complain(f"ui: {error!r}")
        return _json(500, {"error": f"drawbridge failed at this: {legible(repr(error))}"})


def _json(status: int, value: Any) -> Answer:
    return Answer(status=status, content_type=_JSON, body=msgspec.json.encode(value, order="sorted"))


def _refused(status: int, text: str, more_headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status=status, body=f"{text}\n".encode(), more_headers=more_headers or {})
