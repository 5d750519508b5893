"""What docs/local-aws.md shows, tried out."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from local_aws.control import settings
from local_aws.control.routes import PREFIX, ROUTES
from local_aws.fault_injection.plans import KINDS, parse
from local_aws.functions.configuration import REPOSITORY

LAYER = REPOSITORY / ".local" / "layers" / "drawbridge" / "python"
DOCUMENT = (REPOSITORY / "docs" / "local-aws.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)


def _first_cells(heading: str) -> set[str]:
    """Give what the tables of a section name in their first column, between backticks."""
    section = DOCUMENT.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    cells = re.findall(r"^\|([^|]*)\|", section, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_the_example_does_what_it_says(tmp_path: Path) -> None:
    (template,) = _blocks("yaml")
    handler, example, _ = _blocks("python")
    folder = tmp_path / "keeper"
    folder.mkdir()
    for package in LAYER.iterdir():
        (folder / package.name).symlink_to(package)
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
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return ended.returncode, ended.stderr


def test_the_faults_shown_can_be_posted() -> None:
    (shown,) = _blocks("json")

    assert len(parse(json.loads(shown)).calls) == 3


def test_all_faults_are_told() -> None:
    assert set(KINDS) <= _first_cells("Faults")


def test_all_settings_are_told_and_no_others() -> None:
    assert _first_cells("Settings") == set(settings.NAMES)


def test_the_quotas_and_timings_shown_can_be_posted() -> None:
    section = DOCUMENT.split("\n## Settings\n", 1)[1].split("\n## ", 1)[0]
    shown = re.findall(r"^\| `(quotas|timings)`.*`(\{.*\})`", section, re.MULTILINE)
    known = settings.describe()

    assert [name for name, _ in shown] == ["quotas", "timings"]
    assert all(set(json.loads(example)) <= set(known[name]) for name, example in shown)


@pytest.mark.parametrize("route", sorted({name for name, _ in ROUTES if name}))
def test_all_routes_are_told(route: str) -> None:
    told = {name.split(" ")[-1] for name in _first_cells("Control")}

    assert route in told | {"slack"}, f"{PREFIX}/{route} is not in the table"
