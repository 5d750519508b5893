"""All sandboxes of this local AWS: warm ones are reused, new ones started when all are busy."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

from local_aws.functions.configuration import FunctionConfiguration
from local_aws.functions.sandbox import Sandbox
from local_aws.time.clock import clock

MOST_PER_FUNCTION = 4
"""Lambda would start hundreds, but more processes would only compete for this machine's processors."""

MOST_IN_ALL = 32


class Fleet:
    """Lends sandboxes to one borrower each; a caller waits while all are busy."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._idle: list[Sandbox] = []
        self._lent: dict[tuple[str, str, str, str], int] = {}
        self._busy: set[Sandbox] = set()

    @contextlib.contextmanager
    def borrow(self, configuration: FunctionConfiguration, endpoint_url: str) -> Iterator[Sandbox]:
        """Lend a sandbox of exactly this configuration, if possible a warm one."""
        sandbox = self._take(configuration) or self._start(configuration, endpoint_url)
        try:
            yield sandbox
        finally:
            self._give_back(sandbox)

    def find(self, access_key_id: str) -> Sandbox | None:
        """Return the lent sandbox whose process calls with this access key."""
        with self._changed:
            return next((each for each in self._busy if each.access_key_id == access_key_id), None)

    def forget(self, account_id: str, region: str, name: str) -> None:
        """Stop the idle sandboxes of a deleted function."""
        with self._changed:
            gone = [each for each in self._idle if each.configuration.key[:3] == (account_id, region, name)]
            self._idle = [each for each in self._idle if each not in gone]
        for sandbox in gone:
            sandbox.stop()

    def stop(self) -> None:
        """Kill every process."""
        with self._changed:
            every = [*self._idle, *self._busy]
            self._idle.clear()
        for sandbox in every:
            sandbox.stop()

    def _take(self, configuration: FunctionConfiguration) -> Sandbox | None:
        """Take a warm sandbox, or the right to start one."""
        outdated: list[Sandbox] = []
        found = None
        with self._changed:
            while True:
                warm = [each for each in self._idle if each.configuration.key == configuration.key]
                outdated += [each for each in warm if not _is_as_now(each, configuration)]
                self._idle = [each for each in self._idle if each not in outdated]
                # The last one back is the warmest.
                found = next((each for each in reversed(warm) if each not in outdated), None)
                if found is not None:
                    self._idle.remove(found)
                    self._busy.add(found)
                if found is not None or self._lent.get(configuration.key, 0) < MOST_PER_FUNCTION:
                    break
                self._changed.wait()
            self._lent[configuration.key] = self._lent.get(configuration.key, 0) + 1
            if found is None and len(self._idle) + sum(self._lent.values()) > MOST_IN_ALL and self._idle:
                longest = min(self._idle, key=lambda each: each.idle_since)
                self._idle.remove(longest)
                outdated.append(longest)
        for sandbox in outdated:
            sandbox.stop()
        return found

    def _start(self, configuration: FunctionConfiguration, endpoint_url: str) -> Sandbox:
        try:
            sandbox = Sandbox(configuration, endpoint_url)
        except BaseException:
            with self._changed:
                self._lent[configuration.key] -= 1
                self._changed.notify_all()
            raise
        with self._changed:
            self._busy.add(sandbox)
        return sandbox

    def _give_back(self, sandbox: Sandbox) -> None:
        with self._changed:
            self._lent[sandbox.configuration.key] -= 1
            self._busy.discard(sandbox)
            if not sandbox.dead:
                sandbox.idle_since = time.monotonic()
                self._idle.append(sandbox)
            self._changed.notify_all()


def _is_as_now(sandbox: Sandbox, configuration: FunctionConfiguration) -> bool:
    return sandbox.configuration == configuration and sandbox.follows_clock == (clock.speed == 0)


fleet = Fleet()
"""This process's sandboxes."""
