"""What the pages of ``drawbridge ui`` answer, and to whom."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

import drawbridge_cli
from drawbridge.errors import AccessDeniedError, InvalidInputError
from drawbridge.status import Status
from drawbridge_cli.request_status import Until
from drawbridge_cli.status import KINDS
from drawbridge_cli.status_screen import TITLES
from drawbridge_cli.turns import WhoseTurn
from drawbridge_cli.ui_site import Answer, Asked, Query, Shown, Site
from drawbridge_cli.ui_words import words_document
from drawbridge_cli.urgency import Urgency
from tests.builders import REPOSITORY

TOKEN = "a-token"
HERE = "127.0.0.1:4700"
PAGE = Path(drawbridge_cli.__file__).with_name("page")


def _asked(query: Query) -> Shown:
    return Shown(dict(query), 7.9)


def _denied(query: Query) -> Any:
    raise AccessDeniedError("read the ledger: AccessDeniedException: not authorized to perform: dynamodb:Query")


def _misunderstood(query: Query) -> Any:
    raise InvalidInputError("of: name a request")


def _broken(query: Query) -> Any:
    raise KeyError("\u202estatus")


SITE = Site(TOKEN, {"asked": _asked, "denied": _denied, "misunderstood": _misunderstood, "broken": _broken})


def ask(target: str, *, method: str = "GET", host: str = HERE, known: str = "") -> Answer:
    return SITE.answer(Asked(method=method, target=target, host=host, if_none_match=known))


@pytest.mark.parametrize("host", [HERE, "localhost:4700", "LOCALHOST:4700", "127.0.0.1"])
def test_whoever_knows_the_address_gets_the_page(host: str) -> None:
    answer = ask(f"/{TOKEN}/", host=host)

    assert (answer.status, answer.content_type) == (200, "text/html; charset=utf-8")
    assert answer.body == (PAGE / "page.html").read_bytes()


@pytest.mark.parametrize("target", ["/", f"/{TOKEN}/", f"/{TOKEN}/asked.json", f"/{TOKEN}/page.js"])
@pytest.mark.parametrize(
    "host", ["", "rebound.example", "rebound.example:4700", "127.0.0.1.evil.example", "127.0.0.1:x", "10.0.0.1:4700"]
)
def test_a_name_that_was_made_to_lead_here_gets_nothing(target: str, host: str) -> None:
    assert ask(target, host=host).status == 421


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "",
        "//",
        "/page.js",
        "/status.json",
        f"/{TOKEN}x/",
        f"/{TOKEN[:-1]}/",
        f"/x/{TOKEN}/",
        f"/{TOKEN.upper()}/",
        "/é/",
        f"/?{TOKEN}",
        f"//{TOKEN}/asked.json",
    ],
)
def test_without_the_token_there_is_nothing(target: str) -> None:
    answer = ask(target)

    assert answer.status == 404
    assert TOKEN.encode() not in answer.body


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
def test_one_can_only_read(method: str) -> None:
    answer = ask(f"/{TOKEN}/asked.json", method=method)

    assert (answer.status, answer.headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize(
    "name", ["asked", ".json", "nothing.json", "../ui.py", "page/page.js", "%2e%2e/ui.py", "ask.jsoned", "asked.json/"]
)
def test_what_is_not_there_is_not_found(name: str) -> None:
    assert ask(f"/{TOKEN}/{name}").status == 404


def test_the_address_without_its_last_slash_leads_to_it() -> None:
    answer = ask(f"/{TOKEN}")

    assert (answer.status, answer.headers["Location"]) == (308, f"/{TOKEN}/")


def test_a_view_gets_the_query_as_it_was_meant() -> None:
    answer = ask(f"/{TOKEN}/asked.json?of=%2Fdrawbridge%2Fa%26b&of=last&empty=")

    assert (answer.status, answer.content_type) == (200, "application/json")
    assert json.loads(answer.body) == {"of": "last"}


@pytest.mark.parametrize(
    ("view", "status", "told"),
    [
        ("denied", 502, "AWS: read the ledger: AccessDeniedException: not authorized to perform: dynamodb:Query"),
        ("misunderstood", 400, "of: name a request"),
        ("broken", 500, r"drawbridge failed at this: KeyError('\u202estatus')"),
    ],
)
def test_what_fails_is_told_and_the_page_stays(
    view: str, status: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = ask(f"/{TOKEN}/{view}.json")

    assert (answer.status, answer.content_type) == (status, "application/json")
    assert json.loads(answer.body) == {"error": told}
    # What nobody could have foreseen is told in the terminal too, in a line.
    assert capsys.readouterr().err.count("\n") == (1 if view == "broken" else 0)


@pytest.mark.parametrize("target", [f"/{TOKEN}/", f"/{TOKEN}/asked.json", f"/{TOKEN}/denied.json", "/", f"/{TOKEN}/x"])
def test_every_answer_is_for_this_page_alone(target: str) -> None:
    headers = ask(target).headers

    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_the_page_loads_nothing_from_elsewhere_and_makes_html_of_no_text() -> None:
    html, script, *styles = ((PAGE / name).read_text() for name in ("page.html", "page.js", "look.css", "page.css"))

    assert re.findall(r'(?:src|href)="([^"#]+)"', html) == ["data:,", "look.css", "page.css", "page.js"]
    assert not re.search(r"\s(?:on\w+|style)=", html)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script)
    assert not any(re.search(r"@import|url\(|https?:", style) for style in styles)


def test_the_wheel_holds_all_that_the_page_is_made_of() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["drawbridge_cli"]
    shipped = {file.name for pattern in patterns for file in PAGE.parent.glob(pattern)}

    assert shipped == {"page.html", "page.css", "page.js", "look.css"}
    assert all(ask(f"/{TOKEN}/{name}").status == 200 for name in shipped - {"page.html"})


def test_the_two_pages_are_of_one_look() -> None:
    """Neither distribution knows the other: each has the style sheet, and it is one."""
    other = REPOSITORY / "packages/local-aws/src/local_aws/console/page/look.css"

    assert (PAGE / "look.css").read_bytes() == other.read_bytes()


def test_the_page_says_what_the_terminal_says_and_has_no_words_of_its_own() -> None:
    words = msgspec.json.decode(msgspec.json.encode(words_document()))

    assert {urgency: each["title"] for urgency, each in words["urgencies"].items()} == TITLES
    assert {urgency: each["needs_somebody"] for urgency, each in words["urgencies"].items()} == {
        each: each.needs_somebody for each in Urgency
    }
    assert words["statuses"].keys() == {*Status}
    # Of what is nobody's turn, and ends at no time, nothing is told.
    assert words["turns"].keys() == {*WhoseTurn} - {WhoseTurn.NOBODY}
    assert words["until"].keys() == {*Until} - {Until.NOTHING}
    assert tuple(words["kinds"]) == KINDS
    script = (PAGE / "page.js").read_text()
    own = {
        each for each in (*Status, *Urgency, *WhoseTurn, *Until) if re.search(rf"[\"'`]{re.escape(each)}[\"'`]", script)
    }
    # Of endpoints, not of requests; and what is connected or over says nothing more in a table.
    assert own <= {"failed", "rejected", "expired", "connected", "over", Until.NOTHING}


def test_every_tone_is_in_the_look() -> None:
    words = words_document()
    tones = {*words["statuses"].values(), *(each["tone"] for each in words["urgencies"].values())}

    look = (PAGE / "look.css").read_text()
    assert tones == {"", "good", "bad", "doubt", "busy"}
    assert all(f".state.{tone} " in look for tone in tones - {""})
    assert [words["urgencies"][each]["tone"] for each in ("failed", "held", "connected", "under-way", "over")] == [
        "bad",
        "doubt",
        "good",
        "busy",
        "",
    ]


def test_what_the_browser_has_already_is_not_sent_again_and_how_old_it_is_is() -> None:
    first = ask(f"/{TOKEN}/asked.json?of=x")
    tag = first.headers["ETag"]

    again, other = (ask(f"/{TOKEN}/asked.json?of={of}", known=tag) for of in "xy")

    assert (first.status, first.headers["Age"]) == (200, "7")
    assert (again.status, again.body, again.headers["ETag"], again.headers["Age"]) == (304, b"", tag, "7")
    assert "Content-Length" not in again.headers
    assert again.headers["Cache-Control"] == "no-store"
    assert (other.status, json.loads(other.body)) == (200, {"of": "y"})
    assert other.headers["ETag"] != tag


def test_an_error_is_no_answer_that_is_kept() -> None:
    assert "ETag" not in ask(f"/{TOKEN}/denied.json").headers
