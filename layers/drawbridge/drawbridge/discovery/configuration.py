"""What people configured, as it is at one sweep."""

from functools import cached_property
from typing import Protocol

from drawbridge.association.binding import Binding
from drawbridge.association.in_force import bindings_in_force
from drawbridge.association.quotas import quotas_in_force
from drawbridge.configuration import Broken, InForce, Parameters
from drawbridge.decision.in_force import policies_in_force
from drawbridge.decision.policies import Policy
from drawbridge.hint import SweepScope


class AssociationConfiguration(Protocol):
    """What is configured of associations, read only if it is asked for."""

    @property
    def bindings(self) -> InForce[Binding]: ...

    @property
    def quotas(self) -> InForce[tuple[str, int]]: ...


class SweepConfiguration:
    """Policies, bindings and quotas, each read once for a sweep; of associations nothing without shares."""

    def __init__(self, parameters: Parameters, scope: SweepScope, *, everything_may_be_permitted: bool) -> None:
        self._parameters = parameters
        self._scope = scope
        self.policies: InForce[Policy] = policies_in_force(
            parameters, everything_may_be_permitted=everything_may_be_permitted
        )

    @cached_property
    def bindings(self) -> InForce[Binding]:
        return bindings_in_force(self._parameters)

    @cached_property
    def quotas(self) -> InForce[tuple[str, int]]:
        return quotas_in_force(self._parameters)

    @property
    def broken(self) -> tuple[tuple[str, Broken], ...]:
        """The parameters that cannot take effect as they stand, each with its kind, as far as the sweep needs them."""
        policies = tuple(("policy", each) for each in self.policies.broken)
        if not self._scope.shares:
            return policies
        return (
            *policies,
            *(("binding", each) for each in self.bindings.broken),
            *(("quota", each) for each in self.quotas.broken),
        )
