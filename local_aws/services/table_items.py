"""DynamoDB's items, where moto answers otherwise: written and read as a whole, and how long nothing is."""

from __future__ import annotations

import threading
from typing import Any

from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.comparisons import FuncSize
from moto.dynamodb.responses import DynamoHandler

_one_at_a_time = threading.RLock()


def install() -> None:
    """Let no call see another one half done; a condition holds for the write that it guards.

    moto works on items in place, which other threads could see; and it fails as a server where a condition asks for
    the ``size`` of an attribute that is not there, where DynamoDB says that the condition does not hold.
    """
    answer = DynamoHandler.call_action

    def call_action(self: Any) -> Any:
        with _one_at_a_time:
            return answer(self)

    DynamoHandler.call_action = call_action

    size = FuncSize.expr

    def expr(self: Any, item: Any) -> Any:
        return None if self.attr.get_type(item) is None else size(self, item)

    FuncSize.expr = expr
    _serialize_values_by_what_they_hold()


def _serialize_values_by_what_they_hold() -> None:
    """Write an attribute's value without a search for what it does not hold.

    For each of the ten kinds that a value may have, moto tries a dozen spellings of its name: four fifths of a query.
    """
    serialize = BaseJSONSerializer._serialize_type_structure  # noqa: SLF001 - moto has no other way

    def structure(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name != "AttributeValue" or type(value) is not dict:
            serialize(self, serialized, value, shape, key)
            return
        written = serialized[key] = self.MAP_TYPE()
        for kind, held in value.items():
            self._serialize(written, held, shape.members[kind], kind)

    BaseJSONSerializer._serialize_type_structure = structure  # noqa: SLF001 - as above
