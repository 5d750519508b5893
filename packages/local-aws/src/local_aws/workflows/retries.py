"""Retry: the number and delays of a state's further attempts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from local_aws.workflows.failures import StateFailed, answers_to

_MAX_DELAY = 31_622_400.0


class Retries:
    """The Retriers of an entered state, each of which counts its own attempts."""

    def __init__(self, retriers: Sequence[dict[str, Any]]) -> None:
        self._retriers = retriers
        self._attempts = [0] * len(retriers)

    def delay(self, failure: StateFailed) -> float | None:
        """Return the seconds until the next attempt; None if there is none.

        The first Retrier that names the error decides, even if its attempts are used up.
        """
        for index, retrier in enumerate(self._retriers):
            if answers_to(failure.error, retrier["ErrorEquals"]):
                if self._attempts[index] >= retrier.get("MaxAttempts", 3):
                    return None
                self._attempts[index] += 1
                return _seconds(retrier, self._attempts[index])
        return None


def _seconds(retrier: dict[str, Any], attempt: int) -> float:
    try:
        seconds = float(retrier.get("IntervalSeconds", 1)) * float(retrier.get("BackoffRate", 2.0)) ** (attempt - 1)
    except OverflowError:
        seconds = _MAX_DELAY
    seconds = min(seconds, float(retrier.get("MaxDelaySeconds", _MAX_DELAY)))
    if retrier.get("JitterStrategy") == "FULL":
        return random.uniform(0, seconds)  # noqa: S311 - it spreads retries
    return seconds
