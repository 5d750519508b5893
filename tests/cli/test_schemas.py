"""The JSON Schemas of bindings and of what is published."""

import re
from pathlib import Path

import pytest

from drawbridge_cli.schemas import EVENT_NAMES, NAMES, file_name, schema_text
from tests.builders import REPOSITORY
from tests.cli.operators import Drawbridge

FOLDERS = {REPOSITORY / "docs" / "schemas": NAMES, REPOSITORY / "events" / "schemas": EVENT_NAMES}
every_name = pytest.mark.parametrize("name", [*NAMES, *EVENT_NAMES])


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_there_is_a_file_for_each_schema_and_no_other(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {file_name(name) for name in FOLDERS[folder]}


@every_name
def test_the_files_are_what_the_types_say(name: str) -> None:
    (written,) = (path.read_text() for folder in FOLDERS for path in folder.iterdir() if path.name == file_name(name))

    assert written == schema_text(name), (
        "run: PYTHONPATH=... python -m drawbridge_cli.schemas docs/schemas events/schemas"
    )


@every_name
def test_patterns_are_such_as_other_languages_read(name: str) -> None:
    patterns = re.findall(r'"pattern": "(.*)"', schema_text(name))

    assert all("\\\\Z" not in each for each in patterns)


def test_the_schema_of_a_binding_is_printed(drawbridge: Drawbridge) -> None:
    ended = drawbridge("bindings", "schema")

    assert ended.code == 0
    assert ended.json["$defs"]["BindingDocument"]["required"] == ["attach"]
