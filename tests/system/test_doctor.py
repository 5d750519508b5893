"""A whole deployment, examined: well but for what nobody set up, then broken in many ways at once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from local_aws.testing.clock import fast_forward
from scenarios.people import Person
from tests.system.conftest import CommandLine


@pytest.fixture(scope="module")
def person(deployed: Callable[..., Person]) -> Person:
    return deployed("510000000321", SlackChannel="C0APPROVALS", OrganizationsRoleName="")


def checks(command_line: CommandLine, person: Person, *, code: int) -> dict[str, list[tuple[str, str]]]:
    ended = command_line(person, "doctor", "--json")
    assert ended.returncode == code, ended.stdout + ended.stderr
    (region,) = json.loads(ended.stdout)["regions"]
    found: dict[str, list[tuple[str, str]]] = {}
    for each in region["checks"]:
        found.setdefault(each["name"], []).append((each["result"], each["found"]))
    return found


def physical_ids(person: Person) -> dict[str, Any]:
    pages = person.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName="drawbridge")
    return {
        each["LogicalResourceId"]: each["PhysicalResourceId"]
        for page in pages
        for each in page["StackResourceSummaries"]
    }


def test_a_sweep_is_had_and_then_all_is_well_but_what_nobody_set_up(person: Person, command_line: CommandLine) -> None:
    swept = command_line(person, "sweep", "--orphans", "--wait", "30")

    assert (swept.returncode, swept.stderr) == (0, "")
    assert swept.stdout.splitlines()[1:] == ["it observed 0 requests, started no attempts, and looked for orphans"]
    fast_forward(400)
    found = checks(command_line, person, code=0)
    others = {name: each for name, each in found.items() if [result for result, _ in each] != ["ok"]}
    assert others == {"alarms": [("warning", "none has any action: no topic is told of them")]}
    assert found["organization"] == [("ok", "the account is in none")]


def test_what_is_broken_is_found_all_at_once(person: Person, command_line: CommandLine) -> None:
    ids = physical_ids(person)
    functions, events, scheduler = person.client("lambda"), person.client("events"), person.client("scheduler")
    functions.put_function_concurrency(FunctionName=ids["AcceptRequestFunction"], ReservedConcurrentExecutions=0)
    functions.update_event_source_mapping(UUID=ids["HintsMapping"], Enabled=False)
    events.disable_rule(Name=ids["ResourceShareRule"])
    schedule = scheduler.get_schedule(Name=ids["Look"])
    kept = {name: schedule[name] for name in ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")}
    scheduler.update_schedule(**kept, State="DISABLED")
    person.client("sns").unsubscribe(SubscriptionArn=ids["RelayNotificationFunctionConnectionNotification"])
    person.client("sqs").send_message(QueueUrl=ids["HintsDeadLetterQueue"], MessageBody="[]")
    person.client("cloudwatch").set_alarm_state(
        AlarmName=ids["BrokenHintsAlarm"], StateValue="ALARM", StateReason="1 >= 1"
    )
    person.client("secretsmanager").put_secret_value(SecretId="drawbridge/slack", SecretString="{}")
    fast_forward(3_600)

    found = checks(command_line, person, code=1)

    ((result, last),) = found.pop("sweeps")
    assert result == "problem"
    assert re.fullmatch(r"the last by schedule ended 6\d min ago", last)
    assert {name: each for name, each in found.items() if [result for result, _ in each] != ["ok"]} == {
        "functions": [("problem", "drawbridge-accept_request is stopped: its reserved concurrency is 0")],
        "hints-mapping": [("problem", "HintsMapping is Disabled")],
        "rules": [("warning", "ResourceShareRule is disabled")],
        "schedules": [("problem", "Look is DISABLED: what no event tells is never found")],
        "notifications": [("warning", "drawbridge-relay_notification is not subscribed to the topic")],
        "dead-letters": [("problem", "about 1 in HintsDeadLetterQueue")],
        "alarms": [
            ("problem", "BrokenHintsAlarm is in alarm: 1 >= 1"),
            ("warning", "none has any action: no topic is told of them"),
        ],
        "slack": [
            (
                "problem",
                "secret: the secret drawbridge/slack is not JSON with botToken and signingSecret; see docs/slack.md",
            )
        ],
    }
