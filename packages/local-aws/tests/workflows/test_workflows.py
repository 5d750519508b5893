from __future__ import annotations

import json
import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest

from local_aws import workflows
from local_aws.testing.workflows import history, is_waiting
from local_aws.time import activity
from local_aws.time.clock import clock
from local_aws.workflows import status_changes
from local_aws.workflows.execution import Execution, executions
from local_aws.workflows.history import EVENT_LIMIT, History
from local_aws_tests.waiting import ended, until
from local_aws_tests.workflow_runs import Json, client_of, kinds, machine, passing, refused, run, start

WAIT_AN_HOUR = {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}}


@pytest.fixture
def details(monkeypatch: pytest.MonkeyPatch) -> list[Json]:
    details: list[Json] = []
    monkeypatch.setattr(
        status_changes, "announce_status", lambda execution: details.append(status_changes._detail(execution))
    )
    return details


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$states.input.count + 1", 4),
        ("$states.input.count / 2", 1.5),
        ("4 / 2", 2),
        ("$states.input.nothing", None),
        ("$states.input.text", 'a "quoted"\nline with \\ in it'),
        ("$states.input.items.id", ["a", "b"]),
        ("$states.input.items[id = 'a'].id", "a"),
        ("[$states.input.items[id = 'a'].id]", ["a"]),
        ("[1..3]", [1, 2, 3]),
        ("$range(1, 7, 3)", [1, 4, 7]),
        ("$partition([1, 2, 3], 2)", [[1, 2], [3]]),
        ("$hash('a', 'SHA-1')", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"),
        ("$parse('{\"a\": [1, null]}')", {"a": [1, None]}),
        ("$length($uuid())", 36),
        ("$random(7) = $random(7)", True),
        ("$states.context.State.Name", "Say"),
    ],
)
def test_an_expression_has_its_result_in_step_functions(sfn: Any, expression: str, value: Any) -> None:
    data = {
        "count": 3,
        "nothing": None,
        "text": 'a "quoted"\nline with \\ in it',
        "items": [{"id": "a"}, {"id": "b"}],
    }

    ran = run(sfn, {"Say": passing(f"{{% {expression} %}}")}, data)

    assert ran["output"] == value
    assert type(ran["output"]) is type(value)


@pytest.mark.parametrize(
    "expression",
    ["$states.input.absent", "1 + 'a'", "1 / 0", "$error('no')", "$absent", "$sum", "$partition(1, 2)", "$parse('{')"],
)
def test_an_expression_without_a_result_or_with_an_error_is_a_query_evaluation_error(sfn: Any, expression: str) -> None:
    ran = run(sfn, {"Say": passing({"a": [f"{{% {expression} %}}"]})})

    assert ran["status"] == "FAILED"
    assert ran["error"] == "States.QueryEvaluationError"
    assert f"The JSONata expression '{expression}' specified for the field 'Output/a[0]'" in ran["cause"]
    assert "EvaluationFailed" in kinds(sfn, ran["executionArn"])


def test_assign_and_output_see_the_same_values(sfn: Any) -> None:
    states = {
        "First": {"Type": "Pass", "Assign": {"count": 1}, "Next": "Second"},
        "Second": {
            "Type": "Pass",
            "Assign": {"count": "{% $count + 1 %}"},
            "Output": {"then": "{% $count %}"},
            "Next": "Third",
        },
        "Third": passing({"then": "{% $states.input.then %}", "now": "{% $count %}"}),
    }

    assert run(sfn, states)["output"] == {"then": 1, "now": 2}


def test_a_choice_goes_by_the_first_true_condition(sfn: Any) -> None:
    states = {
        "Choose": {
            "Type": "Choice",
            "Choices": [
                {"Condition": "{% $states.input.size > 10 %}", "Next": "Big"},
                {"Condition": "{% $states.input.size > 5 %}", "Assign": {"size": "middle"}, "Next": "Middle"},
            ],
            "Default": "Small",
        },
        "Big": passing("big"),
        "Middle": passing("{% $size %}"),
        "Small": passing("small"),
    }

    outputs = [run(sfn, states, {"size": size})["output"] for size in (11, 6, 1)]

    assert outputs == ["big", "middle", "small"]


def test_a_choice_without_a_true_condition_and_a_default_fails(sfn: Any) -> None:
    states = {
        "Choose": {"Type": "Choice", "Choices": [{"Condition": "{% false %}", "Next": "End"}]},
        "End": {"Type": "Succeed"},
    }

    assert run(sfn, states)["error"] == "States.NoChoiceMatched"


def test_a_condition_must_be_a_boolean(sfn: Any) -> None:
    states = {
        "Choose": {"Type": "Choice", "Choices": [{"Condition": "{% 'true' %}", "Next": "End"}]},
        "End": {"Type": "Succeed"},
    }

    assert run(sfn, states)["error"] == "States.QueryEvaluationError"


def test_a_fail_state_computes_its_error(sfn: Any) -> None:
    ran = run(sfn, {"No": {"Type": "Fail", "Error": "{% 'Not' & 'Now' %}", "Cause": "because"}})

    assert (ran["status"], ran["error"], ran["cause"]) == ("FAILED", "NotNow", "because")


def test_a_map_keeps_the_order_and_sees_outer_variables(sfn: Any) -> None:
    states = {
        "Begin": {"Type": "Pass", "Assign": {"factor": 10}, "Next": "Each"},
        "Each": {
            "Type": "Map",
            "Items": "{% $states.input.numbers %}",
            "ItemSelector": {
                "number": "{% $states.context.Map.Item.Value %}",
                "index": "{% $states.context.Map.Item.Index %}",
            },
            "MaxConcurrency": 2,
            "ItemProcessor": {
                "StartAt": "Multiply",
                "States": {"Multiply": passing("{% $states.input.number * $factor + $states.input.index %}")},
            },
            "Output": {"sum": "{% $sum($states.result) %}", "all": "{% $states.result %}"},
            "End": True,
        },
    }

    assert run(sfn, states, {"numbers": [3, 1, 2]})["output"] == {"sum": 63, "all": [30, 11, 22]}


def test_a_parallel_fails_with_its_branch_and_can_be_caught(sfn: Any) -> None:
    branches = [
        {"StartAt": "Bad", "States": {"Bad": {"Type": "Fail", "Error": "Broken", "Cause": "by hand"}}},
        {"StartAt": "Slow", "States": {"Slow": {"Type": "Wait", "Seconds": 3600, "End": True}}},
    ]
    states = {
        "Both": {
            "Type": "Parallel",
            "Branches": branches,
            "Catch": [{"ErrorEquals": ["Broken"], "Next": "Caught"}],
            "End": True,
        },
        "Caught": {"Type": "Succeed"},
    }

    assert run(sfn, states)["output"] == {"Error": "Broken", "Cause": "by hand"}


def test_a_wait_is_passed_by_the_clock(sfn: Any) -> None:
    arn = start(sfn, WAIT_AN_HOUR)
    until(lambda: is_waiting(arn))

    clock.advance(3600)

    assert ended(sfn, arn)["status"] == "SUCCEEDED"


def test_only_a_wait_that_ends_soon_is_in_flight(sfn: Any) -> None:
    far = start(sfn, WAIT_AN_HOUR)
    until(lambda: is_waiting(far))
    quiet = activity.in_flight().get("executions", 0)
    near = start(sfn, {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}})
    until(lambda: is_waiting(near))

    counted = activity.in_flight()["executions"]

    assert (quiet, counted) == (0, 1)
    for arn in (far, near):
        sfn.stop_execution(executionArn=arn)


def test_data_over_256_kib_end_the_execution_whatever_is_caught(sfn: Any) -> None:
    """Trap 21."""
    states = {
        "All": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "Big", "States": {"Big": passing("{% $join($map([1..70000], function($n) {'abcd'})) %}")}}
            ],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
            "End": True,
        },
        "Caught": {"Type": "Succeed"},
    }

    assert run(sfn, states)["error"] == "States.DataLimitExceeded"


def test_the_machine_s_own_timeout_goes_by_the_clock(sfn: Any) -> None:
    arn = start(sfn, WAIT_AN_HOUR, TimeoutSeconds=60)
    until(lambda: is_waiting(arn))

    clock.advance(61)

    assert ended(sfn, arn)["status"] == "TIMED_OUT"
    assert kinds(sfn, arn)[-1] == "ExecutionTimedOut"


def test_a_start_without_a_name_is_given_one(sfn: Any) -> None:
    arn = machine(sfn, {"End": {"Type": "Succeed"}})

    names = {sfn.start_execution(stateMachineArn=arn)["executionArn"].rpartition(":")[2] for _ in range(2)}

    assert len({uuid.UUID(name) for name in names}) == 2


def test_the_same_name_and_input_while_running_is_the_same_execution(sfn: Any) -> None:
    """Trap 22."""
    arn = machine(sfn, WAIT_AN_HOUR)
    first = sfn.start_execution(stateMachineArn=arn, name="one", input='{"a":1}')

    again = sfn.start_execution(stateMachineArn=arn, name="one", input='{"a":1}')

    assert again["executionArn"] == first["executionArn"]
    assert again["startDate"] == first["startDate"]
    with refused("ExecutionAlreadyExists"):
        sfn.start_execution(stateMachineArn=arn, name="one", input='{"a":2}')
    sfn.stop_execution(executionArn=first["executionArn"])


def test_a_closed_execution_s_name_is_free_after_ninety_days(sfn: Any) -> None:
    """Trap 22."""
    arn = machine(sfn, {"End": {"Type": "Succeed"}})
    first = sfn.start_execution(stateMachineArn=arn, name="one")["executionArn"]
    ended(sfn, first)
    with refused("ExecutionAlreadyExists"):
        sfn.start_execution(stateMachineArn=arn, name="one")

    # Not by advancing the shared clock, on which other tests have schedules.
    execution = executions.get(first)
    assert execution is not None
    execution.stop_date = clock.now() - timedelta(days=90, seconds=1)

    with refused("ExecutionDoesNotExist"):
        sfn.describe_execution(executionArn=first)
    assert sfn.start_execution(stateMachineArn=arn, name="one")["executionArn"] == first


@pytest.mark.parametrize("name", ["a b", "a/b", "a:b", "a,b", "a\u0007", "é\u0085", "x" * 81, "a$b", "a~b"])
def test_a_name_that_aws_forbids_is_refused(sfn: Any, name: str) -> None:
    """Trap 22."""
    with refused("InvalidName"):
        sfn.start_execution(stateMachineArn=machine(sfn, {"End": {"Type": "Succeed"}}), name=name)


def test_input_must_be_json_and_not_too_long(sfn: Any) -> None:
    arn = machine(sfn, {"End": {"Type": "Succeed"}})

    with refused("InvalidExecutionInput"):
        sfn.start_execution(stateMachineArn=arn, input="{")
    with refused("ValidationException"):
        sfn.start_execution(stateMachineArn=arn, input=json.dumps("é" * 131_072, ensure_ascii=False))


def test_unknown_executions_and_machines_are_errors(sfn: Any, port: int) -> None:
    arn = start(sfn, {"End": {"Type": "Succeed"}})

    with refused("ExecutionDoesNotExist"):
        sfn.describe_execution(executionArn=f"{arn}x")
    with refused("InvalidArn"):
        sfn.describe_execution(executionArn="nonsense")
    with refused("StateMachineDoesNotExist"):
        sfn.start_execution(stateMachineArn="arn:aws:states:us-east-1:111111111111:stateMachine:absent")
    with refused("ExecutionDoesNotExist"):
        client_of(port, "stepfunctions", "222222222222").describe_execution(executionArn=arn)


def test_stopping_ends_a_waiting_execution_at_once(sfn: Any, details: list[Json]) -> None:
    arn = start(sfn, WAIT_AN_HOUR)
    until(lambda: is_waiting(arn))

    sfn.stop_execution(executionArn=arn, error="Enough", cause="by hand")

    described = sfn.describe_execution(executionArn=arn)
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "Enough", "by hand")
    assert kinds(sfn, arn)[-1] == "ExecutionAborted"
    assert [detail["status"] for detail in details] == ["RUNNING", "ABORTED"]


def test_each_change_of_status_is_announced_once(sfn: Any, details: list[Json]) -> None:
    arn = start(sfn, {"End": {"Type": "Succeed", "Output": {"a": 1}}})
    ended(sfn, arn)
    until(lambda: len(details) == 2)

    assert [detail["status"] for detail in details] == ["RUNNING", "SUCCEEDED"]
    assert details[1]["output"] == '{"a":1}'
    assert details[1]["executionArn"] == arn


def test_executions_are_listed_by_status_page_by_page(sfn: Any) -> None:
    arn = machine(sfn, {"End": {"Type": "Succeed"}})
    for name in "abc":
        ended(sfn, sfn.start_execution(stateMachineArn=arn, name=name)["executionArn"])

    pages = list(
        sfn.get_paginator("list_executions").paginate(
            stateMachineArn=arn, statusFilter="SUCCEEDED", PaginationConfig={"PageSize": 2}
        )
    )

    assert [[one["name"] for one in page["executions"]] for page in pages] == [["c", "b"], ["a"]]
    assert sfn.list_executions(stateMachineArn=arn, statusFilter="FAILED")["executions"] == []


def test_history_is_paged_reversed_and_without_data(sfn: Any) -> None:
    arn = run(sfn, {"Say": passing("word")}, {"a": 1})["executionArn"]

    first = sfn.get_execution_history(executionArn=arn, maxResults=3)
    rest = sfn.get_execution_history(executionArn=arn, maxResults=3, nextToken=first["nextToken"])
    backward = sfn.get_execution_history(executionArn=arn, reverseOrder=True, includeExecutionData=False)["events"]

    assert [event["type"] for event in first["events"] + rest["events"]] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert "nextToken" not in rest
    assert first["events"][1]["stateEnteredEventDetails"]["input"] == '{"a":1}'
    assert [event["id"] for event in backward] == [4, 3, 2, 1]
    assert "input" not in backward[2]["stateEnteredEventDetails"]
    with refused("InvalidToken"):
        sfn.get_execution_history(executionArn=arn, nextToken="nonsense")


def test_an_execution_of_too_many_events_fails(sfn: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local_aws.workflows.history.EVENT_LIMIT", 50)
    states = {"Again": {"Type": "Pass", "Next": "Once"}, "Once": {"Type": "Pass", "Next": "Again"}}

    ran = run(sfn, states)

    assert ran["status"] == "FAILED"
    assert "maximum number of history events" in ran["cause"]
    assert len(kinds(sfn, ran["executionArn"])) == 50
    assert EVENT_LIMIT == 25_000


def test_states_entered_are_counted_as_transitions(sfn: Any) -> None:
    arn = run(sfn, {"One": {"Type": "Pass", "Next": "Two"}, "Two": {"Type": "Succeed"}})["executionArn"]

    assert workflows.transitions(arn) == 2


@pytest.mark.parametrize(
    ("states", "problem"),
    [
        ({"A": {"Type": "Pass", "Next": "Nowhere"}}, "MISSING_TRANSITION_TARGET"),
        ({"A": {"Type": "Pass"}}, "Exactly one of 'Next' and 'End'"),
        ({"A": {"Type": "Pass", "End": True}, "B": {"Type": "Succeed"}}, "not reachable"),
        ({"A": {"Type": "Pass", "End": True, "ResultPath": "$.a"}}, "not supported: 'ResultPath'"),
        ({"A": {"Type": "Pass", "End": True, "Output": "{% ( %}"}}, "is invalid"),
        ({"A": {"Type": "Pass", "End": True, "Output": " {% 1 %}"}}, "must begin with"),
        ({"A": {"Type": "Pass", "End": True, "Output": "{% $eval('1') %}"}}, "$eval"),
        ({"A": {"Type": "Pass", "End": True, "Output": "{% $states.result %}"}}, "$states.result"),
        ({"A": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:ssm:noSuchThing", "End": True}}, "resource"),
        (
            {
                "A": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::aws-sdk:vpclattice:getServiceNetwork",
                    "Arguments": {"serviceNetworkIdentifier": "sn-1"},
                    "End": True,
                }
            },
            '"serviceNetworkIdentifier" is not supported',
        ),
        (
            {
                "A": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke",
                    "End": True,
                    "Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["Other"]}],
                }
            },
            "States.ALL",
        ),
    ],
)
def test_a_definition_that_aws_refuses_is_refused(sfn: Any, states: Json, problem: str) -> None:
    with pytest.raises(sfn.exceptions.InvalidDefinition) as error:
        machine(sfn, states)

    assert problem in str(error.value)


def test_another_machine_of_the_same_name_is_refused(sfn: Any) -> None:
    def create(name: str) -> str:
        definition = {"QueryLanguage": "JSONata", "StartAt": name, "States": {name: {"Type": "Succeed"}}}
        created = sfn.create_state_machine(
            name="same", definition=json.dumps(definition), roleArn="arn:aws:iam::111111111111:role/r"
        )
        return str(created["stateMachineArn"])

    first = create("One")

    assert create("One") == first
    with refused("StateMachineAlreadyExists"):
        create("Two")


def test_a_machine_s_role_must_trust_step_functions(sfn: Any, port: int) -> None:
    def create(trusted: str, account_id: str = "111111111111") -> None:
        statement = {"Effect": "Allow", "Principal": {"Service": trusted}, "Action": "sts:AssumeRole"}
        name = f"trusts-{trusted.partition('.')[0]}"
        client_of(port, "iam").create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        )
        definition = {"QueryLanguage": "JSONata", "StartAt": "End", "States": {"End": {"Type": "Succeed"}}}
        role = f"arn:aws:iam::{account_id}:role/{name}"
        sfn.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)

    create("states.amazonaws.com")

    with refused("AccessDeniedException"):
        create("lambda.amazonaws.com")
    with refused("AccessDeniedException"):
        create("events.amazonaws.com", "222222222222")


def test_a_running_execution_keeps_the_definition_it_started_with(sfn: Any) -> None:
    arn = machine(sfn, {"Wait": {"Type": "Wait", "Seconds": 3600, "Next": "Say"}, "Say": passing("old")})
    running = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    until(lambda: is_waiting(running))
    definition = {"QueryLanguage": "JSONata", "StartAt": "Say", "States": {"Say": passing("new")}}
    sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(definition))

    described = sfn.describe_state_machine_for_execution(executionArn=running)
    clock.advance(3600)

    assert "old" in described["definition"]
    assert ended(sfn, running)["output"] == "old"
    assert ended(sfn, sfn.start_execution(stateMachineArn=arn)["executionArn"])["output"] == "new"


def test_stopping_the_workflows_ends_waiting_executions_and_all_threads(sfn: Any) -> None:
    arn = start(sfn, WAIT_AN_HOUR)
    until(lambda: is_waiting(arn))
    execution = executions.get(arn)

    workflows.stop()

    assert isinstance(execution, Execution)
    assert execution.status == "ABORTED"
    until(lambda: not [thread for thread in threading.enumerate() if thread.name.startswith("workflow")])


def test_nothing_is_added_to_a_history_that_has_ended() -> None:
    history = History()
    history.add("ExecutionStarted", 0)
    history.end("ExecutionAborted", ("executionAborted", {}))

    history.add("PassStateExited", 1)

    assert [event["type"] for event in history.events] == ["ExecutionStarted", "ExecutionAborted"]


def test_the_patched_symbols_of_moto_exist() -> None:
    import moto.stepfunctions.models as models  # noqa: PLC0415, PLR0402 - slow to import, and untyped
    from moto.stepfunctions.parser.models import (  # noqa: PLC0415 - slow to import
        StepFunctionsParserBackend,
        stepfunctions_parser_backends,
    )
    from moto.stepfunctions.responses import StepFunctionResponse  # noqa: PLC0415 - slow to import

    assert models.stepfunctions_backends is stepfunctions_parser_backends
    assert callable(StepFunctionsParserBackend._validate_definition)
    assert callable(StepFunctionsParserBackend.create_state_machine)
    for operation in ("start_execution", "stop_execution", "describe_execution", "get_execution_history"):
        assert callable(getattr(StepFunctionResponse, operation))


def test_the_history_that_is_read_in_this_process_is_the_apis(sfn: Any) -> None:
    arn = run(sfn, {"Say": passing("done", End=True)})["executionArn"]

    told = sfn.get_execution_history(executionArn=arn)["events"]

    assert [(each["id"], each["type"]) for each in history(arn)] == [(each["id"], each["type"]) for each in told]
    with pytest.raises(KeyError):
        history(f"{arn}-none")
