"""The keys by which moto looks for a member of an answer, found once for each member."""

from __future__ import annotations

import functools
from typing import Any

from moto.core.serialize import DEFAULT_ALIAS_PROVIDERS, AttributePickerContext, XFormedAttributePicker

_KEPT = "_local_aws_possible_keys"


@functools.cache
def keep_possible_keys() -> None:
    """Have moto find a member's possible keys once, and not by half a dozen rules in each answer that leaves it out.

    They are kept with the member's shape, and for plain dictionaries alone: a rule may go by the object otherwise.
    """
    picker: Any = XFormedAttributePicker
    find = picker.get_possible_keys

    def get_possible_keys(self: Any, context: AttributePickerContext) -> Any:
        plain = type(context.obj) is dict and self.alias_providers is DEFAULT_ALIAS_PROVIDERS
        if not plain or context.shape is None:
            return find(self, context)
        kept = vars(context.shape).setdefault(_KEPT, {})
        # Other structures may have a member of the same shape.
        member = (context.key, getattr(context.shape, "parent", None))
        if member not in kept:
            kept[member] = tuple(dict.fromkeys(find(self, context)))
        return kept[member]

    picker.get_possible_keys = get_possible_keys
