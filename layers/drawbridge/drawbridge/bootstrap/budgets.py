"""The budgets, for all functions that call what has one."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from drawbridge.aws.budgets_table import BudgetsTable
from drawbridge.aws.configuration_parameters import ConfigurationParameters
from drawbridge.bootstrap.clients import client, table
from drawbridge.configuration import Parameters
from drawbridge.environment import Environment
from drawbridge.errors import DrawbridgeError
from drawbridge.observability import logger
from drawbridge.pacing.budget import Rate
from drawbridge.pacing.defaults import DEFAULTS, budgets_in_force, rates_in_force

KEPT_FOR = timedelta(minutes=1)
"""How long rates that were read are in force in a process."""


class CurrentRates:
    """The rates in force, read anew once a minute. If they can't be, those that were read last are, or the defaults."""

    def __init__(self, parameters: Parameters, *, now: Callable[[], datetime]) -> None:
        self._parameters = parameters
        self._now = now
        self._rates: Mapping[str, Rate] = DEFAULTS
        self._read_at: datetime | None = None

    def __call__(self) -> Mapping[str, Rate]:
        now = self._now()
        if self._read_at is None or now - self._read_at >= KEPT_FOR:
            self._read_at = now
            try:
                budgets = budgets_in_force(self._parameters)
            except DrawbridgeError as error:
                logger.error("budgets not read", extra={"reason": str(error)})
                return self._rates
            for broken in budgets.broken:
                logger.warning("budget broken", extra={"budget": broken.name, "reason": broken.reason})
            self._rates = rates_in_force(budgets)
        return self._rates


def budgets(environment: Environment) -> BudgetsTable:
    """Return the budgets of this account and Region."""

    def now() -> datetime:
        return datetime.now(UTC)

    parameters = ConfigurationParameters(client("ssm"), prefix=environment.prefix)
    return BudgetsTable(table(environment.attempts_table), CurrentRates(parameters, now=now), now=now)
