"""Who uses the local AWS here knows its public face, and tests know each other by modules that are no tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import REPOSITORY

FACE = ("local_aws.testing", "local_aws.pytest_plugin", "local_aws.command")
FILES = sorted(
    path
    for folder in ("tests", "demo", "bench", "scenarios", "local_stack")
    for path in (REPOSITORY / folder).rglob("*.py")
)


def forbidden(source: str, folder: str = "tests") -> list[str]:
    """List the modules that are imported in a folder and must not be, each with its line."""
    return [
        f"{module} in line {line}" for module, line in _imported(ast.parse(source)) if _is_forbidden(module, folder)
    ]


def _imported(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield what is imported, wherever; of ``from package import name`` also ``package.name``: it may be a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((each.name, node.lineno) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            for each in node.names:
                yield f"{node.module}.{each.name}", node.lineno
        elif isinstance(node, ast.Constant) and str(node.value).partition(".")[:2] == ("local_aws", "."):
            # As in a patch by name.
            yield str(node.value), node.lineno


def _is_forbidden(module: str, folder: str) -> bool:
    top, *inner = module.split(".")
    if top == "local_aws":
        return not any(f"{module}.".startswith(f"{each}.") for each in FACE)
    if top == "demo":
        return folder != "demo"
    return top == "tests" and any(part.startswith("test_") for part in inner)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_the_local_aws_is_known_by_its_face_and_no_helper_is_a_test(path: Path) -> None:
    folder = path.relative_to(REPOSITORY).parts[0]

    assert forbidden(path.read_text(encoding="utf-8"), folder) == []


@pytest.mark.parametrize(
    "source",
    [
        "from local_aws.time.clock import clock",
        "from local_aws import clock",
        "import local_aws",
        "import local_aws.iam.usage",
        "def late():\n    from local_aws.services import quotas",
        "from local_aws.testing_more import anything",
        'mock.patch("local_aws.moto_extension.pages.empty_pages", 1.0)',
        "from tests.unit.test_plan import World",
        "from tests.unit import approvals\nfrom tests.system.test_attachments import attach",
        "from tests.unit import test_plan",
        "from demo.watch import Watch",
    ],
)
def test_what_must_not_be_imported_is_found(source: str) -> None:
    assert len(forbidden(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "from local_aws.testing.clock import clock",
        "from local_aws.testing import slack",
        'pytest_plugins = ["local_aws.pytest_plugin"]',
        "from tests.unit.approvals import question",
        "import boto3",
    ],
)
def test_what_may_be_imported_is_not(source: str) -> None:
    assert forbidden(source) == []
