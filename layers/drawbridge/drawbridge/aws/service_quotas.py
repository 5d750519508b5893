"""Service Quotas: what AWS allows this account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drawbridge.aws.errors import translated

if TYPE_CHECKING:
    from collections.abc import Mapping


class ServiceQuotas:
    """Reads the values that are in force for this account in the client's Region."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def values(self, service: str) -> Mapping[str, int]:
        """Return the values of a service's quotas by their codes; those that AWS has no value for are left out.

        One call for each 100 quotas, where one for each code would be as many calls as there are codes.
        """
        with translated(f"list the quotas of {service}"):
            return {
                each["QuotaCode"]: int(each["Value"])
                for page in self._client.get_paginator("list_service_quotas").paginate(ServiceCode=service)
                for each in page["Quotas"]
                if each.get("QuotaCode") and each.get("Value") is not None and not each.get("ErrorReason")
            }
