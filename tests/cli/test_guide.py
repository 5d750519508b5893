"""The policy guide: what it has people write and run does what it says."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from drawbridge_cli.main import app
from tests.builders import REPOSITORY

GUIDE = (REPOSITORY / "docs" / "policies.md").read_text()
FILES = re.compile(r"`(mine/[a-z.]+)`[^`]*?:\n\n```(?:cedar|yaml)\n(.*?)```", re.DOTALL)
SESSIONS = re.compile(r"```\n\$ drawbridge (policy (?:check|test) .*?)\n(.*?)```", re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the files of the guide where somebody follows it."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.findall(GUIDE):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_the_guide_has_three_files_written_and_two_commands_run(folder: Path) -> None:
    assert {path.name for path in (folder / "mine").iterdir()} == {"gold.cedar", "limit.cedar", "cases.yaml"}
    assert len(SESSIONS.findall(GUIDE)) == 2


@pytest.mark.parametrize(("command", "shown"), SESSIONS.findall(GUIDE), ids=["check", "test"])
def test_what_the_guide_has_run_shows_what_it_says(folder: Path, command: str, shown: str) -> None:
    ran = CliRunner().invoke(app, command.split())

    assert ran.exit_code == 0
    assert ran.output == shown


def test_the_guide_lists_every_example() -> None:
    examples = {path.stem for path in (REPOSITORY / "policies" / "examples").glob("*.cedar")}

    assert set(re.findall(r"^\| `([a-z-]+)` \|", GUIDE.partition("## Examples")[2], re.MULTILINE)) == examples
