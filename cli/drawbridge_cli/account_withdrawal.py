"""What would be taken down in this account by bindings, and which of it is one binding's."""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Protocol, assert_never

import msgspec
from msgspec import Struct

from drawbridge.association.binding import Binding
from drawbridge.association.in_force import PATH
from drawbridge.configuration import InForce
from drawbridge.publication.published import PublishedName
from drawbridge.status import Reason
from drawbridge.withdrawal import ConnectionRemoval, NamesRemoval, ObjectRemoval, Removal
from drawbridge.withdrawal.plan import WithdrawalPlanner, WrittenParameters
from drawbridge.withdrawal.steps import ObservedRemoval, TakeBackName, WithdrawalStep, next_step, steps


class ShownRemoval(Struct, frozen=True, kw_only=True):
    """A removal, and what of it is there still."""

    removal: Removal
    """With those of its names that are there still."""
    observed: ObservedRemoval
    """Without the names that lead elsewhere by then."""

    @property
    def paths(self) -> frozenset[str]:
        """Return where the names that go with it are published."""
        return frozenset(each.path for each in self.observed.names)

    @property
    def number(self) -> int:
        """Return how many things it is: an object, or names that go alone."""
        return len(self.paths) if isinstance(self.removal, NamesRemoval) else 1

    @property
    def next_step(self) -> WithdrawalStep | None:
        return next_step(self.removal, self.observed)

    def of(self, binding: str) -> "ShownRemoval | None":
        """Return the part of one binding; of a network all, if every name that leads through it is the binding's."""
        match self.removal:
            case ObjectRemoval(removed=removed) if removed.binding:
                return self if removed.binding == binding else None
            case ObjectRemoval():
                return self if {each.binding for each in self.removal.names} == {binding} else None
            case NamesRemoval():
                return self.only(each.path for each in self.observed.names if each.binding == binding)
            case ConnectionRemoval():
                # A consumer's endpoint is no binding's.
                return None
            case _:
                assert_never(self.removal)

    def split_by(self, others: Collection["ShownRemoval"]) -> "tuple[ShownRemoval | None, ShownRemoval | None]":
        """Return what of it goes by none of the others, and what goes by them too."""
        match self.removal:
            case ObjectRemoval(removed=removed):
                ids = {each.removal.removed.id for each in others if isinstance(each.removal, ObjectRemoval)}
                return (None, self) if removed.id in ids else (self, None)
            case NamesRemoval():
                theirs = frozenset(path for each in others for path in each.paths)
                return self.only(self.paths - theirs), self.only(self.paths & theirs)
            case ConnectionRemoval():
                connections = {str(each.removal) for each in others if isinstance(each.removal, ConnectionRemoval)}
                return (None, self) if str(self.removal) in connections else (self, None)
            case _:
                assert_never(self.removal)

    def only(self, paths: Iterable[str]) -> "ShownRemoval | None":
        """Return it with only those of its names; ``None`` if there are none of them."""
        kept = frozenset(paths)
        names = tuple(each for each in self.observed.names if each.path in kept)
        replace = msgspec.structs.replace
        removal, observed = replace(self.removal, names=names), replace(self.observed, names=names)
        return ShownRemoval(removal=removal, observed=observed) if names else None


class AccountWithdrawal(Struct, frozen=True, kw_only=True):
    """What would be taken down, and what stays for now."""

    removals: tuple[ShownRemoval, ...] = ()
    """In the order in which they can go."""
    unconfirmed: tuple[Reason, ...] = ()
    """What is not called for as AWS lists things, and stays until AWS has confirmed it, or somebody sees to it."""

    @property
    def is_empty(self) -> bool:
        return not self.removals and not self.unconfirmed

    @property
    def number(self) -> int:
        """Return how many objects go, and how many names that go alone."""
        return sum(each.number for each in self.removals)

    def of(self, binding: str) -> "AccountWithdrawal":
        """Return the part of one binding."""
        parts = (each.of(binding) for each in self.removals)
        return AccountWithdrawal(
            removals=tuple(each for each in parts if each is not None),
            unconfirmed=tuple(each for each in self.unconfirmed if each.source == binding),
        )

    def split_by(self, other: "AccountWithdrawal") -> "tuple[AccountWithdrawal, AccountWithdrawal]":
        """Return what goes, or stays for now, only here, and what does by the other one too."""
        parts = [each.split_by(other.removals) for each in self.removals]
        here, both = (
            AccountWithdrawal(
                removals=tuple(one for part in parts if (one := part[place]) is not None),
                unconfirmed=tuple(each for each in self.unconfirmed if (each in other.unconfirmed) == bool(place)),
            )
            for place in (0, 1)
        )
        return here, both

    def steps(self) -> Iterator[tuple[ShownRemoval, tuple[WithdrawalStep, ...]]]:
        """Yield each with its steps: a name that several lead through is taken back with the first of them."""
        taken_back: set[str] = set()
        for each in self.removals:
            to_do = tuple(
                step
                for step in steps(each.removal, each.observed)
                if not (isinstance(step, TakeBackName) and step.name.path in taken_back)
            )
            taken_back |= each.paths
            yield each, to_do


class WithdrawalPlannerOf(Protocol):
    """Returns a planner of what bindings have taken down, whose parameters are those that would be there."""

    def __call__(self, bindings: InForce[Binding], parameters: WrittenParameters, /) -> WithdrawalPlanner: ...


class WithdrawalContext(Struct, frozen=True, kw_only=True):
    """What withdrawals of the account are planned with."""

    planner_of: WithdrawalPlannerOf
    parameters: WrittenParameters
    published: tuple[PublishedName, ...]
    """All that is published of shared resources."""
    observe: Callable[[Removal], ObservedRemoval]

    def withdrawal(
        self, bindings: InForce[Binding], moving: Collection[str], removed: Collection[str] = ()
    ) -> AccountWithdrawal:
        """Return what these bindings have taken down, once those of the names ``removed`` are written no longer.

        What is published at the paths ``moving`` leads to what is made before anything is taken down.

        Raises:
            UpstreamError: something was not listed that is there, so that nothing can be told from the listing.
        """
        planner = self.planner_of(bindings, _WithoutBindings(self.parameters, frozenset(removed)))
        plan = planner.plan_everywhere(self.published)
        shown = (self._shown(each, moving) for each in plan.removals)
        # What is published by hand below our path is nobody's to take back.
        removals = tuple(each for each in shown if each.next_step is not None)
        return AccountWithdrawal(removals=removals, unconfirmed=plan.unconfirmed)

    def _shown(self, removal: Removal, moving: Collection[str]) -> ShownRemoval:
        observed = self.observe(removal)
        replace = msgspec.structs.replace
        staying = tuple(each for each in observed.names if each.path not in moving)
        return ShownRemoval(removal=replace(removal, names=observed.names), observed=replace(observed, names=staying))


class _WithoutBindings:
    """What people configure, once some bindings are removed."""

    def __init__(self, parameters: WrittenParameters, removed: frozenset[str]) -> None:
        self._parameters = parameters
        self._removed = removed

    def is_written(self, path: str, name: str) -> bool:
        return not (path == PATH and name in self._removed) and self._parameters.is_written(path, name)
