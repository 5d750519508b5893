"""The principals of a resource's policy or a role's trust policy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

KINDS = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})
_ACCOUNT = re.compile(r"\d{12}")
_ROOT = re.compile(r"arn:[\w-]+:iam::(?P<account>\d{12}):root")


@dataclass(frozen=True)
class Caller:
    """A caller, by all the names that a policy may use (a session's also include its role's ARN)."""

    kind: str
    names: frozenset[str]

    def as_account(self, account_id: str, partition: str) -> Caller:
        """Return the caller's account as a principal, which a policy names to trust all of it."""
        return Caller("AWS", frozenset({f"arn:{partition}:iam::{account_id}:root"}))


@dataclass(frozen=True)
class Principals:
    """The ``Principal`` or ``NotPrincipal`` element; ``everyone`` is a bare ``"*"``."""

    everyone: bool
    named: Mapping[str, frozenset[str]]

    def include(self, caller: Caller) -> bool:
        """Return whether the caller is one of them; names are compared whole, only ``*`` alone is a wildcard."""
        if self.everyone:
            return True
        named = self.named.get(caller.kind, frozenset())
        return "*" in named or any(_account_or_name(name) in _with_accounts(caller.names) for name in named)


def parse_principals(value: object) -> Principals:
    """Parse the element; raise ValueError if it is not valid."""
    if value == "*":
        return Principals(everyone=True, named={})
    if not isinstance(value, dict) or not value:
        raise ValueError('Principal must be "*" or an object')
    named = {}
    for kind, names in value.items():
        if kind not in KINDS:
            raise ValueError(f"unknown kind of principal {kind}")
        several = [names] if isinstance(names, str) else names
        if not isinstance(several, list) or not several or not all(isinstance(name, str) for name in several):
            raise ValueError(f"principals of kind {kind} must be a string or a list of strings")
        for name in several:
            if "*" in name and name != "*":
                raise ValueError(f"principal {name}: a wildcard can only stand alone")
        named[kind] = frozenset(several)
    return Principals(everyone=False, named=named)


def _account_or_name(name: str) -> str:
    root = _ROOT.fullmatch(name)
    return root["account"] if root else name


def _with_accounts(names: frozenset[str]) -> frozenset[str]:
    return frozenset(_account_or_name(name) for name in names)
