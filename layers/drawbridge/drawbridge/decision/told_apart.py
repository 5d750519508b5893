"""Which accounts forbids can't tell apart, so that Cedar is asked about one of them for all.

It is read off the statements: by what they say of the principal. What is not understood tells any two accounts apart.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

import msgspec
from cedarpy import pst
from msgspec import Struct

from drawbridge.decision.facts import Consumer, Requester
from drawbridge.decision.unknown import parts_of

_ANYTHING = frozenset({"tier", "services", "name", "notes", "since", "suspended", "proved"})
"""What Cedar knows of an account's entry in the registry."""


class ToldApart(Struct, frozen=True):
    """What of accounts some statements go by."""

    accounts: frozenset[str] | None
    """The ids of those that are named; ``None`` if any two may be told apart."""
    entries: frozenset[str]
    """What of their entries in the registry."""

    def key(self, requester: Requester) -> Hashable:
        """Return what is the same for accounts that the statements can't tell apart.

        An account is in one place of one organization: what goes by that tells any two accounts apart.
        """
        account = requester.account_id if self.accounts is None or requester.account_id in self.accounts else ""
        consumer = requester.consumer
        if consumer is None:
            return account, None
        return account, tuple(_VALUES[name](consumer) for name in sorted(self.entries))

    def alike(self, requester: Requester) -> Requester:
        """Return the account with nothing of its entry that the statements do not go by."""
        consumer = requester.consumer
        if consumer is None:
            return requester
        blank = Consumer()
        left = {name: getattr(blank, name) for name in _LEFT_OUT - self.entries}
        return msgspec.structs.replace(requester, consumer=msgspec.structs.replace(consumer, **left))


_VALUES: Mapping[str, Callable[[Consumer], Hashable]] = {
    "tier": lambda consumer: consumer.tier,
    "services": lambda consumer: consumer.services,
    "name": lambda consumer: consumer.name,
    "notes": lambda consumer: consumer.notes,
    "since": lambda consumer: consumer.since,
    "suspended": lambda consumer: consumer.is_suspended,
    "proved": lambda consumer: consumer.is_proved,
}
_LEFT_OUT = frozenset({"tier", "services", "name", "notes", "since"})
"""What is left out where no statement goes by it."""


ANY_TWO = ToldApart(None, _ANYTHING)
"""Nothing is understood of what the statements go by."""

_NONE = ToldApart(frozenset(), frozenset())


def told_apart(statements: Iterable[pst.Template]) -> ToldApart:
    """Return what the statements go by, all of them together."""
    return _together(
        each
        for statement in statements
        for each in (_of_scope(statement.principal), *(_of(clause.expr) for clause in statement.clauses))
    )


def _together(parts: Iterable[ToldApart]) -> ToldApart:
    accounts: frozenset[str] = frozenset()
    entries: frozenset[str] = frozenset()
    for each in parts:
        if each.accounts is None:
            return ANY_TWO
        accounts |= each.accounts
        entries |= each.entries
    return ToldApart(accounts, entries)


def _of_scope(scope: Any) -> ToldApart:
    match scope:
        case pst.ScopeAny() | pst.ScopeIs():
            return _NONE
        case pst.ScopeEq(entity) | pst.ScopeIn(entity) | pst.ScopeIsIn(_, entity) if _is_account(entity):
            return ToldApart(frozenset({str(entity.id)}), frozenset())
        case _:
            return ANY_TWO


def _of(expr: Any) -> ToldApart:
    match expr:
        case pst.BinaryOp("eq" | "in", left, right) if _is_who(left) and (named := _named(right)) is not None:
            return ToldApart(named, frozenset())
        case pst.BinaryOp("eq" | "contains", left, right) if _is_who(right) and (named := _named(left)) is not None:
            return ToldApart(named, frozenset())
        case pst.GetAttr(base, attr) | pst.HasAttr(base, (attr, *_)) if _is_entry(base):
            return ToldApart(frozenset(), frozenset({attr})) if attr in _ANYTHING else ANY_TWO
        # That it has an entry is always gone by; and there are no principals of another type.
        case pst.HasAttr(pst.Var("principal"), ("consumer",)) | pst.Is(pst.Var("principal"), _, None):
            return _NONE
        case pst.Var("principal"):
            return ANY_TWO
        case _:
            return _together(_of(part) for part in parts_of(expr))


def _is_who(expr: Any) -> bool:
    match expr:
        case pst.Var("principal") | pst.GetAttr(pst.Var("principal"), "id"):
            return True
        case _:
            return False


def _is_entry(expr: Any) -> bool:
    match expr:
        case pst.GetAttr(pst.Var("principal"), "consumer"):
            return True
        case _:
            return False


def _named(expr: Any) -> frozenset[str] | None:
    """Return the accounts that are written down; ``None`` if it is something else."""
    found: set[str] = set()
    for each in expr.elements if isinstance(expr, pst.Set) else (expr,):
        match each:
            case pst.EntityLit(entity) if _is_account(entity):
                found.add(str(entity.id))
            case pst.StringLit(text):
                found.add(str(text))
            case _:
                return None
    return frozenset(found)


def _is_account(entity: Any) -> bool:
    return str(entity.type) == "Account"
