"""In: tasks, each with a connection that was made. Its names are published. Out: that they are, to the workflow.

Those of one queue get their plain names, those of the other the JSON beside them.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, assert_never

from drawbridge.bootstrap.metering import metered
from drawbridge.bootstrap.publish_dns import Publishing, details, is_of_details, names
from drawbridge.errors import DrawbridgeError, InvalidInputError
from drawbridge.observability import logger
from drawbridge.pacing.door import HandOn, Outcome, TaskDone, TaskFailed, outcome_by, work_through
from drawbridge.pacing.task import Task
from drawbridge.publication.consumers import PlainlyNamed
from drawbridge.record.count_connected import count_time_to_connect
from drawbridge.record.publish_tasks import (
    CommandedMeanwhile,
    IsPublished,
    NameResult,
    PublishConnection,
    PublishPorts,
    PublishTask,
    ToPublish,
    publish_details,
    publish_names,
)

_PATIENCE = 6
"""Looks at a group, over some two minutes: the next sweep finds what is named later."""

_MOST_LOGGED = 20

Publish = Callable[[Sequence[ToPublish], PublishPorts], Sequence[NameResult]]


@logger.inject_lambda_context(clear_state=True)
@metered
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    def time_left() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000

    publish: Publish
    publishing, publish = (
        (details(time_left), publish_details) if is_of_details(event) else (names(time_left), publish_names)
    )
    work = partial(_work, publish=publish, publishing=publishing)
    return work_through(event, PublishTask, work, publishing.door)  # type: ignore[arg-type]  # a union is no class


def _work(
    tasks: Sequence[Task[PublishTask]], publish: Publish, publishing: Publishing
) -> Iterator[tuple[Task[PublishTask], Outcome]]:
    asked: list[tuple[Task[PublishTask], ToPublish]] = []
    for task in tasks:
        message = task.message
        if message.execution is None:
            yield task, TaskFailed.by(InvalidInputError("task: it is of no execution"))
            continue
        looked = message.looked.times if message.looked else 0
        # What is handed on has been waited for.
        patient = publish is publish_names and looked < _PATIENCE
        to_publish = ToPublish(execution=message.execution, of=task.input, since=message.since, patient=patient)
        asked.append((task, to_publish))
    results = publish([each for _, each in asked], publishing.ports)
    for (task, each), result in zip(asked, results, strict=True):
        yield task, _outcome(task, each, result, publishing)


def _outcome(task: Task[PublishTask], asked: ToPublish, result: NameResult, publishing: Publishing) -> Outcome:
    request_id = asked.execution.request_id
    match result:
        case IsPublished(publication, change):
            if change is not None:
                count_time_to_connect(change, publishing.ledger)
            number, first = len(publication.parameters), publication.parameters[:_MOST_LOGGED]
            logger.info(
                "published",
                request_id=request_id,
                dns_name=publication.dns_name,
                number_of_parameters=number,
                parameters=first,
            )
            return TaskDone({})
        case PlainlyNamed(written):
            return HandOn(PublishConnection(named=written) if isinstance(task.input, PublishConnection) else task.input)
        case CommandedMeanwhile(words):
            return TaskFailed("DecisionOutdated", words)
        case DrawbridgeError():
            logger.warning("not published", request_id=request_id, reason=str(result))
            return outcome_by(result)
        case _:
            assert_never(result)
