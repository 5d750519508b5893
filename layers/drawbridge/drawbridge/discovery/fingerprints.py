"""Fingerprints of the configuration that a request's outcome could depend on, as it is at one sweep."""

from drawbridge.association.binding import Binding
from drawbridge.association.in_force import bindings_fingerprint, matching_bindings_fingerprint
from drawbridge.configuration import InForce
from drawbridge.decision.facts import Consumer
from drawbridge.decision.gather import ConsumerRegistry
from drawbridge.decision.in_force import decision_fingerprint
from drawbridge.decision.policies import Policy
from drawbridge.lattice import MatchAttributes
from drawbridge.request.connections import NO_CONNECTIONS, ConnectionCounts


class CachedRegistry:
    """The registry, which is asked once for each account."""

    def __init__(self, registry: ConsumerRegistry) -> None:
        self._registry = registry
        self._consumers: dict[str, Consumer | None] = {}

    def consumer(self, account_id: str) -> Consumer | None:
        if account_id not in self._consumers:
            self._consumers[account_id] = self._registry.consumer(account_id)
        return self._consumers[account_id]


class FingerprintsInForce:
    """Fingerprints of what people configured."""

    def __init__(
        self,
        policies: InForce[Policy],
        bindings: InForce[Binding],
        quotas: InForce[tuple[str, int]],
        registry: ConsumerRegistry,
    ) -> None:
        self._policies = policies
        self._bindings = bindings
        self._quotas = quotas
        self._registry = registry

    def bindings_fingerprint(self, provider: str, share_name: str) -> str:
        """Return the fingerprint of the bindings that could match something in the share."""
        return bindings_fingerprint(self._bindings, provider, share_name, self._quotas)

    def matching_bindings_fingerprint(self, share_name: str, contents: tuple[MatchAttributes, ...]) -> str:
        """Return the fingerprint of the bindings that match something in the share."""
        return matching_bindings_fingerprint(self._bindings, share_name, contents, self._quotas)

    def decision_fingerprint(self, account_id: str, counts: ConnectionCounts = NO_CONNECTIONS) -> str:
        """Return the fingerprint of the policies, the account's entry in the registry, and its connections."""
        return decision_fingerprint(self._policies, self._registry.consumer(account_id), counts)
