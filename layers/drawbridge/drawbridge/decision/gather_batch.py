"""Gathering the facts of many requests together: what they have in common is read once, when the first needs it.

What is read so is what each alone would be told. A read that failed fails each request that needs it, and no other.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol

from drawbridge.decision.facts import Consumer, OrganizationPlace
from drawbridge.decision.gather import ConsumerRegistry, Gatherer, OrganizationPlaces, ShareDetails
from drawbridge.decision.read_once import ReadOnce, ReadOnceEach
from drawbridge.errors import DrawbridgeError, GoneError
from drawbridge.request import EndpointConnectionRequest, Request, is_attachment
from drawbridge.request.connections import EndpointConnection, ManagedService


class ConnectionListings(Protocol):
    """Connections to this account's endpoint services, many in a call."""

    def managed_services(self, service_ids: Collection[str]) -> Mapping[str, ManagedService]:
        """Return those of the services that exist and are managed."""
        ...

    def listed(self, endpoint_ids: Collection[str]) -> list[EndpointConnection]:
        """Return the connections of these endpoints and attachments to services of this account, as AWS lists them."""
        ...

    def of_owners(self, account_ids: Collection[str]) -> list[EndpointConnection]:
        """Return all connections of these accounts' endpoints to services of this one."""
        ...

    def connections(self) -> list[EndpointConnection]:
        """Return the connections to all services of this account."""
        ...


class BatchReads(Protocol):
    """Where the facts of many requests are read."""

    @property
    def connections(self) -> ConnectionListings: ...

    @property
    def shares(self) -> ShareDetails: ...

    @property
    def organization(self) -> OrganizationPlaces: ...

    def consumers(self, account_ids: Collection[str]) -> Mapping[str, Consumer]:
        """Return the entries of accounts that are registered, read consistently."""
        ...


class SharedConnections:
    """``ConnectionDetails`` of the connections that are asked about together."""

    def __init__(self, requests: Iterable[EndpointConnectionRequest], listings: ConnectionListings) -> None:
        asked = [*requests]
        self._services = ReadOnce(lambda: listings.managed_services({each.service_id for each in asked}))
        self._listed = ReadOnce(lambda: _by_request(listings.listed({each.endpoint_id for each in asked})))
        self._of_owners = ReadOnce(lambda: listings.of_owners(self._owners()))
        self._all = ReadOnce(listings.connections)

    def managed_service(self, service_id: str) -> ManagedService | None:
        return self._services().get(service_id)

    def connection(self, service_id: str, endpoint_id: str) -> EndpointConnection:
        found = self._listed().get((service_id, endpoint_id))
        if found is None:
            raise GoneError(f"no connection of {endpoint_id} to {service_id} is listed")
        return found

    def of_owner(self, account_id: str) -> list[EndpointConnection]:
        return [each for each in self._of_owners() if each.owner == account_id]

    def attachments_of(self, account_id: str) -> list[EndpointConnection]:
        return [each for each in self._all() if is_attachment(each.endpoint_id) and each.owner == account_id]

    def owners(self) -> frozenset[str]:
        """Return whose all these connections are, as far as AWS tells it; nobody's if it does not list them."""
        try:
            listed = self._listed()
        except DrawbridgeError:
            # Who asks for a connection hears of it; others have accounts of their own.
            return frozenset()
        return frozenset(each.owner for each in listed.values() if each.owner)

    def _owners(self) -> frozenset[str]:
        there = [each for each in self._listed().values() if each.owner and each.state.is_open]
        return frozenset(each.owner for each in there if not is_attachment(each.endpoint_id))


class SharedRegistry:
    """The registry, which is read once for all who ask for connections, and once for each other account."""

    def __init__(
        self, accounts: Callable[[], Collection[str]], read: Callable[[Collection[str]], Mapping[str, Consumer]]
    ) -> None:
        self._accounts = ReadOnce(accounts)
        self._together = ReadOnce(lambda: read(self._accounts()))
        self._others: ReadOnceEach[str, Consumer | None] = ReadOnceEach(lambda account: read([account]).get(account))

    def consumer(self, account_id: str) -> Consumer | None:
        if account_id in self._accounts():
            return self._together().get(account_id)
        return self._others(account_id)


class SharedPlaces:
    """Our organization, which is asked once about each account."""

    def __init__(self, organization: OrganizationPlaces) -> None:
        self._places: ReadOnceEach[str, OrganizationPlace] = ReadOnceEach(organization.place_of)

    def place_of(self, account_id: str) -> OrganizationPlace:
        return self._places(account_id)


def gather_batch(requests: Iterable[Request], reads: BatchReads) -> Gatherer:
    """Return what gathers the facts of these requests; those of shares are read one by one."""
    asked = [each for each in requests if isinstance(each, EndpointConnectionRequest)]
    connections = SharedConnections(asked, reads.connections)
    registry: ConsumerRegistry = SharedRegistry(connections.owners if asked else frozenset, reads.consumers)
    return Gatherer(reads.shares, connections, SharedPlaces(reads.organization), registry)


def _by_request(listed: Iterable[EndpointConnection]) -> dict[tuple[str, str], EndpointConnection]:
    return {(each.service_id, each.endpoint_id): each for each in listed}
