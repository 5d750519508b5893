"""Fingerprints of the configuration that a request's outcome could depend on, as it is at one sweep."""

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from drawbridge.association.binding import Binding
from drawbridge.association.in_force import bindings_fingerprint, matching_bindings_fingerprint
from drawbridge.configuration import InForce
from drawbridge.decision.facts import Consumer
from drawbridge.decision.in_force import decision_fingerprint
from drawbridge.decision.policies import Policy
from drawbridge.decision.registration import Registration
from drawbridge.lattice import MatchAttributes
from drawbridge.request.connections import NO_CONNECTIONS, ConnectionCounts

_MOST_BY_KEYS = 2_000
"""Entries that are read by their keys, which is twenty calls. To read more, reading all of the registry takes fewer."""


class SweptRegistry(Protocol):
    """The registry of consumers, as a sweep reads it: consistently, for who was just registered is asked for by it."""

    def entries(self, account_ids: Collection[str]) -> Mapping[str, Registration]:
        """Return the entries of accounts by account, read by their keys, a hundred in a call."""
        ...

    def all(self, *, consistently: bool) -> Iterable[Registration]: ...


class CachedRegistry:
    """The registry as it is at one sweep: an account's entry is read once, and of those that are loaded in one go."""

    def __init__(self, registry: SweptRegistry, *, most_by_keys: int = _MOST_BY_KEYS) -> None:
        self._registry = registry
        self._most_by_keys = most_by_keys
        self._consumers: dict[str, Consumer | None] = {}

    def load(self, account_ids: Collection[str]) -> None:
        """Read the entries of accounts that were not read yet. One that has none is not asked for again."""
        unread = set(account_ids) - self._consumers.keys()
        found = self._entries(unread) if unread else {}
        for account_id in unread:
            entry = found.get(account_id)
            self._consumers[account_id] = None if entry is None else entry.consumer

    def _entries(self, account_ids: Collection[str]) -> Mapping[str, Registration]:
        if len(account_ids) <= self._most_by_keys:
            return self._registry.entries(account_ids)
        return {each.account_id: each for each in self._registry.all(consistently=True)}

    def consumer(self, account_id: str) -> Consumer | None:
        self.load({account_id})
        return self._consumers[account_id]


class FingerprintsInForce:
    """Fingerprints of what people configured."""

    def __init__(
        self,
        policies: InForce[Policy],
        bindings: InForce[Binding],
        quotas: InForce[tuple[str, int]],
        registry: CachedRegistry,
    ) -> None:
        self._policies = policies
        self._bindings = bindings
        self._quotas = quotas
        self._registry = registry

    def load(self, account_ids: Collection[str]) -> None:
        """Read together what the fingerprints of these accounts' requests are made of."""
        self._registry.load(account_ids)

    def bindings_fingerprint(self, provider: str, share_name: str) -> str:
        """Return the fingerprint of the bindings that could match something in the share."""
        return bindings_fingerprint(self._bindings, provider, share_name, self._quotas)

    def matching_bindings_fingerprint(self, share_name: str, contents: tuple[MatchAttributes, ...]) -> str:
        """Return the fingerprint of the bindings that match something in the share."""
        return matching_bindings_fingerprint(self._bindings, share_name, contents, self._quotas)

    def decision_fingerprint(self, account_id: str, counts: ConnectionCounts = NO_CONNECTIONS) -> str:
        """Return the fingerprint of the policies, the account's entry in the registry, and its connections."""
        return decision_fingerprint(self._policies, self._registry.consumer(account_id), counts)
