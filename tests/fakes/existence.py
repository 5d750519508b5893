"""What exists, in memory; ``aws.existence.ExistenceById`` asks AWS."""

from __future__ import annotations

from drawbridge.request.absence import Existence
from drawbridge.request.connections import ConnectionState
from tests.fakes.interruptions import Interruptions


class InMemoryExistences:
    """What there is, by its id."""

    def __init__(self, interruptions: Interruptions | None = None) -> None:
        self._interruptions = interruptions or Interruptions()
        self.shares: set[str] = set()
        self.held: set[str] = set()
        """What shares hold."""
        self.described: set[str] = set()
        """What no share holds and VPC Lattice describes all the same."""
        self.connections: dict[str, ConnectionState] = {}
        """By the ids of their endpoints."""
        self.services: set[str] = set()
        self.says_nothing = False
        """Whether every answer is an empty one."""
        self.asked: list[str] = []

    def share(self, share_arn: str) -> Existence:
        self._ask(share_arn)
        if self.says_nothing:
            return Existence.UNKNOWN
        return Existence.PRESENT if share_arn in self.shares else Existence.GONE

    def resource(self, arn: str) -> Existence:
        self._ask(arn)
        if self.says_nothing or (arn in self.described and arn not in self.held):
            return Existence.UNKNOWN
        return Existence.PRESENT if arn in self.held else Existence.GONE

    def connection(self, service_id: str, endpoint_id: str) -> Existence:
        self._ask(endpoint_id)
        if self.says_nothing:
            return Existence.UNKNOWN
        state = self.connections.get(endpoint_id)
        if state is None:
            # Nothing at all is listed, and the service is there: that may be an empty answer.
            silent = not self.connections and service_id in self.services
            return Existence.UNKNOWN if silent else Existence.GONE
        if state.is_open:
            return Existence.PRESENT
        return Existence.GONE if state.is_over else Existence.UNKNOWN

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        self._interruptions.before_call("existence")
