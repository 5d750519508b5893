"""A function that sleeps: it sleeps by the clock, and its time is used up by what it sleeps."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import botocore
import pytest

from local_aws.functions import sources
from local_aws.functions.fleet import fleet
from local_aws.testing.clock import clock, fast_forward, in_flight
from local_aws.time.activity import at_work
from local_aws_tests.lambda_account import HANDLERS, Account, answer, failure, new_account, wait_until
from local_aws_tests.people import Person

SOON = 30.0
"""Real seconds in which nothing should take longer: much less than what is slept."""


@pytest.fixture(scope="module")
def account(person: Person) -> Iterator[Account]:
    made = new_account(person)
    made.function("sleeper", Timeout=900)
    made.function("caller", "lambda:InvokeFunction", Timeout=900)
    sdk = Path(botocore.__file__).parent.parent
    sources.register(made.account_id, made.region, "caller", sources.FunctionSource(HANDLERS / "caller", (sdk,)))
    yield made
    made.close()


@pytest.fixture
def still() -> Iterator[None]:
    """Have the clock stand still."""
    clock.set_speed(0)
    yield
    clock.set_speed(1)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def begun(account: Account, threads: ThreadPoolExecutor, event: Any, name: str = "sleeper") -> Future[Any]:
    """Invoke a function in another thread, and return once it sleeps."""
    result = threads.submit(account.invoke, name, event)
    wait_until(lambda: result.done() or "planned" in in_flight())
    assert not result.done(), result.result()["Payload"].read()
    return result


@pytest.mark.usefixtures("still")
def test_a_function_sleeps_by_the_clock_and_no_longer(account: Account, threads: ThreadPoolExecutor) -> None:
    before, began = clock.time(), time.monotonic()
    result = begun(account, threads, {"sleep": 600})

    assert not result.done()
    assert clock.time() == before

    assert fast_forward(599.9, result.done) is False
    assert fast_forward(1, result.done) is True

    told = answer(result.result())
    assert told["time"] == pytest.approx(before + 600, abs=0.01)
    assert told["remaining"] == pytest.approx(300_000, abs=10)
    assert clock.time() == pytest.approx(before + 600)
    assert time.monotonic() - began < SOON


@pytest.mark.usefixtures("still")
def test_what_it_sleeps_uses_its_time_up_and_it_is_killed(account: Account, threads: ThreadPoolExecutor) -> None:
    before, began = clock.time(), time.monotonic()
    result = begun(account, threads, {"sleep": 3600})

    assert fast_forward(3600, result.done) is True

    error = failure(result.result())
    assert error["errorMessage"].endswith("Error: Task timed out after 900.00 seconds")
    assert clock.time() - before == pytest.approx(900, abs=SOON)
    assert time.monotonic() - began < SOON
    assert account.invocations("sleeper")[-1].duration_ms == 900_000


@pytest.mark.usefixtures("still")
def test_several_sleep_at_once_and_each_wakes_at_its_time(account: Account, threads: ThreadPoolExecutor) -> None:
    before = clock.time()
    results = [threads.submit(account.invoke, "sleeper", {"sleep": seconds}) for seconds in (30, 10, 20)]

    assert fast_forward(100, lambda: all(each.done() for each in results)) is True

    slept = [answer(each.result())["time"] - before for each in results]
    assert slept == pytest.approx([30, 10, 20], abs=0.01)
    assert clock.time() == pytest.approx(before + 30)


@pytest.mark.usefixtures("still")
def test_whoever_waits_for_a_function_that_sleeps_is_at_rest_too(account: Account, threads: ThreadPoolExecutor) -> None:
    event = {"invoke": "sleeper", "payload": {"sleep": 600}}
    before = clock.time()
    result = begun(account, threads, event, "caller")

    wait_until(lambda: not at_work())
    assert fast_forward(900, result.done) is True

    answer(result.result())
    assert clock.time() == pytest.approx(before + 600)
    assert at_work() == {}


@pytest.mark.usefixtures("still")
def test_a_batch_that_sleeps_is_at_rest_and_is_deleted_once_it_has_woken(account: Account) -> None:
    queue = account.queue("naps", VisibilityTimeout="60")
    account.function("napper", Timeout=60)
    mapping = account.functions.create_event_source_mapping(FunctionName="napper", EventSourceArn=queue, BatchSize=1)
    account.function("by-itself", Timeout=60)
    before = clock.time()
    account.sqs.send_message(QueueUrl=account.url(queue), MessageBody="{}")
    account.invoke("by-itself", {"sleep": 50}, InvocationType="Event")

    assert fast_forward(40, lambda: bool(account.invocations("by-itself"))) is False
    assert fast_forward(20, lambda: bool(account.invocations("by-itself"))) is True

    assert clock.time() == pytest.approx(before + 50, abs=0.1)
    assert len(account.invocations("napper")) == 1
    account.functions.delete_event_source_mapping(UUID=mapping["UUID"])


@pytest.mark.usefixtures("still")
def test_a_process_that_is_killed_in_its_sleep_leaves_nothing_at_work_or_at_rest(
    account: Account, threads: ThreadPoolExecutor
) -> None:
    result = begun(account, threads, {"sleep": 600})
    wait_until(lambda: not at_work())
    (sandbox,) = fleet._busy

    sandbox.kill()

    assert failure(result.result())["errorType"] == "Runtime.ExitError"
    wait_until(lambda: not in_flight())
    assert at_work() == {}


def test_a_clock_that_runs_faster_has_functions_sleep_shorter(account: Account) -> None:
    answer(account.invoke("sleeper"))
    began = time.monotonic()
    clock.set_speed(1000)
    try:
        told = answer(account.invoke("sleeper", {"sleep": 200}))
    finally:
        clock.set_speed(1)

    assert time.monotonic() - began < SOON
    assert told["remaining"] < 700_000


def test_the_same_process_is_not_used_with_a_clock_that_stands_still_and_with_one_that_runs(account: Account) -> None:
    runs = answer(account.invoke("sleeper"))
    clock.set_speed(0)
    try:
        stands = [answer(account.invoke("sleeper")) for _ in range(2)]
    finally:
        clock.set_speed(1)

    assert stands[0]["process"] == stands[1]["process"] != runs["process"]
    assert stands[0]["time"] == stands[1]["time"]
