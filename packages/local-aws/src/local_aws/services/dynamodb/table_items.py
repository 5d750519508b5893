"""DynamoDB's items, where moto answers otherwise: written and read as a whole, and how long nothing is."""

from __future__ import annotations

import copy
import threading
from typing import Any

from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.comparisons import FuncSize
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.parsing.executors import UpdateExpressionExecutor
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
    _limit_items_as_they_are_once_written()
    _project_without_reading_the_whole_item()
    DynamoType.__deepcopy__ = lambda self, memo: _copied(self)
    _serialize_values_by_what_they_hold()


_LARGEST_ITEM = 400 * 1024


def _limit_items_as_they_are_once_written() -> None:
    """Refuse a write that makes an item too large, and leave the item as it was.

    moto counts what is there each time an attribute is set; it counts a value that is replaced beside the one that
    replaces it, so that a large attribute can't be made smaller; and what an update had set before it failed stays set.
    """
    LimitedSizeDict.__setitem__ = dict.__setitem__
    make, execute = Item.__init__, UpdateExpressionExecutor.execute

    def make_within_limit(self: Any, *arguments: Any, **more: Any) -> None:
        make(self, *arguments, **more)
        _check_size(self)

    def execute_whole(self: Any, node: Any = None) -> None:
        if node is not None:
            # It calls itself for each part of an expression.
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
    """Take attributes out of an item as they are: moto reads the whole item anew for each, and writes it anew."""
    project = Item.project

    def take(self: Any, expressions: list[list[str]]) -> Any:
        if any(len(path) != 1 or path[0].endswith("]") for path in expressions):
            return project(self, expressions)
        taken = Item(self.hash_key, self.range_key, {})
        taken.attrs.update({name: self.attrs[name] for (name,) in expressions if name in self.attrs})
        return taken

    Item.project = take


def _copied(value: Any) -> Any:
    """Copy a value and all that it holds; there are no circles, and texts stay what they are."""
    copied = DynamoType.__new__(DynamoType)
    copied.type, held = value.type, value.value
    if isinstance(held, list):
        held = [_copied(each) if isinstance(each, DynamoType) else each for each in held]
    elif isinstance(held, dict):
        held = {name: _copied(each) for name, each in held.items()}
    copied.value = held
    return copied


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
