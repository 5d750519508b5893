"""What the pages of ``drawbridge ui`` answer, and to whom."""

import json
import re
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

import drawbridge_cli
from drawbridge.errors import AccessDeniedError, InvalidInputError
from drawbridge.status import Status
from drawbridge_cli.request_status import Until, Urgency
from drawbridge_cli.status import KINDS
from drawbridge_cli.status_screen import TITLES
from drawbridge_cli.turns import Turn
from drawbridge_cli.ui_site import Answer, Asked, Query, Site
from tests.builders import REPOSITORY

TOKEN = "a-token"
HERE = "127.0.0.1:4700"
PAGE = Path(drawbridge_cli.__file__).with_name("page")


def _denied(query: Query) -> Any:
    raise AccessDeniedError("read the ledger: AccessDeniedException: not authorized to perform: dynamodb:Query")


def _misunderstood(query: Query) -> Any:
    raise InvalidInputError("of: name a request")


def _broken(query: Query) -> Any:
    raise KeyError("\u202estatus")


SITE = Site(TOKEN, {"asked": dict, "denied": _denied, "misunderstood": _misunderstood, "broken": _broken})


def ask(target: str, *, method: str = "GET", host: str = HERE) -> Answer:
    return SITE.answer(Asked(method=method, target=target, host=host))


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


@pytest.mark.parametrize(
    ("called", "words"),
    [("TITLES", Urgency), ("TURNS", Turn), ("UNTIL", Until), ("STATUSES", Status)],
)
def test_the_page_has_all_words_of_the_status_and_no_others(called: str, words: type[StrEnum]) -> None:
    assert _object(called).keys() == set(words)


def test_the_page_says_what_the_terminal_says() -> None:
    assert _object("TITLES") == TITLES
    script = (PAGE / "page.js").read_text()
    well = re.search(r"const WELL = new Set\((\[.*\])\)", script)
    assert well is not None
    assert set(json.loads(well[1])) == {each for each in Urgency if not each.needs_somebody}
    kinds = re.search(r'choice\("kind", (\[.*?\])\)', script)
    assert kinds is not None
    assert tuple(json.loads(kinds[1])) == KINDS


def _object(called: str) -> dict[str, str]:
    """Return an object of the script, which is written as JSON but for names without quotes and the last comma."""
    found = re.search(rf"^const {called} = (\{{.*?\}});", (PAGE / "page.js").read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None
    named = re.sub(r"([{,]\s*)([A-Z_]+):", r'\1"\2":', found[1])
    read: dict[str, str] = json.loads(re.sub(r",\s*}", "}", named))
    return read
