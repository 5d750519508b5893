"""The objects of ``plan_withdrawal``."""

from functools import cache

from drawbridge.bootstrap.attempt_planning import AttemptPlanning
from drawbridge.environment import Environment
from drawbridge.withdrawal.attempt import WithdrawalPorts


@cache
def ports() -> WithdrawalPorts:
    """Return the ports of planning withdrawals."""
    return AttemptPlanning(Environment()).withdrawal_ports()
