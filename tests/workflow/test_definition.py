"""The workflows' definitions, as data: that they hold together, before they ever run."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from jsonata import Jsonata

from drawbridge.pacing.door import PROMISE
from drawbridge.pacing.task import FORM, Message
from tests.builders import REPOSITORY
from tests.workflow.definition import (
    CALLED_BY,
    DEFINITIONS,
    SUBSTITUTIONS_OF,
    TEMPLATE,
    WORKFLOWS,
    Json,
    Machine,
    Workflow,
    attribute_of,
    expressions,
    functions,
    machines,
    next_states,
    of_type,
    statement,
    states,
    states_of_both,
    substitutions,
)
from tests.workflow.promises import OUR_ERRORS, PROMISES

LAST_RESORT = "RecordFailure"

ERROR_HANDLING = "https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"
SERVICE_EXCEPTIONS = "https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html"
LAMBDA_INVOCATION = "https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html"
NAMES_OF_AWS = {
    "States.ALL": ERROR_HANDLING,
    "States.Timeout": ERROR_HANDLING,
    "Lambda.Unknown": ERROR_HANDLING,
    "Sandbox.Timedout": ERROR_HANDLING,
    "Lambda.TooManyRequestsException": ERROR_HANDLING,
    "Lambda.ClientExecutionTimeoutException": SERVICE_EXCEPTIONS,
    "Lambda.ServiceException": SERVICE_EXCEPTIONS,
    "Lambda.AWSLambdaException": SERVICE_EXCEPTIONS,
    "Lambda.SdkClientException": SERVICE_EXCEPTIONS,
    "Runtime.ExitError": LAMBDA_INVOCATION,
}
"""Errors that Step Functions and Lambda report themselves, each with the page that names it."""

NAMES_OF_SQS = {"SQS.SdkClientException", "SQS.AmazonSQSException"}
"""Errors of a message that could not be sent: Step Functions names what its SDK throws after the service."""


STATES = states_of_both()
WAITS = {key: state for key, state in STATES.items() if state.get("Resource") == "${LambdaInvoke}.waitForTaskToken"}
"""Tasks that wait for a person."""
QUEUED = {key: state for key, state in STATES.items() if state.get("Resource") == "${SendMessage}.waitForTaskToken"}
"""Tasks that wait in a queue."""
CALLS = {
    key: state for key, state in STATES.items() if state["Type"] == "Task" and key not in WAITS.keys() | QUEUED.keys()
}


def parametrized(name: str, these: dict[tuple[Workflow, str], Json]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(name, list(these.values()), ids=["-".join(key) for key in these])


every_workflow = pytest.mark.parametrize("workflow", WORKFLOWS)
every_machine = pytest.mark.parametrize(
    "machine",
    [
        pytest.param(machine, id=f"{workflow}-{machine.name}")
        for workflow in WORKFLOWS
        for machine in machines(DEFINITIONS[workflow], workflow)
    ],
)
every_state = parametrized("state", STATES)
every_task = parametrized("task", CALLS)
every_wait = parametrized("task", WAITS)
every_queued_task = parametrized("task", QUEUED)


def retried(state: Json) -> list[str]:
    return [name for retry in state.get("Retry", ()) for name in retry["ErrorEquals"]]


def caught(state: Json) -> list[str]:
    return [name for catch in state.get("Catch", ()) for name in catch["ErrorEquals"]]


def function_of(task: Json) -> str:
    """Return the logical id of the function that a task invokes; both workflows call it by one name."""
    (name,) = substitutions(task["Arguments"]["FunctionName"])
    (found,) = {attribute_of(called[name]) for called in CALLED_BY.values() if name in called}
    return found


@every_machine
def test_every_transition_leads_to_a_state_of_the_same_machine(machine: Machine) -> None:
    leading = {machine.start, *(name for state in machine.states.values() for name in next_states(state))}

    assert leading <= machine.states.keys()


@every_machine
def test_every_state_is_reachable(machine: Machine) -> None:
    reached: set[str] = set()
    ahead = {machine.start}
    while ahead:
        reached |= ahead
        ahead = {name for each in ahead for name in next_states(machine.states[each])} - reached

    assert reached == machine.states.keys()


@every_state
def test_every_state_goes_on_or_ends(state: Json) -> None:
    exits = [bool(state.get("End")), "Next" in state, state["Type"] in {"Choice", "Succeed", "Fail"}]

    assert sum(exits) == 1
    assert state["Type"] != "Choice" or "Default" in state


@every_workflow
def test_the_query_language_is_jsonata_throughout(workflow: Workflow) -> None:
    assert DEFINITIONS[workflow]["QueryLanguage"] == "JSONata"
    others = [name for name, state in states(workflow).items() if state.get("QueryLanguage", "JSONata") != "JSONata"]
    assert others == []


@pytest.mark.parametrize("expression", sorted({each for one in DEFINITIONS.values() for each in expressions(one)}))
def test_every_expression_compiles(expression: str) -> None:
    assert Jsonata(expression)


@every_workflow
def test_an_expression_is_the_whole_text(workflow: Workflow) -> None:
    def texts(value: Any) -> list[str]:
        inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
        return [value] if isinstance(value, str) else [text for each in inner for text in texts(each)]

    marked = [text for text in texts(DEFINITIONS[workflow]) if "{%" in text or "%}" in text]

    assert [text for text in marked if not (text.startswith("{%") and text.endswith("%}"))] == []


def test_every_error_of_ours_says_whether_it_is_retried() -> None:
    assert PROMISES.keys() == OUR_ERRORS
    assert {name for name, promise in PROMISES.items() if promise == "retried"} == {
        "NotReadyError",
        "SlotNotDueError",
        "ThrottledError",
        "UpstreamError",
    }


@every_state
def test_every_error_that_is_named_exists(state: Json) -> None:
    assert {*retried(state), *caught(state)} <= OUR_ERRORS | NAMES_OF_AWS.keys() | NAMES_OF_SQS


@every_task
def test_a_task_retries_what_is_promised_to_be_retried_and_nothing_else_of_ours(task: Json) -> None:
    named = retried(task)

    assert {name for name in named if name in OUR_ERRORS} == {
        name for name, promise in PROMISES.items() if promise == "retried"
    }
    # These would take in what is never retried, too.
    assert not {"States.ALL", "States.TaskFailed"} & set(named)
    assert len(named) == len(set(named))


@every_task
def test_a_task_retries_what_lambda_says_to_retry(task: Json) -> None:
    assert {name for name in NAMES_OF_AWS if name != "States.ALL"} <= set(retried(task))


@every_task
def test_a_task_waits_for_aws_between_twenty_and_thirty_minutes(task: Json) -> None:
    (retry,) = (retry for retry in task["Retry"] if "NotReadyError" in retry["ErrorEquals"])

    waits = [
        min(retry["MaxDelaySeconds"], retry["IntervalSeconds"] * retry["BackoffRate"] ** number)
        for number in range(retry["MaxAttempts"])
    ]

    assert 20 * 60 <= sum(waits) <= 30 * 60


@every_task
def test_a_throttled_task_comes_back_spread_out(task: Json) -> None:
    (retry,) = (retry for retry in task["Retry"] if "ThrottledError" in retry["ErrorEquals"])

    assert retry["JitterStrategy"] == "FULL"
    assert "Lambda.TooManyRequestsException" in retry["ErrorEquals"]


@every_workflow
def test_every_task_and_map_has_its_failure_recorded_but_the_last_resort(workflow: Workflow) -> None:
    working = {name: state for name, state in states(workflow).items() if state["Type"] in {"Task", "Map"}}

    assert [name for name, state in working.items() if "States.ALL" not in caught(state)] == [LAST_RESORT]
    outside = {
        catch["Next"]
        for name, state in DEFINITIONS[workflow]["States"].items()
        if (workflow, name) not in WAITS
        for catch in state.get("Catch", ())
    }
    assert outside == {LAST_RESORT}


@every_wait
def test_trap_21_a_task_that_waits_for_a_person_never_takes_its_timeout_for_a_failure(task: Json) -> None:
    """A retry would be another token; and a wait without an end would last a year."""
    assert not {"States.Timeout", "States.ALL", "States.TaskFailed"} & set(retried(task))
    assert task["Catch"][0]["ErrorEquals"] == ["States.Timeout"]
    assert task["TimeoutSeconds"] in {"{% $decided.wait.reminder %}", "{% $decided.wait.end %}"}
    assert task["Resource"] == "${LambdaInvoke}.waitForTaskToken"
    assert task["Arguments"]["Payload"]["token"] == "{% $states.context.Task.Token %}"


@every_wait
def test_a_task_that_waits_comes_back_where_slack_or_lambda_could_not(task: Json) -> None:
    expected = {name for name in NAMES_OF_AWS if name not in {"States.ALL", "States.Timeout"}}

    assert expected | {"ThrottledError", "UpstreamError"} == set(retried(task))


@every_queued_task
def test_a_task_in_a_queue_is_sent_anew_where_it_was_lost_and_waits_for_aws_there(task: Json) -> None:
    assert set(retried(task)) == NAMES_OF_SQS | {"UpstreamError", "States.Timeout"}


@every_queued_task
def test_a_task_in_a_queue_is_sent_as_its_worker_reads_it(task: Json) -> None:
    body = task["Arguments"]["MessageBody"]

    assert body["form"] == FORM
    assert body["token"] == "{% $states.context.Task.Token %}"
    assert body.keys() <= {"form", "input", *Message.__struct_fields__}
    # Longer than its worker waits for AWS.
    assert max(PROMISE.values()).total_seconds() < task["TimeoutSeconds"] <= 6 * 3600


@every_queued_task
def test_the_queue_that_a_task_waits_in_is_worked_off_by_a_function_that_may_complete_it(task: Json) -> None:
    (name,) = substitutions(task["Arguments"]["QueueUrl"])
    (queue,) = {attribute_of(given[name]) for given in SUBSTITUTIONS_OF.values() if name in given}
    mappings = of_type("AWS::Lambda::EventSourceMapping").values()
    (mapping,) = (each for each in mappings if attribute_of(each["EventSourceArn"]) == queue)

    role = attribute_of(functions()[attribute_of(mapping["FunctionName"])]["Role"])
    completes = statement(role, "CompleteTasks")

    assert set(completes["Action"]) == {"states:SendTaskSuccess", "states:SendTaskFailure"}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_whatever_becomes_of_slack_there_is_a_wait_that_needs_none() -> None:
    loud = {key: task for key, task in WAITS.items() if task["Arguments"]["Payload"]["how"] != "quiet"}

    handlers = {name: [catch["Next"] for catch in task["Catch"]] for (_, name), task in loud.items()}
    assert handlers == {
        "RequestApproval": ["RemindApprovers", "RecordTrouble"],
        "RemindApprovers": ["CloseQuestion", "AwaitQuietly"],
    }


def test_the_longest_wait_fits_into_an_execution() -> None:
    hours = int(TEMPLATE["Parameters"]["ApprovalHours"]["MaxValue"])

    assert DEFINITIONS["onboarding"]["TimeoutSeconds"] >= hours * 3600 + 24 * 3600


CATCHES = [
    pytest.param(catch, id="-".join(key))
    for key, state in STATES.items()
    for catch in state.get("Catch", ())
    if catch.get("Output")
]


def caught_as(catch: Json, error: Json) -> Any:
    """Return the error as the catch hands it on."""
    (cause,) = (each for each in expressions(catch["Output"]["error"]) if "Cause" in each)
    (name,) = (each for each in expressions(catch["Output"]["error"]) if "Cause" not in each)
    bound = {"states": {"errorOutput": error}}
    return {"Error": Jsonata(name).evaluate(None, bound), "Cause": Jsonata(cause).evaluate(None, bound)}


@pytest.mark.parametrize("catch", CATCHES)
@pytest.mark.parametrize("length", [0, 1, 1000, 1001, 32_768])
def test_trap_21_of_a_cause_the_first_thousand_characters_are_handed_on(catch: Json, length: int) -> None:
    cause = "é" * length

    handed_on = caught_as(catch, {"Error": "ConflictError", "Cause": cause})

    assert handed_on == {"Error": "ConflictError", "Cause": cause[:1000]}


@pytest.mark.parametrize("catch", CATCHES)
def test_an_error_without_a_cause_as_a_timeout_is_handed_on_without_words(catch: Json) -> None:
    handed_on = caught_as(catch, {"Error": "States.Timeout"})

    assert handed_on == {"Error": "States.Timeout", "Cause": ""}


@pytest.mark.parametrize(
    ("workflow", "each", "noting", "unnoted"),
    [
        ("onboarding", "AssociateResources", "NoteFailure", "LeaveUnnoted"),
        ("onboarding", "WithdrawAttachments", "NoteRemovalFailure", "RemovalEnded"),
        ("withdrawal", "WithdrawAttachments", "NoteRemovalFailure", "RemovalEnded"),
    ],
)
def test_one_association_or_removal_that_fails_does_not_fail_the_map(
    workflow: Workflow, each: str, noting: str, unnoted: str
) -> None:
    (inner,) = (machine for machine in machines(DEFINITIONS[workflow], workflow) if machine.name == each)

    caught_by = {name: {catch["Next"] for catch in state.get("Catch", ())} for name, state in inner.states.items()}

    # It is noted; and if it can't be, it is left to the record, which finds nothing noted.
    assert caught_by.pop(noting) == {unnoted}
    assert {next_state for ends in caught_by.values() for next_state in ends} == {noting}
    assert inner.states[unnoted]["Type"] == "Pass"
    assert "ToleratedFailurePercentage" not in DEFINITIONS[workflow]["States"][each]


def test_both_workflows_take_down_in_the_same_way() -> None:
    onboarding, withdrawal = (DEFINITIONS[workflow]["States"]["WithdrawAttachments"] for workflow in WORKFLOWS)

    assert onboarding | {"Comment": "", "Next": ""} == withdrawal | {"Comment": "", "Next": ""}


@every_task
def test_a_task_gives_its_function_the_time_that_the_function_has(task: Json) -> None:
    function = functions()[function_of(task)]

    assert function["Timeout"] < task["TimeoutSeconds"]


@every_workflow
def test_every_substitution_is_given_and_none_in_vain(workflow: Workflow) -> None:
    assert substitutions(DEFINITIONS[workflow]) == SUBSTITUTIONS_OF[workflow].keys()
    assert {attribute_of(each) for each in CALLED_BY[workflow].values()} <= functions().keys()


def test_neither_definition_nor_template_is_for_one_partition_only() -> None:
    """Step Functions knows its integrations under the partition's name: aws-cn and aws-us-gov are others."""
    template = (REPOSITORY / "template.yaml").read_text()

    assert "arn:aws" not in json.dumps(DEFINITIONS)
    assert "arn:aws" not in template
    for substitutions_given in SUBSTITUTIONS_OF.values():
        assert substitutions_given["LambdaInvoke"] == {"Fn::Sub": "arn:${AWS::Partition}:states:::lambda:invoke"}
        assert substitutions_given["SendMessage"] == {"Fn::Sub": "arn:${AWS::Partition}:states:::sqs:sendMessage"}


@every_task
def test_a_task_invokes_a_function_by_its_substitution(task: Json) -> None:
    assert task["Resource"] == "${LambdaInvoke}"
    assert re.fullmatch(r"\$\{\w+\}", task["Arguments"]["FunctionName"])


@every_workflow
def test_an_execution_keeps_to_the_versions_of_the_functions_that_it_began_with(workflow: Workflow) -> None:
    """It may wait for days, and across an update, with a definition that the new functions do not know."""
    called = {attribute_of(each): each for each in CALLED_BY[workflow].values()}

    assert called == {name: {"Ref": f"{name}.Version"} for name in called}
    # Of the layers too, which hold nearly all of the code.
    assert all(functions()[name]["AutoPublishAliasAllProperties"] for name in called)
