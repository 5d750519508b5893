"""Step Functions, as the adapter promises to complete a task that waits for an answer."""

from __future__ import annotations

from typing import Any

import pytest

from drawbridge.approval import Approval, Approved, Denied, Reconsider, TimedOut
from drawbridge.aws.task_callback import TaskCallback
from drawbridge.errors import AccessDeniedError, RefusedError, ThrottledError, UpstreamError
from drawbridge.record.outcome import WorkflowError
from local_aws_tests.waiting import ended
from tests.builders import asked
from tests.contracts.accounts import Account, refusing
from tests.contracts.conftest import NewAccount
from tests.contracts.waiting_tasks import waiting

Json = dict[str, Any]
APPROVAL = Approved(asked=asked(), by=("U0ALICE",), reason="é 日本 😀 <&>")


@pytest.fixture(scope="module")
def someone(new_account: NewAccount) -> Account:
    return new_account()


@pytest.fixture
def states(someone: Account) -> Any:
    return someone.client("stepfunctions")


@pytest.mark.parametrize(
    ("approval", "outcome"),
    [
        (APPROVAL, "approved"),
        (Denied(asked=asked(), by=("U0BOB",)), "denied"),
        (TimedOut(asked=asked()), "timed-out"),
        (Reconsider(asked=asked()), "reconsider"),
    ],
    ids=["approved", "denied", "timed-out", "reconsider"],
)
def test_the_task_gets_the_answer_with_the_question_that_it_is_to(
    someone: Account, states: Any, approval: Approval, outcome: str
) -> None:
    execution, token = waiting(someone)

    assert TaskCallback(states).complete(token, approval)

    output = ended(states, execution)["output"]
    assert output["approval"]["outcome"] == outcome
    assert output["approval"]["asked"]["fingerprint"] == asked().fingerprint


def test_the_reason_arrives_as_it_was_given(someone: Account, states: Any) -> None:
    execution, token = waiting(someone)

    TaskCallback(states).complete(token, APPROVAL)

    approval = ended(states, execution)["output"]["approval"]
    assert (approval["by"], approval["reason"]) == (["U0ALICE"], APPROVAL.reason)


def test_trap_24_a_task_is_completed_once(someone: Account, states: Any) -> None:
    execution, token = waiting(someone)
    callback = TaskCallback(states)

    completed = [callback.complete(token, APPROVAL), callback.complete(token, Denied(asked=asked(), by=("U0BOB",)))]

    assert completed == [True, False]
    assert ended(states, execution)["output"]["approval"]["outcome"] == "approved"


def test_what_is_no_token_is_no_task_that_waits(states: Any) -> None:
    assert not TaskCallback(states).complete("never given", APPROVAL)


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_a_task_that_does_not_wait_any_more_is_no_error(states: Any, code: str) -> None:
    with refusing(states, "send_task_success", code):
        assert not TaskCallback(states).complete("token", APPROVAL)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ThrottlingException", ThrottledError),
        ("AccessDeniedException", AccessDeniedError),
        ("InvalidOutput", RefusedError),
        ("InternalServerError", UpstreamError),
    ],
)
def test_what_may_not_have_reached_the_task_is_an_error(states: Any, code: str, error: type[Exception]) -> None:
    with refusing(states, "send_task_success", code), pytest.raises(error, match=code) as raised:
        TaskCallback(states).complete("secret token", APPROVAL)
    assert "secret token" not in str(raised.value)


def test_the_longest_answer_is_one_that_step_functions_takes(someone: Account, states: Any) -> None:
    execution, token = waiting(someone)
    longest = Approved(asked=asked(), by=("arn:" + "x" * 2000,) * 2, reason="😀" * 500)

    assert TaskCallback(states).complete(token, longest)
    assert ended(states, execution)["status"] == "SUCCEEDED"


def test_a_task_in_a_queue_gets_its_output(someone: Account, states: Any) -> None:
    execution, token = waiting(someone)
    callback = TaskCallback(states)

    assert [callback.succeed(token, {"of": "é"}), callback.succeed(token, None)] == [True, False]
    assert ended(states, execution)["output"] == {"of": "é"}


@pytest.mark.parametrize("words", ['AWS says "no"', "😀" * 100_000, "\x00" * 100_000], ids=["short", "long", "escaped"])
def test_a_task_in_a_queue_fails_as_a_function_does(someone: Account, states: Any, words: str) -> None:
    caught = {"ErrorEquals": ["RefusedError"], "Output": "{% $states.errorOutput %}", "Next": "Caught"}
    execution, token = waiting(someone, Catch=[caught], more={"Caught": {"Type": "Succeed"}})
    callback = TaskCallback(states)

    assert [callback.fail(token, "RefusedError", words), callback.fail(token, "RefusedError", "")] == [True, False]

    output = ended(states, execution)["output"]
    error = WorkflowError(output["Error"], output["Cause"])
    assert words.startswith(error.text.removesuffix("…"))
    assert error.text


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_a_task_in_a_queue_that_is_over_is_no_error(states: Any, code: str) -> None:
    with refusing(states, "send_task_success", code):
        assert not TaskCallback(states).succeed("token", {})
    with refusing(states, "send_task_failure", code):
        assert not TaskCallback(states).fail("token", "RefusedError", "no")


def test_that_a_task_in_a_queue_can_not_be_completed_is_told_without_its_token(states: Any) -> None:
    with refusing(states, "send_task_failure", "ThrottlingException"), pytest.raises(ThrottledError) as raised:
        TaskCallback(states).fail("secret token", "RefusedError", "no")
    assert "secret token" not in str(raised.value)
