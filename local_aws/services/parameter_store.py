"""Parameter Store: the checks that moto leaves out, and the event of each change."""

from __future__ import annotations

import re
from typing import Any

from moto.ssm.models import ssm_backends

from local_aws.services.errors import AwsError
from local_aws.services.events import announce
from local_aws.services.operations import Call, Proceed, extend_operation

_NAME = re.compile(r"/?[a-zA-Z0-9_.-]+(/[a-zA-Z0-9_.-]+)*")
_LONGEST_ARN = 1011
_LEVELS = 15
_STANDARD = 4096
_ADVANCED = 8192


def install() -> None:
    extend_operation("ssm", "PutParameter", _put)
    extend_operation("ssm", "DeleteParameter", _delete)
    extend_operation("ssm", "DeleteParameters", _delete_several)
    extend_operation("ssm", "LabelParameterVersion", _label)


def _put(call: Call, params: dict[str, Any], proceed: Proceed) -> Any:
    name, before = params["Name"], _parameter(call, params["Name"])
    _check_name(call, name)
    _check_value(params, before)
    if before is not None and params.get("Overwrite") and params.get("Type") not in {None, before.parameter_type}:
        raise AwsError(
            "HierarchyTypeMismatchException",
            f"The parameter type can't be changed from {before.parameter_type} to {params['Type']}.",
        )
    answer = proceed()
    _tell(call, "Create" if before is None else "Update", _parameter(call, name))
    return answer


def _delete(call: Call, params: dict[str, Any], proceed: Proceed) -> Any:
    before = _parameter(call, params["Name"])
    answer = proceed()
    _tell(call, "Delete", before)
    return answer


def _delete_several(call: Call, params: dict[str, Any], proceed: Proceed) -> Any:
    before = [_parameter(call, name) for name in dict.fromkeys(params["Names"])]
    answer = proceed()
    for parameter in before:
        _tell(call, "Delete", parameter)
    return answer


def _label(call: Call, params: dict[str, Any], proceed: Proceed) -> Any:
    answer = proceed()
    _tell(call, "LabelParameterVersion", _parameter(call, params["Name"]))
    return answer


def _parameter(call: Call, name: str) -> Any | None:
    return ssm_backends[call.account_id][call.region].get_parameter(name)


def _check_name(call: Call, name: str) -> None:
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


def _check_value(params: dict[str, Any], before: Any | None) -> None:
    value, asked = params.get("Value", ""), params.get("Tier")
    tier = asked or (before.tier if before is not None else None) or "Standard"
    if before is not None and before.tier == "Advanced" and asked == "Standard":
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


def _tell(call: Call, operation: str, parameter: Any | None) -> None:
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
