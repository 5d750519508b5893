"""Patches of moto's Lambda, by which functions really run."""

from __future__ import annotations

import base64
import functools
import json
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaBackend, LambdaFunction, LambdaStorage

from local_aws.functions.asynchronous import invoke_later
from local_aws.functions.fleet import fleet
from local_aws.functions.invoke import MOST_EVENT_BYTES, MOST_REQUEST_BYTES, check, run
from local_aws.functions.roles import refusal, trusts


def patch_lambda() -> None:
    """Patch moto; calling it again changes nothing."""
    LambdaFunction._invoke_lambda = _invoke_lambda  # noqa: SLF001 - the one method of moto's that runs functions
    LambdaFunction.invoke = _invoke
    _patch_creation()
    _patch_configuration()
    _stop_processes_of_deleted_functions()


def _invoke_lambda(self: Any, event: Any = None) -> tuple[str, bool, str]:
    """Run the function on a parsed event; return its payload, whether it failed, and its log's tail."""
    outcome = run(self, json.dumps({} if event is None else event).encode())
    return outcome.payload.decode(), outcome.error is not None, outcome.log_tail


def _invoke(self: Any, body: Any, request_headers: Any, response_headers: Any) -> bytes:
    """Answer Invoke for all three invocation types."""
    payload = (body.encode() if isinstance(body, str) else body) or b"{}"
    # moto's own services (log subscriptions, streams) call without headers and need no answer.
    kind = request_headers.get("x-amz-invocation-type", "RequestResponse") if request_headers else "Event"
    check(payload, MOST_EVENT_BYTES if kind == "Event" else MOST_REQUEST_BYTES)
    if kind == "DryRun":
        return b""
    if kind == "Event":
        response_headers["x-amzn-RequestId"] = invoke_later(self, payload)
        return b""
    context = request_headers.get("x-amz-client-context")
    outcome = run(self, payload, client_context=base64.b64decode(context).decode() if context else None)
    if outcome.error is not None:
        response_headers["x-amz-function-error"] = outcome.error
    response_headers["x-amz-executed-version"] = str(self.version)
    response_headers["x-amz-log-result"] = base64.b64encode(outcome.log_tail.encode()).decode()
    return outcome.payload


def _patch_creation() -> None:
    """Check the role as Lambda does, and keep configuration that moto drops."""
    original = LambdaBackend.create_function
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def create_function(self: Any, spec: dict[str, Any]) -> Any:
        if not trusts(spec["Role"], "lambda.amazonaws.com"):
            raise InvalidParameterValueException("The role defined for the function cannot be assumed by Lambda.")
        _check_dead_letters(self, spec)
        function = original(self, spec)
        function.dead_letter_config = spec.get("DeadLetterConfig")
        function.logging_config = spec.get("LoggingConfig")
        return function

    LambdaBackend.create_function = create_function


def _check_dead_letters(backend: Any, spec: dict[str, Any]) -> None:
    target = (spec.get("DeadLetterConfig") or {}).get("TargetArn")
    if not target:
        return
    _, _, service, region, account_id, resource = target.split(":", 5)
    if service == "sqs":
        call, parameters = "sqs:SendMessage", {"QueueUrl": f"/{account_id}/{resource}"}
    else:
        call, parameters = "sns:Publish", {"TopicArn": target}
    if refusal(spec["Role"], spec["FunctionName"], region, call, parameters):
        operation = call.split(":", 1)[1]
        raise InvalidParameterValueException(
            f"The provided execution role does not have permissions to call {operation} on {service.upper()}"
        )


def _patch_configuration() -> None:
    """Keep and return the dead letter and logging configurations, which moto drops."""
    update, describe = LambdaFunction.update_configuration, LambdaFunction.get_configuration
    if hasattr(update, "__wrapped__"):
        return

    @functools.wraps(update)
    def update_configuration(self: Any, config_updates: dict[str, Any]) -> Any:
        self.dead_letter_config = config_updates.get("DeadLetterConfig", getattr(self, "dead_letter_config", None))
        self.logging_config = config_updates.get("LoggingConfig", getattr(self, "logging_config", None))
        return update(self, config_updates)

    @functools.wraps(describe)
    def get_configuration(self: Any, on_create: bool = False) -> dict[str, Any]:
        stored = {
            "DeadLetterConfig": getattr(self, "dead_letter_config", None),
            "LoggingConfig": {
                "LogFormat": "Text",
                "LogGroup": self.logs_group_name,
                **(getattr(self, "logging_config", None) or {}),
            },
        }
        return {**describe(self, on_create), **{name: value for name, value in stored.items() if value}}

    described = LambdaFunction.get_code

    @functools.wraps(described)
    def get_code(self: Any) -> dict[str, Any]:
        # moto takes 0, by which a function is stopped, for none.
        reserved = self.reserved_concurrency
        concurrency = {} if reserved is None else {"Concurrency": {"ReservedConcurrentExecutions": int(reserved)}}
        return {**described(self), **concurrency}

    LambdaFunction.update_configuration = update_configuration
    LambdaFunction.get_configuration = get_configuration
    LambdaFunction.get_code = get_code


def _stop_processes_of_deleted_functions() -> None:
    original = LambdaStorage.del_function
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def del_function(self: Any, name_or_arn: str, qualifier: str | None = None) -> None:
        original(self, name_or_arn, qualifier)
        fleet.forget(self.account_id, self.region_name, name_or_arn.rsplit(":function:", 1)[-1].split(":", 1)[0])

    LambdaStorage.del_function = del_function
