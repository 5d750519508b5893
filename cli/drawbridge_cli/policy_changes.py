"""What applying policies would change."""

from importlib.resources import files

from msgspec import Struct

from drawbridge.configuration import InForce
from drawbridge.decision.policies import Policy
from drawbridge.errors import InvalidInputError


class PolicyChanges(Struct, frozen=True, kw_only=True):
    """The policies to write and to remove, and those that are in force then."""

    to_write: tuple[Policy, ...]
    """Forbids before permits: if it breaks off in between, rather too little is let in."""
    to_remove: tuple[str, ...]
    new: tuple[str, ...]
    changed: tuple[str, ...]
    same: tuple[str, ...]
    others: tuple[str, ...]
    """In force, not among the files, and kept."""
    then: tuple[Policy, ...]

    @property
    def is_empty(self) -> bool:
        return not self.to_write and not self.to_remove


def default_names() -> frozenset[str]:
    """Return the names of the policies that a stack installs."""
    return frozenset(
        each.name.removesuffix(".cedar")
        for each in files("drawbridge_policies").iterdir()
        if each.name.endswith(".cedar")
    )


def changes_of(
    policies: tuple[Policy, ...], in_force: InForce[Policy], *, prune: bool, keep: frozenset[str]
) -> PolicyChanges:
    """Compare files with what is in force. ``keep`` names policies that are the stack's to change.

    Raises:
        InvalidInputError: a file would change one of those.
    """
    there = {policy.name: policy for policy in in_force.things}
    # That there is none at all is reported as broken too, by a name that no parameter can have.
    broken = {each.name for each in in_force.broken if not each.name.startswith("(")}
    desired = {policy.name: policy for policy in policies}
    differ = {name for name, policy in desired.items() if name in broken or name not in there or there[name] != policy}
    for name in sorted(differ & keep):
        raise InvalidInputError(
            f"policy {name}: it belongs to the stack, which would change it back; write one of another name, "
            "or deploy the stack with InstallDefaultPolicies=false"
        )
    others = {name for name in there if name not in desired}
    removed = {name for name in {*others, *broken} - desired.keys() if name in there or name in broken} - keep
    to_remove = sorted(removed) if prune else []
    then = [*desired.values(), *(there[name] for name in sorted(others - {*to_remove}))]
    return PolicyChanges(
        to_write=tuple(
            sorted((desired[name] for name in differ), key=lambda policy: (not _forbids(policy), policy.name))
        ),
        to_remove=tuple(to_remove),
        new=tuple(sorted(differ - there.keys() - broken)),
        changed=tuple(sorted(differ & (there.keys() | broken))),
        same=tuple(sorted(desired.keys() - differ)),
        others=tuple(sorted(others - {*to_remove})),
        then=tuple(sorted(then, key=lambda policy: policy.name)),
    )


def _forbids(policy: Policy) -> bool:
    return any(statement.effect == "forbid" for statement in policy.statements)
