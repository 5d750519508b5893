"""What every door does at its end: it publishes what its invocation counted."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from drawbridge.aws.errors import take_throttled
from drawbridge.observability import Metric, count, logger, metrics

_MOST_NAMED = 20
"""Throttled calls that the log names: of a storm the first tell enough."""

Input = ParamSpec("Input")
Output = TypeVar("Output")


def metered(handler: Callable[Input, Output]) -> Callable[Input, Output]:
    """Have a handler publish its metrics however it ends, among them how many calls AWS throttled for good.

    Powertools' own decorator warns, in the log, of every invocation that has none.
    """

    @wraps(handler)
    def invoke(*args: Input.args, **kwargs: Input.kwargs) -> Output:
        # Those of an invocation that was stopped are nobody's.
        take_throttled()
        try:
            return handler(*args, **kwargs)
        finally:
            if throttled := take_throttled():
                logger.warning("throttled", extra={"calls": throttled[:_MOST_NAMED], "number_of_calls": len(throttled)})
                count(Metric.CALLS_THROTTLED, len(throttled))
            if metrics.metric_set:
                metrics.flush_metrics()

    return invoke
