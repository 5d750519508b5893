"""The door of a function that works off a queue: each task gets one answer, whatever happens to the function."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from msgspec import Struct

from drawbridge.errors import AccessDeniedError, NotReadyError, ThrottledError, UpstreamError
from drawbridge.pacing.door import (
    MARGIN,
    MOST_RECEIPTS,
    Again,
    HandOn,
    Outcome,
    Outgoing,
    Ports,
    TaskDone,
    TaskFailed,
    work_through,
)
from drawbridge.pacing.task import Task
from tests.builders import NOW, PROVIDER
from tests.fakes.interruptions import CrashError
from tests.fakes.work_queue import InMemoryDeadLetters, InMemoryTasks, InMemoryWorkQueue, World


class Of(Struct, frozen=True):
    of: str


def body(token: str, of: str = "it", **fields: Any) -> str:
    return json.dumps({"form": 1, "token": token, "since": NOW.isoformat(), "input": {"of": of}} | fields)


@dataclass
class Scene:
    """A queue, and a function that works it off: each task by what it is about."""

    world: World = field(default_factory=World)
    made: list[str] = field(default_factory=list)
    """The tokens of tasks whose work was done: there is one thing for each."""
    batches: list[list[str]] = field(default_factory=list)
    ready: bool = True
    most: int = 0
    times_left: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.queue, self.details = InMemoryWorkQueue(self.world), InMemoryWorkQueue(self.world)
        self.tasks = InMemoryTasks(self.world)
        self.dead_letters = InMemoryDeadLetters(self.world)

    def put(self, token: str, of: str = "it", **fields: Any) -> None:
        self.queue.put(Outgoing(body(token, of, **fields)))

    def work(self, tasks: Sequence[Task[Of]]) -> Iterator[tuple[Task[Of], Outcome]]:
        self.batches.append([task.token for task in tasks])
        for task in tasks:
            yield task, self.outcome(task)

    def outcome(self, task: Task[Of]) -> Outcome:
        match task.input.of:
            case "poison":
                raise CrashError
            case "bug":
                raise ZeroDivisionError
            case "wait" if not self.ready:
                return Again("not yet")
            case "no":
                return TaskFailed.by(AccessDeniedError("may not"))
            case "details":
                return HandOn({"of": "more"})
            case _:
                self.world.call("make")
                if task.token not in self.made:
                    self.made.append(task.token)
                self.world.called()
                return TaskDone({"made": task.token})

    def receive(self, work: Callable[..., Any] | None = None) -> list[str]:
        """Have the function be invoked with a batch; return what comes again. Killed, it leaves the batch to come."""
        records = self.queue.received()
        answer = self.invoke({"Records": records}, work)
        self.queue.settle(records, answer)
        return [each["itemIdentifier"] for each in answer["batchItemFailures"]]

    def invoke(self, event: dict[str, Any], work: Callable[..., Any] | None = None) -> dict[str, Any]:
        left = iter(self.times_left)
        ports = Ports(
            callback=self.tasks,
            queue=self.queue,
            dead_letters=lambda: self.dead_letters,
            now=lambda: self.world.now,
            time_left=lambda: next(left, 60.0),
            next_queue=self.details,
        )
        return work_through(event, Of, work or self.work, ports, most=self.most)

    def work_off(self, invocations: int = 40) -> None:
        """Invoke it, killed or not, until nothing is left."""
        for _ in range(invocations):
            if not self.queue.messages:
                return
            try:
                self.receive()
            except (CrashError, ZeroDivisionError):
                self.world.kill_after = None
            self.world.later(121)
        raise AssertionError(f"left: {self.queue.messages}")


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_each_task_has_its_own_answer(scene: Scene) -> None:
    scene.put("a")
    scene.put("b", "no")
    scene.put("c", "details")

    assert scene.receive() == []

    assert scene.tasks.succeeded == {"a": {"made": "a"}}
    assert scene.tasks.failed == {"b": ("AccessDeniedError", "may not")}
    assert [json.loads(each.message.body)["input"] for each in scene.details.messages.values()] == [{"of": "more"}]
    assert scene.batches == [["a", "b", "c"]]
    assert not scene.queue.messages


def test_deadlines_are_worked_on_first(scene: Scene) -> None:
    scene.put("young", since=(NOW + timedelta(1)).isoformat())
    scene.put("old")
    scene.put("urgent", since=(NOW + timedelta(1)).isoformat(), deadline=(NOW + timedelta(2)).isoformat())

    scene.receive()

    assert scene.batches == [["urgent", "old", "young"]]


def test_what_aws_is_not_done_with_is_looked_at_less_and_less_often_and_its_account_is_told(scene: Scene) -> None:
    scene.ready = False
    scene.put("a", "wait", account=PROVIDER)
    delays = []
    for _ in range(9):
        assert scene.receive() == []
        (kept,) = scene.queue.messages.values()
        assert (kept.message.group, kept.receipts) == (PROVIDER, 0)
        delays.append(kept.message.delay)
        scene.world.later(60)

    assert delays == [5, 8, 13, 21, 34, 55, 60, 60, 60]


def test_aws_is_waited_for_as_long_as_is_promised_and_not_since_it_waited_in_the_queue(scene: Scene) -> None:
    scene.ready = False
    scene.put("a", "wait")
    scene.world.later(7200)
    scene.receive()
    scene.world.later(25 * 60 - 1)
    scene.receive()
    assert not scene.tasks.failed

    scene.world.later(60)
    scene.receive()

    assert scene.tasks.failed == {"a": ("NotReadyError", "not yet")}
    assert not scene.queue.messages


def test_what_is_ready_after_all_is_done(scene: Scene) -> None:
    scene.ready = False
    scene.put("a", "wait")
    scene.receive()
    scene.ready = True
    scene.world.later(5)
    scene.receive()

    assert scene.tasks.succeeded == {"a": {"made": "a"}}


@pytest.mark.parametrize(
    ("error", "delay"), [(NotReadyError("soon"), 5), (ThrottledError("slowly", 7.2), 8), (ThrottledError("slowly"), 5)]
)
def test_what_keeps_the_whole_batch_from_being_worked_on_keeps_each_in_the_queue(
    scene: Scene, error: Exception, delay: int
) -> None:
    def work(tasks: Sequence[Task[Of]]) -> Iterator[tuple[Task[Of], Outcome]]:
        yield tasks[0], TaskDone(None)
        raise error

    scene.put("a")
    scene.put("b")
    scene.receive(work)

    assert scene.tasks.succeeded == {"a": None}
    (kept,) = scene.queue.messages.values()
    assert (json.loads(kept.message.body)["token"], kept.message.delay) == ("b", delay)


def test_an_error_of_the_whole_batch_is_each_tasks_that_has_no_answer(scene: Scene) -> None:
    def work(tasks: Sequence[Task[Of]]) -> Iterator[tuple[Task[Of], Outcome]]:
        yield tasks[0], TaskDone(None)
        raise AccessDeniedError("may not list")

    for token in ("a", "b", "c"):
        scene.put(token)
    scene.receive(work)

    assert scene.tasks.succeeded == {"a": None}
    assert scene.tasks.failed == dict.fromkeys("bc", ("AccessDeniedError", "may not list"))
    assert not scene.queue.messages


def test_throttles_are_waited_out_for_half_an_hour(scene: Scene) -> None:
    def work(tasks: Sequence[Task[Of]]) -> Iterator[tuple[Task[Of], Outcome]]:
        raise ThrottledError("slowly")

    scene.put("a")
    scene.receive(work)
    scene.world.later(29 * 60)
    scene.receive(work)
    assert not scene.tasks.failed
    scene.world.later(60)
    scene.receive(work)

    assert scene.tasks.failed == {"a": ("ThrottledError", "slowly")}


def test_what_there_is_no_time_for_goes_back_at_once_and_counts_as_no_look(scene: Scene) -> None:
    for token in ("a", "b", "c"):
        scene.put(token)
    scene.times_left = [60.0, MARGIN]

    assert scene.receive() == []
    assert scene.tasks.succeeded.keys() == {"a"}
    assert [each.message.delay for each in scene.queue.messages.values()] == [0, 0]

    scene.times_left = []
    scene.receive()
    assert scene.tasks.succeeded.keys() == {"a", "b", "c"}


def test_work_is_closed_when_time_is_up(scene: Scene) -> None:
    closed = []

    def work(tasks: Sequence[Task[Of]]) -> Iterator[tuple[Task[Of], Outcome]]:
        try:
            for each in tasks:
                yield each, TaskDone(None)
        finally:
            closed.append(True)

    scene.put("a")
    scene.put("b")
    scene.times_left = [60.0, 1.0]
    scene.receive(work)

    assert closed == [True]


def test_a_token_that_is_over_is_nobodys_error(scene: Scene) -> None:
    scene.put("a")
    scene.put("b", "no")
    scene.tasks.over = {"a", "b"}

    assert scene.receive() == []
    assert not scene.queue.messages


def test_a_task_that_can_not_be_completed_comes_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bool:
        raise UpstreamError("not now")

    scene.put("a")
    with monkeypatch.context() as patch:
        patch.setattr(scene.tasks, "succeed", refuse)
        assert scene.receive() == ["m001"]
    scene.work_off()

    assert (set(scene.tasks.succeeded), scene.made) == ({"a"}, ["a"])


def test_a_task_that_sqs_does_not_take_comes_again(scene: Scene) -> None:
    scene.ready = False
    scene.put("a", "wait")
    scene.put("b", "wait")
    scene.queue.refused = {'"a"'}

    assert scene.receive() == ["m001"]
    assert [json.loads(each.message.body)["token"] for each in scene.queue.messages.values()] == ["a", "b"]


def test_a_message_that_can_not_be_read_is_a_dead_letter_and_fails_the_task_that_it_names(scene: Scene) -> None:
    scene.queue.put(Outgoing("no JSON"))
    scene.put("b", input={"of": 7})
    scene.put("c")

    assert scene.receive() == []

    assert [reason.partition(":")[0] for _, reason in scene.dead_letters.letters] == ["task", "task"]
    assert [name for name, _ in scene.tasks.failed.values()] == ["InvalidInputError"]
    assert scene.tasks.succeeded.keys() == {"c"}


def test_a_message_of_another_version_fails_its_task_in_a_way_that_is_tried_again(scene: Scene) -> None:
    scene.put("a", form=2)

    assert scene.receive() == []
    assert scene.tasks.failed["a"][0] == "UpstreamError"
    assert not scene.dead_letters.letters


@pytest.mark.parametrize("event", [{}, {"Records": None}, {"Records": 7}, {"Records": []}])
def test_an_event_without_messages_is_nothing_to_do(scene: Scene, event: dict[str, Any]) -> None:
    assert scene.invoke(event) == {"batchItemFailures": []}
    assert not scene.batches


@pytest.mark.parametrize("record", [None, {}, {"messageId": "m"}, {"messageId": 1, "receiptHandle": "r", "body": "b"}])
def test_a_record_that_is_none_is_a_dead_letter(scene: Scene, record: Any) -> None:
    assert scene.invoke({"Records": [record]}) == {"batchItemFailures": []}
    assert len(scene.dead_letters.letters) == 1


@pytest.mark.parametrize("said", ["", "many", "9" * 5000, "-1", None, 7.5])
def test_a_receipts_number_that_is_none_is_the_first(scene: Scene, said: object) -> None:
    record = {
        "messageId": "m",
        "receiptHandle": "r",
        "body": body("a"),
        "attributes": {"ApproximateReceiveCount": said},
    }

    assert scene.invoke({"Records": [record]}) == {"batchItemFailures": []}
    assert scene.tasks.succeeded.keys() == {"a"}


def test_one_that_kills_the_function_stops_no_other_and_fails_at_last(scene: Scene) -> None:
    for number in range(4):
        scene.put(f"before-{number}")
    scene.put("killer", "poison")
    for number in range(5):
        scene.put(f"after-{number}")

    scene.work_off()

    assert len(scene.made) == 9
    assert scene.tasks.succeeded.keys() == {*scene.made}
    assert [name for name, _ in scene.tasks.failed.values()] == ["UpstreamError"]
    assert f"worked on {MOST_RECEIPTS} times" in scene.tasks.failed["killer"][1]
    # Together once, then by itself: those behind it this time are before it the next.
    assert all(sum(token in batch for batch in scene.batches) <= 2 for token in scene.made)
    assert all(len(batch) == 1 for batch in scene.batches[1:])


def test_an_error_that_nobody_foresaw_is_seen_and_stops_no_other(scene: Scene) -> None:
    scene.put("a")
    scene.put("b", "bug")
    scene.put("c")

    with pytest.raises(ZeroDivisionError):
        scene.receive()

    # What is answered does not come again.
    assert [json.loads(each.message.body)["token"] for each in scene.queue.messages.values()] == ["b", "c"]
    scene.world.later(121)
    scene.work_off()
    assert scene.tasks.succeeded.keys() == {"a", "c"}
    assert scene.tasks.failed["b"][0] == "UpstreamError"


def test_a_full_batch_is_filled_up_from_the_queue(scene: Scene) -> None:
    for number in range(40):
        scene.put(f"{number:02}")
    scene.most = 35

    assert scene.receive() == []
    assert [len(each) for each in scene.batches] == [35]
    assert len(scene.queue.messages) == 5
    scene.receive()
    assert [len(each) for each in scene.batches] == [35, 5]


def test_that_no_more_can_be_received_stops_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> list[dict[str, Any]]:
        raise AccessDeniedError("may not receive")

    for number in range(10):
        scene.put(f"{number}")
    scene.most = 100
    monkeypatch.setattr(scene.queue, "receive", refuse)

    assert scene.receive() == []
    assert len(scene.tasks.succeeded) == 10


def played(kill_after: int | None, most: int = 0) -> Scene:
    """Work off one of each, killed once after a call, or before it; what waits for AWS is ready the second time."""
    scene = Scene(world=World(kill_after=kill_after), most=most)
    scene.ready = False
    scene.put("a")
    scene.put("b", "wait")
    scene.put("c", "no")
    scene.put("d", "details")
    scene.queue.put(Outgoing("no JSON"))
    scene.put("e", input={})
    scene.put("f", form=9)
    for number in range(7):
        scene.put(f"g{number}")
    try:
        scene.receive()
    except CrashError:
        scene.world.kill_after = None
    scene.ready = True
    scene.world.later(121)
    scene.work_off()
    return scene


@pytest.mark.parametrize("most", [0, 100])
def test_a_function_that_is_killed_at_any_call_loses_nothing_and_does_nothing_twice(most: int) -> None:
    undisturbed = played(None, most)
    calls = len(undisturbed.world.calls)
    assert calls > 20

    for number in range(1, calls + 1):
        for kill_after in (number, -number):
            scene = played(kill_after, most)
            assert scene.tasks.succeeded == undisturbed.tasks.succeeded, kill_after
            assert scene.tasks.failed == undisturbed.tasks.failed, kill_after
            assert sorted(scene.made) == sorted(undisturbed.made), kill_after
            assert not scene.queue.messages
            # These may come twice, each where the function is killed between sending and its end: whoever works
            # on the second finds the task over.
            handed_on = [json.loads(each.message.body)["token"] for each in scene.details.messages.values()]
            assert {*handed_on} == {"d"}
            assert len(handed_on) <= 2
            letters = {text for text, _ in scene.dead_letters.letters}
            assert letters == {text for text, _ in undisturbed.dead_letters.letters}
