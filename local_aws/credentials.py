"""Credentials of a role for those who act in its name: functions, rules, schedules."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from moto.sts.models import sts_backends

_SESSION_SECONDS = 12 * 3600

_lock = threading.Lock()
_clients: dict[tuple[str, str, str, str], Any] = {}
_endpoint_url: str | None = None


@dataclass(frozen=True)
class Credentials:
    """What a caller signs its requests with."""

    access_key_id: str
    secret_access_key: str
    session_token: str


def credentials_for_role(role_arn: str, session_name: str) -> Credentials:
    """Make credentials of the role's account; who uses them is ``assumed-role/<role>/<session_name>``."""
    _, partition, _, _, account_id, _ = role_arn.split(":", 5)
    with _lock:
        assumed = sts_backends[account_id][partition].assume_role(
            # Only for the partition: the role belongs to all Regions.
            region_name={"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}.get(partition, "us-east-1"),
            role_session_name=session_name[:64],
            role_arn=role_arn,
            policy=None,
            duration=_SESSION_SECONDS,
            external_id=None,
        )
    return Credentials(assumed.access_key_id, assumed.secret_access_key, assumed.session_token)


def serve_clients_at(endpoint_url: str) -> None:
    """Have ``client_for_role`` make its calls at this address from now on."""
    global _endpoint_url  # noqa: PLW0603 - one process, one address
    with _lock:
        _endpoint_url = endpoint_url
        _clients.clear()


def client_for_role(service: str, role_arn: str, session_name: str, region: str) -> Any:
    """Give a client that calls in the role's name, so that what the role may not do is refused; it never retries."""
    key = (service, role_arn, session_name, region)
    with _lock:
        client = _clients.get(key)
        endpoint_url = _endpoint_url
    if client is None:
        credentials = credentials_for_role(role_arn, session_name)
        # A session of its own: the default one reads the developer's configuration.
        session: Any = boto3.Session(botocore_session=_bare_session())
        client = session.client(
            service,
            region_name=region,
            endpoint_url=endpoint_url,
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            aws_session_token=credentials.session_token,
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=50),
        )
        with _lock:
            client = _clients.setdefault(key, client)
    return client


def _bare_session() -> Any:
    session = botocore.session.Session()
    session.set_config_variable("config_file", "/dev/null")
    session.set_config_variable("credentials_file", "/dev/null")
    return session
