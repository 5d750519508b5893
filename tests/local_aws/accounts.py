"""People in fresh accounts, calling the services over HTTP as anybody would."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from local_aws import services
from local_aws.clock import clock

REGION = "eu-west-1"
_numbers = itertools.count(300000000000)


@functools.cache
def server_url() -> str:
    """Start moto's server once, with the services in it."""
    services.install()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"


@dataclass(frozen=True)
class Person:
    """Someone with full access to an account."""

    account_id: str

    def client(self, service: str) -> Any:
        return _client(self.account_id, service)

    @property
    def ec2(self) -> Any:
        return self.client("ec2")

    @property
    def ram(self) -> Any:
        return self.client("ram")

    @property
    def lattice(self) -> Any:
        return self.client("vpc-lattice")


def person() -> Person:
    """Give someone in an account that nobody has used."""
    return Person(str(next(_numbers)))


def pass_time(seconds: float) -> None:
    clock.advance(seconds)


def refusal(call: Callable[[], Any]) -> str:
    """Make a call that is refused, and give the error's code."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    raise AssertionError("the call was not refused")


@functools.cache
def _client(account_id: str, service: str) -> Any:
    sts = _new_client("sts", "test", "test", None)
    role = f"arn:aws:iam::{account_id}:role/person"
    credentials = sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return _new_client(service, credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])


def _new_client(service: str, key_id: str, secret: str, token: str | None) -> Any:
    connect: Any = boto3.client
    return connect(
        service,
        region_name=REGION,
        endpoint_url=server_url(),
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}),
    )
