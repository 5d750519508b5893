"""The documents: what is there to be copied can be read by whom it is for, and what they refer to is there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from samtranslator.yaml_helper import yaml_parse
from typer.testing import CliRunner

from drawbridge_cli.main import app
from local_aws.testing.deployment import read
from tests.builders import REPOSITORY

DOCS = REPOSITORY / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *(DOCS / "decisions").glob("*.md"), *REPOSITORY.glob("*.md")])
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
ELIDED = re.compile(r"…|<[a-z-]+>")
"""What stands for something that is left out: such a block shows a form, and is not for copying."""


def blocks(language: str) -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for number, (indent, of, text) in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")), 1):
            if of == language and not ELIDED.search(text):
                yield f"{page.name}, block {number}", re.sub(f"^{indent}", "", text, flags=re.MULTILINE)


def parametrized(language: str) -> pytest.MarkDecorator:
    found = [*blocks(language)]
    return pytest.mark.parametrize("text", [text for _, text in found], ids=[name for name, _ in found])


@parametrized("json")
def test_json_is_json(text: str) -> None:
    json.loads(text)


@parametrized("yaml")
def test_yaml_is_yaml(text: str) -> None:
    assert yaml_parse(text)


@parametrized("python")
def test_python_is_python(text: str) -> None:
    compile(text, "example", "exec")


@parametrized("sh")
def test_a_script_is_one_of_the_shell(text: str) -> None:
    assert subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=True).stderr == ""


@pytest.mark.skipif(shutil.which("terraform") is None, reason="there is no terraform here")
@parametrized("hcl")
def test_terraform_s_language_is_its(text: str) -> None:
    subprocess.run(["terraform", "fmt", "-"], input=text, text=True, capture_output=True, check=True)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def broken_links(page: Path) -> Iterator[str]:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        target, _, anchor = link.partition("#")
        if "://" in link:
            continue
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            yield link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_links_to_is_there(page: Path) -> None:
    assert [*broken_links(page)] == []


def commands() -> list[list[str]]:
    """Return the commands that pages name: the words after ``drawbridge``, which may be an argument's too."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = re.findall(r"(?:`|^\$ |^ *)drawbridge (?!in )([a-z]+)(?: ([a-z]+)\b)?", text, re.MULTILINE)
    return [[word for word in words if word] for words in sorted(set(named))]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_a_command_that_a_page_has_people_run_is_one(words: list[str]) -> None:
    assert CliRunner().invoke(app, [*words, "--help"]).exit_code == 0


def test_every_page_is_reached_from_the_readme() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")

    assert {page.name for page in DOCS.glob("*.md") if f"(docs/{page.name}" not in text} == set()


def test_the_policy_of_readers_is_the_one_that_is_there_as_a_file() -> None:
    shown = [text for name, text in blocks("json") if name.startswith("use-the-name.md") and "Statement" in text]

    (policy,) = shown
    assert json.loads(policy) == json.loads((DOCS / "permissions" / "reader.json").read_text(encoding="utf-8"))


def test_the_page_on_deploying_names_the_tables_that_stay() -> None:
    resources = read(REPOSITORY / "template.yaml")["Resources"]
    stay = [name for name, each in resources.items() if each.get("DeletionPolicy", "Delete") != "Delete"]

    (row,) = re.findall(r"^\| the tables \| (.*?) \|", (DOCS / "deploy.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert re.findall(r"`(\w+)`", row) == sorted(stay)


def test_the_recorded_demo_is_small_moves_nobody_who_minds_and_runs_nothing() -> None:
    path = DOCS / "images" / "demo.svg"
    text = path.read_text(encoding="utf-8")

    names = {element.tag.rpartition("}")[2] for element in ET.fromstring(text).iter()}  # noqa: S314 - ours
    assert names == {"svg", "style", "rect", "g", "text", "tspan"}
    assert path.stat().st_size < 100_000
    assert "prefers-reduced-motion" in text
    assert "cases came out as they should" in text
