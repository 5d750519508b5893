"""The ports of planning withdrawals, for both functions that do."""

from datetime import UTC, datetime

from drawbridge.association.in_force import bindings_in_force
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.aws.parameter_store import ConfigurationParameters
from drawbridge.bootstrap.attempts import attempts
from drawbridge.bootstrap.clients import client, table
from drawbridge.bootstrap.planning import Planning
from drawbridge.environment import Environment
from drawbridge.withdrawal.attempt import WithdrawalPorts
from drawbridge.withdrawal.plan import WithdrawalPlanner


def withdrawal_ports(environment: Environment) -> WithdrawalPorts:
    """Return the ports of planning withdrawals."""

    def planning() -> Planning:
        return Planning(client, prefix=environment.prefix, account_id=environment.account_id)

    def planner() -> WithdrawalPlanner:
        parameters = ConfigurationParameters(client("ssm"), prefix=environment.prefix)
        return planning().withdrawal_planner(bindings_in_force(parameters))

    return WithdrawalPorts(
        ledger=LedgerTable(table(environment.ledger_table), now=lambda: datetime.now(UTC)),
        planner=planner,
        attempts=attempts(environment),
        existences=planning().existences,
        now=lambda: datetime.now(UTC),
        prefix=environment.prefix,
    )
