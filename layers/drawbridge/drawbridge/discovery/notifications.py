"""Connection notifications: every managed endpoint service notifies our topic of connection requests."""

from collections.abc import Collection
from typing import Protocol

from drawbridge.errors import DrawbridgeError
from drawbridge.request.connections import ManagedService


class NotifyingServices(Protocol):
    """This account's endpoint services."""

    def managed(self) -> list[ManagedService]: ...

    def without_notification(self, service_ids: Collection[str]) -> list[str]:
        """Return the services that have no connection notification to our topic."""
        ...

    def create_connection_notification(self, service_id: str) -> None:
        """Create the connection notification of a service, unless it has one or is gone."""
        ...


def ensure_notifications(services: NotifyingServices) -> list[DrawbridgeError]:
    """Ensure that every managed service has its connection notification; return what went wrong."""
    failures: list[DrawbridgeError] = []
    try:
        managed = [service.service_id for service in services.managed()]
        lacking = services.without_notification(managed) if managed else []
    except DrawbridgeError as error:
        return [error]
    for service_id in lacking:
        try:
            services.create_connection_notification(service_id)
        except DrawbridgeError as error:
            failures.append(error)
    return failures
