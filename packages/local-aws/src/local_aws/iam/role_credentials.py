"""Credentials and clients of roles, for functions, rules and schedules."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from moto.sts.models import sts_backends

from local_aws.http.own_clients import new_client

_SESSION_SECONDS = 12 * 3600

_lock = threading.Lock()
_making = threading.Lock()
"""Held while a client is looked up and made, so that each is made once."""
_clients: dict[tuple[str, str, str, str], Any] = {}
_endpoint_url: str | None = None


@dataclass(frozen=True)
class Credentials:
    """The credentials that a caller signs its requests with."""

    access_key_id: str
    secret_access_key: str
    session_token: str

    @property
    def keys(self) -> tuple[str, str, str]:
        """Return the access key's id, the secret key and the session's token."""
        return self.access_key_id, self.secret_access_key, self.session_token


def credentials_for_role(role_arn: str, session_name: str) -> Credentials:
    """Return credentials of a session of the role, which is ``assumed-role/<role>/<session_name>``."""
    _, partition, _, _, account_id, _ = role_arn.split(":", 5)
    with _lock:
        assumed = sts_backends[account_id][partition].assume_role(
            # Only for the partition: a role is of no Region.
            region_name={"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}.get(partition, "us-east-1"),
            role_session_name=session_name[:64],
            role_arn=role_arn,
            policy=None,
            duration=_SESSION_SECONDS,
            external_id=None,
        )
    return Credentials(assumed.access_key_id, assumed.secret_access_key, assumed.session_token)


def serve_clients_at(endpoint_url: str) -> None:
    """Have the clients of ``client_for_role`` call this address from now on."""
    global _endpoint_url  # noqa: PLW0603 - one process, one address
    close_clients()
    with _making:
        _endpoint_url = endpoint_url


def client_for_role(service: str, role_arn: str, session_name: str, region: str) -> Any:
    """Return a client with the role's credentials, which is limited by its policies and never retries."""
    key = (service, role_arn, session_name, region)
    with _making:
        if key not in _clients:
            _clients[key] = new_client(
                service,
                region=region,
                endpoint_url=_endpoint_url,
                credentials=credentials_for_role(role_arn, session_name).keys,
                config=Config(retries={"total_max_attempts": 1}, max_pool_connections=50),
            )
        return _clients[key]


def close_clients() -> None:
    """Close all clients; they are made again on demand."""
    with _making:
        for client in _clients.values():
            client.close()
        _clients.clear()
