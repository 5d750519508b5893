"""Policy documents in IAM's grammar, and their evaluation.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from local_aws.policy_language.conditions import Condition, parse_operator
from local_aws.policy_language.patterns import Context, template, wildcard_matches
from local_aws.policy_language.principals import Caller, Principals, parse_principals

Kind = Literal["identity", "resource", "trust"]

_VERSIONS = ("2008-10-17", "2012-10-17")
_ELEMENTS = frozenset(
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"]
)
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?-]+")
_SID = re.compile(r"[A-Za-z0-9]*")
_ARN_SEGMENTS = 6
_SERVICE_SEGMENT = 2


class MalformedPolicyError(ValueError):
    """A document that IAM refuses (``MalformedPolicyDocument``)."""


@dataclass(frozen=True)
class Statement:
    """One statement of a policy; of each pair (actions and not_actions, ...) at most one is not None."""

    effect: Literal["Allow", "Deny"]
    actions: tuple[str, ...] | None = None
    not_actions: tuple[str, ...] | None = None
    resources: tuple[str, ...] | None = None
    not_resources: tuple[str, ...] | None = None
    principals: Principals | None = None
    not_principals: Principals | None = None
    conditions: tuple[Condition, ...] = ()
    sid: str = ""
    variables: bool = True
    """Whether ``${...}`` is a policy variable: in version 2008-10-17, which is the default, it is just text."""

    def applies(self, request: PermissionRequest) -> bool:
        """Return whether every element of the statement matches the request."""
        return (
            self._matches_caller(request.caller)
            and self._matches_action(request.action)
            and self._matches_resource(request)
            and all(condition.holds(request.context) for condition in self.conditions)
        )

    def _matches_caller(self, caller: Caller | None) -> bool:
        if self.principals is not None:
            return caller is not None and self.principals.include(caller)
        if self.not_principals is not None:
            return caller is not None and not self.not_principals.include(caller)
        return True

    def _matches_action(self, action: str) -> bool:
        patterns = self.actions if self.not_actions is None else self.not_actions
        matched = any(wildcard_matches(each, action, ignore_case=True) for each in patterns or ())
        return matched is (self.not_actions is None)

    def _matches_resource(self, request: PermissionRequest) -> bool:
        if self.resources is None and self.not_resources is None:
            return True  # a trust policy: its resource is the role that it belongs to
        patterns = self.resources if self.not_resources is None else self.not_resources
        matched = any(
            template(each, variables=self.variables).matches(request.resource, request.context)
            for each in patterns or ()
        )
        return matched is (self.not_resources is None)


@dataclass(frozen=True)
class PermissionRequest:
    """An action on a resource by a caller; ``context`` has the condition keys in lower case."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)
    caller: Caller | None = None


@dataclass(frozen=True)
class Allowed:
    """Allowed, by the first Allow statement that applies."""

    statement: Statement


@dataclass(frozen=True)
class ExplicitlyDenied:
    """Denied by a statement, even if another one allows it."""

    statement: Statement


@dataclass(frozen=True)
class ImplicitlyDenied:
    """Denied, as no statement allows it."""


Decision = Allowed | ExplicitlyDenied | ImplicitlyDenied


def evaluate(statements: Iterable[Statement], request: PermissionRequest) -> Decision:
    """Decide by these statements alone: a Deny that applies wins over an Allow; without either it is denied."""
    applying = [statement for statement in statements if statement.applies(request)]
    for statement in applying:
        if statement.effect == "Deny":
            return ExplicitlyDenied(statement)
    return Allowed(applying[0]) if applying else ImplicitlyDenied()


def parse(document: str | Mapping[str, Any], kind: Kind = "identity") -> tuple[Statement, ...]:
    """Parse a policy document as strictly as IAM does; raise MalformedPolicyError with the reason if it is refused."""
    return _parse(document if isinstance(document, str) else json.dumps(document), kind)


@functools.lru_cache(maxsize=1024)
def _parse(document: str, kind: Kind) -> tuple[Statement, ...]:
    try:
        policy = json.loads(document, object_pairs_hook=_without_duplicates)
    except json.JSONDecodeError as error:
        raise MalformedPolicyError(f"not JSON: {error}") from error
    if not isinstance(policy, dict):
        raise MalformedPolicyError("a policy is a JSON object")
    if unknown := set(policy) - {"Version", "Id", "Statement"}:
        raise MalformedPolicyError(f"unknown element {min(unknown)}")
    version = policy.get("Version", _VERSIONS[0])
    if version not in _VERSIONS:
        raise MalformedPolicyError(f"Version: {' or '.join(_VERSIONS)}, not {version}")
    statements = policy.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise MalformedPolicyError("Statement: an object, or a list of them that is not empty")
    parsed = tuple(_statement(each, kind, variables=version == _VERSIONS[1]) for each in statements)
    sids = [statement.sid for statement in parsed if statement.sid]
    if len(set(sids)) < len(sids):
        raise MalformedPolicyError("Statement IDs (SID) in a single policy must be unique")
    return parsed


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise MalformedPolicyError(f"an object names an element twice: {sorted(names)}")
    return dict(pairs)


def _statement(value: Any, kind: Kind, *, variables: bool) -> Statement:
    if not isinstance(value, dict):
        raise MalformedPolicyError("a statement is an object")
    if unknown := set(value) - _ELEMENTS:
        raise MalformedPolicyError(f"unknown element {min(unknown)} in a statement")
    if value.get("Effect") not in ("Allow", "Deny"):
        raise MalformedPolicyError(f"Effect: Allow or Deny, not {value.get('Effect')}")
    sid = value.get("Sid", "")
    # Other policies than IAM's own may have spaces and the like in it.
    if not isinstance(sid, str) or (kind == "identity" and not _SID.fullmatch(sid)):
        raise MalformedPolicyError(f"Sid: letters and digits, not {sid}")
    _check_pairs(value, kind)
    return Statement(
        effect=value["Effect"],
        actions=_actions(value, "Action"),
        not_actions=_actions(value, "NotAction"),
        resources=_resources(value, "Resource"),
        not_resources=_resources(value, "NotResource"),
        principals=_principals(value, "Principal"),
        not_principals=_principals(value, "NotPrincipal"),
        conditions=_conditions(value.get("Condition", {}), variables=variables),
        sid=sid,
        variables=variables,
    )


def _check_pairs(value: Mapping[str, Any], kind: Kind) -> None:
    needed = {"identity": ("Action", "Resource"), "resource": ("Action", "Resource", "Principal")}
    needed["trust"] = ("Action", "Principal")
    for element in ("Action", "Resource", "Principal"):
        present = [name for name in (element, f"Not{element}") if name in value]
        if element not in needed[kind] and present:
            raise MalformedPolicyError(f"{present[0]} has no place in a policy of this kind ({kind})")
        if element in needed[kind] and len(present) != 1:
            raise MalformedPolicyError(f"a statement has {element} or Not{element}, and only one of them")


def _actions(value: Mapping[str, Any], element: str) -> tuple[str, ...] | None:
    actions = _strings(value, element)
    for action in actions or ():
        if not _ACTION.fullmatch(action):
            raise MalformedPolicyError(f"{element}: service:Action or *, not {action}")
    return actions


def _resources(value: Mapping[str, Any], element: str) -> tuple[str, ...] | None:
    resources = _strings(value, element)
    for resource in resources or ():
        segments = resource.split(":", _ARN_SEGMENTS - 1)
        if resource != "*" and (segments[0] != "arn" or len(segments) < _ARN_SEGMENTS):
            raise MalformedPolicyError(f'{element}: must be in ARN format or "*", not {resource}')
        if resource != "*" and set(segments[_SERVICE_SEGMENT]) & set("*?"):
            raise MalformedPolicyError(f"{element}: the service of {resource} cannot have wildcards")
    return resources


def _principals(value: Mapping[str, Any], element: str) -> Principals | None:
    if element not in value:
        return None
    try:
        return parse_principals(value[element])
    except ValueError as error:
        raise MalformedPolicyError(f"{element}: {error}") from error


def _conditions(value: Any, *, variables: bool) -> tuple[Condition, ...]:
    if not isinstance(value, dict):
        raise MalformedPolicyError("Condition: an object of operators")
    conditions = []
    for name, keys in value.items():
        try:
            operator = parse_operator(name)
        except ValueError as error:
            raise MalformedPolicyError(f"Condition: {error}") from error
        if not isinstance(keys, dict) or not keys:
            raise MalformedPolicyError(f"Condition: {name} takes an object of condition keys")
        conditions += [Condition(operator, key.lower(), _values(keys, key), variables) for key in keys]
    return tuple(conditions)


def _values(keys: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = keys[key] if isinstance(keys[key], list) else [keys[key]]
    if not values or not all(isinstance(value, str | int | float) for value in values):
        raise MalformedPolicyError(f"Condition: {key} takes a value or a list of values")
    return tuple(str(value).lower() if isinstance(value, bool) else str(value) for value in values)


def _strings(value: Mapping[str, Any], element: str) -> tuple[str, ...] | None:
    if element not in value:
        return None
    strings = [value[element]] if isinstance(value[element], str) else value[element]
    if not isinstance(strings, list) or not strings or not all(isinstance(each, str) for each in strings):
        raise MalformedPolicyError(f"{element}: a string or a list of strings that is not empty")
    return tuple(strings)
