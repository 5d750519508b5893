"""The local AWS is a package for anybody: nothing in it knows what it is used for here."""

from __future__ import annotations

from pathlib import Path

from tests.builders import REPOSITORY

PACKAGE = REPOSITORY / "packages" / "local-aws"
WORD = "drawbridge"
MADE = {".venv", ".local-aws", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", "__pycache__", "build"}


def _texts() -> list[Path]:
    files = [path for path in PACKAGE.rglob("*") if path.is_file()]
    parts = ((path, path.relative_to(PACKAGE).parts) for path in files)
    return [path for path, names in parts if not MADE & set(names) and not any("egg-info" in name for name in names)]


def test_no_file_of_the_package_speaks_of_the_product() -> None:
    texts = _texts()

    assert PACKAGE / "src" / "local_aws" / "server.py" in texts
    assert [path for path in texts if WORD in path.read_text(encoding="utf-8").lower()] == []
