"""Whether a topic's policy lets PrivateLink publish to it."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_PUBLISHER: Final = "vpce.amazonaws.com"


@dataclass(frozen=True)
class Publication:
    """What PrivateLink asks a topic for, and on whose behalf."""

    topic_arn: str
    source_arn: str
    source_account: str


def allows(policy: Mapping[str, Any], publication: Publication) -> bool:
    concerned = [each for each in _as_list(policy.get("Statement", [])) if _concerns(each, publication)]
    effects = {each["Effect"] for each in concerned}
    return "Allow" in effects and "Deny" not in effects


def _concerns(statement: Mapping[str, Any], publication: Publication) -> bool:
    actions = [action.lower() for action in _as_list(statement.get("Action", []))]
    return (
        _names_publisher(statement.get("Principal", {}))
        and any(fnmatch.fnmatchcase("sns:publish", action) for action in actions)
        and any(fnmatch.fnmatchcase(publication.topic_arn, each) for each in _as_list(statement.get("Resource", "*")))
        and all(
            _holds(operator, key, _as_list(wanted), publication)
            for operator, pairs in statement.get("Condition", {}).items()
            for key, wanted in pairs.items()
        )
    )


def _names_publisher(principal: Any) -> bool:
    if not isinstance(principal, Mapping):
        return bool(principal == "*")
    return any(name in {"*", _PUBLISHER} for names in principal.values() for name in _as_list(names))


def _holds(operator: str, key: str, wanted: list[str], publication: Publication) -> bool:
    """Tell whether a condition holds; one on any other key than the two that AWS sends does not."""
    sent = {"aws:sourcearn": publication.source_arn, "aws:sourceaccount": publication.source_account}.get(key.lower())
    if sent is None:
        return False
    if operator in {"ArnLike", "ArnEquals", "StringLike"}:
        return any(fnmatch.fnmatchcase(sent, pattern) for pattern in wanted)
    return operator == "StringEquals" and sent in wanted


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
