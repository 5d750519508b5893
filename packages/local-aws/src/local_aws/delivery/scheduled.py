"""One run of an EventBridge Scheduler schedule: a call with its role.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.core.utils import camelcase_to_underscores
from moto.utilities.utils import get_partition

from local_aws.delivery.attempts import Delivery, Failure, RetryPolicy, attempt
from local_aws.delivery.targets import (
    Arn,
    UndeliverableError,
    find_function,
    find_queue,
    parse_arn,
    put_on_queue,
    undeliverable,
)
from local_aws.functions.asynchronous import invoke_later
from local_aws.functions.roles import refusal, trusts
from local_aws.iam.role_credentials import client_for_role

_log = logging.getLogger(__name__)


PRINCIPAL = "scheduler.amazonaws.com"


def group_arn(account_id: str, region: str, name: str | None) -> str:
    """Return the ARN of a schedule's group, for which Scheduler acts when it assumes a role."""
    return f"arn:{get_partition(region)}:scheduler:{region}:{account_id}:schedule-group/{name or 'default'}"


def run_schedule(schedule: Any, time: datetime) -> None:
    """Call the schedule's target for this time, and retry if that fails."""
    execution = str(uuid.uuid4())
    target = schedule.target
    arn = parse_arn(schedule.arn)
    group = group_arn(arn.account_id, arn.region, schedule.group_name)
    dead_letters: str = (target.get("DeadLetterConfig") or {}).get("Arn", "")
    tries = 0

    def send() -> None:
        nonlocal tries
        tries += 1
        reserved = {
            "schedule-arn": schedule.arn,
            "scheduled-time": _iso(time),
            "execution-id": execution,
            "attempt-number": str(tries),
        }
        if not trusts(target["RoleArn"], PRINCIPAL, source_arn=group):
            raise UndeliverableError("NO_PERMISSIONS", f"{target['RoleArn']} can't be assumed by {PRINCIPAL}")
        _call(target, _input(target, schedule, arn, time, reserved), arn.region)

    def bury(failure: Failure) -> None:
        texts = {
            "SCHEDULE_ARN": schedule.arn,
            "TARGET_ARN": target["Arn"],
            "SCHEDULED_TIME": _iso(time),
            "EXECUTION_ID": execution,
            "IS_PAYLOAD_TRUNCATED": "false",
            **failure.attributes(),
        }
        attributes = {name: {"DataType": "String", "StringValue": value} for name, value in texts.items() if value}
        _send_message(target["RoleArn"], parse_arn(dead_letters), target.get("Input") or "{}", attributes)

    def note(status: str) -> None:
        if status != "delivered":
            _log.warning("%s: %s", schedule.arn, status)

    attempt(Delivery(send, bury if dead_letters else None, note, RetryPolicy.of(target)))


def _input(target: Mapping[str, Any], schedule: Any, arn: Arn, time: datetime, reserved: Mapping[str, str]) -> str:
    """Return the target's input with the schedule's own variables filled in; without an input, an event."""
    text = target.get("Input")
    if text is None:
        return json.dumps(
            {
                "version": "0",
                "id": reserved["execution-id"],
                "detail-type": "Scheduled Event",
                "source": "aws.scheduler",
                "account": arn.account_id,
                "time": _iso(time),
                "region": arn.region,
                "resources": [schedule.arn],
                "detail": "{}",
            }
        )
    for name, value in reserved.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return str(text)


def _call(target: Mapping[str, Any], text: str, region: str) -> None:
    role = target["RoleArn"]
    arn = parse_arn(target["Arn"])
    try:
        if arn.service == "scheduler":
            _call_universal(role, arn, text, region)
        elif arn.service == "sqs":
            group = (target.get("SqsParameters") or {}).get("MessageGroupId")
            _send_message(role, arn, text, {}, group)
        elif arn.service == "lambda":
            _invoke(role, target["Arn"], arn, text)
        elif arn.service == "states":
            client_for_role("stepfunctions", role, "scheduler", arn.region).start_execution(
                stateMachineArn=target["Arn"], input=text
            )
        elif arn.service == "sns":
            client_for_role("sns", role, "scheduler", arn.region).publish(TopicArn=target["Arn"], Message=text)
        elif arn.service == "events":
            parameters = target["EventBridgeParameters"]
            entry = {"Source": parameters["Source"], "DetailType": parameters["DetailType"], "Detail": text}
            client = client_for_role("events", role, "scheduler", arn.region)
            client.put_events(Entries=[{**entry, "EventBusName": target["Arn"]}])
        else:
            raise UndeliverableError("INVALID_PARAMETER", f"the local AWS does not deliver to {arn.service}")
    except ClientError as error:
        raise undeliverable(error) from error
    except BotoCoreError as error:
        raise UndeliverableError("SDK_CLIENT_ERROR", str(error)) from error


def _call_universal(role: str, arn: Arn, text: str, region: str) -> None:
    """Make the call of a universal target: ``arn:aws:scheduler:::aws-sdk:<service>:<operation>``."""
    _, service, operation = arn.resource.split(":")
    service = {"sfn": "stepfunctions"}.get(service, service)
    client = client_for_role(service, role, "scheduler", region)
    getattr(client, camelcase_to_underscores(operation))(**json.loads(text))


# Queues and functions are served without HTTP: a day of a schedule is some thousand runs.


def _send_message(role: str, arn: Arn, text: str, attributes: Mapping[str, Any], group_id: str | None = None) -> None:
    queue = find_queue(arn)
    _check(role, arn.region, "sqs:SendMessage", {"QueueUrl": f"/{arn.account_id}/{arn.resource}"})
    put_on_queue(queue, text, attributes=attributes, group_id=group_id)


def _invoke(role: str, function_arn: str, arn: Arn, text: str) -> None:
    function = find_function(arn)
    _check(role, arn.region, "lambda:Invoke", {"FunctionName": function_arn})
    invoke_later(function, text.encode())


def _check(role: str, region: str, name: str, params: dict[str, Any]) -> None:
    refused = refusal(role, "scheduler", region, name, params)
    if refused:
        raise UndeliverableError("NO_PERMISSIONS", refused)


def _iso(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
