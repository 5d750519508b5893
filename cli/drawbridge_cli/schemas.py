"""JSON Schemas of what people write and read, generated from the types that the code uses for it.

``python -m drawbridge_cli.schemas docs/schemas events/schemas`` writes them.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from drawbridge.association.binding import BindingDocument
from drawbridge.intake.registration.registration_event import RegisteredEvent, RemovedEvent
from drawbridge.publication.documents import ConnectionDocument, ConsumerDocument

_TITLES: Mapping[str, tuple[type, str]] = {
    "binding": (BindingDocument, "A binding, below /drawbridge/config/bindings/"),
    "connection": (ConnectionDocument, "/drawbridge/connections/.../connection, on the consumer's side"),
    "consumer": (ConsumerDocument, "/drawbridge/consumers/.../connection, on the provider's side"),
}

_EVENTS: Mapping[str, tuple[type, str]] = {
    "consumer-registered": (
        RegisteredEvent,
        "A sign-up service tells that an account is a consumer, as EventBridge delivers it",
    ),
    "consumer-removed": (
        RemovedEvent,
        "A sign-up service tells that an account is none any longer, as EventBridge delivers it",
    ),
}

NAMES = tuple(_TITLES)
EVENT_NAMES = tuple(_EVENTS)


def schema_of(name: str) -> dict[str, Any]:
    kind, title = {**_TITLES, **_EVENTS}[name]
    made: dict[str, Any] = _portable(msgspec.json.schema(kind))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title} | made


def schema_text(name: str) -> str:
    """Return the schema as it stands in its file."""
    return msgspec.json.format(msgspec.json.encode(schema_of(name)), indent=2).decode() + "\n"


def file_name(name: str) -> str:
    return f"{name}.json" if name in _EVENTS else f"{name}.schema.json"


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
    for folder, names in zip(sys.argv[1:], (NAMES, EVENT_NAMES), strict=True):
        for each in names:
            (Path(folder) / file_name(each)).write_text(schema_text(each), encoding="utf-8")
