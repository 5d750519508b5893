"""The innermost message: what really went wrong, however often it was passed on."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.status import Reason
from drawbridge_cli.innermost import innermost
from tests.lives import NESTED
from tests.odd import json_texts

DENIED = 'AccessDeniedException: no identity-based policy allows "vpc-lattice:GetService"'


def test_an_error_that_was_passed_on_twice_is_the_one_that_was_raised() -> None:
    assert innermost(Reason("States.TaskFailed", NESTED, "orders")) == Reason("AccessDeniedError", DENIED, "orders")


def test_what_stands_before_it_stays() -> None:
    reason = Reason("execution-failed", f"The execution share-1-2 failed: {NESTED}")

    assert innermost(reason) == Reason("AccessDeniedError", f"The execution share-1-2 failed: {DENIED}")


def test_a_reason_that_is_no_error_keeps_its_code_and_names_the_error() -> None:
    reason = Reason("not-withdrawn", f"endpoint vpce-1: States.TaskFailed: {NESTED}")

    assert innermost(reason) == Reason(
        "not-withdrawn", f"endpoint vpce-1: States.TaskFailed: AccessDeniedError: {DENIED}"
    )


@pytest.mark.parametrize("cut", [40, 60, 90])
def test_of_one_that_was_cut_short_what_is_left_of_its_message_is_told(cut: int) -> None:
    text = json.dumps({"errorMessage": "what AWS says is long", "errorType": "RefusedError", "stackTrace": ["x" * 99]})
    found = innermost(Reason("States.TaskFailed", text[:cut]))

    assert found.text == "what AWS says is long"
    assert found.code == ("RefusedError" if cut > 70 else "States.TaskFailed")


@pytest.mark.parametrize(
    "text",
    [
        "No VPC fits {tag}",
        'a policy says {"Cause": 1}',
        '{"errorMessage": ""}',
        '{"errorMessage": " "}',
        "An error occurred (Throttling) when calling the X operation: Rate exceeded",
        "",
    ],
)
def test_what_is_no_error_in_json_is_left_as_it_is(text: str) -> None:
    assert innermost(Reason("RefusedError", text)) == Reason("RefusedError", text)


@given(st.text() | json_texts | json_texts.map(lambda text: json.dumps({"Cause": text, "Error": "A"})))
def test_whatever_the_text_a_reason_has_one_of_one_line(text: str) -> None:
    found = innermost(Reason("States.TaskFailed", text))

    assert bool(found.text) == bool(text)
    assert found.text == text or "\n" not in found.text


def test_what_steers_a_terminal_does_not_get_out_of_the_json() -> None:
    text = json.dumps({"errorMessage": "a\x1b[2J\nb", "errorType": "X"})

    assert innermost(Reason("States.TaskFailed", text)).text == "a⟨U+001B⟩[2J b"
