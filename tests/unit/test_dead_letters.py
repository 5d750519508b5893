"""Dead letters, explained: why each is one, what to do, and where it may be sent again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.hint.parse import parse_hint
from drawbridge_cli.dead_letters import (
    DeadLetter,
    DeadLetterSource,
    DeadMessage,
    InvokeAgain,
    NotAgain,
    SendHint,
    SendRegistration,
    Targets,
    explained,
)
from tests.builders import sample
from tests.odd import json_texts

HERE = "us-east-1:111111111111"
TARGETS = Targets(
    partition="aws",
    region="us-east-1",
    account_id="111111111111",
    hints_queue="drawbridge-HintsQueue-1",
    registrations_queue="drawbridge-RegistrationsQueue-1",
    functions=frozenset({"drawbridge-relay_notification", "drawbridge-tell_approvers"}),
)
NOW = datetime(2026, 12, 1, tzinfo=UTC)
HINTS_QUEUE = f"arn:aws:sqs:{HERE}:drawbridge-HintsQueue-1"
TELL = f"arn:aws:lambda:{HERE}:function:drawbridge-tell_approvers"
RULE = f"arn:aws:events:{HERE}:rule/drawbridge/drawbridge-StatusRule-1"
SCHEDULE = f"arn:aws:scheduler:{HERE}:schedule/default/drawbridge-Look-1"
EVENT = json.dumps(sample("ram-resource-sharing-state-change"))
SWEEP = json.dumps({"source": "drawbridge.schedule", "detail-type": "Sweep", "detail": {}})


def message(source: DeadLetterSource, body: str, **attributes: str) -> DeadMessage:
    return DeadMessage(
        source=source,
        message_id="m-1",
        receipt_handle="r-1",
        body=body,
        attributes=attributes,
        sent_at=datetime(2026, 11, 21, tzinfo=UTC),
    )


def of_hints(body: str, **attributes: str) -> DeadLetter:
    return explained(message(DeadLetterSource.HINTS, body, **attributes), TARGETS, NOW)


def of_events(body: str, **attributes: str) -> DeadLetter:
    return explained(message(DeadLetterSource.EVENTS, body, **attributes), TARGETS, NOW)


def test_a_hint_whose_sweeps_failed_may_be_sent_again() -> None:
    letter = of_hints(EVENT)

    assert letter.what == "a hint whose sweeps failed time and again (aws.ram, Resource Sharing State Change)"
    assert letter.reason == "the log of discover_requests has it, as: sweep failed"
    assert letter.again == SendHint(EVENT)


def test_a_hint_that_nobody_can_read_would_come_back_and_has_its_reason() -> None:
    letter = of_hints("[]", reason="hint: no envelope")

    assert (letter.what, letter.reason) == ("a hint that nobody can read", "hint: no envelope")
    assert letter.again == NotAgain()


def test_a_hint_that_nobody_can_read_has_the_reason_of_today_if_it_has_none() -> None:
    assert "envelope is needed" in of_hints("[]").reason


def test_a_hint_that_another_version_could_not_read_may_be_sent_again() -> None:
    letter = of_hints(EVENT, reason="hint: nobody looks for source 'aws.ram'")

    assert letter.what == "a hint that could not be read then (aws.ram, Resource Sharing State Change)"
    assert letter.reason == "hint: nobody looks for source 'aws.ram'"
    assert letter.again == SendHint(EVENT)


def test_an_event_that_a_rule_could_not_deliver_goes_to_its_target_again() -> None:
    letter = of_events(
        EVENT,
        RULE_ARN=RULE,
        TARGET_ARN=HINTS_QUEUE,
        ERROR_CODE="NO_PERMISSIONS",
        ERROR_MESSAGE="not authorized",
        RETRY_ATTEMPTS="0",
    )

    assert letter.what == (
        "an event that the rule drawbridge-StatusRule-1 could not deliver to drawbridge-HintsQueue-1"
    )
    assert letter.reason == "NO_PERMISSIONS: not authorized, after 0 retries"
    assert letter.what_to_do == (
        "the target's policy, or the schedule's role, is not as the stack made it: deploy it again"
    )
    assert letter.again == SendHint(EVENT)


@pytest.mark.parametrize("target", [TELL, f"{TELL}:workflow", f"{TELL}:$LATEST"])
def test_an_event_for_a_function_is_given_to_it_again(target: str) -> None:
    letter = of_events(EVENT, RULE_ARN=RULE, TARGET_ARN=target, ERROR_CODE="THROTTLING")

    assert letter.again == InvokeAgain("drawbridge-tell_approvers", EVENT)
    assert letter.what_to_do == "see to the reason; then send it again"


@pytest.mark.parametrize("body", [SWEEP, '{"MessageBody": "whatever Scheduler says"}', "", "nothing"])
def test_what_a_schedule_could_not_send_is_a_hint_to_sweep_whatever_is_in_it(body: str) -> None:
    letter = of_events(
        body,
        SCHEDULE_ARN=SCHEDULE,
        TARGET_ARN=HINTS_QUEUE,
        ERROR_CODE="AccessDenied",
        EXHAUSTED_RETRY_CONDITION="MaximumRetryAttempts",
        RETRY_ATTEMPTS="5",
    )

    assert letter.what == "an event that the schedule drawbridge-Look-1 could not deliver to drawbridge-HintsQueue-1"
    assert letter.reason == "AccessDenied: MaximumRetryAttempts, after 5 retries"
    assert isinstance(letter.again, SendHint)
    assert parse_hint(letter.again.body).scheduled


def record(function_arn: str, **fields: Any) -> str:
    context = {"requestId": "r", "functionArn": function_arn, "condition": "RetriesExhausted"}
    return json.dumps({"version": "1.0", "requestContext": context, "requestPayload": {"Records": [1]}} | fields)


def test_an_invocation_that_failed_is_made_again_with_what_it_was_given() -> None:
    letter = of_events(
        record(TELL, responsePayload={"errorMessage": "Slack is down", "errorType": "UpstreamError", "stackTrace": []})
    )

    assert letter.what == "an invocation of drawbridge-tell_approvers that failed"
    assert letter.reason == "UpstreamError: Slack is down"
    assert letter.again == InvokeAgain("drawbridge-tell_approvers", '{"Records": [1]}')


def test_an_invocation_that_never_began_has_lambda_s_own_reason() -> None:
    assert of_events(record(TELL)).reason == "RetriesExhausted"


@pytest.mark.parametrize(
    "target",
    [
        "",
        "nothing",
        f"arn:aws:lambda:{HERE}:function:somebodys",
        f"arn:aws:lambda:{HERE}:layer:drawbridge-tell_approvers",
        TELL.replace("us-east-1", "eu-west-1"),
        TELL.replace("111111111111", "222222222222"),
        TELL.replace(":lambda:", ":states:"),
        HINTS_QUEUE.replace("111111111111", "222222222222"),
        f"{HINTS_QUEUE}-2",
    ],
)
def test_nothing_is_sent_to_what_the_stack_does_not_have(target: str) -> None:
    assert of_events(EVENT, RULE_ARN=RULE, TARGET_ARN=target).again == NotAgain()
    assert of_events(SWEEP, SCHEDULE_ARN=SCHEDULE, TARGET_ARN=target).again == NotAgain()
    assert of_events(record(target)).again == NotAgain()


def test_what_is_no_hint_is_not_sent_to_the_queue_by_a_rule_s_name() -> None:
    assert of_events("[]", RULE_ARN=RULE, TARGET_ARN=HINTS_QUEUE).again == NotAgain()


def test_a_task_that_waited_in_a_queue_is_said_to_be_one_and_its_token_is_not_told() -> None:
    letter = of_events(json.dumps({"form": 1, "token": "secret"}), reason="task: no input")

    assert (letter.what, letter.reason) == ("a task of the workflow that waited for its turn", "task: no input")
    assert letter.again == NotAgain()
    assert "secret" not in letter.what + letter.reason + letter.what_to_do


def test_a_message_of_unknown_origin_is_left() -> None:
    letter = of_events("hello")

    assert (letter.what, letter.again) == ("a message of unknown origin", NotAgain())


@given(
    st.sampled_from(DeadLetterSource),
    st.text() | json_texts,
    st.dictionaries(st.sampled_from(["reason", "RULE_ARN", "SCHEDULE_ARN", "TARGET_ARN", "ERROR_CODE"]), st.text()),
)
def test_whatever_is_in_the_queues_is_explained_and_sent_nowhere_else(
    source: DeadLetterSource, body: str, attributes: dict[str, str]
) -> None:
    letter = explained(message(source, body, **attributes), TARGETS, NOW)

    assert letter.what
    assert letter.what_to_do
    assert not isinstance(letter.again, InvokeAgain)


REGISTERED = json.dumps(sample("consumer-registered"))
OF_REGISTERED = "the event Consumer Registered of com.example.sign-up, about 012345678901"
REGISTRATIONS = f"arn:aws:sqs:{HERE}:drawbridge-RegistrationsQueue-1"


def test_a_registration_that_failed_time_and_again_may_be_sent_again_where_it_came_from() -> None:
    letter = of_hints(REGISTERED)

    assert letter.what == f"{OF_REGISTERED}, that failed time and again"
    assert letter.reason == "the log of register_consumer has it, as: event failed"
    assert letter.again == SendRegistration(REGISTERED)


@pytest.mark.parametrize("detail", [{}, {"account_id": 5}, {"account_id": "012345678901", "tier": []}])
def test_a_registration_that_nobody_can_read_would_come_back_and_has_its_reason(detail: dict[str, Any]) -> None:
    letter = of_hints(json.dumps(sample("consumer-registered") | {"detail": detail}), reason="account_id: no")

    assert (letter.what, letter.reason) == ("an event of a sign-up service that nobody can read", "account_id: no")
    assert letter.again == NotAgain()


def test_a_registration_that_can_be_read_by_now_may_be_sent_again() -> None:
    letter = of_hints(REGISTERED, reason="hint: nobody looks for source 'com.example.sign-up'")

    assert letter.what == f"{OF_REGISTERED}, that could not be read then"
    assert letter.again == SendRegistration(REGISTERED)


@pytest.mark.parametrize("body", [REGISTERED, json.dumps(sample("consumer-removed") | {"detail": {}})])
def test_a_registration_that_could_not_be_delivered_goes_to_its_queue_once_that_is_mended(body: str) -> None:
    letter = of_hints(body, RULE_ARN=RULE, TARGET_ARN=REGISTRATIONS, ERROR_CODE="NO_PERMISSIONS")

    assert letter.what == (
        "an event that the rule drawbridge-StatusRule-1 could not deliver to drawbridge-RegistrationsQueue-1"
    )
    assert letter.again == SendRegistration(body)


def test_nothing_but_a_registration_is_sent_to_their_queue() -> None:
    assert of_hints(EVENT, RULE_ARN=RULE, TARGET_ARN=REGISTRATIONS).again == NotAgain()


def test_where_a_stack_has_no_queue_for_registrations_none_is_sent() -> None:
    older = msgspec.structs.replace(TARGETS, registrations_queue="")
    target = f"arn:aws:sqs:{HERE}:"

    for attributes in ({}, {"RULE_ARN": RULE, "TARGET_ARN": target}):
        letter = explained(message(DeadLetterSource.HINTS, REGISTERED, **attributes), older, NOW)
        assert letter.again == NotAgain()
