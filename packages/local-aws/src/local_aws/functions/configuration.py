"""A function's configuration, and the environment of its sandboxes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws import project
from local_aws.functions.sources import FunctionSource
from local_aws.iam.role_credentials import Credentials

BOOTSTRAP = Path(__file__).resolve().parent / "bootstrap"

# As on Lambda the home does not exist, so nothing of a developer's ~/.aws is found.
_HOME = "/home/sbx_user1051"


@dataclass(frozen=True)
class FunctionConfiguration:
    """The part of a function's configuration that its processes depend on; a change of it needs new processes."""

    account_id: str
    region: str
    name: str
    version: str
    arn: str
    handler: str
    runtime: str
    role_arn: str
    timeout: float
    """Real seconds, since a handler computes in real time."""
    memory_mb: int
    variables: tuple[tuple[str, str], ...]
    log_group: str
    log_format: str
    log_level: str
    """The lowest level that is logged in the JSON format; empty for all."""
    source: FunctionSource
    code_sha_256: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        return (self.account_id, self.region, self.name, self.version)


def configuration_of(function: Any, source: FunctionSource) -> FunctionConfiguration:
    """Read moto's function."""
    logging = getattr(function, "logging_config", None) or {}
    return FunctionConfiguration(
        account_id=function.account_id,
        region=function.region,
        name=function.function_name,
        version=str(function.version),
        arn=function.function_arn,
        handler=function.handler,
        runtime=function.run_time or "python3.13",
        role_arn=function.role,
        timeout=float(function.timeout),
        memory_mb=int(function.memory_size),
        variables=tuple(sorted(function.environment_vars.items())),
        log_group=logging.get("LogGroup") or function.logs_group_name,
        log_format=logging.get("LogFormat") or "Text",
        log_level=logging.get("ApplicationLogLevel") or "",
        source=source,
        code_sha_256=str(function.code_sha_256),
    )


def runtime_environment(runtime: str) -> dict[str, str]:
    """Return the variables that are the same for all functions of a runtime.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    return {
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "169.254.79.129:2000",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "LANG": "en_US.UTF-8",
        "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin",
        "TZ": ":UTC",
        "HOME": _HOME,
        "PYTHONPYCACHEPREFIX": str(project.current().bytecode),
    }


def environment(
    configuration: FunctionConfiguration,
    credentials: Credentials,
    *,
    endpoint_url: str,
    runtime_api: str,
    log_stream: str,
) -> dict[str, str]:
    """Return all of a sandbox's variables: Lambda's, the function's own, and those that lead to the local AWS."""
    level = {"AWS_LAMBDA_LOG_LEVEL": configuration.log_level} if configuration.log_level else {}
    task_root = str(configuration.source.code)
    return {
        **dict(configuration.variables),
        **runtime_environment(configuration.runtime),
        "_HANDLER": configuration.handler,
        "AWS_REGION": configuration.region,
        "AWS_DEFAULT_REGION": configuration.region,
        "AWS_LAMBDA_FUNCTION_NAME": configuration.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration.memory_mb),
        "AWS_LAMBDA_FUNCTION_VERSION": configuration.version,
        "AWS_LAMBDA_LOG_GROUP_NAME": configuration.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_LOG_FORMAT": configuration.log_format,
        **level,
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
        "LAMBDA_TASK_ROOT": task_root,
        "AWS_ENDPOINT_URL": endpoint_url,
        "PYTHONPATH": os.pathsep.join([task_root, *(str(layer) for layer in configuration.source.layers)]),
    }
