"""SDK clients for the calls of tasks, each with the credentials of a role."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import botocore.config

from local_aws.http.own_clients import new_client
from local_aws.time.clock import clock

_LIFETIME = 2400.0
"""Seconds of the clock for which credentials are used; they are valid for an hour."""

_CONFIG = botocore.config.Config(
    # Retries are up to the state machine.
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
    """Clients of the local AWS by role, Region and service, since creating one costs more than a call."""

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

        return new_client(
            service,
            region=region,
            endpoint_url=self._endpoint_url,
            credentials=credentials_for_role(role_arn, session_name).keys,
            config=_CONFIG,
        )


_clients: list[Clients] = []


def point_to(endpoint_url: str) -> None:
    """Make all tasks call this URL from now on."""
    _clients[:] = [Clients(endpoint_url)]


def client(role_arn: str, region: str, service: str, session_name: str) -> Any:
    return _clients[0].get(role_arn, region, service, session_name)
