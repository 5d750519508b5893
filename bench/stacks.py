"""Stacks in accounts of their own: as deployed, and at rest once they are measured."""

import json

from local_stack.stack import REPOSITORY, deploy_stack
from scenarios.people import Person


def deploy_in(url: str, account_id: str) -> Person:
    """Deploy the stack with the template's own schedule, and nobody to ask in Slack."""
    deploy_stack(account_id, parameters={"SlackChannel": "", "LookEvery": "rate(5 minutes)"})
    return Person(url, account_id, f"somebody-in-{account_id}")


def stop_sweeping(person: Person) -> None:
    """Delete the schedules of the account's stack: it would sweep on, among what is measured of others."""
    scheduler = person.client("scheduler")
    for schedule in scheduler.list_schedules()["Schedules"]:
        scheduler.delete_schedule(Name=schedule["Name"], GroupName=schedule["GroupName"])


def hint(person: Person, event: str) -> None:
    """Put one of the samples in ``events/`` on the queue of hints."""
    body = (REPOSITORY / "events" / f"{event}.json").read_text(encoding="utf-8")
    person.client("sqs").send_message(QueueUrl=person.output("HintsQueueUrl"), MessageBody=json.dumps(json.loads(body)))
