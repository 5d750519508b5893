"""Step Functions: moto keeps the state machines, and their executions run here, on the clock.

Definitions in JSONata only. Moto's own interpreter is not used: it holds three threads for each waiting execution,
waits in real time, and parses the definition anew for each start.
"""

from __future__ import annotations

from local_aws.time import activity


def install(port: int) -> None:
    """Have executions run, and their tasks call the local AWS on this port; may be called again with another."""
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
    """End every execution and every thread of theirs; nobody is told."""
    from local_aws.workflows import redrives, tokens  # noqa: PLC0415 - as in install
    from local_aws.workflows.execution import executions  # noqa: PLC0415 - as in install
    from local_aws.workflows.loop import loop  # noqa: PLC0415 - as in install

    executions.end_all()
    tokens.forget_all()
    redrives.forget_all()
    loop.stop()


def transitions(execution_arn: str) -> int:
    """Count an execution's state transitions as AWS bills them: states entered, and retries."""
    from local_aws.workflows.execution import executions  # noqa: PLC0415 - as in install

    execution = executions.get(execution_arn)
    if execution is None:
        raise KeyError(execution_arn)
    return execution.transitions
