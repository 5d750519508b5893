"""CloudFormation's own clients: a person with full access in the account that is deployed into."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from moto.utilities.utils import get_partition

from local_aws.http.own_clients import new_client
from local_aws.throttling.throttles import CLOUDFORMATION

_endpoint_url: str | None = None


def use(endpoint_url: str) -> None:
    global _endpoint_url  # noqa: PLW0603 - moto's state is one for the process, and so is its address
    if endpoint_url != _endpoint_url:
        _endpoint_url = endpoint_url
        client.cache_clear()
        _credentials.cache_clear()


@lru_cache(maxsize=1000)
def client(service: str, account_id: str, region: str) -> Any:
    """Return a client that works in the account."""
    return new_client(service, region=region, endpoint_url=_endpoint_url, credentials=_credentials(account_id, region))


@lru_cache(maxsize=1000)
def _credentials(account_id: str, region: str) -> tuple[str, str, str]:
    sts = new_client(
        "sts", region=region, endpoint_url=_endpoint_url, credentials=(CLOUDFORMATION, CLOUDFORMATION, None)
    )
    role_arn = f"arn:{get_partition(region)}:iam::{account_id}:role/{CLOUDFORMATION}"
    credentials = sts.assume_role(RoleArn=role_arn, RoleSessionName=CLOUDFORMATION)["Credentials"]
    return credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"]
