"""The objects of planning an attempt in either direction, for both functions that do."""

from datetime import UTC, datetime

from drawbridge.association.in_force import bindings_in_force
from drawbridge.association.plan import Planner
from drawbridge.association.quotas import quotas_in_force
from drawbridge.aws.configuration_parameters import ConfigurationParameters
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.bootstrap.attempts import attempts
from drawbridge.bootstrap.clients import client, table
from drawbridge.bootstrap.facts import gatherer
from drawbridge.bootstrap.planning import Planning
from drawbridge.configuration import InForce
from drawbridge.decision.facts import EvaluationTime
from drawbridge.decision.in_force import compiled, policies_in_force
from drawbridge.decision.policies import Policy
from drawbridge.environment import Environment
from drawbridge.withdrawal.attempt import WithdrawalPorts
from drawbridge.withdrawal.called_for import Excluded
from drawbridge.withdrawal.permissions import PermissionsNow
from drawbridge.withdrawal.plan import WithdrawalPlanner


class AttemptPlanning:
    """Builds what plans an attempt in either direction; each reads anew what people configure, and lists anew."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self.ledger = LedgerTable(table(environment.ledger_table), now=lambda: datetime.now(UTC))

    def evaluation_time(self) -> EvaluationTime:
        """Return the time, as policies read it."""
        return EvaluationTime(datetime.now(UTC), self._environment.time_zone)

    def policies(self) -> InForce[Policy]:
        """Return the policies in force."""
        everything = self._environment.everything_may_be_permitted
        return policies_in_force(self._parameters(), everything_may_be_permitted=everything)

    def planner(self) -> Planner:
        """Return a planner of associations, for one plan."""
        parameters = self._parameters()
        bindings, quotas = bindings_in_force(parameters), quotas_in_force(parameters)
        return self._planning().planner(compiled(self.policies()), bindings, quotas, self.ledger.rows)

    def withdrawal_planner(self, excluded: Excluded) -> WithdrawalPlanner:
        """Return a planner of what is to be taken down, for one plan."""
        bindings = bindings_in_force(self._parameters())
        return self._planning().withdrawal_planner(bindings, ledger=self.ledger, excluded=excluded)

    def withdrawal_ports(self) -> WithdrawalPorts:
        """Return the ports of planning withdrawals."""
        planning = self._planning()
        return WithdrawalPorts(
            ledger=self.ledger,
            planner=self.withdrawal_planner,
            attempts=attempts(self._environment),
            existences=planning.existences,
            shares=planning.shares,
            permissions=PermissionsNow(
                gatherer(self._environment), self.ledger, self.policies, self.planner, self.evaluation_time
            ),
            now=lambda: datetime.now(UTC),
            prefix=self._environment.prefix,
        )

    def _parameters(self) -> ConfigurationParameters:
        return ConfigurationParameters(client("ssm"), prefix=self._environment.prefix)

    def _planning(self) -> Planning:
        return Planning(client, prefix=self._environment.prefix, account_id=self._environment.account_id)
