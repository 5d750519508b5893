"""What people configured, as it is at one sweep."""

from drawbridge.association.binding import Binding
from drawbridge.association.in_force import bindings_in_force
from drawbridge.association.quotas import quotas_in_force
from drawbridge.configuration import Broken, InForce, Parameters
from drawbridge.decision.in_force import policies_in_force
from drawbridge.decision.policies import Policy


class SweepConfiguration:
    """Policies, bindings and quotas, read once for a sweep."""

    def __init__(self, parameters: Parameters, *, everything_may_be_permitted: bool) -> None:
        self.policies: InForce[Policy] = policies_in_force(
            parameters, everything_may_be_permitted=everything_may_be_permitted
        )
        self.bindings: InForce[Binding] = bindings_in_force(parameters)
        self.quotas: InForce[tuple[str, int]] = quotas_in_force(parameters)

    @property
    def broken(self) -> tuple[tuple[str, Broken], ...]:
        """The parameters that cannot take effect as they stand, each with its kind."""
        return (
            *(("policy", each) for each in self.policies.broken),
            *(("binding", each) for each in self.bindings.broken),
            *(("quota", each) for each in self.quotas.broken),
        )
