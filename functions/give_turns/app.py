"""In: tasks that wait for what AWS allows only so often. Out: that it is their turn, to the workflow."""

from typing import Any

from drawbridge.bootstrap.give_turns import budgets, now, ports, sleep
from drawbridge.bootstrap.metering import metered
from drawbridge.observability import logger
from drawbridge.pacing.door import work_through
from drawbridge.pacing.give_turns import give_turns
from drawbridge.pacing.turn import AwaitTurn


@logger.inject_lambda_context(clear_state=True)
@metered
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    def time_left() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000

    return work_through(
        event, AwaitTurn, lambda tasks: give_turns(tasks, budgets(), now, sleep, time_left), ports(time_left)
    )
