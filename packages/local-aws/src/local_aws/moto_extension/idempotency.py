"""Client tokens: the same request gets the same answer, another request with the same token is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.operations import ServiceCall
from local_aws.moto_extension.tables import table

_MISMATCH = {"ec2": "IdempotentParameterMismatch", "ram": "IdempotentParameterMismatchException"}

_answers = table()


def once(call: ServiceCall, params: Mapping[str, Any], token: str | None, do: Callable[[], Any]) -> Any:
    """Call ``do``, or return its earlier result for this token, even if that has been deleted since."""
    if not token:
        return do()
    key = (call.account_id, call.region, call.service, call.operation, token)
    request = json.dumps(
        {k: v for k, v in params.items() if k not in {"ClientToken", "clientToken"}}, default=str, sort_keys=True
    )
    if key not in _answers:
        _answers[key] = (request, do())
    before, answer = _answers[key]
    if before != request:
        raise _mismatch(call, token)
    return answer


def with_token(params: Mapping[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """Return RAM's answer with the client token of the request, if it had one."""
    return answer | ({"clientToken": params["clientToken"]} if params.get("clientToken") else {})


def _mismatch(call: ServiceCall, token: str) -> AwsError:
    message = f"The client token {token} was used with other parameters."
    if call.service == "vpc-lattice":
        # Lattice has no error of its own for this; its model offers a conflict.
        return AwsError("ConflictException", message, resourceId=token, resourceType="ClientToken")
    return AwsError(_MISMATCH[call.service], message)
