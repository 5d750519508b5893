"""Connections that are rejected, in memory; EC2 does it for ``EndpointServices``, and ``ExistenceById`` asks it."""

from __future__ import annotations

from drawbridge.request.absence import Existence
from drawbridge.request.connections import ConnectionState


class InMemoryConnectionRejection:
    """Connections by the ids of their endpoints."""

    def __init__(self, **there: ConnectionState) -> None:
        self.there: dict[str, ConnectionState] = dict(there)
        self.rejected: list[str] = []
        self.refused: dict[str, str] = {}
        """Why AWS does not reject a connection; by its endpoint's id."""
        self.shows_at_once = True
        self.says_nothing = False
        """Whether AWS says neither that a connection is there nor that it is gone."""

    def connection(self, service_id: str, endpoint_id: str) -> Existence:
        if self.says_nothing or self.there.get(endpoint_id) is ConnectionState.UNKNOWN:
            return Existence.UNKNOWN
        return Existence.PRESENT if self._is_there(endpoint_id) else Existence.GONE

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
