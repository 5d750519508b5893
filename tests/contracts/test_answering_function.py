"""Lambda, as the adapter promises to have connections answered by another function."""

from __future__ import annotations

import io
import json
from typing import Any

import msgspec
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from drawbridge.acceptance import Acceptance, AcceptanceResult, DecideAgain
from drawbridge.acceptance.answered import answers_given
from drawbridge.aws.answering_function import AnsweringFunction
from drawbridge.errors import (
    AccessDeniedError,
    DrawbridgeError,
    NotReadyError,
    RefusedError,
    ThrottledError,
    UpstreamError,
)
from drawbridge.status import Reason
from tests.builders import CONNECTION, execution_input
from tests.contracts.accounts import Account, refusing

ATTEMPTS = [execution_input(CONNECTION, number) for number in range(1, 6)]
EXPECTED = {
    "answer": [
        {
            "request": {
                "kind": "endpoint-connection",
                "serviceId": CONNECTION.service_id,
                "endpointId": CONNECTION.endpoint_id,
            },
            "requestId": CONNECTION.request_id,
            "attempt": number,
        }
        for number in range(1, 6)
    ],
    "mayAnswer": True,
}


@pytest.fixture
def functions(account: Account) -> Any:
    return account.client("lambda")


def answered(functions: Any, payload: bytes, **fields: Any) -> list[Any]:
    """Have the function answer that payload; return what the adapter makes of it."""
    with Stubber(functions) as stubber:
        expected = {
            "FunctionName": "accept",
            "InvocationType": "RequestResponse",
            "Payload": json.dumps(EXPECTED, separators=(",", ":")).encode(),
        }
        body = StreamingBody(io.BytesIO(payload), len(payload))
        stubber.add_response("invoke", {"StatusCode": 200, "Payload": body} | fields, expected)
        return AnsweringFunction(functions, "accept").answer(ATTEMPTS, may_answer=True)


def test_what_became_of_each_is_told_in_their_order_errors_with_all_that_they_say(functions: Any) -> None:
    outcomes: list[Acceptance | DecideAgain | DrawbridgeError] = [
        Acceptance(AcceptanceResult.ACCEPTED),
        DecideAgain((Reason("decided-again", "late"),)),
        ThrottledError("slower", after=7.5),
        NotReadyError("not yet"),
        RefusedError("no"),
    ]
    given = answers_given(outcomes)

    found = answered(functions, msgspec.json.encode(given))

    assert found[:2] == outcomes[:2]
    assert [(type(each), str(each)) for each in found[2:]] == [(type(each), str(each)) for each in outcomes[2:]]
    assert found[2].after == 7.5


@pytest.mark.parametrize(
    ("payload", "fields", "words"),
    [
        (b'{"errorMessage":"2026 Task timed out"}', {"FunctionError": "Unhandled"}, "Task timed out"),
        (b'{"answers":[]}', {}, "0 of 5"),
        (b"null", {}, "otherwise than expected"),
        (b"{", {}, "otherwise than expected"),
    ],
)
def test_what_is_no_answer_may_pass(functions: Any, payload: bytes, fields: dict[str, str], words: str) -> None:
    with pytest.raises(UpstreamError, match=words):
        answered(functions, payload, **fields)


def test_an_error_that_only_a_later_version_knows_may_pass(functions: Any) -> None:
    payload = json.dumps({"answers": [{"outcome": "failed", "error": "LaterError", "words": "later"}] * 5})

    assert {type(each) for each in answered(functions, payload.encode())} == {UpstreamError}


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("TooManyRequestsException", ThrottledError),
        ("AccessDeniedException", AccessDeniedError),
        ("ResourceNotFoundException", UpstreamError),
    ],
)
def test_an_invocation_that_is_not_taken_is_an_error(functions: Any, code: str, error: type[Exception]) -> None:
    with refusing(functions, "invoke", code), pytest.raises(error, match="invoke accept"):
        AnsweringFunction(functions, "accept").answer(ATTEMPTS, may_answer=True)
