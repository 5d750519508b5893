from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.awslambda.models import LambdaBackend
from moto.events.models import EventsBackend, Rule
from moto.events.responses import EventsHandler
from moto.scheduler.models import EventBridgeSchedulerBackend
from moto.sns.models import Subscription, Topic
from moto.sqs.models import Queue, SQSBackend

from local_aws.delivery.events import emit
from local_aws.delivery.transformation import fill_template
from local_aws.fault_injection.faults import EventFaults, FaultPlan, faults
from local_aws.time.activity import in_flight
from local_aws.time.clock import clock
from local_aws_tests.lambda_account import (
    EVENTS,
    HANDLERS,
    SNS,
    Account,
    deliveries,
    schedule,
    wait_until,
    wait_until_quiet,
)


@pytest.fixture
def event_faults() -> Iterator[Any]:
    """Inject faults of events, until the test is over."""
    yield lambda **settings: faults.replace(FaultPlan(seed=1, events=EventFaults(**settings)))
    faults.replace(FaultPlan())


def batches(account: Account, name: str) -> list[Any]:
    return [json.loads(line) for line in account.log(name) if line.startswith('{"Records"')]


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (EventsBackend, "put_events"),
        (EventsBackend, "put_rule"),
        (EventsBackend, "put_targets"),
        (EventsBackend, "enable_rule"),
        (EventsBackend, "disable_rule"),
        (EventsBackend, "delete_rule"),
        (EventsHandler, "test_event_pattern"),
        (Rule, "send_to_targets"),
        (Topic, "publish"),
        (Subscription, "get_post_data"),
        (Subscription, "_parse_message_structure"),
        (Queue, "add_message"),
        (Queue, "delete_message"),
        (SQSBackend, "receive_message"),
        (SQSBackend, "change_message_visibility"),
        (LambdaBackend, "create_event_source_mapping"),
        (LambdaBackend, "update_event_source_mapping"),
        (LambdaBackend, "delete_event_source_mapping"),
        (EventBridgeSchedulerBackend, "create_schedule"),
        (EventBridgeSchedulerBackend, "update_schedule"),
        (EventBridgeSchedulerBackend, "delete_schedule"),
        (EventBridgeSchedulerBackend, "delete_schedule_group"),
    ],
)
def test_the_patched_attributes_of_moto_exist(owner: Any, name: str) -> None:
    assert callable(getattr(owner, name))


# EventBridge


def test_an_event_is_delivered_to_the_queue_of_a_rule_that_it_matches(account: Account) -> None:
    queue = account.queue("hints", EVENTS)
    account.rule("all", {"Arn": queue})

    event_id = account.put_event(a=1)
    wait_until_quiet()

    (event,) = account.bodies(queue)
    assert event == {
        "version": "0",
        "id": event_id,
        "detail-type": "Something",
        "source": "test",
        "account": account.account_id,
        "time": event["time"],
        "region": account.region,
        "resources": [],
        "detail": {"a": 1},
    }
    assert deliveries(event_id) == ["delivered"]


def test_an_event_that_aws_emits_is_delivered_too(account: Account) -> None:
    queue = account.queue("hints", EVENTS)
    pattern = json.dumps({"source": ["aws.ram"], "account": [account.account_id]})
    account.rule("ram", {"Arn": queue}, EventPattern=pattern)

    emit(account.account_id, account.region, source="aws.ram", detail_type="x", detail={"a": 1}, resources=["arn:x"])
    wait_until_quiet()

    (event,) = account.bodies(queue)
    assert (event["source"], event["resources"]) == ("aws.ram", ["arn:x"])


def test_a_disabled_rule_delivers_nothing(account: Account) -> None:
    queue = account.queue("hints", EVENTS)
    account.rule("off", {"Arn": queue}, State="DISABLED")

    account.put_event()
    wait_until_quiet()

    assert account.bodies(queue) == []


def test_a_queue_that_does_not_allow_eventbridge_receives_nothing(account: Account) -> None:
    queue = account.queue("hints", SNS)
    account.rule("all", {"Arn": queue})

    event_id = account.put_event()
    wait_until_quiet()

    assert account.bodies(queue) == []
    assert deliveries(event_id)[0].startswith("dropped: NO_PERMISSIONS")


def test_an_event_that_cannot_be_delivered_goes_to_the_dead_letter_queue_at_once(account: Account) -> None:
    dead = account.queue("dead", EVENTS)
    missing = account.arn("sqs", "missing")
    rule = account.rule("all", {"Arn": missing, "DeadLetterConfig": {"Arn": dead}})

    event_id = account.put_event()
    wait_until_quiet()

    (letter,) = account.messages(dead)
    attributes = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert json.loads(letter["Body"])["id"] == event_id
    assert attributes["RULE_ARN"] == rule
    assert attributes["TARGET_ARN"] == missing
    assert attributes["ERROR_CODE"] == "NO_RESOURCE"
    assert attributes["RETRY_ATTEMPTS"] == "0"


def test_a_rule_invokes_a_function_that_allows_it(account: Account) -> None:
    function = account.function("probe")
    rule = account.rule("all", {"Arn": function})

    account.put_event()
    wait_until_quiet()
    refused = len(account.invocations("probe"))
    account.allow_invoke("probe", EVENTS, SourceArn=rule)
    account.put_event()
    wait_until_quiet()

    assert refused == 0
    assert len(account.invocations("probe")) == 1


def test_a_rule_starts_a_workflow_only_with_a_role_that_allows_it(account: Account) -> None:
    states = account.client("stepfunctions")
    definition = {"QueryLanguage": "JSONata", "StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    machine = states.create_state_machine(
        name="flow", definition=json.dumps(definition), roleArn=account.role("flow-role")
    )["stateMachineArn"]
    account.rule("may-not", {"Arn": machine, "RoleArn": account.role("meek")})

    refused = account.put_event()
    wait_until_quiet()
    account.rule("may", {"Arn": machine, "RoleArn": account.role("strong", "states:StartExecution")})
    account.events.remove_targets(Rule="may-not", Ids=["0"])
    event_id = account.put_event()
    wait_until_quiet()

    (execution,) = states.list_executions(stateMachineArn=machine)["executions"]
    assert deliveries(refused)[0].startswith("dropped: NO_PERMISSIONS")
    assert execution["name"].startswith(event_id)


def test_a_workflow_as_a_target_needs_a_role(account: Account) -> None:
    with pytest.raises(ClientError, match="RoleArn is required"):
        account.rule("all", {"Arn": account.arn("states", "stateMachine:flow")})


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"Input": '{"fixed": true}'}, {"fixed": True}),
        ({"InputPath": "$.detail"}, {"name": 'say "hi"', "list": [1, 2]}),
        ({"InputPath": "$.detail.list[1]"}, 2),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"name": "$.detail.name", "list": "$.detail.list", "none": "$.detail.none"},
                    "InputTemplate": '{"a": <name>, "b": "it <name>", "c": <list>, "d": "<none>", "e": "<unknown>"}',
                }
            },
            {"a": 'say "hi"', "b": 'it say "hi"', "c": [1, 2], "d": "", "e": "<unknown>"},
        ),
        (
            {"InputTransformer": {"InputTemplate": '{"rule": "<aws.events.rule-name>", "arn": <aws.events.rule-arn>}'}},
            {"rule": "shaped", "arn": "ARN"},
        ),
    ],
)
def test_a_target_receives_its_configured_input(account: Account, target: dict[str, Any], expected: Any) -> None:
    queue = account.queue("shaped", EVENTS)
    rule = account.rule("shaped", {"Arn": queue, **target})

    account.put_event(name='say "hi"', list=[1, 2])
    wait_until_quiet()

    (body,) = account.bodies(queue)
    assert body == json.loads(json.dumps(expected).replace("ARN", rule))


def test_a_template_may_have_the_whole_event() -> None:
    filled = fill_template('{"event": <aws.events.event.json>}', {"aws.events.event.json": {"id": "1"}})

    assert json.loads(filled) == {"event": {"id": "1"}}


def test_events_go_to_another_account_whose_bus_allows_them(account: Account, other: Account) -> None:
    queue = other.queue("received", EVENTS)
    other.rule("all", {"Arn": queue})
    bus = other.arn("events", "event-bus/default")
    account.rule("forward", {"Arn": bus, "RoleArn": account.role("forwarder", "events:PutEvents")})

    refused = account.put_event(number=1)
    wait_until_quiet()
    other.events.put_permission(Action="events:PutEvents", Principal=account.account_id, StatementId="them")
    account.put_event(number=2)
    wait_until_quiet()

    (event,) = other.bodies(queue)
    assert deliveries(refused)[0].startswith("dropped: NO_PERMISSIONS")
    assert (event["account"], event["detail"]) == (account.account_id, {"number": 2})


def test_nobody_puts_events_as_an_aws_service(account: Account) -> None:
    response = account.events.put_events(
        Entries=[
            {"Source": "aws.ram", "DetailType": "x", "Detail": "{}"},
            {"Source": "mine", "DetailType": "x", "Detail": "{}"},
            {"Source": "mine", "DetailType": "x", "Detail": "[]"},
        ]
    )

    codes = [entry.get("ErrorCode") for entry in response["Entries"]]
    assert response["FailedEntryCount"] == 2
    assert codes == ["NotAuthorizedForSourceException", None, "MalformedDetail"]


def test_a_rule_with_an_invalid_pattern_is_refused(account: Account) -> None:
    with pytest.raises(ClientError, match="InvalidEventPatternException"):
        account.rule("wrong", EventPattern='{"source": [{"begins": "x"}]}')


def test_a_pattern_can_be_tested(account: Account) -> None:
    event = {
        "id": "1",
        "detail-type": "x",
        "source": "mine",
        "account": "1",
        "time": "2026-01-01T00:00:00Z",
        "region": "x",
        "resources": [],
    }

    def result(source: str) -> Any:
        pattern = json.dumps({"source": [source]})
        return account.events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"]

    assert (result("mine"), result("theirs")) == (True, False)


def test_a_dropped_event_is_delivered_nowhere(account: Account, event_faults: Any) -> None:
    """Trap 1."""
    queue = account.queue("hints", EVENTS)
    account.rule("all", {"Arn": queue})
    event_faults(drop=1.0)

    event_id = account.put_event()
    wait_until_quiet()

    assert account.bodies(queue) == []
    assert deliveries(event_id) == []


def test_a_duplicate_has_the_same_id(account: Account, event_faults: Any) -> None:
    queue = account.queue("hints", EVENTS)
    account.rule("all", {"Arn": queue})
    event_faults(duplicate=1.0)

    event_id = account.put_event()
    wait_until_quiet()

    assert [event["id"] for event in account.bodies(queue)] == [event_id, event_id]


def test_a_delayed_event_is_delivered_later_and_counts_as_under_way_until_then(
    account: Account, event_faults: Any
) -> None:
    queue = account.queue("hints", EVENTS)
    account.rule("all", {"Arn": queue})
    event_faults(delay=30.0)

    account.put_event()
    before = account.bodies(queue)
    under_way = in_flight()
    clock.advance(31)
    wait_until_quiet()

    assert before == []
    assert under_way["planned"] == 1
    assert len(account.bodies(queue)) == 1


# SNS


def test_a_notification_is_delivered_to_a_function_that_allows_the_topic(account: Account) -> None:
    function = account.function("batch", code=HANDLERS / "probe")
    topic = account.sns.create_topic(Name="news")["TopicArn"]
    account.sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)

    account.sns.publish(TopicArn=topic, Message="unheard")
    wait_until_quiet()
    refused = len(account.invocations("batch"))
    account.allow_invoke("batch", SNS, SourceArn=topic)
    account.sns.publish(TopicArn=topic, Message="heard")
    wait_until_quiet()

    assert refused == 0
    assert [each.error for each in account.invocations("batch")] == [None]


def test_a_notification_has_lambdas_shape(account: Account) -> None:
    queue = account.queue("records")
    function = account.function("probe", "sqs:SendMessage")
    account.functions.put_function_event_invoke_config(
        FunctionName="probe", DestinationConfig={"OnSuccess": {"Destination": queue}}
    )
    topic = account.sns.create_topic(Name="news")["TopicArn"]
    subscription = account.sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)["SubscriptionArn"]
    account.allow_invoke("probe", SNS, SourceArn=topic)

    attributes = {"colour": {"DataType": "String", "StringValue": "red"}}
    published = clock.time()
    with faults.injected(events=EventFaults(delay=600)):
        message_id = account.sns.publish(TopicArn=topic, Message="text", Subject="s", MessageAttributes=attributes)
    clock.advance(600)
    wait_until_quiet()

    (record,) = account.bodies(queue)[0]["requestPayload"]["Records"]
    assert (record["EventSource"], record["EventVersion"]) == ("aws:sns", "1.0")
    assert record["EventSubscriptionArn"] == subscription
    assert record["Sns"]["MessageId"] == message_id["MessageId"]
    assert (record["Sns"]["Message"], record["Sns"]["Subject"]) == ("text", "s")
    assert record["Sns"]["MessageAttributes"] == {"colour": {"Type": "String", "Value": "red"}}
    assert abs(datetime.fromisoformat(record["Sns"]["Timestamp"]).timestamp() - published) < 60


def test_a_notification_is_delivered_to_a_queue_that_allows_sns(account: Account) -> None:
    topic = account.sns.create_topic(Name="news")["TopicArn"]
    open_queue, closed_queue = account.queue("open", SNS), account.queue("closed")
    for queue in (open_queue, closed_queue):
        account.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)

    account.sns.publish(TopicArn=topic, Message="text")
    wait_until_quiet()

    (body,) = account.bodies(open_queue)
    assert (body["Type"], body["TopicArn"], body["Message"]) == ("Notification", topic, "text")
    assert account.messages(closed_queue) == []


def test_a_raw_notification_is_only_its_text(account: Account) -> None:
    topic = account.sns.create_topic(Name="news")["TopicArn"]
    queue = account.queue("raw", SNS)
    account.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})

    account.sns.publish(TopicArn=topic, Message='"text"')
    wait_until_quiet()

    assert account.bodies(queue) == ["text"]


# Queues


def test_messages_are_handed_to_the_function_in_batches_and_deleted(account: Account) -> None:
    queue = account.queue("work")
    account.function("batch", code=HANDLERS / "batch")
    account.functions.create_event_source_mapping(EventSourceArn=queue, FunctionName="batch", BatchSize=10)

    attributes = {"colour": {"DataType": "String", "StringValue": "red"}}
    account.send(queue, "one", MessageAttributes=attributes)
    wait_until_quiet()

    (batch,) = batches(account, "batch")
    (record,) = batch["Records"]
    assert record["body"] == '"one"'
    assert (record["eventSource"], record["eventSourceARN"], record["awsRegion"]) == (
        "aws:sqs",
        queue,
        account.region,
    )
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert abs(int(record["attributes"]["SentTimestamp"]) / 1000 - clock.time()) < 60
    assert record["messageAttributes"]["colour"]["stringValue"] == "red"
    assert account.messages(queue) == []


def test_a_window_gathers_a_batch(account: Account) -> None:
    queue = account.queue("work")
    account.function("batch", code=HANDLERS / "batch")
    account.functions.create_event_source_mapping(
        EventSourceArn=queue, FunctionName="batch", BatchSize=100, MaximumBatchingWindowInSeconds=20
    )

    account.send(queue, *range(25))
    before = batches_so_far(account)
    clock.advance(21)
    wait_until_quiet()

    (batch,) = batches(account, "batch")
    assert before == 0
    assert len(batch["Records"]) == 25


def batches_so_far(account: Account) -> int:
    return len(account.invocations("batch"))


def test_a_large_batch_without_a_window_is_refused(account: Account) -> None:
    queue = account.queue("work")
    account.function("batch")

    with pytest.raises(ClientError, match="Maximum batch window in seconds must be greater than 0"):
        account.functions.create_event_source_mapping(EventSourceArn=queue, FunctionName="batch", BatchSize=11)


def test_a_queue_whose_visibility_timeout_is_shorter_than_the_functions_is_refused(account: Account) -> None:
    queue = account.queue("work", VisibilityTimeout="5")
    account.function("batch", Timeout=10)

    with pytest.raises(ClientError, match="Queue visibility timeout: 5 seconds is less than Function timeout"):
        account.functions.create_event_source_mapping(EventSourceArn=queue, FunctionName="batch")


def test_a_role_that_may_not_receive_is_refused(account: Account) -> None:
    queue = account.queue("work")
    account.function("batch")
    account.client("iam").delete_role_policy(RoleName="batch-role", PolicyName="all")

    with pytest.raises(ClientError, match="does not have permissions to call ReceiveMessage on SQS"):
        account.functions.create_event_source_mapping(EventSourceArn=queue, FunctionName="batch")


def test_a_batch_that_fails_comes_back_and_ends_on_the_dead_letter_queue(account: Account) -> None:
    dead = account.queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 2})
    queue = account.queue("work", VisibilityTimeout="30", RedrivePolicy=redrive)
    account.function("probe")
    account.functions.create_event_source_mapping(EventSourceArn=queue, FunctionName="probe")
    account.functions.update_function_configuration(FunctionName="probe", Handler="nowhere.handler")

    account.send(queue, "x")
    wait_until(lambda: len(account.invocations("probe")) == 1)
    wait_until_quiet(besides=["messages"])
    kept = in_flight()
    clock.advance(31)
    wait_until(lambda: len(account.invocations("probe")) == 2)
    clock.advance(31)
    wait_until_quiet()

    assert kept == {"messages": 1}
    assert len(account.invocations("probe")) == 2
    assert account.bodies(dead) == ["x"]


def test_only_the_messages_reported_as_failed_come_back(account: Account) -> None:
    queue = account.queue("work", VisibilityTimeout="30")
    account.function("batch", code=HANDLERS / "batch")
    mapping = account.functions.create_event_source_mapping(
        EventSourceArn=queue,
        FunctionName="batch",
        BatchSize=10,
        MaximumBatchingWindowInSeconds=1,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )

    account.send(queue, "good", "fail", "fine")
    wait_until(lambda: len(account.invocations("batch")) == 1)
    wait_until_quiet(besides=["messages"])
    account.functions.delete_event_source_mapping(UUID=mapping["UUID"])
    clock.advance(31)

    assert account.bodies(queue) == ["fail"]


def test_without_reported_failures_the_function_s_response_is_ignored(account: Account) -> None:
    queue = account.queue("work")
    account.function("batch", code=HANDLERS / "batch")
    account.functions.create_event_source_mapping(EventSourceArn=queue, FunctionName="batch")

    account.send(queue, "fail")
    wait_until_quiet()

    assert len(account.invocations("batch")) == 1


def test_a_delayed_message_is_handled_when_its_delay_is_over(account: Account) -> None:
    queue = account.queue("work")
    account.function("batch", code=HANDLERS / "batch")
    account.functions.create_event_source_mapping(EventSourceArn=queue, FunctionName="batch")

    account.send(queue, "later", DelaySeconds=60)
    wait_until_quiet(besides=["messages"])
    before = batches_so_far(account)
    clock.advance(61)
    wait_until_quiet()

    assert before == 0
    assert batches_so_far(account) == 1


def test_a_message_that_another_consumer_made_visible_again_is_handled(account: Account) -> None:
    queue = account.queue("work", VisibilityTimeout="600")
    account.send(queue, "x")
    (message,) = account.messages(queue)
    account.function("batch", code=HANDLERS / "batch")
    account.functions.create_event_source_mapping(EventSourceArn=queue, FunctionName="batch")
    wait_until_quiet(besides=["messages"])
    before = batches_so_far(account)

    account.sqs.change_message_visibility(
        QueueUrl=account.url(queue), ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
    )
    wait_until_quiet()

    assert (before, batches_so_far(account)) == (0, 1)


def test_a_filter_lets_only_some_messages_through(account: Account) -> None:
    queue = account.queue("work")
    account.function("batch", code=HANDLERS / "batch")
    account.functions.create_event_source_mapping(
        EventSourceArn=queue,
        FunctionName="batch",
        FilterCriteria={"Filters": [{"Pattern": '{"body": {"kind": ["matching"]}}'}]},
    )

    account.send(queue, {"kind": "matching"}, {"kind": "other"})
    wait_until_quiet()

    bodies = [record["body"] for batch in batches(account, "batch") for record in batch["Records"]]
    assert bodies == ['{"kind": "matching"}']
    assert account.messages(queue) == []


def test_a_disabled_mapping_does_nothing_until_it_is_enabled(account: Account) -> None:
    queue = account.queue("work")
    account.function("batch", code=HANDLERS / "batch")
    mapping = account.functions.create_event_source_mapping(EventSourceArn=queue, FunctionName="batch", Enabled=False)[
        "UUID"
    ]

    account.send(queue, "waiting")
    wait_until_quiet()
    before = batches_so_far(account)
    account.functions.update_event_source_mapping(UUID=mapping, Enabled=True)
    wait_until(lambda: batches_so_far(account) == 1)
    wait_until_quiet()

    assert before == 0


def test_a_burst_is_handled_once_each(account: Account) -> None:
    queue = account.queue("work")
    account.function("batch", code=HANDLERS / "batch")
    account.functions.create_event_source_mapping(
        EventSourceArn=queue,
        FunctionName="batch",
        BatchSize=50,
        MaximumBatchingWindowInSeconds=1,
        ScalingConfig={"MaximumConcurrency": 2},
    )

    account.send(queue, *range(200))
    wait_until_quiet()

    handled = [json.loads(record["body"]) for batch in batches(account, "batch") for record in batch["Records"]]
    assert sorted(handled) == list(range(200))
    assert len(batches(account, "batch")) < 60


# Schedules


def test_a_schedule_fires_every_time_that_the_clock_passes(account: Account) -> None:
    queue = account.queue("ticks")
    role = account.role("ticker", "sqs:SendMessage")
    text = '"<aws.scheduler.scheduled-time>"'
    schedule(account, "tick", {"Arn": queue, "RoleArn": role, "Input": text})

    clock.advance(270)
    wait_until_quiet()

    times = account.bodies(queue)
    assert len(set(times)) == 4


def test_a_schedule_does_not_count_as_under_way(account: Account) -> None:
    queue = account.queue("ticks")
    schedule(account, "tick", {"Arn": queue, "RoleArn": account.role("ticker")})

    assert in_flight() == {}


def test_a_schedule_calls_only_what_its_role_allows(account: Account) -> None:
    queue, dead = account.queue("ticks"), account.queue("dead")
    role = account.role("meek")
    policy = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": dead}
    account.client("iam").put_role_policy(
        RoleName="meek",
        PolicyName="dead",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [policy]}),
    )
    schedule(account, "tick", {"Arn": queue, "RoleArn": role, "Input": '"x"', "DeadLetterConfig": {"Arn": dead}})

    clock.advance(61)
    wait_until_quiet()

    (letter,) = account.messages(dead)
    assert account.messages(queue) == []
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"


def test_a_schedule_invokes_a_function(account: Account) -> None:
    function = account.function("probe")
    schedule(account, "tick", {"Arn": function, "RoleArn": account.role("ticker", "lambda:InvokeFunction")})

    clock.advance(61)
    wait_until_quiet()

    assert [each.error for each in account.invocations("probe")] == [None]


def test_a_schedule_that_is_disabled_or_deleted_does_not_fire(account: Account) -> None:
    queue = account.queue("ticks")
    target = {"Arn": queue, "RoleArn": account.role("ticker", "sqs:SendMessage")}
    schedule(account, "off", target, State="DISABLED")
    schedule(account, "gone", target)
    account.client("scheduler").delete_schedule(Name="gone")

    clock.advance(61)
    wait_until_quiet()

    assert account.messages(queue) == []


def test_a_one_time_schedule_fires_once(account: Account) -> None:
    queue = account.queue("ticks")
    target = {"Arn": queue, "RoleArn": account.role("ticker", "sqs:SendMessage"), "Input": '"once"'}
    text = (clock.now() + timedelta(seconds=100)).strftime("at(%Y-%m-%dT%H:%M:%S)")
    schedule(account, "once", target, ScheduleExpression=text, ActionAfterCompletion="DELETE")

    clock.advance(150)
    wait_until_quiet()

    assert account.bodies(queue) == ["once"]
    assert account.client("scheduler").list_schedules()["Schedules"] == []


def test_an_invalid_expression_is_refused(account: Account) -> None:
    role = f"arn:aws:iam::{account.account_id}:role/schedule"

    with pytest.raises(ClientError, match="Invalid Schedule Expression"):
        schedule(account, "never", {"Arn": "arn", "RoleArn": role}, ScheduleExpression="rate(1 minutes)")


def test_a_rule_with_a_schedule_fires(account: Account) -> None:
    queue = account.queue("ticks", EVENTS)
    rule = account.rule("tick", {"Arn": queue}, ScheduleExpression="rate(5 minutes)")

    clock.advance(301)
    wait_until_quiet()

    (event,) = account.bodies(queue)
    assert (event["source"], event["detail-type"], event["resources"]) == ("aws.events", "Scheduled Event", [rule])


def test_faults_of_events_do_not_touch_schedules(account: Account, event_faults: Any) -> None:
    queue = account.queue("ticks", EVENTS)
    account.rule("tick", {"Arn": queue}, ScheduleExpression="rate(5 minutes)")
    event_faults(drop=1.0)

    clock.advance(301)
    wait_until_quiet()

    assert len(account.bodies(queue)) == 1
