"""Weighing statements that refer to unknown facts, which count against the requester.

A permit permits only what it would permit whatever the unknown facts turned out to be; a forbid forbids what it would
forbid if they turned out for the worst. So learning less never lets anybody in. Each condition is taken apart at its
``&&``, ``||``, ``!`` and ``if``; a part below those that refers to an unknown fact is replaced by ``true`` or
``false``, whichever is against the requester, and everything else stays as it was written.
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from cedarpy import pst

from drawbridge.decision.facts import Fact

_OF_PRINCIPAL = {
    **dict.fromkeys(("ownOrganization", "state"), Fact.ORGANIZATION),
    "name": Fact.ACCOUNT_NAME,
    "consumer": Fact.CONSUMER,
}
_OF_RESOURCE = {
    "name": Fact.NAME,
    "region": Fact.SERVICE_REGION,
    "acceptanceRequired": Fact.ACCEPTANCE_REQUIRED,
    "type": Fact.TYPE,
    "protocol": Fact.PROTOCOL,
    "portRanges": Fact.PORT_RANGES,
    "domainVerified": Fact.DOMAIN_VERIFIED,
}
_OF_CONTEXT = {
    "region": Fact.REGION,
    "endpointType": Fact.ENDPOINT_TYPE,
    "ipAddressType": Fact.IP_ADDRESS_TYPE,
    "payer": Fact.PAYER,
    **dict.fromkeys(("types", "arns", "resources", "onlyLattice"), Fact.CONTENTS),
    **dict.fromkeys(("now", "local", "secondsLeft"), Fact.TIME),
    **dict.fromkeys(("connections", "connectionsToService"), Fact.CONNECTIONS),
    "alias": Fact.ALIAS,
}
_BY_NAME = {
    name: frozenset(of[name] for of in (_OF_PRINCIPAL, _OF_RESOURCE, _OF_CONTEXT) if name in of)
    for name in (*_OF_PRINCIPAL, *_OF_RESOURCE, *_OF_CONTEXT)
}


def against_the_requester(statement: pst.Template, unknown: frozenset[Fact]) -> pst.Template | None:
    """Return what is left of a statement: itself if it refers to nothing unknown, ``None`` if nothing is left."""
    if not facts_in(statement) & unknown:
        return statement
    permits = statement.effect == "permit"
    if unknown & _facts_of_scope(statement.principal):
        if permits:
            return None
        statement = replace(statement, principal=_widened(statement.principal))
    clauses: list[pst.Clause] = []
    for clause in statement.clauses:
        match clause:
            case pst.When(expr):
                clauses.append(pst.When(_bound(expr, unknown, least=permits)))
            case pst.Unless(expr):
                clauses.append(pst.Unless(_bound(expr, unknown, least=not permits)))
    return replace(statement, clauses=tuple(clauses))


def facts_in(statement: pst.Template) -> frozenset[Fact]:
    """Return the facts that a statement refers to; rather one too many than one too few."""
    in_clauses = (_facts(clause.expr) for clause in statement.clauses)
    return _facts_of_scope(statement.principal).union(*in_clauses)


def _bound(expr: pst.Expr, unknown: frozenset[Fact], *, least: bool) -> pst.Expr:
    """Return a condition without anything unknown in it.

    With ``least`` it holds only where ``expr`` holds whatever the unknown facts are, else wherever ``expr`` may hold.
    """
    if not _facts(expr) & unknown:
        return expr
    match expr:
        case pst.BinaryOp("and" | "or" as op, left, right):
            return pst.BinaryOp(op, _bound(left, unknown, least=least), _bound(right, unknown, least=least))
        case pst.UnaryOp("not", arg):
            return pst.UnaryOp("not", _bound(arg, unknown, least=not least))
        case pst.IfThenElse(cond, then, otherwise):
            one, other = _bound(then, unknown, least=least), _bound(otherwise, unknown, least=least)
            if not _facts(cond) & unknown:
                return pst.IfThenElse(cond, one, other)
            return pst.BinaryOp("and" if least else "or", one, other)
        case _:
            return pst.BoolLit(not least)


def _facts(expr: pst.Expr) -> frozenset[Fact]:
    match expr:
        case pst.GetAttr(base, attr) | pst.HasAttr(base, (attr, *_)):
            return _facts_of_attribute(base, attr)
        case pst.BinaryOp("get_tag" | "has_tag", left, right):
            return _facts_of_tags(left) | _facts(right)
        case pst.BinaryOp("in", left, right):
            return _facts_of_place(left, right) | _facts(left) | _facts(right)
        case pst.Is(base, _, in_expr):
            return _facts(base) | (_facts_of_place(base, in_expr) | _facts(in_expr) if in_expr else frozenset())
        case pst.Var("context"):
            # Used as a whole, it may stand for anything in it.
            return frozenset(_OF_CONTEXT.values())
        case _:
            return frozenset[Fact]().union(*(_facts(part) for part in parts_of(expr)))


def _facts_of_attribute(base: pst.Expr, attr: str) -> frozenset[Fact]:
    match base:
        case pst.Var("principal"):
            fact = _OF_PRINCIPAL.get(attr)
        case pst.Var("context"):
            fact = _OF_CONTEXT.get(attr)
        case pst.Var("resource"):
            fact = _OF_RESOURCE.get(attr)
        case pst.GetAttr(pst.Var("principal"), "consumer"):
            fact = Fact.CONSUMER
        case _:
            # Whatever it is an attribute of: by its name it could be one that is unknown.
            return _facts(base) | _BY_NAME.get(attr, frozenset())
    return frozenset({fact}) if fact else frozenset()


def _facts_of_tags(of: pst.Expr) -> frozenset[Fact]:
    match of:
        case pst.Var("principal"):
            return frozenset({Fact.ACCOUNT_TAGS})
        case pst.Var("resource"):
            return frozenset({Fact.RESOURCE_TAGS})
        case _:
            return _facts(of) | {Fact.ACCOUNT_TAGS, Fact.RESOURCE_TAGS}


def _facts_of_place(of: pst.Expr, above: pst.Expr) -> frozenset[Fact]:
    match of:
        case pst.Var("resource" | "action"):
            return frozenset()
        case _:
            return frozenset() if all(_is_account(each) for each in _members(above)) else frozenset({Fact.UNITS})


def _members(expr: pst.Expr) -> tuple[pst.Expr, ...]:
    return expr.elements if isinstance(expr, pst.Set) else (expr,)


def _is_account(expr: pst.Expr) -> bool:
    # Nothing is in an account but the account itself.
    return isinstance(expr, pst.EntityLit) and str(expr.value.type) == "Account"


def _facts_of_scope(scope: Any) -> frozenset[Fact]:
    match scope:
        case pst.ScopeIn(entity) | pst.ScopeIsIn(_, entity):
            return frozenset() if str(entity.type) == "Account" else frozenset({Fact.UNITS})
        case _:
            return frozenset()


def _widened(scope: Any) -> Any:
    match scope:
        case pst.ScopeIsIn(entity_type, _):
            return pst.ScopeIs(entity_type)
        case _:
            return pst.ScopeAny()


def parts_of(node: Any) -> Iterator[Any]:
    """Yield the direct subexpressions of an expression."""
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, dict):
            yield from value.values()
        elif isinstance(value, tuple):
            yield from (each for each in value if is_dataclass(each))
        elif is_dataclass(value):
            yield value
