"""People with full access to an account of the local AWS, by boto3 sessions of their own."""

from __future__ import annotations

from collections.abc import Callable

import boto3
import botocore.session

_loader = botocore.session.get_session().get_component("data_loader")
"""One for all sessions: a session's own would parse the services' models anew."""

Person = Callable[..., boto3.Session]
"""Returns the session of a person in an account: ``person(account_id, region, role)``."""


def assume(url: str, role_arn: str, region: str = "us-east-1") -> boto3.Session:
    anyone = boto3.client(
        "sts", endpoint_url=url, region_name=region, aws_access_key_id="anyone", aws_secret_access_key="anyone"
    )
    credentials = anyone.assume_role(RoleArn=role_arn, RoleSessionName="test")["Credentials"]
    core = botocore.session.get_session()
    core.register_component("data_loader", _loader)
    session = boto3.Session(
        botocore_session=core,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=region,
    )
    # A session's default endpoint can only be set by the environment, which all tests share.
    plain = session.client
    session.client = lambda name, **options: plain(name, **{"endpoint_url": url, **options})  # type: ignore[method-assign, assignment]  # one place for the address
    return session
