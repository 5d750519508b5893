"""People in fresh accounts, calling the services over HTTP as anybody would."""

from __future__ import annotations

import functools
import itertools
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.moto_server.werkzeug_app import create_backend_app

from local_aws import middleware, services
from local_aws.conformance import inputs, moto_patches, outputs
from local_aws.http.client_classes import keep_client_classes
from local_aws.http.connection import Server
from local_aws.http.request_identification import Environ, identify
from local_aws.moto_extension import default_bus, pages
from local_aws.server import _Dispatcher

REGION = "eu-west-1"
_numbers = itertools.count(300000000000)


@functools.cache
def server_url() -> str:
    """Serve moto once, with the services and the check of requests: no IAM, no throttles, no faults."""
    services.install()
    moto = _Dispatcher(create_backend_app)

    def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        call = identify(environ)
        answer = inputs.refusal(call) if call else None
        if answer is None:
            answer = middleware._collect(moto, environ)
            if call:
                answer = moto_patches.patched(call, answer)
                outputs.observe(call, answer)
        start_response(f"{answer.status} Told", list(answer.headers))
        return [answer.body]

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server(listening, application)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.port}"


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
    """Return someone in an unused account."""
    return Person(str(next(_numbers)))


@dataclass(frozen=True)
class Heard:
    """An event on an account's default bus."""

    account_id: str
    source: str
    detail_type: str
    detail: dict[str, Any]


@contextmanager
def hearing() -> Iterator[list[Heard]]:
    """Collect the events that the services put on the buses, in place of delivering them."""
    heard: list[Heard] = []

    def put_on_bus(account_id: str, region: str, **event: Any) -> None:
        heard.append(Heard(account_id, event["source"], event["detail_type"], event["detail"]))

    with mock.patch.object(default_bus, "put_on_bus", put_on_bus):
        yield heard


@contextmanager
def full_pages() -> Iterator[None]:
    """Keep listings from beginning with an empty page, for tests that read one page only."""
    with mock.patch.object(pages, "empty_pages", 0.0):
        yield


def refusal(call: Callable[[], Any]) -> str:
    """Make a call that is refused, and return the error's code."""
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
    keep_client_classes()
    return connect(
        service,
        region_name=REGION,
        endpoint_url=server_url(),
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}),
    )
