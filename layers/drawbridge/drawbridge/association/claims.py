"""Bindings that claim one name of our own: each is good alone, and both can't have it."""

from collections.abc import Sequence

from drawbridge.association.binding import Binding
from drawbridge.configuration import Conflict


def conflict_among(bindings: Sequence[Binding]) -> Conflict | None:
    """Return the first two that claim one name whatever they match: the one that was written last has to yield.

    Where a resource's name is part of it, that is found out for each resource when it is planned.
    """
    first: dict[tuple[str, str], Binding] = {}
    for binding in bindings:
        claimed = _claimed(binding)
        if claimed is None:
            continue
        other = first.setdefault(claimed, binding)
        if other is not binding:
            zone, name = claimed
            taken = "binding {}: its alias {} in {} is binding {}'s too; write another name"
            return Conflict(
                {
                    one.name: taken.format(one.name, name, zone, two.name)
                    for one, two in ((binding, other), (other, binding))
                }
            )
    return None


def _claimed(binding: Binding) -> tuple[str, str] | None:
    """Return zone and name that a binding claims whatever it matches; ``None`` if it claims none such."""
    attach = binding.attach
    if attach.alias is None:
        return None
    name = attach.alias.name.replace("{vpc}", attach.vpc) if isinstance(attach.vpc, str) else attach.alias.name
    return None if "{" in name else (attach.alias.zone, name)
