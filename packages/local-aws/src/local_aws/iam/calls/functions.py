"""Lambda."""

from __future__ import annotations

from collections.abc import Iterator

from local_aws.iam.rules import AwsCall, Requirement, Rules, key, passing
from local_aws.policy_language.patterns import Context

_FUNCTION_PART = 6


def function_arn(call: AwsCall) -> str:
    """Return the function's ARN as AWS checks it: with version or alias if the call names one."""
    name = str(call.params.get("FunctionName") or "")
    qualifier = call.params.get("Qualifier")
    if name.startswith("arn:"):
        arn = name
    elif ":function:" in name:  # ACCOUNT:function:NAME
        arn = f"arn:{call.partition}:lambda:{call.region}:{name}"
    else:
        arn = call.arn(f"function:{name}")
    unqualified = len(arn.split(":")) == _FUNCTION_PART + 1
    return f"{arn}:{qualifier}" if qualifier and unqualified else arn


def _invoke(call: AwsCall) -> Iterator[Requirement]:
    yield call.requires("InvokeFunction", function_arn(call), kind="function")


def _function(call: AwsCall) -> Iterator[Requirement]:
    yield call.requires(call.operation, function_arn(call), kind="function")
    yield from passing(call, call.params.get("Role"), "lambda.amazonaws.com")
    if call.operation == "CreateFunction" and call.params.get("Tags"):
        yield call.requires("TagResource", function_arn(call), kind="function")


def _keys(call: AwsCall) -> Context:
    if call.operation.endswith("EventSourceMapping") and call.params.get("FunctionName"):
        return key("lambda:FunctionArn", function_arn(call))
    return {}


_ON_FUNCTIONS = (
    "AddPermission",
    "CreateAlias",
    "CreateFunction",
    "CreateFunctionUrlConfig",
    "DeleteAlias",
    "DeleteFunction",
    "DeleteFunctionConcurrency",
    "DeleteFunctionEventInvokeConfig",
    "DeleteFunctionUrlConfig",
    "GetAlias",
    "GetFunction",
    "GetFunctionConcurrency",
    "GetFunctionConfiguration",
    "GetFunctionEventInvokeConfig",
    "GetFunctionUrlConfig",
    "GetPolicy",
    "ListAliases",
    "ListVersionsByFunction",
    "PublishVersion",
    "PutFunctionConcurrency",
    "PutFunctionEventInvokeConfig",
    "RemovePermission",
    "UpdateAlias",
    "UpdateFunctionCode",
    "UpdateFunctionConfiguration",
    "UpdateFunctionEventInvokeConfig",
    "UpdateFunctionUrlConfig",
)

RULES = Rules(
    names={"function": ("FunctionName", "Resource"), "eventSourceMapping": ("UUID",)},
    special={
        **dict.fromkeys(_ON_FUNCTIONS, _function),
        **dict.fromkeys(("Invoke", "InvokeAsync", "InvokeWithResponseStream"), _invoke),
    },
    keys=_keys,
)
