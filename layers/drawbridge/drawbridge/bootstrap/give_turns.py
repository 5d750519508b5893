"""The objects of ``give_turns``."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache

from drawbridge.aws.budgets_table import BudgetsTable
from drawbridge.aws.dead_letter_queue import DeadLetterQueue
from drawbridge.aws.task_callback import TaskCallback
from drawbridge.aws.work_queue import SqsWorkQueue
from drawbridge.bootstrap.budgets import budgets as build_budgets
from drawbridge.bootstrap.clients import client
from drawbridge.environment import Environment
from drawbridge.pacing.door import Ports


@cache
def environment() -> Environment:
    return Environment()


@cache
def budgets() -> BudgetsTable:
    return build_budgets(environment())


def now() -> datetime:
    return datetime.now(UTC)


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def ports(time_left: Callable[[], float]) -> Ports:
    """Return what the door works with, for one invocation."""
    sqs = client("sqs")
    return Ports(
        callback=TaskCallback(client("stepfunctions")),
        queue=SqsWorkQueue(sqs, environment().turns_queue),
        dead_letters=lambda: DeadLetterQueue(sqs, environment().events_dead_letter_queue),
        now=now,
        time_left=time_left,
    )
