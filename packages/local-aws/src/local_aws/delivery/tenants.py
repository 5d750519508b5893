"""SQS's fair queues: messages of noisy tenants wait behind those of quiet ones, in standard queues.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html
AWS calls its thresholds approximate, and does not say how long "recent" is: here it is the time until a tenant that
was noisy is quiet again.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from typing import Any

from local_aws.services.timings import timings
from local_aws.time.clock import clock

noisy_share = 0.1
"""Above this share of what is in flight, or of the consumers' recent time, a tenant is noisy."""

noisy_messages = 30
"""The fewest messages that a tenant which is noisy by what is in flight has in flight."""


_NO_TIME = 0.001


class Tenants:
    """The tenants of one queue, by their messages' ``MessageGroupId``; a message without one is a tenant by itself."""

    def __init__(self) -> None:
        self._received: dict[Any, float] = {}
        self._processed: deque[tuple[float, str | None, float]] = deque()
        self._spent: defaultdict[str | None, float] = defaultdict(float)
        """The seconds in ``_processed``, by tenant."""
        self._noisy_until: dict[str, float] = {}

    def received(self, message: Any) -> None:
        """Count the consumers' time on the message from now."""
        self.processed(message)
        self._received[message] = clock.time()

    def processed(self, message: Any) -> None:
        """Count no more time on the message, which was deleted or is visible again; harmless if none is counted."""
        now = clock.time()
        since = self._received.pop(message, None)
        if since is not None:
            self._processed.append((now, message.group_id, now - since))
            self._spent[message.group_id] += now - since

    def noisy(self, in_flight: Iterable[Any]) -> set[str]:
        """Return the tenants whose messages wait for those of others."""
        now = clock.time()
        while self._processed and self._processed[0][0] <= now - timings.noisy_tenant:
            _, group, seconds = self._processed.popleft()
            self._spent[group] -= seconds
        flying: Counter[str | None] = Counter()
        # A thousandth is no time: what was added is not quite nothing once it is taken away.
        spent = defaultdict(float, {group: seconds for group, seconds in self._spent.items() if seconds > _NO_TIME})
        for message in in_flight:
            flying[message.group_id] += 1
            spent[message.group_id] += now - self._received.get(message, now)
        most_flying, most_spent = noisy_share * flying.total(), noisy_share * sum(spent.values())
        for group in {*flying, *spent} - {None}:
            by_flying = flying[group] > most_flying and flying[group] >= noisy_messages
            if by_flying or spent[group] > most_spent:
                self._noisy_until[str(group)] = now + timings.noisy_tenant
        self._noisy_until = {group: until for group, until in self._noisy_until.items() if until > now}
        return set(self._noisy_until)
