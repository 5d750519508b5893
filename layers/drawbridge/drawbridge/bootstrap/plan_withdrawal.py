"""The objects of ``plan_withdrawal``."""

from functools import cache

from drawbridge.bootstrap.withdrawals import withdrawal_ports
from drawbridge.environment import Environment
from drawbridge.withdrawal.attempt import WithdrawalPorts


@cache
def ports() -> WithdrawalPorts:
    """Return the ports of planning withdrawals."""
    return withdrawal_ports(Environment())
