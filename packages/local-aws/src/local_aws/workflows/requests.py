"""A call of Step Functions' API: the caller and the parameters."""

from __future__ import annotations

from typing import Any

from local_aws.moto_extension.errors import AwsError

ERROR_LIMIT = 256
CAUSE_LIMIT = 32_768


class ApiRequest:
    def __init__(self, response: Any) -> None:
        self.account_id: str = response.current_account
        self.region: str = response.region
        self.backend = response.stepfunction_backend
        self._response = response

    def get(self, name: str) -> Any:
        return self._response._get_param(name)  # noqa: SLF001 - moto's way of reading parameters


def check_length(text: str | None, field: str, limit: int) -> None:
    if text is not None and len(text) > limit:
        raise AwsError(
            "ValidationException",
            f"1 validation error detected: Value at '{field}' failed to satisfy constraint: Member must have length "
            f"less than or equal to {limit}",
        )
