"""Lambda, as the adapter promises to have people notified later."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.stub import Stubber

from drawbridge.aws.notice_function import NoticeFunction
from drawbridge.errors import AccessDeniedError, GoneError, ThrottledError
from tests.contracts.accounts import Account, refusing


@pytest.fixture
def functions(account: Account) -> Any:
    return account.client("lambda")


def test_a_notice_is_handed_over_without_waiting_for_what_becomes_of_it(functions: Any) -> None:
    with Stubber(functions) as stubber:
        expected = {"FunctionName": "tell", "InvocationType": "Event", "Payload": b'{"notice": 1}'}
        stubber.add_response("invoke", {"StatusCode": 202}, expected)

        NoticeFunction(functions, "tell").send(b'{"notice": 1}')

        stubber.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("TooManyRequestsException", ThrottledError),
        ("AccessDeniedException", AccessDeniedError),
        ("ResourceNotFoundException", GoneError),
    ],
)
def test_a_notice_that_is_not_taken_is_an_error(functions: Any, code: str, error: type[Exception]) -> None:
    with refusing(functions, "invoke", code), pytest.raises(error, match="invoke tell"):
        NoticeFunction(functions, "tell").send(b"{}")
