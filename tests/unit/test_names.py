"""Names: one word for one thing, so that whoever searches for a class finds one."""

import ast
from collections import defaultdict
from collections.abc import Iterator

from tests.builders import REPOSITORY

ROOMS = ("layers/drawbridge", "functions", "cli")


def classes() -> Iterator[tuple[str, str]]:
    """Yield each class of the product, and its module."""
    for room in ROOMS:
        for path in sorted((REPOSITORY / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    yield node.name, f"{path.relative_to(REPOSITORY)}:{node.lineno}"


def test_no_two_classes_of_the_product_have_one_name() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for name, place in classes():
        places[name].append(place)

    assert len(places) > 300
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
