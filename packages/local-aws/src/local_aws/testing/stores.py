"""What there is, read in this process: at once, without a call that would be counted, throttled or take time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.ssm.models import ssm_backends

from local_aws.services.privatelink.endpoint_store import endpoints


def items(account_id: str, region: str, table: str) -> list[Mapping[str, Any]]:
    """Return the items of a table, as DynamoDB's API has them.

    Raises:
        KeyError: there is no such table.
    """
    found = dynamodb_backends[account_id][region].tables[table]
    return [each.to_json()["Attributes"] for each in list(found.all_items())]


def parameter_names(account_id: str, region: str) -> list[str]:
    """Return the names of an account's parameters, without those that AWS owns."""
    return [str(each) for each in list(ssm_backends[account_id][region]._parameters)]  # noqa: SLF001 - moto has no other way


def endpoint_states(endpoint_ids: Iterable[str]) -> dict[str, str]:
    """Return the states of those of these VPC endpoints that there are, whoever owns them."""
    return {each: str(endpoints[each].state) for each in endpoint_ids if each in endpoints}
