"""Fingerprints of the configuration that a request's outcome could depend on, as it is at one sweep."""

from drawbridge.association.binding import Binding
from drawbridge.association.in_force import matched_digest, wanted_digest
from drawbridge.configuration import InForce
from drawbridge.decision.facts import Consumer
from drawbridge.decision.gather import Registry
from drawbridge.decision.in_force import permitted_digest
from drawbridge.decision.policies import Policy
from drawbridge.lattice import Matchable
from drawbridge.request.connections import NONE_HELD, Held


class Registered:
    """The registry, in which each account is looked up once."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._consumers: dict[str, Consumer | None] = {}

    def consumer(self, account_id: str) -> Consumer | None:
        if account_id not in self._consumers:
            self._consumers[account_id] = self._registry.consumer(account_id)
        return self._consumers[account_id]


class Configured:
    """Fingerprints of what people configured."""

    def __init__(
        self,
        policies: InForce[Policy],
        bindings: InForce[Binding],
        quotas: InForce[tuple[str, int]],
        registry: Registry,
    ) -> None:
        self._policies = policies
        self._bindings = bindings
        self._quotas = quotas
        self._registry = registry

    def wanted(self, provider: str, share_name: str) -> str:
        """Return that of the bindings that could want something of the share."""
        return wanted_digest(self._bindings, provider, share_name, self._quotas)

    def matched(self, share_name: str, contents: tuple[Matchable, ...]) -> str:
        """Return that of the bindings that match something of what the share holds."""
        return matched_digest(self._bindings, share_name, contents, self._quotas)

    def permitted(self, account_id: str, held: Held = NONE_HELD) -> str:
        """Return that of the policies, of what the registry knows of the account, and of its connections."""
        return permitted_digest(self._policies, self._registry.consumer(account_id), held)
