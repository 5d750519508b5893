"""What every door publishes at its end."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest
from botocore.exceptions import ClientError

from drawbridge.aws.errors import take_throttled, translated
from drawbridge.bootstrap.metering import metered
from drawbridge.errors import ThrottledError
from drawbridge.observability import Metric, count
from tests.builders import REPOSITORY


def call(code: str) -> None:
    with translated("list shares"):
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "ListResources")


def attempt(code: str) -> None:
    with pytest.raises(Exception, match="no"):
        call(code)


def published(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    return {name: value for line in lines for name, value in line.items() if isinstance(value, list)}


def test_throttled_calls_are_one_sum_for_an_invocation_and_named_in_the_log(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    @metered
    def handler(code: str) -> str:
        for _ in range(130):
            attempt(code)
        attempt("AccessDenied")
        return code

    assert handler("ThrottlingException") == "ThrottlingException"
    assert published(capsys) == {"CallsThrottled": [130.0]}
    (named,) = (vars(record) for record in caplog.records if record.getMessage() == "throttled")
    assert (named["number_of_calls"], named["calls"]) == (130, ["list shares: ThrottlingException"] * 20)
    assert take_throttled() == []


def test_a_handler_that_fails_publishes_what_it_counted(capsys: pytest.CaptureFixture[str]) -> None:
    @metered
    def handler() -> None:
        count(Metric.ROWS_BROKEN)
        call("Throttling")

    with pytest.raises(ThrottledError):
        handler()

    assert published(capsys) == {"RowsBroken": [1.0], "CallsThrottled": [1.0]}


def test_an_invocation_pays_for_nothing_that_did_not_happen_in_it(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    @metered
    def handler() -> None:
        count(Metric.ROWS_BROKEN, 0)
        count(Metric.DECISIONS, 0, outcome="hold")

    attempt("Throttling")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        handler()

    assert published(capsys) == {}
    assert caplog.records == []


@pytest.mark.parametrize("door", sorted((REPOSITORY / "functions").glob("*/app.py")), ids=lambda path: path.parent.name)
def test_every_door_is_metered(door: Any) -> None:
    assert "@logger.inject_lambda_context(clear_state=True)\n@metered\ndef lambda_handler(" in door.read_text()
