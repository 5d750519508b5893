"""DynamoDB's items, where moto differs: atomic writes and reads, size limits, and ``size`` of absent attributes."""

from __future__ import annotations

import base64
import copy
import threading
from typing import Any

from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.comparisons import FuncSize
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.utilities import bytesize
from moto.dynamodb.parsing.executors import UpdateExpressionExecutor
from moto.dynamodb.responses import DynamoHandler

from local_aws.services.dynamodb import update_expressions

_one_at_a_time = threading.RLock()


def install() -> None:
    """Make each call atomic, together with its condition.

    moto changes items in place, visible to other threads. It also fails with a server error on a condition with the
    ``size`` of an absent attribute; in DynamoDB the condition is false.
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
    _limit_items_as_they_are_once_written()
    _project_without_reading_the_whole_item()
    DynamoType.__deepcopy__ = lambda self, memo: _copied(self)
    DynamoType.size = _size
    DynamoType.to_regular_json = _as_json
    _patch_serialization()
    update_expressions.install()


_LARGEST_ITEM = 400 * 1024


def _limit_items_as_they_are_once_written() -> None:
    """Refuse a write that makes an item too large, and leave the item unchanged.

    moto measures the item at each attribute that is set, and counts both the replaced value and its replacement, so a
    large attribute can't be made smaller. It also keeps what a failed update had already set.
    """
    LimitedSizeDict.__setitem__ = dict.__setitem__
    make, execute = Item.__init__, UpdateExpressionExecutor.execute

    def make_within_limit(self: Any, *arguments: Any, **more: Any) -> None:
        make(self, *arguments, **more)
        _check_size(self)

    def execute_whole(self: Any, node: Any = None) -> None:
        if node is not None:
            # The method calls itself for each part of an expression.
            execute(self, node)
            return
        before = copy.deepcopy(self.item).attrs
        try:
            execute(self)
            _check_size(self.item)
        except Exception:
            self.item.attrs = before
            raise

    Item.__init__ = make_within_limit
    UpdateExpressionExecutor.execute = execute_whole


def _check_size(item: Any) -> None:
    if item.size() > _LARGEST_ITEM:
        raise ItemSizeTooLarge


def _project_without_reading_the_whole_item() -> None:
    """Project attributes out of an item directly: moto parses and serializes the whole item for each of them."""
    project = Item.project

    def take(self: Any, expressions: list[list[str]]) -> Any:
        if any(len(path) != 1 or path[0].endswith("]") for path in expressions):
            return project(self, expressions)
        taken = Item(self.hash_key, self.range_key, {})
        taken.attrs.update({name: self.attrs[name] for (name,) in expressions if name in self.attrs})
        return taken

    Item.project = take


def _copied(value: Any) -> Any:
    """Copy a value deeply; there are no cycles, and strings are shared."""
    copied = DynamoType.__new__(DynamoType)
    copied.type, held = value.type, value.value
    if isinstance(held, list):
        held = [_copied(each) if isinstance(each, DynamoType) else each for each in held]
    elif isinstance(held, dict):
        held = {name: _copied(each) for name, each in held.items()}
    copied.value = held
    return copied


def _size(self: Any) -> int:
    """Return a value's bytes as moto counts them; moto makes what is in a map anew at every level of it."""
    kind, held = self.type, self.value
    if kind == "N":
        return len(str(held))
    if kind in {"SS", "NS", "BS"}:
        return sum(len(str(each)) if kind == "NS" else bytesize(each) for each in held)
    if kind == "L":
        return sum(_size(each) for each in held)
    if kind == "M":
        return sum(bytesize(name) + _size(each) for name, each in held.items())
    return 1 if isinstance(held, bool) else bytesize(held)


def _as_json(self: Any) -> dict[str, Any]:
    """Return a value as the API has it; moto copies it first, and so what is in a list in a map three times."""
    kind, held = self.type, self.value
    if isinstance(held, dict):
        held = {name: _as_json(each) if isinstance(each, DynamoType) else each for name, each in held.items()}
    elif isinstance(held, list):
        held = [_as_json(each) if isinstance(each, DynamoType) else each for each in held]
    elif kind == "B" and isinstance(held, str):
        held = base64.b64decode(held)
    return {kind: held}


def _patch_serialization() -> None:
    """Serialize an attribute's value by its own type.

    moto tries a dozen spellings for each of the ten types that a value may have: four fifths of a query's time.
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
