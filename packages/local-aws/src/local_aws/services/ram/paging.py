"""RAM's pages, which may be empty and yet not the last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.operations import ServiceCall
from local_aws.moto_extension.pages import BadTokenError, page

_MOST = 500


def ram_page(call: ServiceCall, params: dict[str, Any], key: str, items: Sequence[Any]) -> dict[str, Any]:
    """Return an answer with one page of a listing under ``key``."""
    size = params.get("maxResults", _MOST)
    if not 1 <= size <= _MOST:
        raise AwsError("InvalidParameterException", f"maxResults must be between 1 and {_MOST}.")
    try:
        shown, token = page(items, call.operation, params.get("nextToken"), size, may_be_empty=True)
    except BadTokenError as error:
        raise AwsError("InvalidNextTokenException", "The specified nextToken is not valid.") from error
    return {key: shown} | ({"nextToken": token} if token else {})
