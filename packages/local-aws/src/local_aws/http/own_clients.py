"""Clients with which the local AWS calls itself: for roles, for workflows' tasks, and as CloudFormation."""

from __future__ import annotations

import functools
import os
import threading
from typing import Any

import botocore.session

from local_aws.http.client_classes import keep_client_classes
from local_aws.time.activity import under_way_here

WAITING = "X-Local-Aws-Waiting"
"""The header with the activities of the thread that waits for the answer."""

_making = threading.Lock()
"""Held while a client is made: a session can make only one at a time."""


def new_client(
    service: str, *, region: str, endpoint_url: str | None, credentials: tuple[str, str, str | None], config: Any = None
) -> Any:
    """Return a botocore client.

    Args:
        service: botocore's name.
        region: a Region's name.
        endpoint_url: the address of the local AWS.
        credentials: the access key's id, the secret key, and the session's token if there is one.
        config: botocore's, beyond its defaults.
    """
    access_key_id, secret_access_key, session_token = credentials
    with _making:
        return _session().create_client(
            service,
            region_name=region,
            endpoint_url=endpoint_url,
            aws_access_key_id=access_key_id,
            aws_secret_access_key=secret_access_key,
            aws_session_token=session_token,
            config=config,
        )


@functools.cache
def _session() -> Any:
    keep_client_classes()
    # One session, as it caches the services' models, which take longest to load. The developer's configuration is
    # ignored, and so is the profile that AWS_PROFILE names, which would be missing without it.
    session = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
    session.set_config_variable("config_file", os.devnull)
    session.set_config_variable("credentials_file", os.devnull)
    session.register("before-send", _tell_who_waits)
    return session


def _tell_who_waits(**sent: Any) -> None:
    """Say what waits for the answer: it is at rest while the call is."""
    if activities := under_way_here():
        sent["request"].headers[WAITING] = ",".join(activities)
