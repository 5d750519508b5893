"""Digests of what people configured, for discovery."""

from drawbridge.association.binding import Binding
from drawbridge.configuration import InForce
from drawbridge.decision.facts import Consumer
from drawbridge.decision.gather import Registry
from drawbridge.decision.policies import Policy
from drawbridge.request.digests import digest


class Configured:
    """The configuration at one look; each account is looked up once."""

    def __init__(self, policies: InForce[Policy], bindings: InForce[Binding], registry: Registry) -> None:
        self._policies = policies
        self._bindings = bindings
        self._registry = registry
        self._consumers: dict[str, Consumer | None] = {}

    def wanted(self, provider: str, share_name: str) -> str:
        versions = dict(self._bindings.versions)
        concerned = [
            (binding.name, versions[binding.name])
            for binding in self._bindings.things
            if binding.match.could_match(provider, share_name)
        ]
        return digest(concerned)

    def permitted(self, account_id: str) -> str:
        if account_id not in self._consumers:
            self._consumers[account_id] = self._registry.consumer(account_id)
        return digest(self._policies.versions, self._consumers[account_id])
