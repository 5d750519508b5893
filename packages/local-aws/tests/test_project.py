from __future__ import annotations

import sys
from pathlib import Path

import pytest

from local_aws.project import InvalidProjectError, find


def test_the_nearest_table_applies_and_its_paths_are_relative_to_it(tmp_path: Path) -> None:
    below = tmp_path / "packages" / "one"
    below.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.local-aws]\npython = "runtime/bin/python"\nfolder = ".kept"\n')
    (below / "pyproject.toml").write_text('[project]\nname = "one"\n')

    found = find(below)

    assert found.python == tmp_path / "runtime" / "bin" / "python"
    assert found.logs == tmp_path / ".kept" / "logs"
    assert found.dependencies("shared") == tmp_path / ".kept" / "layers" / "shared" / "python"


def test_the_defaults_are_this_interpreter_and_a_folder_next_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.local-aws]\n")

    found = find(tmp_path)

    assert (found.python, found.folder) == (Path(sys.executable), tmp_path / ".local-aws")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        pytest.param('[tool.local-aws]\npyhton = "a"\n', "pyhton = 'a'", id="a name that there is not"),
        pytest.param("[tool.local-aws]\nfolder = 7\n", "folder = 7", id="a folder that is a number"),
        pytest.param("[tool]\nlocal-aws = 1\n", "expected to be a table", id="no table"),
        pytest.param("[tool.local-aws\n", "line 1", id="no TOML"),
    ],
)
def test_an_invalid_setting_is_reported_with_its_file(tmp_path: Path, table: str, message: str) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(table)

    with pytest.raises(InvalidProjectError) as refused:
        find(tmp_path)

    assert str(refused.value).startswith(f"{file}: ")
    assert message in str(refused.value)
