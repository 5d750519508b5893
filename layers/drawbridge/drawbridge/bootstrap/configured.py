"""Digests of what people configured, for discovery."""

from drawbridge.association.binding import Binding
from drawbridge.association.in_force import wanted_digest
from drawbridge.configuration import InForce
from drawbridge.decision.facts import Consumer
from drawbridge.decision.gather import Registry
from drawbridge.decision.in_force import permitted_digest
from drawbridge.decision.policies import Policy


class Configured:
    """The configuration at one look; each account is looked up once."""

    def __init__(self, policies: InForce[Policy], bindings: InForce[Binding], registry: Registry) -> None:
        self._policies = policies
        self._bindings = bindings
        self._registry = registry
        self._consumers: dict[str, Consumer | None] = {}

    def wanted(self, provider: str, share_name: str) -> str:
        return wanted_digest(self._bindings, provider, share_name)

    def permitted(self, account_id: str) -> str:
        if account_id not in self._consumers:
            self._consumers[account_id] = self._registry.consumer(account_id)
        return permitted_digest(self._policies, self._consumers[account_id])
