"""The settings of how strict the local AWS is, in the form of ``/_local/settings``."""

from __future__ import annotations

import threading
from typing import Any

import msgspec

from local_aws.delivery import tenants
from local_aws.http import control_input
from local_aws.http.control_input import ControlInput, Count, Probability
from local_aws.moto_extension import pages
from local_aws.services.organizations import operations as organization_operations
from local_aws.services.privatelink import endpoint_services
from local_aws.services.quotas import Quotas, quotas
from local_aws.services.ram import invitations, shares
from local_aws.services.timings import Timings, timings
from local_aws.throttling.throttles import throttles


class Settings(ControlInput, frozen=True):
    """All settings; those that are not posted stay as they are."""

    throttles: bool
    throttle_persons: bool
    empty_pages: Probability
    ram_events_to_invitees: bool
    strict_endpoint_service_permissions: bool
    nameless_invitations: Probability
    organization_paths: bool
    suspended_shares_listed: bool
    noisy_tenant_share: Probability
    noisy_tenant_messages: Count
    quotas: Quotas
    timings: Timings


_ATTRIBUTES: dict[str, tuple[Any, str]] = {
    "throttles": (throttles, "enabled"),
    "throttle_persons": (throttles, "persons"),
    "empty_pages": (pages, "empty_pages"),
    "ram_events_to_invitees": (shares, "notify_invitees"),
    "strict_endpoint_service_permissions": (endpoint_services, "strict_permissions"),
    "nameless_invitations": (invitations, "nameless"),
    "organization_paths": (organization_operations, "paths_are_shown"),
    "suspended_shares_listed": (shares, "suspended_is_listed"),
    "noisy_tenant_share": (tenants, "noisy_share"),
    "noisy_tenant_messages": (tenants, "noisy_messages"),
}
"""The owner and the attribute of each setting, except those that are objects."""

NAMES = tuple(field.encode_name for field in msgspec.structs.fields(Settings))

_changing = threading.Lock()


def describe() -> dict[str, Any]:
    """Return all settings, in the form in which they are posted."""
    single = {name: getattr(owner, attribute) for name, (owner, attribute) in _ATTRIBUTES.items()}
    described: dict[str, Any] = msgspec.to_builtins(Settings(**single, quotas=quotas, timings=timings))
    return described


def change(posted: Any) -> None:
    """Change the settings that are posted, or none if one of them is not valid.

    Raises:
        InvalidInputError: one is not valid; the message names the first such field.
    """
    with _changing:
        settings = control_input.convert(_merged(describe(), posted), Settings, "settings")
        # Nothing else is written: code may be changing it, as quotas that are lowered for a while.
        for name in _posted_fields(settings, posted):
            if name == "quotas":
                _change_table(quotas, settings.quotas, posted["quotas"])
            elif name == "timings":
                _change_table(timings, settings.timings, posted["timings"])
            else:
                owner, attribute = _ATTRIBUTES[name]
                setattr(owner, attribute, getattr(settings, name))


def _change_table(table: msgspec.Struct, changed: msgspec.Struct, posted: Any) -> None:
    for name in _posted_fields(changed, posted):
        setattr(table, name, getattr(changed, name))


def _posted_fields(changed: msgspec.Struct, posted: Any) -> list[str]:
    return [field.name for field in msgspec.structs.fields(changed) if field.encode_name in posted]


def _merged(now: Any, posted: Any) -> Any:
    """Return the posted value merged into the present one, field by field where both are objects."""
    if not (isinstance(now, dict) and isinstance(posted, dict)):
        return posted
    return now | {name: _merged(now.get(name), value) for name, value in posted.items()}
