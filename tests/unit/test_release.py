"""What people look for first: the licence, the version and its changes, and what make can do."""

from __future__ import annotations

import re
import subprocess
import tomllib

from tests.builders import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
CHANGELOG = (REPOSITORY / "CHANGELOG.md").read_text()
MAKEFILE = (REPOSITORY / "Makefile").read_text()

RELEASES = re.findall(r"^## \[(.+?)\](?: - (.+))?$", CHANGELOG, re.MULTILINE)


def test_the_changelog_begins_with_what_is_not_released_and_then_the_version_that_the_project_has() -> None:
    (unreleased, no_date), (version, date), *_ = RELEASES

    assert (unreleased, no_date) == ("Unreleased", "")
    assert version == PROJECT["version"]
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", date)


def test_the_stack_says_the_version_that_the_project_has() -> None:
    outputs = (REPOSITORY / "template.yaml").read_text().partition("\nOutputs:\n")[2]

    said = re.findall(r"^  Version:\n    Description: .+\n    Value: (.+)$", outputs, re.MULTILINE)
    assert said == [PROJECT["version"]]


def test_each_heading_of_a_version_has_its_form() -> None:
    assert len(RELEASES) == len(re.findall(r"^## ", CHANGELOG, re.MULTILINE))


def test_the_licence_that_is_named_is_the_one_that_is_there() -> None:
    (file,) = PROJECT["license-files"]
    text = (REPOSITORY / file).read_text()

    assert PROJECT["license"] == "Apache-2.0"
    assert text.split()[:5] == ["Apache", "License", "Version", "2.0,", "January"]
    assert "END OF TERMS AND CONDITIONS" in text


def test_help_lists_each_target_that_a_person_may_call_in_words() -> None:
    targets = re.findall(r"^\.PHONY: (\S+)$", MAKEFILE, re.MULTILINE)

    shown = subprocess.run(["make", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout

    assert re.findall(r"^  make (\S+) +\S", shown, re.MULTILINE) == targets
    assert len(targets) == MAKEFILE.count(".PHONY")
    assert max(len(line) for line in shown.splitlines()) <= 120
