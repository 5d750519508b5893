"""What a stack says of what went wrong: in its functions' logs, and in its dead-letter queues."""

import json
from typing import Any

from local_aws.testing.clock import clock
from scenarios.people import Person


def dead_letters(person: Person) -> list[dict[str, Any]]:
    sqs = person.client("sqs")
    (url,) = (url for url in sqs.list_queues()["QueueUrls"] if "HintsDeadLetterQueue" in url)
    return list(
        sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], MaxNumberOfMessages=10).get("Messages", [])
    )


def logged(person: Person, function: str, message: str) -> list[dict[str, Any]]:
    """Return the log lines of a function that say ``message``."""
    logs = person.client("logs")
    found = logs.filter_log_events(logGroupName=f"/aws/lambda/drawbridge-{function}")["events"]
    lines = [json.loads(each["message"]) for each in found if each["message"].startswith("{")]
    return [line for line in lines if line.get("message") == message]


def counted(person: Person, function: str, metric: str, *, seconds: float) -> list[float]:
    """Return what a function counted by a metric in the last seconds of the clock, the latest last."""
    logs, since = person.client("logs"), clock.time() - seconds
    found = logs.filter_log_events(logGroupName=f"/aws/lambda/drawbridge-{function}", startTime=int(since * 1000))[
        "events"
    ]
    lines = [json.loads(each["message"]) for each in found if each["message"].startswith('{"_aws"')]
    return [value for line in lines for value in line.get(metric, ())]
