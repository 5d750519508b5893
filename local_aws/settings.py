"""What can be set of how hard the local AWS is, in the form of ``/_local/settings``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from local_aws import posted
from local_aws.services import endpoint_services, pages, shares
from local_aws.services.quotas import quotas
from local_aws.throttles import throttles


@dataclass(frozen=True)
class Setting:
    """An attribute of an object, and how its new value is read."""

    of: Any
    attribute: str
    read: Callable[[str, Any], Any]


_SETTINGS: dict[str, Setting] = {
    "throttles": Setting(throttles, "enabled", posted.flag),
    "throttlePersons": Setting(throttles, "persons", posted.flag),
    "emptyPages": Setting(pages, "empty_pages", posted.probability),
    "ramEventsToInvitees": Setting(shares, "notify_invitees", posted.flag),
    "strictEndpointServicePermissions": Setting(endpoint_services, "strict_permissions", posted.flag),
}
_QUOTAS = {re.sub(r"_(\w)", lambda found: found[1].upper(), name): name for name in asdict(quotas)}

NAMES = (*_SETTINGS, "quotas")


def describe() -> dict[str, Any]:
    """Tell all settings, in the form in which they are posted."""
    told: dict[str, Any] = {name: getattr(setting.of, setting.attribute) for name, setting in _SETTINGS.items()}
    return {**told, "quotas": {name: getattr(quotas, attribute) for name, attribute in _QUOTAS.items()}}


def change(told: Any) -> None:
    """Change what is told, and nothing if something of it is wrong.

    Raises:
        InvalidInputError: the first thing that is wrong.
    """
    body = posted.fields("settings", told, NAMES)
    most = posted.fields("quotas", body.get("quotas", {}), tuple(_QUOTAS))
    new = {name: _SETTINGS[name].read(name, value) for name, value in body.items() if name != "quotas"}
    new_most = {_QUOTAS[name]: posted.whole(f"quotas.{name}", value) for name, value in most.items()}
    for name, value in new.items():
        setattr(_SETTINGS[name].of, _SETTINGS[name].attribute, value)
    for attribute, value in new_most.items():
        setattr(quotas, attribute, value)
