"""Persons and roles in accounts of the local AWS, who call it through the AWS SDK."""

from __future__ import annotations

import functools
import itertools
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any

import boto3
from botocore.config import Config

from local_aws.http.client_classes import keep_client_classes

REGION = "us-east-1"
PERSON = "person"
"""A role that no account has, whose sessions stand for a person with full access."""

_making = threading.Lock()
_numbers = itertools.count(700000000000)


@dataclass(frozen=True)
class Credentials:
    """The credentials that sign calls."""

    access_key_id: str
    secret_access_key: str
    session_token: str = field(repr=False)


class Account:
    """A person or role in an account, which need not be created first.

    Args:
        url: the local AWS's URL.
        account_id: any twelve digits.
        role: a role of the account, with its policies; by default a person with full access.
        called: the name of the session, which AWS shows as part of the caller's ARN.
        region: the default Region of clients.
        attempts: the maximum number of attempts of a call, as a person is throttled too.
    """

    def __init__(
        self,
        url: str,
        account_id: str,
        *,
        role: str = PERSON,
        called: str = "somebody",
        region: str = REGION,
        attempts: int = 10,
    ) -> None:
        self.url = url
        self.account_id = account_id
        self.called = called
        self.region = region
        self._role = role
        self._config = Config(retries={"mode": "standard", "total_max_attempts": attempts})
        self._connected: dict[tuple[str, str, str], Any] = {}
        self._outputs: dict[str, Mapping[str, str]] = {}

    @cached_property
    def credentials(self) -> Credentials:
        """The credentials of one session, which sign all calls."""
        arn = f"arn:aws:iam::{self.account_id}:role/{self._role}"
        answer = _anyone(self.url).assume_role(RoleArn=arn, RoleSessionName=self.called)["Credentials"]
        return Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables with which another process, or the AWS CLI, makes calls as this caller."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": self.credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.credentials.secret_access_key,
            "AWS_SESSION_TOKEN": self.credentials.session_token,
        }

    def client(self, service: str, region: str | None = None) -> Any:
        """Return boto3's client of a service, the same each time."""
        return self._kept("client", service, region)

    def resource(self, service: str, region: str | None = None) -> Any:
        """Return boto3's resource of a service, the same each time."""
        return self._kept("resource", service, region)

    def outputs(self, stack: str) -> Mapping[str, str]:
        """Return the outputs of a deployed stack, which are read once and cached."""
        if stack not in self._outputs:
            description = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
            self._outputs[stack] = {each["OutputKey"]: each["OutputValue"] for each in description.get("Outputs", ())}
        return self._outputs[stack]

    def parameter(self, name: str) -> str | None:
        """Return a parameter's value in Parameter Store; None if it does not exist."""
        ssm = self.client("ssm")
        try:
            return str(ssm.get_parameter(Name=name)["Parameter"]["Value"])
        except ssm.exceptions.ParameterNotFound:
            return None

    def vpc(self) -> str:
        """Return the id of the account's first VPC; each account has a default one."""
        return str(self.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"])

    def subnets(self) -> list[str]:
        """Return the ids of that VPC's subnets, one in each availability zone, in the zones' order."""
        in_vpc = [{"Name": "vpc-id", "Values": [self.vpc()]}]
        found = self.client("ec2").describe_subnets(Filters=in_vpc)["Subnets"]
        return [each["SubnetId"] for each in sorted(found, key=lambda each: str(each["AvailabilityZone"]))]

    def resolves(self, name: str, vpc_id: str) -> bool:
        """Return whether a DNS name resolves inside a VPC; AWS itself has no API for this.

        Raises:
            HTTPError: the query is invalid, for example the VPC does not exist.
        """
        query = urllib.parse.urlencode({"vpc": vpc_id, "name": name})
        try:
            with urllib.request.urlopen(f"{self.url}/_local/resolve?{query}"):  # noqa: S310 - our own port
                return True
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.NOT_FOUND:
                raise
            return False

    def _kept(self, kind: str, service: str, region: str | None) -> Any:
        region = region or self.region
        key = (kind, service, region)
        if key not in self._connected:
            made = _connect(
                kind, service, region=region, url=self.url, credentials=self.credentials, config=self._config
            )
            return self._connected.setdefault(key, made)
        return self._connected[key]


@functools.cache
def _anyone(url: str) -> Any:
    """Return a client that signs with made-up credentials, to assume a role."""
    nobody = Credentials("anyone", "anyone", "")
    return _connect("client", "sts", region=REGION, url=url, credentials=nobody, config=Config())


def _connect(kind: str, service: str, *, region: str, url: str, credentials: Credentials, config: Config) -> Any:
    # The stubs accept literal names of services only.
    connect: Any = getattr(boto3, kind)
    keep_client_classes()
    # boto3's default session caches models, and must not create two clients at once.
    with _making:
        return connect(
            service,
            endpoint_url=url,
            region_name=region,
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            aws_session_token=credentials.session_token or None,
            config=config,
        )


@dataclass(frozen=True)
class Accounts:
    """The accounts of a local AWS."""

    url: str

    def person(self, account_id: str, *, called: str = "somebody", region: str = REGION) -> Account:
        """Return a person with full access to an account."""
        return Account(self.url, account_id, called=called, region=region)

    def new_person(self, *, called: str = "somebody", region: str = REGION) -> Account:
        """Return a person with full access to a new account."""
        return self.person(str(next(_numbers)), called=called, region=region)

    def in_role(self, account_id: str, role: str, *, called: str = "somebody", region: str = REGION) -> Account:
        """Return a caller with a role of an account, whose trust policy must allow anybody to assume it.

        A role that the account does not have stands for a person with full access.
        """
        return Account(self.url, account_id, role=role, called=called, region=region)
