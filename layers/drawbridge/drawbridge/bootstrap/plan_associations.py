"""The objects of ``plan_associations``."""

from functools import cache

from drawbridge.association.attempt import PlanningPorts
from drawbridge.bootstrap.attempt_planning import AttemptPlanning
from drawbridge.bootstrap.attempts import attempts
from drawbridge.bootstrap.facts import gatherer
from drawbridge.environment import Environment
from drawbridge.withdrawal.attempt import WithdrawalPorts


@cache
def ports() -> PlanningPorts:
    """Return the ports of planning."""
    environment, planning = Environment(), _planning()
    return PlanningPorts(
        gatherer=gatherer(environment),
        ledger=planning.ledger,
        planner=planning.planner,
        attempts=attempts(environment),
        evaluation_time=planning.evaluation_time,
    )


@cache
def withdrawals() -> WithdrawalPorts:
    """Return the ports of planning what is taken down in the same attempt."""
    return _planning().withdrawal_ports()


@cache
def _planning() -> AttemptPlanning:
    return AttemptPlanning(Environment())
