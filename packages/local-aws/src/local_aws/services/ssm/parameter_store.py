"""Parameter Store: checks that moto lacks, and the event of each change."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from moto.ssm.models import ssm_backends

from local_aws.moto_extension.default_bus import announce
from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.operations import Proceed, ServiceCall, extend_operation
from local_aws.moto_extension.pages import begins_empty
from local_aws.moto_extension.tables import later, table
from local_aws.services.quotas import quotas
from local_aws.services.ssm.parameter_tags import check_new_tags
from local_aws.services.timings import timings

_NAME = re.compile(r"/?[a-zA-Z0-9_.-]+(/[a-zA-Z0-9_.-]+)*")
_LONGEST_ARN = 1011
_LEVELS = 15
_STANDARD = 4096
_ADVANCED = 8192
_TIERED = "Intelligent-Tiering"

_leaving = table()
"""Recently deleted names, by account and Region."""


def install() -> None:
    extend_operation("ssm", "PutParameter", _put)
    extend_operation("ssm", "DeleteParameter", _delete)
    extend_operation("ssm", "DeleteParameters", _delete_several)
    extend_operation("ssm", "LabelParameterVersion", _label)
    extend_operation("ssm", "GetParametersByPath", _get_by_path)


def _put(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    name, before = params["Name"], _parameter(call, params["Name"])
    _check_name(call, name)
    _check_free(call, name, overwrite=params.get("Overwrite", False))
    check_new_tags([tag["Key"] for tag in params.get("Tags") or []])
    tier = _check_value(params, before)
    _check_pattern(params, before)
    _check_room(call, tier, before)
    if before is not None and params.get("Overwrite") and params.get("Type") not in {None, before.parameter_type}:
        raise AwsError(
            "HierarchyTypeMismatchException",
            f"The parameter type can't be changed from {before.parameter_type} to {params['Type']}.",
        )
    answer = proceed()
    written: Any = _parameter(call, name)
    if written.tier == _TIERED:
        # The stored tier is the one that the value needs, not the requested one.
        written.tier = answer.result["Tier"] = tier
    _announce_change(call, "Create" if before is None else "Update", written)
    return answer


def _delete(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    before = _parameter(call, params["Name"])
    answer = proceed()
    _gone(call, [before])
    return answer


def _delete_several(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    before = [_parameter(call, name) for name in dict.fromkeys(params["Names"])]
    answer = proceed()
    _gone(call, before)
    return answer


def _label(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    answer = proceed()
    _announce_change(call, "LabelParameterVersion", _parameter(call, params["Name"]))
    return answer


def _get_by_path(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    if not params["Path"].startswith("/"):
        raise AwsError("ValidationException", "The parameter path must begin with a slash.")
    token = params.get("NextToken")
    if token is not None and not token.isdigit():
        raise AwsError("InvalidNextToken", "The specified token isn't valid.")
    if token is None and begins_empty():
        # moto's tokens are page numbers.
        return {"Parameters": [], "NextToken": "0"}
    return proceed()


def _gone(call: ServiceCall, parameters: Iterable[Any]) -> None:
    for parameter in parameters:
        if parameter is None:
            continue
        # moto looks for the tags under another name if the parameter's has a slash.
        tags = ssm_backends[call.account_id][call.region]._resource_tags  # noqa: SLF001 - moto has no other way to them
        tags["Parameter"].pop(parameter.name, None)
        key = (call.account_id, call.region, parameter.name)
        _leaving[key] = parameter

        def forget(key: tuple[str, str, str] = key, parameter: Any = parameter) -> None:
            if _leaving.get(key) is parameter:
                del _leaving[key]

        later(timings.parameter_name_free, forget, background=True)
        _announce_change(call, "Delete", parameter)


def _check_free(call: ServiceCall, name: str, *, overwrite: bool) -> None:
    """Refuse a recently deleted name.

    AWS documents to wait for 30 seconds, but not the error otherwise.
    """
    if (call.account_id, call.region, name) not in _leaving:
        return
    if overwrite:
        raise AwsError(
            "TooManyUpdates", "There are concurrent updates for a resource that supports one update at a time."
        )
    raise AwsError(
        "ParameterAlreadyExists",
        "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
    )


def _check_pattern(params: dict[str, Any], before: Any | None) -> None:
    pattern = params.get("AllowedPattern") or (before.allowed_pattern if before is not None else None)
    if not pattern:
        return
    try:
        fits = re.fullmatch(pattern, params.get("Value", ""))
    except re.error as error:
        raise AwsError("InvalidAllowedPatternException", f"The pattern {pattern} is not valid.") from error
    if not fits:
        raise AwsError("ParameterPatternMismatchException", f"Parameter value, cannot be validated against {pattern}.")


def _check_room(call: ServiceCall, tier: str, before: Any | None) -> None:
    if before is not None and before.tier == tier:
        return
    most = quotas.standard_parameters if tier == "Standard" else quotas.advanced_parameters
    kept = ssm_backends[call.account_id][call.region]._parameters  # noqa: SLF001 - moto has no other way to count them
    if sum(bool(versions) and versions[-1].tier == tier for versions in kept.values()) >= most:
        raise AwsError(
            "ParameterLimitExceeded", f"You have exceeded the number of parameters for this account: {most}."
        )


def _parameter(call: ServiceCall, name: str) -> Any | None:
    return ssm_backends[call.account_id][call.region].get_parameter(name)


def _check_name(call: ServiceCall, name: str) -> None:
    if "/" in name and not name.startswith("/"):
        raise AwsError("ValidationException", "Parameter name must be a fully qualified name.")
    if not _NAME.fullmatch(name):
        raise AwsError(
            "ValidationException",
            'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of '
            "sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the "
            "following 3 symbols .-_",
        )
    if name.count("/") > _LEVELS:
        raise AwsError("HierarchyLevelLimitExceededException", f"A hierarchy can have a maximum of {_LEVELS} levels.")
    if len(call.arn("ssm", f"parameter/{name.lstrip('/')}")) > _LONGEST_ARN:
        raise AwsError("ValidationException", f"The parameter's ARN is longer than {_LONGEST_ARN} characters.")


def _check_value(params: dict[str, Any], before: Any | None) -> str:
    """Check a value against its tier; return the tier, Standard or Advanced."""
    value, requested = params.get("Value", ""), params.get("Tier")
    tier = requested or (before.tier if before is not None else None) or "Standard"
    if tier == _TIERED:
        large = len(value.encode()) > _STANDARD or params.get("Policies")
        tier = "Advanced" if large or (before is not None and before.tier == "Advanced") else "Standard"
    if before is not None and before.tier == "Advanced" and requested == "Standard":
        raise AwsError(
            "ValidationException",
            "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the "
            "advanced-parameter tier to the standard-parameter tier.",
        )
    longest = _STANDARD if tier == "Standard" else _ADVANCED
    if len(value.encode()) > longest:
        raise AwsError(
            "ValidationException",
            f"{tier} tier parameters support a maximum parameter value of {longest} characters.",
        )
    if "{{" in value:
        raise AwsError(
            "ValidationException", 'Parameter value can\'t nest another parameter. Do not use "{{}}" in the value.'
        )
    return tier


def _announce_change(call: ServiceCall, operation: str, parameter: Any | None) -> None:
    if parameter is None:
        return
    detail = {"operation": operation, "name": parameter.name, "type": parameter.parameter_type}
    if parameter.description:
        detail["description"] = parameter.description
    announce(
        call.account_id,
        call.region,
        source="aws.ssm",
        detail_type="Parameter Store Change",
        detail=detail,
        resources=[call.arn("ssm", f"parameter/{parameter.name.lstrip('/')}")],
    )
