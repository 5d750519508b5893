"""A few threads for the short work that AWS does after it has responded."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local_aws.time.activity import Begun

_log = logging.getLogger(__name__)

_MOST_THREADS = 16


def _new() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="delivery")


_threads = _new()


def in_background(activity: str, action: Callable[[], Any]) -> None:
    """Run the action in another thread; it counts as under way from now on."""
    begun = Begun(activity)

    def run() -> None:
        try:
            with begun:
                action()
        except Exception:  # noqa: BLE001 - nobody waits for it, so its failure would be lost
            _log.exception("a delivery failed inside the local AWS")

    _threads.submit(run).add_done_callback(lambda _: begun.end())


def stop() -> None:
    """Drop the actions that have not started."""
    global _threads
    old, _threads = _threads, _new()
    old.shutdown(wait=False, cancel_futures=True)
