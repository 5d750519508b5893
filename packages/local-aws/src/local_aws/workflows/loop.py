"""The one event loop of all executions, so that a waiting execution needs no thread."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from local_aws.time.activity import Begun
from local_aws.time.clock import clock

_T = TypeVar("_T")
_CALLS_AT_ONCE = 64


class Loop:
    """An event loop on its own thread, with a pool of threads for blocking calls; it starts when first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._pool: ThreadPoolExecutor | None = None

    def stop(self) -> None:
        """Cancel what runs on the loop, and end the loop and its threads."""
        with self._lock:
            loop, thread, pool = self._loop, self._thread, self._pool
            self._loop = self._thread = self._pool = None
        if loop and thread and pool:
            asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()
            pool.shutdown(wait=False, cancel_futures=True)

    def start(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine on the loop, from any thread."""
        asyncio.run_coroutine_threadsafe(coroutine, self._started())

    async def in_thread(self, call: Callable[[], _T], real_seconds: float | None = None) -> _T:
        """Run a blocking call; raise TimeoutError after so many real seconds, without the wait for a thread.

        After a time-out the call runs on, and its result is dropped.
        """
        loop = asyncio.get_running_loop()
        began = asyncio.Event()
        # Counted as activity from here on, until the call counts for itself.
        begun = Begun("workflow calls")

        def measured() -> _T:
            post(loop, began.set)
            with begun:
                return call()

        future = loop.run_in_executor(None, measured)
        future.add_done_callback(_hear)
        future.add_done_callback(lambda _: begun.end())
        if real_seconds is None:
            return await asyncio.shield(future)
        await began.wait()
        return await asyncio.wait_for(asyncio.shield(future), real_seconds)

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._pool = ThreadPoolExecutor(_CALLS_AT_ONCE, thread_name_prefix="workflow-call")
                self._loop.set_default_executor(self._pool)
                self._thread = threading.Thread(target=self._loop.run_forever, name="workflows", daemon=True)
                self._thread.start()
            return self._loop


def _hear(future: asyncio.Future[Any]) -> None:
    # An exception that nobody retrieves is of a task that was given up.
    if not future.cancelled():
        future.exception()


async def _cancel_all() -> None:
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def sleep_until(time: float) -> None:
    """Wait until the clock has reached the time."""
    loop = asyncio.get_running_loop()
    reached = asyncio.Event()
    due = clock.call_later(time - clock.time(), lambda: post(loop, reached.set), background=True)
    try:
        await reached.wait()
    finally:
        due.cancel()


def post(event_loop: asyncio.AbstractEventLoop, action: Callable[..., Any], *arguments: Any) -> None:
    """Call something on an event loop, from any thread, unless the loop has been stopped."""
    with contextlib.suppress(RuntimeError):
        event_loop.call_soon_threadsafe(action, *arguments)


async def all_or_first_failure(work: Sequence[Awaitable[_T]]) -> list[_T]:
    """Return all results in order; at the first failure, cancel the others and raise it."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


loop = Loop()
"""The process's loop of executions."""
