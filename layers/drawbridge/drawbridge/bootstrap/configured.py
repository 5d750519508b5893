"""The configuration at one look, as discovery needs it."""

from collections.abc import Collection

from drawbridge.association.binding import Binding
from drawbridge.association.in_force import matched_digest, wanted_digest
from drawbridge.association.inputs import Surroundings, inputs_of, that_matter
from drawbridge.association.left_behind import Made, read, written
from drawbridge.aws.survey import Survey
from drawbridge.configuration import InForce
from drawbridge.decision.facts import Consumer
from drawbridge.decision.gather import Registry
from drawbridge.decision.in_force import permitted_digest
from drawbridge.decision.policies import Policy
from drawbridge.errors import AccessDeniedError, GoneError
from drawbridge.request.connections import NONE_HELD, Held
from drawbridge.request.inputs import Inputs
from drawbridge.request.row import Row
from drawbridge.request.shares import Matchable, SharedResource


class Registered:
    """The registry, in which each account is looked up once."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._consumers: dict[str, Consumer | None] = {}

    def consumer(self, account_id: str) -> Consumer | None:
        if account_id not in self._consumers:
            self._consumers[account_id] = self._registry.consumer(account_id)
        return self._consumers[account_id]


class Planned:
    """What plans rest on, at one look."""

    def __init__(
        self, bindings: InForce[Binding], quotas: InForce[tuple[str, int]], surroundings: Surroundings, survey: Survey
    ) -> None:
        self._survey = survey
        self._bindings = bindings
        self._quotas = dict(quotas.things)
        self._surroundings = surroundings

    def left(self, row: Row) -> tuple[str, tuple[str, ...]]:
        there = [each for each in read(row.left) if self._may_be_there(each)]
        return written(there), tuple(each.id for each in there)

    def _may_be_there(self, made: Made) -> bool:
        try:
            return self._survey.has(made)
        except (GoneError, AccessDeniedError):
            # A network that is not shared any longer, or never to be looked into: nothing is known of what is in it.
            return True

    def inputs(self, provider: str, share_name: str, held: Collection[SharedResource], row: Row) -> Inputs:
        # Broken bindings might match too: a plan takes what the share holds for unknown then.
        contents = None if self._bindings.broken else row.known_contents()
        matter = that_matter(self._bindings, provider, share_name, contents)
        return inputs_of(matter, held, self._surroundings, self._quotas)


class Configured:
    """Digests of what people configured."""

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
        return wanted_digest(self._bindings, provider, share_name, self._quotas)

    def matched(self, share_name: str, contents: tuple[Matchable, ...]) -> str:
        return matched_digest(self._bindings, share_name, contents, self._quotas)

    def permitted(self, account_id: str, held: Held = NONE_HELD) -> str:
        return permitted_digest(self._policies, self._registry.consumer(account_id), held)
