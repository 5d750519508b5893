"""Digests of what people configured, for discovery."""

from drawbridge.association.binding import Binding
from drawbridge.configuration import InForce
from drawbridge.decision.gather import Registry
from drawbridge.decision.policies import Policy
from drawbridge.request.discover import digest


class Configured:
    """Tells whether anything changed that a request's outcome could depend on."""

    def __init__(self, policies: InForce[Policy], bindings: InForce[Binding], registry: Registry) -> None:
        self._policies = policies
        self._bindings = bindings
        self._registry = registry

    def for_share(self, provider: str, share_name: str) -> str:
        versions = dict(self._bindings.versions)
        concerned = [
            (binding.name, versions[binding.name])
            for binding in self._bindings.things
            if binding.match.could_match(provider, share_name)
        ]
        return digest(self._policies.versions, concerned, self._registry.consumer(provider))

    def for_connection(self, account_id: str) -> str:
        return digest(self._policies.versions, self._registry.consumer(account_id))
