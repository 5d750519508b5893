"""Lambda: functions' real code, run by AWS's own runtime client in separate processes.

- ``invoke`` runs a function and waits, ``asynchronous`` queues and retries.
- ``fleet`` lends ``sandbox`` after ``sandbox``; ``runtime_api`` serves the process inside.
- ``processes`` starts a sandbox's process, forked by a ``bootstrap/fork_server`` if that works.
- ``sources`` locates a function's code, ``configuration`` makes its process's environment.
"""

from __future__ import annotations

import atexit

from local_aws.functions import fleet as _fleet
from local_aws.functions import invocations as _invocations
from local_aws.functions.invocations import Invocation
from local_aws.functions.invoke import serve_functions_at
from local_aws.functions.logs import close_files
from local_aws.functions.moto_patches import patch_lambda
from local_aws.functions.processes import stop_servers
from local_aws.functions.sandbox import Sandbox
from local_aws.iam.role_credentials import close_clients, serve_clients_at

__all__ = ["Invocation", "Sandbox", "install", "invocations", "sandbox_of", "stop_all"]


def install(endpoint_url: str) -> None:
    """Make moto's Lambda run functions, whose SDK calls this URL; may be called again."""
    serve_functions_at(endpoint_url)
    serve_clients_at(endpoint_url)
    patch_lambda()
    atexit.unregister(stop_all)
    atexit.register(stop_all)


def stop_all() -> None:
    """End all functions' processes and the fork servers, and close clients and log files."""
    _fleet.fleet.stop()
    stop_servers()
    close_clients()
    close_files()


def sandbox_of(access_key_id: str) -> Sandbox | None:
    """Return the busy sandbox whose process calls with this access key."""
    return _fleet.fleet.find(access_key_id)


def invocations() -> list[Invocation]:
    """Return the last invocations, the oldest first."""
    return _invocations.recent()
