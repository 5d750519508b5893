"""Service networks that RAM can't share: those that were made so."""

from __future__ import annotations

from typing import Any

from local_aws.services.errors import AwsError
from local_aws.services.operations import Call, Proceed, extend_operation
from local_aws.services.service_network_store import networks


def install() -> None:
    extend_operation("ram", "CreateResourceShare", _check)
    extend_operation("ram", "AssociateResourceShare", _check)


def _check(call: Call, params: dict[str, Any], proceed: Proceed) -> Any:
    for arn in params.get("resourceArns") or []:
        network = networks.get(arn.rpartition("/")[2])
        if network is not None and network.owner == call.account_id and not network.shareable:
            raise AwsError("InvalidParameterException", f"{arn} is not enabled for sharing.")
    return proceed()
