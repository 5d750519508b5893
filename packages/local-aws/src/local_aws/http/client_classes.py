"""What botocore makes anew for each client, kept: EC2's class alone has more than 700 methods."""

from __future__ import annotations

import functools
from typing import Any
from weakref import WeakKeyDictionary

from botocore.client import ClientCreator
from botocore.hooks import EventAliaser


@functools.cache
def keep_client_classes() -> None:
    """Have a session make a service's class once, and not anew for each client.

    That is most of the time that a client takes, and tests make thousands. A session's event handlers may add to a
    class, as boto3's do, so each session has its own; those that are registered after a service's first client come
    too late for it.
    """
    creator: Any = ClientCreator
    make = creator._create_client_class  # noqa: SLF001 - botocore has no other place for it
    of_sessions: WeakKeyDictionary[Any, dict[tuple[str, str], type]] = WeakKeyDictionary()

    def make_once(self: Any, service_name: str, service_model: Any) -> type:
        classes = of_sessions.setdefault(self._event_emitter, {})
        key = (service_name, service_model.api_version)
        if key not in classes:
            classes[key] = make(self, service_name, service_model)
        return classes[key]

    creator._create_client_class = make_once  # noqa: SLF001 - as above
    _keep_event_names()


def _keep_event_names() -> None:
    """Have a client know the events' names that its session has looked up among the aliases, which are the same."""
    aliaser: Any = EventAliaser
    make_copy = aliaser.__copy__

    def copied(self: Any) -> Any:
        made = make_copy(self)
        made._alias_name_cache = self._alias_name_cache  # noqa: SLF001 - as above
        return made

    aliaser.__copy__ = copied
