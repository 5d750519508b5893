"""The objects of ``plan_associations``."""

from datetime import UTC, datetime
from functools import cache

from drawbridge.association.in_force import bindings_in_force
from drawbridge.association.plan import Planner
from drawbridge.association.quotas import quotas_in_force
from drawbridge.aws.attempts_table import AttemptsTable
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.aws.parameter_store import ConfigurationParameters
from drawbridge.bootstrap.attempts import attempts as build_attempts
from drawbridge.bootstrap.clients import client, table
from drawbridge.bootstrap.facts import gatherer as build_gatherer
from drawbridge.bootstrap.planning import Planning
from drawbridge.decision.facts import EvaluationTime
from drawbridge.decision.gather import Gatherer
from drawbridge.decision.in_force import compiled, policies_in_force
from drawbridge.environment import Environment


@cache
def gatherer() -> Gatherer:
    return build_gatherer(Environment())


@cache
def ledger() -> LedgerTable:
    return LedgerTable(table(Environment().ledger_table), now=lambda: datetime.now(UTC))


@cache
def attempts() -> AttemptsTable:
    return build_attempts(Environment())


def planner() -> Planner:
    """Return a planner for one plan, with policies and bindings read anew."""
    environment = Environment()
    parameters = ConfigurationParameters(client("ssm"), prefix=environment.prefix)
    policies = policies_in_force(parameters, everything_may_be_permitted=environment.everything_may_be_permitted)
    planning = Planning(client, prefix=environment.prefix, account_id=environment.account_id)
    bindings, quotas = bindings_in_force(parameters), quotas_in_force(parameters)
    return planning.planner(compiled(policies), bindings, quotas, ledger().rows)


def evaluation_time() -> EvaluationTime:
    """Return the time, as policies read it."""
    return EvaluationTime(datetime.now(UTC), Environment().time_zone)
