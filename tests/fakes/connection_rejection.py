"""Connections that are rejected, in memory; ``aws.endpoint_services.EndpointServices`` has EC2 reject them."""

from __future__ import annotations

from drawbridge.errors import GoneError
from drawbridge.request.connections import ConnectionState


class InMemoryConnectionRejection:
    """Connections by the ids of their endpoints."""

    def __init__(self, **there: ConnectionState) -> None:
        self.there: dict[str, ConnectionState] = dict(there)
        self.rejected: list[str] = []
        self.refused: dict[str, str] = {}
        """Why AWS does not reject a connection; by its endpoint's id."""
        self.shows_at_once = True

    def state(self, service_id: str, endpoint_id: str) -> ConnectionState:
        if endpoint_id not in self.there:
            raise GoneError(f"no connection of {endpoint_id} to {service_id} is listed")
        return self.there[endpoint_id]

    def answer(self, service_id: str, endpoint_ids: list[str], *, accept: bool) -> dict[str, str]:
        assert not accept
        over = {each: "InvalidState: not now" for each in endpoint_ids if not self._is_there(each)}
        refused = over | {each: self.refused[each] for each in endpoint_ids if each in self.refused}
        done = [each for each in endpoint_ids if each not in refused]
        self.rejected += done
        if self.shows_at_once:
            self.there |= dict.fromkeys(done, ConnectionState.REJECTED)
        return refused

    def _is_there(self, endpoint_id: str) -> bool:
        return endpoint_id in self.there and not self.there[endpoint_id].is_over
