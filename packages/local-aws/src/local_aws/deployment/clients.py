"""CloudFormation's own clients: a person with full access in the account that is deployed into."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import boto3
from moto.utilities.utils import get_partition

from local_aws.throttling.throttles import CLOUDFORMATION

_endpoint_url: str | None = None
_making = threading.Lock()


def use(endpoint_url: str) -> None:
    global _endpoint_url  # noqa: PLW0603 - moto's state is one for the process, and so is its address
    if endpoint_url != _endpoint_url:
        _endpoint_url = endpoint_url
        client.cache_clear()
        _credentials.cache_clear()


@lru_cache(maxsize=1000)
def client(service: str, account_id: str, region: str) -> Any:
    """Return a boto3 client that works in the account."""
    told = _credentials(account_id, region)
    # boto3's one session keeps the models that it has read, and makes one client at a time.
    make: Any = boto3.client
    with _making:
        return make(
            service,
            endpoint_url=_endpoint_url,
            region_name=region,
            aws_access_key_id=told["AccessKeyId"],
            aws_secret_access_key=told["SecretAccessKey"],
            aws_session_token=told["SessionToken"],
        )


@lru_cache(maxsize=1000)
def _credentials(account_id: str, region: str) -> Mapping[str, str]:
    with _making:
        anyone = boto3.client(
            "sts",
            endpoint_url=_endpoint_url,
            region_name=region,
            aws_access_key_id=CLOUDFORMATION,
            aws_secret_access_key=CLOUDFORMATION,
        )
    role_arn = f"arn:{get_partition(region)}:iam::{account_id}:role/{CLOUDFORMATION}"
    told = anyone.assume_role(RoleArn=role_arn, RoleSessionName=CLOUDFORMATION)["Credentials"]
    return {name: told[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")}
