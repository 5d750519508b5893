"""The template, as data: what no deployment would refuse, and yet nobody wants."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from drawbridge.decision.delayed import DELAYED
from drawbridge.hint.notification import detail_of
from drawbridge.status import Status
from local_aws.testing.matching import event_fits
from tests.builders import REPOSITORY, sample
from tests.workflow.alarm_evaluation import alarm_of
from tests.workflow.definition import (
    RESOURCES,
    TEMPLATE,
    WORKFLOWS,
    Json,
    Workflow,
    attribute_of,
    filled_in,
    functions,
    of_type,
    statements,
)

PARAMETERS: dict[str, Json] = TEMPLATE["Parameters"]
RULES = of_type("AWS::Events::Rule")
NOTIFYING = {"StatusRule", "AlarmRule", "ConsumerRule"}
"""Rules that are not about hints: people are told of what they take."""
REGISTERING = "RegistrationRule"
"""What it takes is acted on, and no hint."""
HINTING = {name: rule for name, rule in RULES.items() if name not in {*NOTIFYING, REGISTERING}}
SAMPLES = {
    "ResourceShareRule": "ram-resource-sharing-state-change",
    "ConnectionNotificationRule": "endpoint-connection-notification",
    "LatticeShareeRule": "lattice-sharee-association",
    "EndpointServiceRule": "endpoint-service-tagged",
    "ConfigurationRule": "parameter-store-change",
    "EndedExecutionRule": "execution-status-change",
}
NO_EVENTS = {"schedule", "schedule-orphans", "sns-connection-notification"}
"""Samples that do not come in by a rule."""
REGISTRATIONS = ("consumer-registered", "consumer-removed")
"""Samples of what a sign-up service puts on the bus."""
ALARM = "alarm-state-change"
"""The sample of CloudWatch's event about an alarm."""
ANNOUNCED = {"withdrawal-announced", "withdrawal-cancelled"}
"""Samples of our own events, which are no hints: people are told of them."""
OF_OFFERS = {"offer-status-changed", "offer-withdrawal-announced", "offer-withdrawal-cancelled"}
"""Samples of our own events, of which consumers are told."""
STRANGER = "999999999999"
CONSUMERS_HEAR_OF = {"ACCEPTED", "AVAILABLE", "REJECTED", "WITHDRAWING", "WITHDRAWN"}

every_workflow = pytest.mark.parametrize("workflow", WORKFLOWS)
every_function = pytest.mark.parametrize("function", list(functions().values()), ids=list(functions()))
MAPPINGS = of_type("AWS::Lambda::EventSourceMapping")
every_mapping = pytest.mark.parametrize("mapping", list(MAPPINGS.values()), ids=list(MAPPINGS))
every_rule = pytest.mark.parametrize("rule", HINTING)


def alarm_change(now: str, before: str, alarm: str = "StuckRequestsAlarm") -> Json:
    event: Json = sample(ALARM)
    changes = {"alarmName": alarm, "state": {"value": now}, "previousState": {"value": before}}
    return event | {
        "resources": [f"arn:aws:cloudwatch:us-east-1:222222222222:alarm:{alarm}"],
        "detail": event["detail"] | changes,
    }


def matches(rule: str, event: Json, account_id: str) -> bool:
    """Return whether the rule, deployed in the account, takes the event."""
    return event_fits(filled_in(RULES[rule]["EventPattern"], account_id), event)


def tagged(**changes: Any) -> Json:
    event: Json = sample(SAMPLES["EndpointServiceRule"])
    return event | {"detail": event["detail"] | changes}


def test_every_folder_of_a_function_is_deployed_and_none_is_missing() -> None:
    folders = {path.parent.name for path in (REPOSITORY / "functions").glob("*/app.py")}

    deployed = [function["CodeUri"].rstrip("/") for function in functions().values()]

    assert sorted(deployed) == sorted(f"functions/{folder}" for folder in folders)


@every_function
def test_a_function_is_called_after_its_folder(function: Json) -> None:
    folder = function["CodeUri"].rstrip("/").rpartition("/")[2]

    assert function["FunctionName"] == {"Fn::Sub": f"${{Prefix}}-{folder}"}


def test_every_name_fits_its_limit_however_long_the_stacks_name() -> None:
    """A stack's name may have 128 characters, a function's 64; a prefix has 32."""
    assert "AWS::StackName" not in str(RESOURCES)
    assert PARAMETERS["Prefix"]["AllowedPattern"].endswith("{0,31}")
    longest = [each["FunctionName"]["Fn::Sub"].replace("${Prefix}", "p" * 32) for each in functions().values()]
    assert max(map(len, longest)) <= 64


@every_function
def test_a_function_has_a_log_group_of_its_own_that_forgets(function: Json) -> None:
    group = RESOURCES[attribute_of(function["LoggingConfig"]["LogGroup"])]

    assert group["Type"] == "AWS::Logs::LogGroup"
    assert group["Properties"]["RetentionInDays"]
    name = function["FunctionName"]["Fn::Sub"]
    assert group["Properties"]["LogGroupName"] == {"Fn::Sub": f"/aws/lambda/{name}"}


def test_no_log_is_kept_for_ever() -> None:
    groups = of_type("AWS::Logs::LogGroup")

    assert [name for name, group in groups.items() if "RetentionInDays" not in group] == []


@every_workflow
def test_a_workflow_logs_its_errors_and_none_of_its_data_to_a_group_of_its_own(workflow: Workflow) -> None:
    properties = RESOURCES[f"{workflow.title()}StateMachine"]["Properties"]
    (destination,) = properties["Logging"]["Destinations"]
    group = RESOURCES[attribute_of(destination["CloudWatchLogsLogGroup"]["LogGroupArn"])]

    assert properties["Name"] == {"Fn::Sub": f"${{Prefix}}-{workflow}"}
    assert properties["Type"] == "STANDARD"
    assert properties["Tracing"] == {"Enabled": True}
    assert (properties["Logging"]["Level"], properties["Logging"]["IncludeExecutionData"]) == ("ERROR", False)
    assert group["Properties"]["LogGroupName"] == {"Fn::Sub": f"/aws/vendedlogs/states/${{Prefix}}-{workflow}"}


@every_workflow
def test_an_execution_of_a_workflow_that_fails_raises_an_alarm_of_its_own(workflow: Workflow) -> None:
    machine = ({"Name": "StateMachineArn", "Value": {"Ref": f"{workflow.title()}StateMachine"}},)
    alarms = of_type("AWS::CloudWatch::Alarm").values()

    ((alarm, metric),) = (
        (alarm, metric) for alarm in alarms for metric in alarm_of(alarm).metrics if metric.dimensions == machine
    )

    assert (metric.namespace, metric.name, metric.statistic) == ("AWS/States", "ExecutionsFailed", "Sum")
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (1, "GreaterThanOrEqualToThreshold")
    assert workflow in alarm["AlarmDescription"]


def test_what_expires_raises_one_alarm_which_lasts_from_one_sweep_to_the_next() -> None:
    every = int(re.sub(r"\D", "", PARAMETERS["LookEvery"]["Default"])) * 60
    within = PARAMETERS["ExpiringHours"]

    alarm = alarm_of(RESOURCES["ExpiringRequestsAlarm"]["Properties"])

    (metric,) = alarm.metrics
    assert (metric.namespace, metric.name, alarm.threshold) == ("Drawbridge", "RequestsExpiring", 1)
    assert (metric.statistic, alarm.missing) == ("Maximum", "notBreaching")
    assert every < alarm.period * alarm.periods < within["Default"] * 3600
    assert (within["MinValue"], within["MaxValue"]) == (1, 168)


@pytest.mark.parametrize(
    ("output", "resource"),
    [
        ("LedgerTableName", "LedgerTable"),
        ("ConsumersTableName", "ConsumersTable"),
        ("BusName", "Bus"),
        ("HintsQueueUrl", "HintsQueue"),
        ("OnboardingStateMachineArn", "OnboardingStateMachine"),
        ("WithdrawalStateMachineArn", "WithdrawalStateMachine"),
    ],
)
def test_what_users_rely_on_to_find_is_an_output(output: str, resource: str) -> None:
    assert TEMPLATE["Outputs"][output]["Value"] == {"Ref": resource}


def test_what_is_kept_outlives_the_stack_and_a_mistake() -> None:
    tables = {name: each for name, each in RESOURCES.items() if each["Type"] == "AWS::DynamoDB::Table"}

    assert tables
    for table in tables.values():
        # Not plainly Retain: what a first deployment that fails leaves behind is in the way of the next.
        assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
        assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_what_is_kept_and_what_waits_is_encrypted() -> None:
    """The linter accepts that there is no key of our own; it does not look whether there is one of AWS's."""
    tables = of_type("AWS::DynamoDB::Table")
    queues = of_type("AWS::SQS::Queue")

    assert [name for name, table in tables.items() if table.get("SSESpecification") != {"SSEEnabled": True}] == []
    assert [name for name, queue in queues.items() if queue.get("SqsManagedSseEnabled") is not True] == []


@every_mapping
def test_a_queue_hides_its_messages_for_six_times_the_time_of_the_function_that_reads_it(mapping: Json) -> None:
    function = functions()[attribute_of(mapping["FunctionName"])]
    queue = RESOURCES[attribute_of(mapping["EventSourceArn"])]["Properties"]

    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]


@every_mapping
def test_of_a_batch_only_what_failed_comes_again_and_what_keeps_failing_is_kept(mapping: Json) -> None:
    queue = RESOURCES[attribute_of(mapping["EventSourceArn"])]["Properties"]

    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    # AWS refuses a batch of more than ten without a window.
    assert mapping["BatchSize"] <= 10 or mapping["MaximumBatchingWindowInSeconds"] >= 1
    assert RESOURCES[attribute_of(queue["RedrivePolicy"]["deadLetterTargetArn"])]["Type"] == "AWS::SQS::Queue"


def test_no_function_reads_a_queue_by_an_event_of_its_own() -> None:
    events = [event["Type"] for each in functions().values() for event in each.get("Events", {}).values()]

    assert "SQS" not in events


DEFAULT_POLICIES = {
    name: each for name, each in of_type("AWS::SSM::Parameter").items() if "/config/policies/" in str(each["Name"])
}


def test_every_default_policy_is_kept_as_it_is_in_its_file_unless_people_want_none() -> None:
    files = {path.stem for path in (REPOSITORY / "policies").glob("*.cedar")}

    assert {each["Name"]["Fn::Sub"].rpartition("/")[2] for each in DEFAULT_POLICIES.values()} == files
    assert {RESOURCES[name]["Condition"] for name in DEFAULT_POLICIES} == {"InstallsPolicies"}
    assert TEMPLATE["Conditions"]["InstallsPolicies"] == {"Fn::Equals": [{"Ref": "InstallDefaultPolicies"}, "true"]}
    assert PARAMETERS["InstallDefaultPolicies"]["Default"] == "true"


@pytest.mark.parametrize(
    "function",
    [
        name
        for name, each in functions().items()
        if any(event["Type"] in {"SNS", "EventBridgeRule", "Schedule"} for event in each.get("Events", {}).values())
    ],
)
def test_what_is_invoked_asynchronously_keeps_what_it_could_not_do(function: str) -> None:
    destination = functions()[function]["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"]

    assert RESOURCES[attribute_of(destination)]["Type"] == "AWS::SQS::Queue"


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_a_parameter_says_what_it_is_for_and_what_it_takes(parameter: str) -> None:
    slot = PARAMETERS[parameter]

    assert slot["Description"].strip()
    if "AllowedValues" in slot:
        assert slot["Default"] in slot["AllowedValues"]
    else:
        low, high = slot.get("MinValue"), slot.get("MaxValue")
        if low is not None:
            assert low <= slot["Default"] <= high
        else:
            assert re.fullmatch(slot["AllowedPattern"], slot["Default"])


def test_whoever_was_asked_hears_of_every_status_at_which_a_request_comes_to_rest() -> None:
    pattern = RULES["StatusRule"]["EventPattern"]

    reached, delayed, _ = pattern["$or"]
    on_the_way = {Status.PENDING, Status.WAITING_FOR_APPROVAL, Status.ASSOCIATING}
    assert set(reached["detail"]["status"]) == {*Status} - on_the_way
    # Of what is pending only what is let in later is at rest.
    assert delayed["detail"] == {"status": [Status.PENDING], "reasons": {"code": [DELAYED]}}
    for reasons in (BOTH, BOTH[1:], []):
        event = OF_CONSUMER | {"detail": {"status": "PENDING", "reasons": reasons}}
        assert matches("StatusRule", event, "222222222222") is (reasons == BOTH)
    assert pattern["account"] == [{"Ref": "AWS::AccountId"}]
    for target in RULES["StatusRule"]["Targets"]:
        assert RESOURCES[attribute_of(target["DeadLetterConfig"]["Arn"])]["Type"] == "AWS::SQS::Queue"


BOTH = [{"code": DELAYED, "text": "later", "source": ""}, {"code": "policy", "text": "so", "source": "mine"}]
"""Reasons of what is let in later."""

OF_CONSUMER: dict[str, Any] = {
    "source": "drawbridge",
    "detail-type": "Request Status Changed",
    "account": "222222222222",
    "detail": {"kind": "endpoint-connection", "status": "AVAILABLE"},
}


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({}, True),
        *(
            ({"detail": {"kind": "endpoint-connection", "status": each.value}}, each in CONSUMERS_HEAR_OF)
            for each in [*Status]
        ),
        ({"detail": {"kind": "resource-share", "status": "AVAILABLE"}}, False),
        ({"detail": {"kind": "endpoint-connection", "status": "PENDING", "reasons": BOTH}}, True),
        ({"detail": {"kind": "endpoint-connection", "status": "PENDING", "reasons": BOTH[1:]}}, False),
        ({"detail": {"kind": "resource-share", "status": "PENDING", "reasons": BOTH}}, False),
        ({"detail-type": "Withdrawal Announced"}, True),
        ({"detail-type": "Withdrawal Cancelled", "detail": {"kind": "endpoint-connection", "status": "FAILED"}}, True),
        ({"detail-type": "Request Reviewed"}, False),
        ({"account": STRANGER}, False),
        ({"source": "drawbridge.command"}, False),
    ],
)
def test_of_requests_consumers_are_told_of_their_connections_alone(changes: dict[str, Any], taken: bool) -> None:
    assert matches("ConsumerRule", OF_CONSUMER | changes, "222222222222") is taken


def test_consumers_are_told_nothing_unless_the_provider_says_so() -> None:
    assert PARAMETERS["TellConsumersWebhook"]["Default"] == "false"
    assert TEMPLATE["Conditions"]["TellsConsumers"] == {"Fn::Equals": [{"Ref": "TellConsumersWebhook"}, "true"]}
    assert {RESOURCES[each]["Condition"] for each in ("ConsumerRule", "ConsumerPermission")} == {"TellsConsumers"}


def test_who_hears_slack_can_record_an_answer_and_complete_a_task_and_nothing_else() -> None:
    """The function behind the public address: whoever takes it over accepts nothing by it."""
    actions = {
        action
        for statement in statements("ReceiveApprovalFunctionRole")
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }

    assert actions == {
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "lambda:InvokeFunction",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "secretsmanager:GetSecretValue",
        "ssm:GetParameter",
        "states:SendTaskSuccess",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
    (table,) = (each for each in statements("ReceiveApprovalFunctionRole") if each["Sid"] == "KeepApprovals")
    assert attribute_of(table["Resource"]) == "ApprovalsTable"


def test_no_secret_is_in_an_environment_variable() -> None:
    """The secret's name is there, its value is asked for."""
    variables = {name for each in functions().values() for name in each.get("Environment", {}).get("Variables", {})}

    assert {name for name in variables if re.search("TOKEN|SIGNING|PASSWORD", name)} == set()


def test_the_callback_is_throttled() -> None:
    (stage,) = of_type("AWS::ApiGatewayV2::Stage").values()

    settings = stage["DefaultRouteSettings"]
    assert 0 < settings["ThrottlingRateLimit"] <= settings["ThrottlingBurstLimit"] <= 100


def test_a_flood_of_proofs_keeps_no_answer_of_slack_out() -> None:
    (stage,) = of_type("AWS::ApiGatewayV2::Stage").values()
    keys = {each["RouteKey"] for each in of_type("AWS::ApiGatewayV2::Route").values()}

    assert stage["RouteSettings"] == {"POST /proof": {"ThrottlingBurstLimit": 10, "ThrottlingRateLimit": 5}}
    assert stage["RouteSettings"].keys() < keys


@every_rule
def test_trap_26_a_rule_takes_events_of_its_own_account_only(rule: str) -> None:
    assert RULES[rule]["EventPattern"]["account"] == [{"Ref": "AWS::AccountId"}]
    assert not matches(rule, sample(SAMPLES[rule]), STRANGER)


@every_rule
def test_a_rule_retries_and_then_keeps_what_it_could_not_deliver(rule: str) -> None:
    for target in RULES[rule]["Targets"]:
        assert target["RetryPolicy"].keys() == {"MaximumEventAgeInSeconds", "MaximumRetryAttempts"}
        assert RESOURCES[attribute_of(target["DeadLetterConfig"]["Arn"])]["Type"] == "AWS::SQS::Queue"


def test_a_schedule_retries_and_then_keeps_what_it_could_not_deliver() -> None:
    for schedule in of_type("AWS::Scheduler::Schedule").values():
        assert schedule["Target"]["RetryPolicy"]
        assert RESOURCES[attribute_of(schedule["Target"]["DeadLetterConfig"]["Arn"])]["Type"] == "AWS::SQS::Queue"


def test_nobody_but_the_workflow_and_the_worker_sends_what_may_say_that_somebody_approved() -> None:
    policy = RESOURCES["DecisionsQueuePolicy"]["Properties"]

    (statement,) = policy["PolicyDocument"]["Statement"]
    senders = [attribute_of(each) for each in statement["Condition"]["ArnNotEquals"]["aws:PrincipalArn"]]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "sqs:SendMessage")
    assert senders == ["OnboardingStateMachineRole", "DecideRequestFunctionRole"]
    assert [attribute_of(each) for each in policy["Queues"]] == [attribute_of(statement["Resource"])]


def test_every_rule_may_send_to_its_queue_and_its_dead_letter_queue() -> None:
    of_work = {"DecisionsQueuePolicy", "NamesQueuesPolicy"}
    policies = {name: each for name, each in of_type("AWS::SQS::QueuePolicy").items() if name not in of_work}
    rules = {"HintsQueuePolicy": RULES.keys() - {REGISTERING}, "RegistrationsQueuePolicy": {REGISTERING}}

    assert policies.keys() == rules.keys()
    for name, policy in policies.items():
        (statement,) = policy["PolicyDocument"]["Statement"]
        used = {
            attribute_of(arn)
            for rule in rules[name]
            for target in RULES[rule]["Targets"]
            for arn in (target["Arn"], target["DeadLetterConfig"]["Arn"])
            if RESOURCES[attribute_of(arn)]["Type"] == "AWS::SQS::Queue"
        }
        let_in = statement["Condition"]["ArnEquals"]["aws:SourceArn"]
        assert {attribute_of(arn) for arn in (let_in if isinstance(let_in, list) else [let_in])} == rules[name]
        assert {attribute_of(arn) for arn in statement["Resource"]} == used
        assert {attribute_of(queue) for queue in policy["Queues"]} == used


@pytest.mark.parametrize("name", REGISTRATIONS)
def test_what_a_sign_up_service_tells_is_taken_from_anybody_of_the_account(name: str) -> None:
    event = sample(name)

    assert [rule for rule in RULES if matches(rule, event, event["account"])] == [REGISTERING]
    assert not matches(REGISTERING, event, STRANGER)
    assert [rule for rule in RULES if matches(rule, event | {"source": "drawbridge"}, event["account"])] == [
        REGISTERING
    ]
    assert not matches(REGISTERING, event | {"detail-type": "Request Status Changed"}, event["account"])


def test_an_event_that_is_acted_on_goes_where_it_is_parsed_and_if_it_can_not_where_somebody_is_told() -> None:
    """What it registers, policies decide on; what is late changes nothing: ``intake.registration.register``."""
    (target,) = RULES[REGISTERING]["Targets"]

    assert attribute_of(target["Arn"]) == "RegistrationsQueue"
    assert RULES[REGISTERING]["EventBusName"] == {"Ref": "Bus"}
    buried = attribute_of(target["DeadLetterConfig"]["Arn"])
    redriven = attribute_of(RESOURCES["RegistrationsQueue"]["Properties"]["RedrivePolicy"]["deadLetterTargetArn"])
    (watched,) = RESOURCES["BrokenHintsAlarm"]["Properties"]["Dimensions"]
    assert {buried, redriven} == {attribute_of(watched["Value"])}
    assert "AlarmActions" in RESOURCES["BrokenHintsAlarm"]["Properties"]


@pytest.mark.parametrize(
    ("mapping", "queue", "function"),
    [
        ("DecisionsMapping", "DecisionsQueue", "DecideRequestFunction"),
        ("HintsMapping", "HintsQueue", "DiscoverRequestsFunction"),
        ("RegistrationsMapping", "RegistrationsQueue", "RegisterConsumerFunction"),
        ("TurnsMapping", "TurnsQueue", "GiveTurnsFunction"),
    ],
)
def test_a_message_that_fails_is_seen_again_alone_and_not_while_its_function_runs(
    mapping: str, queue: str, function: str
) -> None:
    reads = RESOURCES[mapping]["Properties"]

    assert (attribute_of(reads["EventSourceArn"]), attribute_of(reads["FunctionName"])) == (queue, function)
    assert reads["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert RESOURCES[queue]["Properties"]["VisibilityTimeout"] == 6 * RESOURCES[function]["Properties"]["Timeout"]


def test_there_is_a_sample_of_every_event_taken_in() -> None:
    samples = {path.stem for path in (REPOSITORY / "events").glob("*.json")}

    assert SAMPLES.keys() == HINTING.keys()
    assert samples == {*SAMPLES.values(), *NO_EVENTS, *ANNOUNCED, *OF_OFFERS, *REGISTRATIONS, ALARM}


@pytest.mark.parametrize("name", sorted(ANNOUNCED))
def test_people_are_told_of_a_withdrawal_that_is_announced_or_called_off_whatever_the_status(name: str) -> None:
    event = sample(name)

    assert [rule for rule in RULES if matches(rule, event, event["account"])] == ["StatusRule"]
    assert matches("StatusRule", event | {"detail": event["detail"] | {"status": "PENDING"}}, event["account"])
    assert not matches("StatusRule", event, STRANGER)


@pytest.mark.parametrize("name", sorted(OF_OFFERS))
def test_consumers_are_told_of_their_shares_and_nobody_else_is(name: str) -> None:
    event = sample(name)

    assert [rule for rule in RULES if matches(rule, event, event["account"])] == ["ConsumerRule"]
    assert not matches("ConsumerRule", event, STRANGER)


@pytest.mark.parametrize(("status", "taken"), [("WITHDRAWING", True), ("WITHDRAWN", True), ("ASSOCIATING", False)])
def test_of_changes_of_status_only_those_that_people_want_to_know_are_told(status: str, taken: bool) -> None:
    event = sample("withdrawal-announced")
    event |= {"detail-type": "Request Status Changed", "detail": event["detail"] | {"status": status}}

    assert matches("StatusRule", event, event["account"]) is taken


@pytest.mark.parametrize(
    ("event", "taken"),
    [
        (sample(ALARM), True),
        (alarm_change("ALARM", "INSUFFICIENT_DATA"), True),
        (alarm_change("OK", "ALARM"), True),
        (alarm_change("OK", "INSUFFICIENT_DATA"), False),
        (alarm_change("INSUFFICIENT_DATA", "OK"), False),
        (alarm_change("ALARM", "OK", alarm="LostEventsAlarm"), False),
        (alarm_change("ALARM", "OK", alarm="somebody-else-s"), False),
        (sample(ALARM) | {"source": "drawbridge"}, False),
        (sample(ALARM) | {"account": STRANGER}, False),
    ],
)
def test_slack_is_told_of_alarms_that_somebody_has_to_see_to_and_of_their_end(event: Json, taken: bool) -> None:
    assert [rule for rule in RULES if matches(rule, event, "222222222222")] == (["AlarmRule"] if taken else [])
    assert "EventBusName" not in RULES["AlarmRule"]


def test_the_rule_that_names_alarms_fits_what_eventbridge_takes_with_a_long_name_of_the_stack() -> None:
    """CloudFormation calls an alarm after the stack, itself and twelve characters."""
    pattern = json.dumps(filled_in(RULES["AlarmRule"]["EventPattern"], "222222222222"), separators=(",", ":"))
    named = RULES["AlarmRule"]["EventPattern"]["detail"]["alarmName"]

    assert len(pattern) + len(named) * len(f"{'s' * 80}--{'r' * 12}") <= 2048


@every_rule
@pytest.mark.parametrize("name", list(SAMPLES.values()))
def test_a_rule_takes_its_own_sample_and_no_other(rule: str, name: str) -> None:
    event = sample(name)

    assert matches(rule, event, event["account"]) is (SAMPLES[rule] == name)


@pytest.mark.parametrize(
    ("event", "taken"),
    [
        (tagged(eventName="CreateVpcEndpointServiceConfiguration", requestParameters={}), True),
        (tagged(errorCode="Client.UnauthorizedOperation"), False),
        (tagged(eventName="DeleteTags"), False),
        (tagged(eventName="CreateVpcEndpoint"), False),
        (tagged(requestParameters={"tagSet": {"items": [{"key": "drawbridge:tier", "value": "gold"}]}}), True),
        (tagged(requestParameters={"tagSet": {"items": [{"key": "Name", "value": "true"}]}}), False),
        (tagged(requestParameters=None), False),
    ],
)
def test_of_all_calls_to_ec2_only_those_that_may_make_a_service_managed_are_hints(event: Json, taken: bool) -> None:
    assert matches("EndpointServiceRule", event, event["account"]) is taken


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("/drawbridge/config/policies/ask", True),
        ("/drawbridge/config/bindings/orders", True),
        ("/drawbridge/connections/orders/db/dns-name", False),
        ("/drawbridge/consumers/222222222222/vpce-0c1308d7312217abc/dns-name", False),
        ("/other/config/policies/ask", False),
    ],
)
def test_what_is_configured_is_a_hint_and_what_is_published_is_none(name: str, taken: bool) -> None:
    event = sample(SAMPLES["ConfigurationRule"])
    event["detail"]["name"] = name

    assert matches("ConfigurationRule", event, event["account"]) is taken


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        *(({"status": status}, True) for status in ("FAILED", "TIMED_OUT", "ABORTED")),
        *(({"status": status}, False) for status in ("RUNNING", "SUCCEEDED", "PENDING_REDRIVE")),
        ({"stateMachineArn": "arn:aws:states:us-east-1:222222222222:stateMachine:drawbridge-withdrawal"}, True),
        ({"stateMachineArn": "arn:aws:states:us-east-1:222222222222:stateMachine:somebody-else-s"}, False),
    ],
)
def test_of_executions_only_those_of_ours_that_ended_unrecorded_are_hints(changes: Json, taken: bool) -> None:
    event = sample(SAMPLES["EndedExecutionRule"])
    event["detail"] |= changes

    assert matches("EndedExecutionRule", event, event["account"]) is taken


def test_each_schedule_sends_its_sample() -> None:
    sent = {name: json.loads(each["Target"]["Input"]) for name, each in of_type("AWS::Scheduler::Schedule").items()}

    assert sent == {"Look": sample("schedule"), "OrphansSchedule": sample("schedule-orphans")}


def test_the_sns_notification_is_relayed_as_its_sample() -> None:
    (record,) = sample("sns-connection-notification")["Records"]

    assert detail_of(record["Sns"]["Message"]) == sample("endpoint-connection-notification")["detail"]


@pytest.mark.parametrize("rule", sorted(RULES.keys() - {REGISTERING}))
def test_an_event_is_a_hint_to_whatever_a_rule_calls(rule: str) -> None:
    """Whoever else a rule calls has to ask AWS or the ledger too: name it here with its proof."""
    hinted = {"HintsQueue", "TellApproversFunction", "TellConsumersFunction"}
    targets = RULES[rule]["Targets"]

    assert {attribute_of(target["Arn"]) for target in targets} <= hinted
    # The event as it came: what a rule makes of it could look like one of our own calls.
    assert not any({"Input", "InputPath", "InputTransformer"} & target.keys() for target in targets)
