"""JSON Schemas of what people write and read, generated from the types that the code uses for it.

``python -m drawbridge_cli.schemas FOLDER`` writes them.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from drawbridge.association.binding import BindingDocument
from drawbridge.publication.documents import ConnectionDocument, ConsumerDocument

_TITLES: Mapping[str, tuple[type, str]] = {
    "binding": (BindingDocument, "A binding, below /drawbridge/config/bindings/"),
    "connection": (ConnectionDocument, "/drawbridge/connections/.../connection, on the consumer's side"),
    "consumer": (ConsumerDocument, "/drawbridge/consumers/.../connection, on the provider's side"),
}

NAMES = tuple(_TITLES)


def schema_of(name: str) -> dict[str, Any]:
    kind, title = _TITLES[name]
    made: dict[str, Any] = _portable(msgspec.json.schema(kind))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title} | made


def schema_text(name: str) -> str:
    """Return the schema as it stands in its file."""
    return msgspec.json.format(msgspec.json.encode(schema_of(name)), indent=2).decode() + "\n"


def file_name(name: str) -> str:
    return f"{name}.schema.json"


def _portable(value: Any) -> Any:
    r"""Return the schema with Python's ``\Z`` replaced by ``$``, as JSON Schema's regular expressions have it."""
    match value:
        case dict():
            return {key: _portable(each) for key, each in value.items()}
        case list():
            return [_portable(each) for each in value]
        case str():
            return value.replace(r"\Z", "$")
        case _:
            return value


if __name__ == "__main__":
    for each in NAMES:
        (Path(sys.argv[1]) / file_name(each)).write_text(schema_text(each), encoding="utf-8")
