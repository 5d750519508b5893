"""Clients for the calls of tasks, each with the credentials of a role."""

from __future__ import annotations

import functools
import os
import threading
from dataclasses import dataclass
from typing import Any

import botocore.config
import botocore.session

from local_aws.time.clock import clock

_LIFETIME = 2400.0
"""Seconds of the clock that credentials are used for; they are valid for an hour."""

_CONFIG = botocore.config.Config(
    # A failure is the state machine's own to retry.
    retries={"total_max_attempts": 1, "mode": "standard"},
    connect_timeout=10,
    # A function may run for a quarter of an hour.
    read_timeout=960,
    max_pool_connections=64,
)


@dataclass(frozen=True)
class _Cached:
    client: Any
    until: float


class Clients:
    """Clients of the local AWS by role, Region and service; making one costs more than calling."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._lock = threading.Lock()
        self._cached: dict[tuple[str, str, str], _Cached] = {}

    def get(self, role_arn: str, region: str, service: str, session_name: str) -> Any:
        key = (role_arn, region, service)
        with self._lock:
            cached = self._cached.get(key)
            if cached is None or cached.until < clock.time():
                client = self._made(role_arn, region, service, session_name)
                cached = self._cached[key] = _Cached(client, clock.time() + _LIFETIME)
            return cached.client

    def _made(self, role_arn: str, region: str, service: str, session_name: str) -> Any:
        from local_aws.iam.role_credentials import credentials_for_role  # noqa: PLC0415 - it imports moto's STS, at some cost

        credentials = credentials_for_role(role_arn, session_name)
        return _session().create_client(
            service,
            region_name=region,
            endpoint_url=self._endpoint_url,
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            aws_session_token=credentials.session_token,
            config=_CONFIG,
        )


@functools.cache
def _session() -> Any:
    # One session: botocore keeps the services' models in it. The developer's configuration is none of ours.
    session = botocore.session.Session()
    session.set_config_variable("config_file", os.devnull)
    session.set_config_variable("credentials_file", os.devnull)
    return session


_clients: list[Clients] = []


def point_to(endpoint_url: str) -> None:
    """Have all tasks call this address from now on."""
    _clients[:] = [Clients(endpoint_url)]


def client(role_arn: str, region: str, service: str, session_name: str) -> Any:
    return _clients[0].get(role_arn, region, service, session_name)
