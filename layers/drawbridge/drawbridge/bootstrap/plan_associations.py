"""What ``plan_associations`` works with."""

from datetime import UTC, datetime
from functools import cache

from drawbridge.association.in_force import bindings_in_force
from drawbridge.association.plan import Planner
from drawbridge.association.quotas import quotas_in_force
from drawbridge.aws.attempts import Attempts
from drawbridge.aws.ledger import Ledger
from drawbridge.aws.parameter_store import Configuration
from drawbridge.bootstrap.attempts import attempts as build_attempts
from drawbridge.bootstrap.clients import client, table
from drawbridge.bootstrap.facts import gatherer as build_gatherer
from drawbridge.bootstrap.planning import Planning
from drawbridge.decision.facts import Moment
from drawbridge.decision.gather import Gatherer
from drawbridge.decision.in_force import compiled, policies_in_force
from drawbridge.environment import Environment


@cache
def gatherer() -> Gatherer:
    return build_gatherer(Environment())


@cache
def ledger() -> Ledger:
    return Ledger(table(Environment().ledger_table), now=lambda: datetime.now(UTC))


@cache
def attempts() -> Attempts:
    return build_attempts(Environment())


def planner() -> Planner:
    """Build it for one plan: policies and bindings are read anew for each."""
    environment = Environment()
    parameters = Configuration(client("ssm"), prefix=environment.prefix)
    policies = policies_in_force(parameters, everything_is_meant=environment.everything_may_be_permitted)
    planning = Planning(client, prefix=environment.prefix, account_id=environment.account_id)
    return planning.planner(compiled(policies), bindings_in_force(parameters), quotas_in_force(parameters))


def moment() -> Moment:
    """Give the time, as policies read it."""
    return Moment(datetime.now(UTC), Environment().time_zone)
