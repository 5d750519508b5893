"""What applying bindings would change."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from drawbridge.association import DesiredAttachment
from drawbridge.association.binding import Binding
from drawbridge.configuration import InForce
from drawbridge.status import Reason
from drawbridge_cli.share_plans import AssociationPlan, SharePlan, association_plans


class BindingChanges(Struct, frozen=True, kw_only=True):
    """The parameters to write and to remove, and the bindings that are in force then."""

    to_write: tuple[tuple[str, str], ...]
    """Names and texts."""
    to_remove: tuple[str, ...]
    new: tuple[str, ...]
    changed: tuple[str, ...]
    same: tuple[str, ...]
    others: tuple[str, ...]
    """In Parameter Store, not among the files, and kept."""
    then: InForce[Binding]

    @property
    def is_empty(self) -> bool:
        return not self.to_write and not self.to_remove


def changes_of(
    bindings: Iterable[Binding],
    texts: Mapping[str, str],
    there: Mapping[str, str],
    in_force: InForce[Binding],
    *,
    prune: bool,
) -> BindingChanges:
    """Compare files with the parameters that exist, which may be broken, and with what is in force."""
    desired = {binding.name: binding for binding in bindings}
    differ = {name for name in desired if there.get(name) != texts[name]}
    others = there.keys() - desired.keys()
    to_remove = others if prune else frozenset[str]()
    kept = {binding.name: binding for binding in in_force.things if binding.name not in to_remove}
    then = kept | desired
    return BindingChanges(
        to_write=tuple((name, texts[name]) for name in sorted(differ)),
        to_remove=tuple(sorted(to_remove)),
        new=tuple(sorted(differ - there.keys())),
        changed=tuple(sorted(differ & there.keys())),
        same=tuple(sorted(desired.keys() - differ)),
        others=tuple(sorted(others - to_remove)),
        then=InForce(
            things=tuple(then[name] for name in sorted(then)),
            # Only for display: the versions in Parameter Store are not known yet.
            versions=tuple((name, 0) for name in sorted(then)),
            broken=tuple(each for each in in_force.broken if each.name not in desired and each.name not in to_remove),
        ),
    )


def removal_of(name: str, there: Iterable[str], in_force: InForce[Binding]) -> BindingChanges:
    """Return the removal of one binding, which may be broken, and nothing else."""
    return BindingChanges(
        to_write=(),
        to_remove=(name,),
        new=(),
        changed=(),
        same=(),
        others=tuple(sorted(each for each in there if each != name)),
        then=InForce(
            things=tuple(each for each in in_force.things if each.name != name),
            versions=tuple(each for each in in_force.versions if each[0] != name),
            broken=tuple(each for each in in_force.broken if each.name != name),
        ),
    )


class BindingEffects(Struct, frozen=True, kw_only=True):
    """How other bindings would change the desired attachments."""

    made: tuple[AssociationPlan, ...]
    changed: tuple[AssociationPlan, ...]
    """Desired before too, but differently."""
    dropped: tuple[DesiredAttachment, ...]
    """Not desired any longer."""
    refused: tuple[Reason, ...]
    """Refused then, and not before."""

    @property
    def is_empty(self) -> bool:
        return not (self.made or self.changed or self.dropped or self.refused)


def effects_of(now: list[SharePlan], then: list[SharePlan]) -> BindingEffects:
    """Compare the plans by the bindings in force with those by other bindings."""
    before = {_key(association.desired): association.desired for association in association_plans(now)}
    after = {_key(association.desired): association for association in association_plans(then)}
    refused_before = {reason for each in now for reason in each.refused}
    return BindingEffects(
        made=tuple(association for key, association in after.items() if key not in before),
        changed=tuple(
            association for key, association in after.items() if key in before and before[key] != association.desired
        ),
        dropped=tuple(desired for key, desired in before.items() if key not in after),
        refused=tuple(reason for each in then for reason in each.refused if reason not in refused_before),
    )


def _key(desired: DesiredAttachment) -> tuple[str, str, str, str]:
    return desired.binding, desired.resource.share_arn, desired.resource.arn, desired.vpc_id
