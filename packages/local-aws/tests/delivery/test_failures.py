"""Events, notifications and schedules that can't be delivered, and events that AWS delivers by itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.delivery.events import emit
from local_aws.fault_injection.faults import CallFault, EventFaults, faults
from local_aws.time.clock import clock
from local_aws_tests.lambda_account import (
    EVENTS,
    SNS,
    Account,
    deliveries,
    new_account,
    schedule,
    wait_until,
    wait_until_quiet,
)
from local_aws_tests.people import Person

Json = dict[str, Any]


def letters(account: Account, queue: str) -> list[tuple[Any, dict[str, str]]]:
    """Return the bodies of dead letters with their attributes."""
    return [
        (
            json.loads(message["Body"]),
            {name: value["StringValue"] for name, value in message.get("MessageAttributes", {}).items()},
        )
        for message in account.messages(queue)
    ]


def workflow(account: Account) -> str:
    definition = {"QueryLanguage": "JSONata", "StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    response = account.client("stepfunctions").create_state_machine(
        name="flow", definition=json.dumps(definition), roleArn=account.role("flow-role")
    )
    return str(response["stateMachineArn"])


def executions(account: Account, machine: str) -> list[Any]:
    return list(account.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"])


# EventBridge


def forwarding(account: Account, other: Account) -> None:
    """Forward all of an account's events of the source ``test`` to another account."""
    other.events.put_permission(Action="events:PutEvents", Principal=account.account_id, StatementId="them")
    bus = other.arn("events", "event-bus/default")
    account.rule("forward", {"Arn": bus, "RoleArn": account.role("forwarder", "events:PutEvents")})


def test_a_rule_that_pins_no_account_matches_events_that_others_forward(account: Account, other: Account) -> None:
    """Trap 26."""
    forwarding(account, other)
    careless, pinned = other.queue("careless", EVENTS), other.queue("pinned", EVENTS)
    other.rule("careless", {"Arn": careless})
    pattern = {"source": ["test"], "account": [other.account_id]}
    other.rule("pinned", {"Arn": pinned}, EventPattern=json.dumps(pattern))

    account.put_event(number=1)
    wait_until_quiet()
    other.put_event(number=2)
    wait_until_quiet()

    assert sorted(event["detail"]["number"] for event in other.bodies(careless)) == [1, 2]
    assert [event["detail"]["number"] for event in other.bodies(pinned)] == [2]


def test_an_event_is_forwarded_once_and_no_further(account: Account, other: Account, person: Person) -> None:
    third = new_account(person)
    queue = third.queue("received", EVENTS)
    third.rule("all", {"Arn": queue})
    forwarding(account, other)
    forwarding(other, third)

    account.put_event(number=1)
    other.put_event(number=2)
    wait_until_quiet()

    assert [event["detail"]["number"] for event in third.bodies(queue)] == [2]
    third.close()


def test_a_bus_that_allows_only_a_role_accepts_only_that_role_s_events(account: Account, other: Account) -> None:
    queue = other.queue("received", EVENTS)
    other.rule("all", {"Arn": queue})
    bus = other.arn("events", "event-bus/default")
    roles = [account.role(name, "events:PutEvents") for name in ("meant", "another")]
    statement = {"Sid": "one", "Effect": "Allow", "Action": "events:PutEvents", "Principal": {"AWS": roles[0]}}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": bus}]}
    other.events.put_permission(Policy=json.dumps(policy))
    account.rule("forward", *({"Arn": bus, "RoleArn": role} for role in roles))

    event_id = account.put_event()
    wait_until_quiet()

    assert len(other.bodies(queue)) == 1
    assert sorted(status.split(":")[0] for status in deliveries(event_id)) == [
        "delivered",
        "delivered",
        "dropped",
    ]


def test_reads_that_cloudtrail_recorded_are_delivered_only_to_rules_in_the_state_for_them(account: Account) -> None:
    """Trap 26."""
    plain, reading = account.queue("plain", EVENTS), account.queue("reading", EVENTS)
    pattern = json.dumps({"source": ["aws.ec2"], "account": [account.account_id]})
    account.rule("plain", {"Arn": plain}, EventPattern=pattern)
    state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    account.rule("reading", {"Arn": reading}, EventPattern=pattern, State=state)

    for name, is_read in (("DescribeVpcs", True), ("CreateVpcEndpoint", False)):
        emit(
            account.account_id,
            account.region,
            source="aws.ec2",
            detail_type="AWS API Call via CloudTrail",
            detail={"eventName": name, "readOnly": is_read},
        )
    wait_until_quiet()

    assert [event["detail"]["eventName"] for event in account.bodies(plain)] == ["CreateVpcEndpoint"]
    assert len(account.bodies(reading)) == 2


def test_a_missing_bus_is_not_reported(account: Account) -> None:
    entry = {"Source": "test", "DetailType": "x", "Detail": "{}", "EventBusName": "missing"}

    response = account.events.put_events(Entries=[entry])

    assert response["FailedEntryCount"] == 0
    assert response["Entries"][0]["EventId"]


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([{"Source": "test", "DetailType": "x", "Detail": "{}"}] * 11, id="eleven"),
        pytest.param([{"Source": "test", "DetailType": "x", "Detail": json.dumps({"a": "x" * 2**20})}], id="1 MiB"),
    ],
)
def test_too_many_or_too_large_entries_are_refused_as_a_whole(account: Account, entries: list[Json]) -> None:
    with pytest.raises(ClientError) as refused:
        account.events.put_events(Entries=entries)

    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_an_invalid_entry_fails_alone(account: Account) -> None:
    good = {"Source": "test", "DetailType": "x", "Detail": "{}"}

    response = account.events.put_events(Entries=[good, {**good, "Detail": "{"}, {**good, "Source": "aws.ec2"}])

    assert response["FailedEntryCount"] == 2
    assert [entry.get("ErrorCode") for entry in response["Entries"]] == [
        None,
        "MalformedDetail",
        "NotAuthorizedForSourceException",
    ]


def test_a_retryable_failure_is_retried_and_then_becomes_a_dead_letter_with_the_limit_that_ended_it(
    account: Account,
) -> None:
    machine, dead = workflow(account), account.queue("dead", EVENTS)
    target = {"Arn": machine, "RoleArn": account.role("starter", "states:StartExecution")}
    account.rule(
        "all",
        {**target, "RetryPolicy": {"MaximumRetryAttempts": 2}, "DeadLetterConfig": {"Arn": dead}},
        {
            **target,
            "RetryPolicy": {"MaximumRetryAttempts": 100, "MaximumEventAgeInSeconds": 60},
            "DeadLetterConfig": {"Arn": dead},
        },
    )

    with faults.injected(throttling(account)):
        account.put_event()
        wait_until(lambda: later(10) and account_has(account, dead, 2))

    found = [attributes for _, attributes in letters(account, dead)]
    assert {letter["EXHAUSTED_RETRY_CONDITION"]: letter["ERROR_CODE"] for letter in found} == {
        "MaximumRetryAttempts": "THROTTLING",
        "MaximumEventAgeInSeconds": "THROTTLING",
    }
    assert min(int(letter["RETRY_ATTEMPTS"]) for letter in found) == 2
    assert executions(account, machine) == []


def test_a_retryable_failure_is_delivered_once_it_has_passed(account: Account) -> None:
    machine = workflow(account)
    account.rule("all", {"Arn": machine, "RoleArn": account.role("starter", "states:StartExecution")})

    with faults.injected(throttling(account, times=2)):
        event_id = account.put_event()
        wait_until(lambda: later(10) and executions(account, machine))
        wait_until_quiet()

    assert [status.split(":")[0] for status in deliveries(event_id)] == ["retrying", "retrying", "delivered"]


def test_an_event_that_is_too_large_for_a_workflow_becomes_a_dead_letter_at_once(account: Account) -> None:
    """Trap 21."""
    machine, dead = workflow(account), account.queue("dead", EVENTS)
    role = account.role("starter", "states:StartExecution")
    account.rule("all", {"Arn": machine, "RoleArn": role, "DeadLetterConfig": {"Arn": dead}})

    account.put_event(text="x" * 300_000)
    wait_until_quiet()

    ((_, attributes),) = letters(account, dead)
    assert (attributes["ERROR_CODE"], attributes["RETRY_ATTEMPTS"]) == ("SDK_CLIENT_ERROR", "0")
    assert "EXHAUSTED_RETRY_CONDITION" not in attributes
    assert executions(account, machine) == []


def test_a_dead_letter_queue_that_does_not_allow_eventbridge_receives_nothing(account: Account) -> None:
    dead = account.queue("dead")
    account.rule("all", {"Arn": account.arn("sqs", "missing"), "DeadLetterConfig": {"Arn": dead}})

    event_id = account.put_event()
    wait_until_quiet()

    assert account.messages(dead) == []
    assert deliveries(event_id)[-1].startswith("dropped: NO_RESOURCE")


def test_each_execution_of_an_event_has_a_name_of_its_own(account: Account) -> None:
    """Trap 22: EventBridge names executions itself, so that the same event twice is two of them."""
    machine = workflow(account)
    account.rule("all", {"Arn": machine, "RoleArn": account.role("starter", "states:StartExecution")})

    with faults.injected(events=EventFaults(duplicate=1.0)):
        account.put_event()
        wait_until_quiet()

    assert len(executions(account, machine)) == 2


# SNS


def test_a_notification_that_a_queue_refuses_becomes_a_dead_letter_at_once(account: Account) -> None:
    topic = account.sns.create_topic(Name="news")["TopicArn"]
    closed, dead = account.queue("closed"), account.queue("dead", SNS)
    redrive = json.dumps({"deadLetterTargetArn": dead})
    account.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=closed, Attributes={"RedrivePolicy": redrive})

    account.sns.publish(TopicArn=topic, Message="hello")
    wait_until_quiet()

    (letter,) = account.bodies(dead)
    assert (letter["Type"], letter["TopicArn"], letter["Message"]) == ("Notification", topic, "hello")
    assert account.messages(closed) == []


# Schedules


def test_a_schedule_is_retried_and_then_becomes_a_dead_letter(account: Account) -> None:
    machine, dead = workflow(account), account.queue("dead")
    role = account.role("ticker", "states:StartExecution", "sqs:SendMessage")
    target = {
        "Arn": machine,
        "RoleArn": role,
        "Input": '{"a": 1}',
        "RetryPolicy": {"MaximumRetryAttempts": 1},
        "DeadLetterConfig": {"Arn": dead},
    }

    with faults.injected(throttling(account)):
        schedule(account, "tick", target)
        wait_until(lambda: later(10) and account_has(account, dead, 1))

    (body, attributes), *_ = letters(account, dead)
    assert body == {"a": 1}
    assert attributes["SCHEDULE_ARN"] == account.arn("scheduler", "schedule/default/tick")
    assert attributes["TARGET_ARN"] == machine
    assert (attributes["ERROR_CODE"], attributes["EXHAUSTED_RETRY_CONDITION"]) == ("THROTTLING", "MaximumRetryAttempts")
    assert attributes["RETRY_ATTEMPTS"] == "1"


def test_a_schedule_without_permission_becomes_a_dead_letter_at_once(account: Account) -> None:
    machine, dead = workflow(account), account.queue("dead")
    role = account.role("ticker", "sqs:SendMessage")
    schedule(account, "tick", {"Arn": machine, "RoleArn": role, "DeadLetterConfig": {"Arn": dead}})

    clock.advance(60)
    wait_until_quiet()

    (_, attributes), *_ = letters(account, dead)
    assert (attributes["ERROR_CODE"], attributes["RETRY_ATTEMPTS"]) == ("NO_PERMISSIONS", "0")


def test_a_schedule_s_role_is_trusted_for_the_schedule_s_group(account: Account) -> None:
    queue = account.queue("ticks")
    role = account.role("ticker", "sqs:SendMessage")
    iam = account.client("iam")

    def trust_group(group: str) -> None:
        condition = {"ArnEquals": {"aws:SourceArn": account.arn("scheduler", f"schedule-group/{group}")}}
        principal = {"Service": "scheduler.amazonaws.com"}
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, "Condition": condition}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.update_assume_role_policy(RoleName="ticker", PolicyDocument=document)

    trust_group("others")
    with pytest.raises(ClientError, match="must allow AWS EventBridge Scheduler to assume the role"):
        schedule(account, "tick", {"Arn": queue, "RoleArn": role})
    trust_group("default")
    schedule(account, "tick", {"Arn": queue, "RoleArn": role, "Input": "1"})
    trust_group("others")
    clock.advance(60)
    wait_until_quiet()
    while_untrusted = account.bodies(queue)
    trust_group("default")
    clock.advance(60)
    wait_until_quiet()

    assert while_untrusted == []
    assert account.bodies(queue) == [1]


def throttling(account: Account, times: int | None = None) -> CallFault:
    """Throttle the starts of an account's workflows."""
    return CallFault(operation="states:StartExecution", fault="throttle", account=account.account_id, times=times)


def later(seconds: float) -> bool:
    clock.advance(seconds)
    return True


def account_has(account: Account, queue: str, count: int) -> bool:
    names = ["ApproximateNumberOfMessages"]
    attributes = account.sqs.get_queue_attributes(QueueUrl=account.url(queue), AttributeNames=names)["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"]) >= count
