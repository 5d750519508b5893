"""The objects of ``plan_associations``."""

from datetime import UTC, datetime
from functools import cache

from drawbridge.association.attempt import PlanningPorts
from drawbridge.association.in_force import bindings_in_force
from drawbridge.association.plan import Planner
from drawbridge.association.quotas import quotas_in_force
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.aws.parameter_store import ConfigurationParameters
from drawbridge.bootstrap.attempts import attempts
from drawbridge.bootstrap.clients import client, table
from drawbridge.bootstrap.facts import gatherer
from drawbridge.bootstrap.planning import Planning
from drawbridge.bootstrap.withdrawals import withdrawal_ports
from drawbridge.decision.facts import EvaluationTime
from drawbridge.decision.in_force import compiled, policies_in_force
from drawbridge.environment import Environment
from drawbridge.withdrawal.attempt import WithdrawalPorts


@cache
def ports() -> PlanningPorts:
    """Return the ports of planning."""
    environment = Environment()
    return PlanningPorts(
        gatherer=gatherer(environment),
        ledger=_ledger(),
        planner=planner,
        attempts=attempts(environment),
        evaluation_time=lambda: EvaluationTime(datetime.now(UTC), environment.time_zone),
    )


@cache
def withdrawals() -> WithdrawalPorts:
    """Return the ports of planning what is taken down in the same attempt."""
    return withdrawal_ports(Environment())


@cache
def _ledger() -> LedgerTable:
    return LedgerTable(table(Environment().ledger_table), now=lambda: datetime.now(UTC))


def planner() -> Planner:
    """Return one for one plan: policies and bindings are read anew for each."""
    environment = Environment()
    parameters = ConfigurationParameters(client("ssm"), prefix=environment.prefix)
    policies = policies_in_force(parameters, everything_may_be_permitted=environment.everything_may_be_permitted)
    planning = Planning(client, prefix=environment.prefix, account_id=environment.account_id)
    bindings, quotas = bindings_in_force(parameters), quotas_in_force(parameters)
    return planning.planner(compiled(policies), bindings, quotas, _ledger().rows)
