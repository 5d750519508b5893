"""Names in the package: one name for one thing."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import local_aws

SOURCE = Path(local_aws.__file__).parent


def test_no_two_classes_have_one_name() -> None:
    # A protocol of the public interface has the name of the class that it exposes.
    inner = [path for path in SOURCE.rglob("*.py") if not path.is_relative_to(SOURCE / "testing")]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in inner]
    names = Counter(node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef))

    assert names["LocalAws"] == 1
    assert [name for name, number in names.items() if number > 1] == []
