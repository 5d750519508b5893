"""Skipping time: none passes over what is at work, or is planned by it."""

from threading import Event, Thread, Timer

from local_aws.time.clock import Clock

SOON = 10.0
"""Real seconds in which threads do their part."""


def test_what_an_action_that_runs_plans_is_not_skipped() -> None:
    own, runs, planned = Clock(), Event(), Event()

    def recur() -> None:
        runs.set()
        assert planned.wait(SOON)
        own.call_later(300, lambda: None, background=True)

    own.call_later(0, recur, background=True)
    assert runs.wait(SOON)
    skipped: list[float] = []
    skipping = Thread(target=lambda: skipped.append(own.skip(3600)))
    skipping.start()
    # Whoever does not wait for the action has skipped an hour by then.
    Timer(0.1, planned.set).start()
    skipping.join(SOON)

    assert 0 < skipped[0] <= 300


def test_no_time_passes_where_an_action_begins_while_it_is_looked_whether_anything_is_at_work() -> None:
    own, began = Clock(), Event()

    def nothing_yet() -> bool:
        own.call_later(0, began.set, background=True)
        return not began.wait(SOON)

    assert own.skip(3600, unless=nothing_yet) == 0
    assert 3590 < own.skip(3600) <= 3600


def test_no_time_passes_while_anything_is_at_work() -> None:
    own = Clock()
    before = own.time()

    assert own.skip(3600, unless=lambda: {"invocations": 1}) == 0
    assert own.time() < before + 60


def test_time_is_skipped_to_what_is_planned_next_and_no_further() -> None:
    own, ran = Clock(), Event()
    own.call_later(300, ran.set, background=True)

    assert 290 < own.skip(3600) <= 300
    assert ran.wait(SOON)
