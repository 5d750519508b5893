"""One API call of a Task, from its arguments to its result, with Step Functions' names of errors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from local_aws.workflows import shapes
from local_aws.workflows.clients import client
from local_aws.workflows.failures import RUNTIME, StateFailed, to_json
from local_aws.workflows.resources import Resource, service_model
from local_aws.workflows.sdk_names import modelled, prefix

# The prefix of an optimized integration's errors, and the name of an error that the API does not model.
_OPTIMIZED_ERRORS = {
    "lambda": ("Lambda", "AWSLambdaException"),
    "sqs": ("SQS", "AmazonSQSException"),
    "sns": ("SNS", "AmazonSNSException"),
    "events": ("EventBridge", "AmazonEventBridgeException"),
    "dynamodb": ("DynamoDB", "AmazonDynamoDBException"),
    "states": ("StepFunctions", "AWSStepFunctionsException"),
}


@dataclass(frozen=True)
class TaskCaller:
    """The role and Region of a Task's call."""

    role_arn: str
    region: str
    session_name: str


def call(resource: Resource, arguments: Any, caller: TaskCaller, extra: dict[str, Any] | None = None) -> Any:
    """Make the call, blocking, and return the Task's result; raise StateFailed."""
    if resource.function:
        return _payload(
            _invoke({"FunctionName": resource.arn, "Payload": to_json(arguments).encode()}, resource, caller)
        )
    request = shapes.request(arguments, resource.model.input_shape, optimized=not resource.sdk)
    request.update(extra or {})
    if resource.kind == "lambda":
        return _lambda_result(_invoke(_with_payload(request, arguments), resource, caller))
    answer = _send(resource, request, caller)
    if resource.kind == "events" and answer.get("FailedEntryCount"):
        raise StateFailed(
            "EventBridge.FailedEntry", to_json(shapes.result(answer, resource.model.output_shape, optimized=True))
        )
    return _result(resource, answer)


def _send(resource: Resource, request: dict[str, Any], caller: TaskCaller) -> Any:
    service = client(caller.role_arn, caller.region, resource.botocore_service, caller.session_name)
    try:
        # The operation's name is known; its method's name would have to be derived.
        return service._make_api_call(resource.operation, request)  # noqa: SLF001 - see above
    except ClientError as error:
        raise _named(resource, error) from error
    except ParamValidationError as error:
        raise StateFailed(RUNTIME, f"The arguments could not be used to start the Task: [{error}]") from error
    except BotoCoreError as error:
        raise StateFailed(f"{_prefix(resource)}.SdkClientException", str(error)) from error


def _result(resource: Resource, answer: Any) -> Any:
    result = shapes.result(answer, resource.model.output_shape, optimized=not resource.sdk) or {}
    return result if resource.sdk else {**result, **_metadata(answer)}


def _metadata(answer: Any) -> dict[str, Any]:
    metadata = answer["ResponseMetadata"]
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in metadata["HTTPHeaders"].items()},
            "HttpHeaders": metadata["HTTPHeaders"],
            "HttpStatusCode": metadata["HTTPStatusCode"],
        },
        "SdkResponseMetadata": {"RequestId": metadata.get("RequestId", "")},
    }


def _with_payload(request: dict[str, Any], arguments: Any) -> dict[str, Any]:
    # A string becomes a JSON string in the payload, not the payload itself.
    return {**request, "Payload": to_json(arguments.get("Payload", {})).encode()}


def _invoke(request: dict[str, Any], resource: Resource, caller: TaskCaller) -> dict[str, Any]:
    answer: dict[str, Any] = _send(resource, request, caller)
    text = answer["Payload"].read().decode()
    if answer.get("FunctionError"):
        raise _function_failed(text)
    return {**answer, "Payload": text}


def _payload(answer: dict[str, Any]) -> Any:
    try:
        return json.loads(answer["Payload"])
    except ValueError:
        return answer["Payload"]


def _lambda_result(answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "ExecutedVersion": answer.get("ExecutedVersion", "$LATEST"),
        "Payload": _payload(answer) if answer["Payload"] else None,
        **_metadata(answer),
        "StatusCode": answer["StatusCode"],
    }


def _function_failed(payload: str) -> StateFailed:
    """Return the error's name: the exception's class, or Lambda's own Sandbox.Timedout or Runtime.ExitError."""
    try:
        problem = json.loads(payload)
    except ValueError:
        problem = None
    error = problem.get("errorType") if isinstance(problem, dict) else None
    if not error:
        cause = "The cause could not be determined because Lambda did not return an error type."
        return StateFailed("Lambda.Unknown", f"{cause} Returned payload: {payload}")
    return StateFailed(str(error), to_json(problem))


def _named(resource: Resource, error: ClientError) -> StateFailed:
    details, metadata = error.response["Error"], error.response["ResponseMetadata"]
    # Services that once spoke the query protocol have two codes for an error.
    codes = {details.get("Code", ""), str(details.get("QueryErrorCode", ""))} - {""}
    model = service_model(resource.botocore_service)
    service = prefix(model.metadata["serviceId"])
    cause = (
        f"{details.get('Message', '')} (Service: {service}, Status Code: {metadata['HTTPStatusCode']}, "
        f"Request ID: {metadata.get('RequestId', '')})"
    )
    begins, otherwise = (service, f"{service}Exception") if resource.sdk else _OPTIMIZED_ERRORS[resource.service]
    return StateFailed(f"{begins}.{modelled(model, codes) or otherwise}", cause)


def _prefix(resource: Resource) -> str:
    if resource.sdk:
        return prefix(service_model(resource.botocore_service).metadata["serviceId"])
    return _OPTIMIZED_ERRORS[resource.service][0]
