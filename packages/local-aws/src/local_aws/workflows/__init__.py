"""Step Functions: moto keeps the state machines, and their executions run here, on the clock.

Only JSONata definitions are supported. Moto's own interpreter is not used: it holds three threads for each waiting
execution, waits in real time, and parses the definition anew for each start.
"""

from __future__ import annotations

from local_aws.time import activity


def install(port: int) -> None:
    """Make executions run, whose tasks call the local AWS on this port; may be called again with another port."""
    from moto.core.config import default_user_config  # noqa: PLC0415 - only the server needs moto

    from local_aws.workflows import clients, operations, state_machines  # noqa: PLC0415 - as above
    from local_aws.workflows.execution import executions  # noqa: PLC0415 - as above

    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    clients.point_to(f"http://127.0.0.1:{port}")
    state_machines.check_definitions()
    state_machines.check_machines()
    state_machines.keep_one_set()
    operations.hang_in()
    activity.gauge("executions", executions.busy)


def stop() -> None:
    """End every execution and its threads, without events."""
    from local_aws.workflows import redrives, tokens  # noqa: PLC0415 - as in install
    from local_aws.workflows.execution import executions  # noqa: PLC0415 - as in install
    from local_aws.workflows.loop import loop  # noqa: PLC0415 - as in install

    executions.end_all()
    tokens.forget_all()
    redrives.forget_all()
    loop.stop()


def transitions(execution_arn: str) -> int:
    """Return the number of an execution's billed state transitions: states entered, and retries."""
    from local_aws.workflows.execution import executions  # noqa: PLC0415 - as in install

    execution = executions.get(execution_arn)
    if execution is None:
        raise KeyError(execution_arn)
    return execution.transitions
