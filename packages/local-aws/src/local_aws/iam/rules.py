"""Calls, their required permissions, and the rules by which a service's calls name their resources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.utilities.utils import get_partition

from local_aws.policy_language.patterns import Context

ANY = "*"


@dataclass(frozen=True)
class AwsCall:
    """An AWS call: ``prefix`` is the service's in IAM (states, not stepfunctions), ``params`` are botocore's."""

    prefix: str
    operation: str
    params: Mapping[str, Any]
    account_id: str
    region: str

    @property
    def partition(self) -> str:
        return str(get_partition(self.region))

    def arn(self, resource: str, *, service: str | None = None, region: str | None = None) -> str:
        """Return the ARN of a resource of the caller's account and Region."""
        region = self.region if region is None else region
        return f"arn:{self.partition}:{service or self.prefix}:{region}:{self.account_id}:{resource}"

    def requires(self, action: str, resource: str, keys: Context | None = None, *, kind: str = "") -> Requirement:
        """Return the requirement of an action of the call's own service."""
        return Requirement(f"{self.prefix}:{action}", resource, keys or {}, kind)


@dataclass(frozen=True)
class Requirement:
    """One action on one resource that a call needs; ``keys`` are condition keys, in lower case."""

    action: str
    resource: str
    keys: Context = field(default_factory=dict)
    kind: str = ""
    """The resource's type in the reference, if it is known: it decides which keys of the request apply."""


Special = Callable[[AwsCall], Iterable[Requirement]]


def _no_keys(call: AwsCall) -> Context:
    return {}


def _one_context(call: AwsCall) -> tuple[Context, ...]:
    return ({},)


@dataclass(frozen=True)
class Rules:
    """The rules of a service, for what the reference does not define."""

    actions: Mapping[str, str] = field(default_factory=dict)
    """IAM's actions of operations that have another name."""
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By resource type: the parameters that name a resource, if they are not named after the type."""
    special: Mapping[str, Special] = field(default_factory=dict)
    """Operations that do not just need one action on the resources that they name."""
    keys: Callable[[AwsCall], Context] = _no_keys
    """The service's own condition keys that are in the request."""
    contexts: Callable[[AwsCall], tuple[Context, ...]] = _one_context
    """Keys of each of the parts that the service authorizes by itself, where a call may name several."""
    tagging: str | None = None
    """The further action that is needed to create a resource with tags."""
    also: Special = field(default=lambda call: ())
    """Further permissions of a call, in any service."""
    spell: Callable[[str, str], str] = field(default=lambda kind, value: value)
    """Returns a parameter's value as it is in the ARN of a resource type."""


def key(name: str, value: object) -> dict[str, tuple[str, ...]]:
    """Return one condition key with its values, in IAM's form; nothing if there is no value."""
    values = value if isinstance(value, list | tuple | set | frozenset) else [value]
    texts = tuple(_text(each) for each in values if each is not None)
    return {name.lower(): texts} if texts else {}


def passing(call: AwsCall, role_arn: object, service: str) -> list[Requirement]:
    """Return the permission to pass a role to a service; nothing if there is no role."""
    if not isinstance(role_arn, str) or not role_arn:
        return []
    return [Requirement("iam:PassRole", role_arn, key("iam:PassedToService", service))]


def strings(value: object) -> list[str]:
    """Return a parameter's texts, whether it is one, a list, or missing."""
    if isinstance(value, str):
        return [value] if value else []
    return [each for each in value if isinstance(each, str)] if isinstance(value, list | tuple) else []


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
