"""The only builder of AWS clients."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_organizations import OrganizationsClient
    from mypy_boto3_sts import STSClient

# The workflow and the queue retry later, and spread out: a handler that insists only uses up its time.
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 4},
    connect_timeout=3,
    read_timeout=15,
    user_agent_extra="drawbridge",
)
# A call that waits for its slot is not repeated before the next one.
_PACED = _CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))


# A function that waits for another's answer invokes it once, and has the time that the other has.
_WAITING = _PACED.merge(Config(read_timeout=60))


@cache
def client(service: str) -> Any:
    """Return the client of a service, in the function's Region and with its role."""
    return boto3.client(service, config=_CONFIG)  # type: ignore[call-overload]  # the name is no literal here


@cache
def paced(service: str) -> Any:
    """Return a client of a service that makes each call once: for those that have a budget."""
    return boto3.client(service, config=_PACED)  # type: ignore[call-overload]  # the name is no literal here


@cache
def waiting(service: str) -> Any:
    """Return a client that makes each call once, and waits a minute for its answer."""
    return boto3.client(service, config=_WAITING)  # type: ignore[call-overload]  # the name is no literal here


@cache
def table(name: str) -> Table:
    return boto3.resource("dynamodb", config=_CONFIG).Table(name)


def organizations_through(role_name: str, account: str, *, sts: STSClient) -> OrganizationsClient:
    """Return a client of Organizations in a role of that account; it is valid for an hour, as the session is."""
    credentials = sts.assume_role(
        RoleArn=f"arn:{sts.meta.partition}:iam::{account}:role/{role_name}",
        RoleSessionName="drawbridge",
    )["Credentials"]
    return boto3.client(
        "organizations",
        region_name=sts.meta.region_name,
        config=_CONFIG,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
