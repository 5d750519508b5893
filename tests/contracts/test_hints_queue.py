"""SQS, as the adapter promises to give a hint."""

from __future__ import annotations

import pytest

from drawbridge.aws.hints_queue import HintsQueue
from drawbridge.errors import AccessDeniedError
from drawbridge.hint import EVERYTHING, HintSource
from drawbridge.hint.parse import parse_hint
from tests.builders import told
from tests.contracts.accounts import Account, refusing


@pytest.mark.parametrize("asks", [HintSource.COMMAND, HintSource.SIGN_UP, HintSource.PROOF])
def test_a_hint_has_everything_swept_and_says_who_asks(account: Account, asks: HintSource) -> None:
    sqs = account.client("sqs")
    url = sqs.create_queue(QueueName=f"hints-{asks.name}")["QueueUrl"]

    HintsQueue(sqs, url).ask_to_sweep(by=asks)

    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert parse_hint(message["Body"]) == told(EVERYTHING, asks)
    with refusing(sqs, "send_message", "AccessDenied"), pytest.raises(AccessDeniedError):
        HintsQueue(sqs, url).ask_to_sweep()
