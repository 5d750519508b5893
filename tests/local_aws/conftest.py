from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from local_aws.server import LocalAws
from tests.local_aws.workflow_runs import client_of, served

Person = Callable[..., boto3.Session]


@pytest.fixture(scope="session")
def person(local_aws_server: LocalAws) -> Person:
    """Give a boto3 session of a person in an account; its clients go to the local AWS."""

    def session(account_id: str, region: str = "us-east-1", role: str = "person") -> boto3.Session:
        return assume(local_aws_server.url, f"arn:aws:iam::{account_id}:role/{role}", region)

    return session


def assume(url: str, role_arn: str, region: str = "us-east-1") -> boto3.Session:
    anyone = boto3.client(
        "sts", endpoint_url=url, region_name=region, aws_access_key_id="anyone", aws_secret_access_key="anyone"
    )
    told = anyone.assume_role(RoleArn=role_arn, RoleSessionName="test")["Credentials"]
    session = boto3.Session(
        aws_access_key_id=told["AccessKeyId"],
        aws_secret_access_key=told["SecretAccessKey"],
        aws_session_token=told["SessionToken"],
        region_name=region,
    )
    # Sessions have no default endpoint of their own, other than by the environment, which is everybody's.
    plain = session.client
    session.client = lambda name, **options: plain(name, **{"endpoint_url": url, **options})  # type: ignore[method-assign, assignment]  # one place for the address
    return session


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Serve Step Functions alone, for workflows whose functions are played."""
    with served() as port:
        yield port


@pytest.fixture(scope="module")
def sfn(port: int) -> Any:
    return client_of(port, "stepfunctions")
