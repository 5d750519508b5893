"""What can be set of how hard the local AWS is, in the form of ``/_local/settings``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from local_aws.http import control_input
from local_aws.moto_extension import pages
from local_aws.services.organizations import operations as organization_operations
from local_aws.services.privatelink import endpoint_services
from local_aws.services.quotas import quotas
from local_aws.services.ram import invitations, shares
from local_aws.services.timings import timings
from local_aws.throttling.throttles import throttles


@dataclass(frozen=True)
class Setting:
    """An attribute of an object, and how its new value is read."""

    of: Any
    attribute: str
    read: Callable[[str, Any], Any]


_SETTINGS: dict[str, Setting] = {
    "throttles": Setting(throttles, "enabled", control_input.flag),
    "throttlePersons": Setting(throttles, "persons", control_input.flag),
    "emptyPages": Setting(pages, "empty_pages", control_input.probability),
    "ramEventsToInvitees": Setting(shares, "notify_invitees", control_input.flag),
    "strictEndpointServicePermissions": Setting(endpoint_services, "strict_permissions", control_input.flag),
    "namelessInvitations": Setting(invitations, "nameless", control_input.probability),
    "organizationPaths": Setting(organization_operations, "paths_are_told", control_input.flag),
    "suspendedSharesListed": Setting(shares, "suspended_is_listed", control_input.flag),
}
_TABLES: dict[str, tuple[Any, Callable[[str, Any], Any]]] = {
    "quotas": (quotas, control_input.whole),
    "timings": (timings, control_input.seconds),
}
"""Those that are many: each field of these is one."""

NAMES = (*_SETTINGS, *_TABLES)


def describe() -> dict[str, Any]:
    """Return all settings, in the form in which they are posted."""
    told: dict[str, Any] = {name: getattr(setting.of, setting.attribute) for name, setting in _SETTINGS.items()}
    for name, (of, _) in _TABLES.items():
        told[name] = {field: getattr(of, attribute) for field, attribute in _fields(of).items()}
    return told


def change(told: Any) -> None:
    """Change what is told, and nothing if something of it is wrong.

    Raises:
        InvalidInputError: the first thing that is wrong.
    """
    body = control_input.fields("settings", told, NAMES)
    for of, attribute, value in [change for name in body for change in _changes(name, body[name])]:
        setattr(of, attribute, value)


def _changes(name: str, value: Any) -> list[tuple[Any, str, Any]]:
    if name in _SETTINGS:
        setting = _SETTINGS[name]
        return [(setting.of, setting.attribute, setting.read(name, value))]
    of, read = _TABLES[name]
    attributes = _fields(of)
    told = control_input.fields(name, value, tuple(attributes))
    return [(of, attributes[field], read(f"{name}.{field}", each)) for field, each in told.items()]


def _fields(of: Any) -> dict[str, str]:
    """Return the names of an object's fields, as JSON has them, with its attributes."""
    return {re.sub(r"_(\w)", lambda found: found[1].upper(), name): name for name in asdict(of)}
