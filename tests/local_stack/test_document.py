"""What docs/local-aws.md shows, tried out."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from local_aws.testing.server import LocalAws
from tests.builders import REPOSITORY

DOCUMENT = (REPOSITORY / "docs" / "local-aws.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)


def _first_cells(heading: str) -> set[str]:
    """Return what the tables of a section name in their first column, between backticks."""
    section = DOCUMENT.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    cells = re.findall(r"^\|([^|]*)\|", section, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_the_example_does_what_it_says(tmp_path: Path) -> None:
    (template,) = _blocks("yaml")
    handler, example, _ = _blocks("python")
    folder = tmp_path / "keeper"
    folder.mkdir()
    (tmp_path / "template.yaml").write_text(template)
    (folder / "app.py").write_text(handler)

    assert _run(example, tmp_path) == (0, "")


def test_the_example_of_slack_does_what_it_says(tmp_path: Path) -> None:
    *_, example = _blocks("python")

    assert _run(example, tmp_path) == (0, "")


def _run(example: str, folder: Path) -> tuple[int, str]:
    """Run Python in a process of its own; give its exit status, and what it says of failures."""
    ended = subprocess.run(
        [sys.executable, "-c", example],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return ended.returncode, ended.stderr


def _control(server: LocalAws, route: str, body: Any = None) -> tuple[int, Any]:
    """Ask a route, or post to it; return the status and the JSON of the answer."""
    data = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Request(f"{server.url}/_local/{route}", data)) as answer:  # noqa: S310 - http
            return answer.status, json.load(answer)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_the_faults_shown_can_be_posted(local_aws_server: LocalAws) -> None:
    (shown,) = _blocks("json")

    status, answer = _control(local_aws_server, "faults", json.loads(shown))

    ended, _ = _control(local_aws_server, "faults", {})
    assert (status, ended) == (200, 200)
    assert len(answer["calls"]) == 3


def test_all_faults_are_documented(local_aws_server: LocalAws) -> None:
    status, answer = _control(local_aws_server, "faults", {"calls": [{"operation": "ec2:*", "fault": "none of them"}]})

    kinds = re.search(r"one of (.*) is expected", answer["error"])
    assert status == 400
    assert kinds is not None
    assert set(kinds[1].split(", ")) <= _first_cells("Faults")


def test_all_settings_are_documented_and_no_others(local_aws_server: LocalAws) -> None:
    _, known = _control(local_aws_server, "settings")

    assert _first_cells("Settings") == known.keys()


def test_the_quotas_and_timings_shown_can_be_posted(local_aws_server: LocalAws) -> None:
    section = DOCUMENT.split("\n## Settings\n", 1)[1].split("\n## ", 1)[0]
    shown = re.findall(r"^\| `(quotas|timings)`.*`(\{.*\})`", section, re.MULTILINE)
    _, known = _control(local_aws_server, "settings")

    assert [name for name, _ in shown] == ["quotas", "timings"]
    assert all(set(json.loads(example)) <= set(known[name]) for name, example in shown)


def test_all_routes_are_documented(local_aws_server: LocalAws) -> None:
    _, index = _control(local_aws_server, "")
    routes = {name.partition("/_local/")[2] for name in index["routes"]}
    documented = {name.split(" ")[-1] for name in _first_cells("Control")}

    assert "clock" in routes
    assert {route for route in routes if not route.startswith(("slack", "apis"))} <= documented
