"""The keys by which moto looks for a member of an answer, found once for each member."""

from __future__ import annotations

import functools
from typing import Any

from moto.core.serialize import (
    DEFAULT_ALIAS_PROVIDERS,
    AttributePickerContext,
    ResponseSerializer,
    XFormedAttributePicker,
)
from moto.core.utils import MISSING, get_value

_KEPT = "_local_aws_possible_keys"


@functools.cache
def keep_possible_keys() -> None:
    """Have moto find a member's possible keys once, and not by half a dozen rules in each answer that leaves it out.

    They are kept with the member's shape, for each class of objects: the rules go by nothing else of an object, unless
    it has aliases of its own.
    """
    picker: Any = XFormedAttributePicker
    find = picker.get_possible_keys

    def get_possible_keys(self: Any, context: AttributePickerContext) -> Any:
        own_rules = self.alias_providers is not DEFAULT_ALIAS_PROVIDERS or context.shape is None
        if own_rules or _has_aliases(context.obj):
            return find(self, context)
        kept = vars(context.shape).setdefault(_KEPT, {})
        member = _member(context.obj, context.key, context.shape)
        if member not in kept:
            kept[member] = tuple(dict.fromkeys(find(self, context)))
        return kept[member]

    picker.get_possible_keys = get_possible_keys
    _look_by_kept_keys()


def _member(obj: Any, key: str, shape: Any) -> tuple[str, Any, type]:
    """Return what the keys depend on; other structures may have a member of the same shape."""
    return key, getattr(shape, "parent", None), type(obj)


def _has_aliases(obj: Any) -> bool:
    return "Meta" in getattr(obj, "__dict__", ())


def _look_by_kept_keys() -> None:
    """Look for a member by its kept keys directly.

    moto describes each member that it looks for, with its path, to rules and transformers that mostly need none of it.
    """
    serializer: Any = ResponseSerializer
    look = serializer.get_value

    def get_member(self: Any, value: Any, key: str, shape: Any) -> Any:
        picker = self._value_picker
        if (
            shape is not None
            and _goes_by_kept_keys(picker)
            and not _transforms(picker, key)
            and not _has_aliases(value)
        ):
            kept = vars(shape).get(_KEPT, {}).get(_member(value, key, shape))
            if kept is not None:
                return _first(value, kept)
        return look(self, value, key, shape)

    serializer.get_value = get_member


def _first(value: Any, keys: tuple[str, ...]) -> Any:
    for each in keys:
        found = get_value(value, each, MISSING)
        if found is not MISSING:
            return found
    return None


def _goes_by_kept_keys(picker: Any) -> bool:
    return type(picker) is XFormedAttributePicker and picker.alias_providers is DEFAULT_ALIAS_PROVIDERS


def _transforms(picker: Any, key: str) -> bool:
    """Return whether the value may be transformed: transformers go by the end of a member's path."""
    ends = vars(picker).get(_KEPT)
    if ends is None:
        ends = vars(picker)[_KEPT] = tuple({each.rpartition(".")[2] for each in picker.response_transformers})
    return bool(ends) and key.endswith(ends)
