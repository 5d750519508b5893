"""Tasks of Step Functions that wait for an answer."""

from __future__ import annotations

import json
import uuid
from typing import Any

from local_aws_tests.waiting import until
from tests.contracts.accounts import Account

ASK = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
    "End": True,
}


def waiting(someone: Account, more: dict[str, Any] | None = None, **fields: Any) -> tuple[str, str]:
    """Start an execution that waits for an answer; give it, and the task's token."""
    sqs, states = someone.client("sqs"), someone.client("stepfunctions")
    url = sqs.create_queue(QueueName=uuid.uuid4().hex)["QueueUrl"]
    ask = ASK | {"Arguments": {"QueueUrl": url, "MessageBody": "{% $states.context.Task.Token %}"}} | fields
    machine = states.create_state_machine(
        name=uuid.uuid4().hex,
        definition=json.dumps({"QueryLanguage": "JSONata", "StartAt": "Ask", "States": {"Ask": ask} | (more or {})}),
        roleArn=f"arn:aws:iam::{someone.account_id}:role/onboarding",
    )
    execution = states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    tokens: list[dict[str, Any]] = []

    def given() -> bool:
        tokens.extend(sqs.receive_message(QueueUrl=url).get("Messages", []))
        return bool(tokens)

    until(given)
    return str(execution), str(tokens[0]["Body"])
