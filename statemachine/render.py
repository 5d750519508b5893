"""Render each definition: the JSON that is deployed, and the picture in the documents.

``python -m statemachine.render`` writes what is not up to date; with ``--check`` it only says so, and ends with 1.
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from statemachine import picture, source

REPOSITORY = Path(__file__).resolve().parent.parent
FLOW = REPOSITORY / "docs" / "flow.md"


def definitions() -> dict[Path, dict[str, Any]]:
    """Return the definitions, by the files that they are written in."""
    return {path: source.definition(path) for path in sorted((REPOSITORY / "statemachine").glob("*.asl.yaml"))}


def as_json(definition: Mapping[str, Any]) -> str:
    """Return the definition as it is deployed."""
    return json.dumps(definition, indent=2, ensure_ascii=False) + "\n"


def with_picture(document: str, name: str, drawn: str) -> str:
    """Return the document with the picture between its markers.

    Raises:
        ValueError: the document has no such markers, or has them more than once.
    """
    begin, end = f"<!-- {name}: drawn by make render -->", f"<!-- {name}: end -->"
    between = re.compile(f"(?<={re.escape(begin)}\n).*?(?={re.escape(end)})", re.DOTALL)
    changed, count = between.subn(lambda _: f"```mermaid\n{drawn}```\n", document)
    if count != 1:
        raise ValueError(f"{begin} and {end} have to be there, once and in this order")
    return changed


def rendered() -> dict[Path, str]:
    """Return all that is rendered, by the file that it goes into."""
    made: dict[Path, str] = {}
    document = FLOW.read_text(encoding="utf-8")
    for path, definition in definitions().items():
        made[path.with_suffix(".json")] = as_json(definition)
        document = with_picture(document, path.name.removesuffix(".asl.yaml"), picture.drawn(definition))
    return made | {FLOW: document}


def stale() -> dict[Path, str]:
    """Return what is rendered and not up to date."""
    return {path: text for path, text in rendered().items() if not path.exists() or path.read_text("utf-8") != text}


def main(arguments: list[str]) -> int:
    found = stale()
    for path, text in found.items():
        name = path.relative_to(REPOSITORY)
        if arguments == ["--check"]:
            sys.stderr.write(f"{name} is not what its source says: make render\n")
        else:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"rendered {name}\n")
    return int(bool(found) and arguments == ["--check"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
