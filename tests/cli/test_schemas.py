"""The JSON Schemas of bindings and of what is published."""

import re

import pytest

from drawbridge_cli.schemas import NAMES, file_name, schema_text
from tests.builders import REPOSITORY
from tests.cli.operators import Drawbridge

FOLDER = REPOSITORY / "docs" / "schemas"


def test_there_is_a_file_for_each_schema_and_no_other() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {file_name(name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_the_files_are_what_the_types_say(name: str) -> None:
    written = (FOLDER / file_name(name)).read_text()

    assert written == schema_text(name), "run: PYTHONPATH=... python -m drawbridge_cli.schemas docs/schemas"


@pytest.mark.parametrize("name", NAMES)
def test_patterns_are_such_as_other_languages_read(name: str) -> None:
    patterns = re.findall(r'"pattern": "(.*)"', schema_text(name))

    assert all("\\\\Z" not in each for each in patterns)


def test_the_schema_of_a_binding_is_printed(drawbridge: Drawbridge) -> None:
    ended = drawbridge("bindings", "schema")

    assert ended.code == 0
    assert ended.json["$defs"]["BindingDocument"]["required"] == ["attach"]
