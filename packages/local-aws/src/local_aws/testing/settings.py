"""Settings: throttles, empty pages, quotas, timings; the same as under ``/_local/settings``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypedDict, Unpack

from local_aws.control import settings as _settings


class Settings(TypedDict, total=False):
    """The settings; those that are left out stay as they are."""

    throttles: bool
    """Whether calls are throttled."""
    throttle_persons: bool
    """Whether persons are throttled too, and not only roles."""
    empty_pages: float
    """The rate at which listings begin with an empty page and a token."""
    nameless_invitations: float
    """The rate of invitations without the share's name."""
    organization_paths: bool
    """Whether an account's description shows its paths in the organization."""
    suspended_shares_listed: bool
    """Whether a share that is suspended for an account is listed to it."""
    ram_events_to_invitees: bool
    """Whether an account gets RAM's event before it has accepted the invitation."""
    strict_endpoint_service_permissions: bool
    """Whether only the owner can use an endpoint service without permissions."""
    noisy_tenant_share: float
    """The share of what is in flight in a queue, or of its consumers' time, above which a tenant is noisy."""
    noisy_tenant_messages: int
    """The fewest messages in flight of a tenant that is noisy by what is in flight."""
    quotas: Mapping[str, int]
    """Quotas by name, such as ``children_per_group``; ``GET /_local/settings`` lists them."""
    timings: Mapping[str, float]
    """Durations by name, in seconds of the clock, such as ``endpoint_available``."""


@contextmanager
def changed(**to: Unpack[Settings]) -> Iterator[None]:
    """Change settings as long as the block runs.

    Raises:
        InvalidInputError: one of them is invalid; none is changed then.
    """
    changes = {_in_json(name): _value_in_json(value) for name, value in to.items()}
    now = _settings.describe()
    _settings.change(changes)
    try:
        yield
    finally:
        _settings.change({name: _before(now[name], value) for name, value in changes.items()})


def _value_in_json(value: Any) -> Any:
    return {_in_json(name): each for name, each in value.items()} if isinstance(value, Mapping) else value


def _before(now: Any, changed_to: Any) -> Any:
    return {name: now[name] for name in changed_to} if isinstance(changed_to, Mapping) else now


def _in_json(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)
