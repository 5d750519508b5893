"""How hard this AWS is: throttles, empty pages, quotas, timings; the same as under ``/_local/settings``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypedDict, Unpack

from local_aws.control import settings as _settings


class Settings(TypedDict, total=False):
    """What can be set; what is not named stays as it is."""

    throttles: bool
    """Whether AWS's throttles hold anybody back."""
    throttle_persons: bool
    """Whether they hold back persons too, and not only roles."""
    empty_pages: float
    """How often a listing begins with an empty page and a token."""
    nameless_invitations: float
    """How often an invitation to a share comes without the share's name."""
    organization_paths: bool
    """Whether an account's description has its path in the organization."""
    suspended_shares_listed: bool
    """Whether a share that is suspended for an account is listed to it."""
    ram_events_to_invitees: bool
    """Whether an account gets RAM's event before it has accepted."""
    strict_endpoint_service_permissions: bool
    """Whether an endpoint service without permissions is its owner's alone."""
    quotas: Mapping[str, int]
    """How many there may be of what, such as ``children_per_group``: ``GET /_local/settings`` lists them."""
    timings: Mapping[str, float]
    """How many seconds of the clock AWS takes over what, such as ``endpoint_available``."""


@contextmanager
def changed(**to: Unpack[Settings]) -> Iterator[None]:
    """Have settings changed as long as the block runs.

    Raises:
        InvalidInputError: one of them can't be; nothing is changed then.
    """
    told = {_in_json(name): _told(value) for name, value in to.items()}
    now = _settings.describe()
    _settings.change(told)
    try:
        yield
    finally:
        _settings.change({name: _before(now[name], value) for name, value in told.items()})


def _told(value: Any) -> Any:
    return {_in_json(name): each for name, each in value.items()} if isinstance(value, Mapping) else value


def _before(now: Any, changed_to: Any) -> Any:
    return {name: now[name] for name in changed_to} if isinstance(changed_to, Mapping) else now


def _in_json(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)
