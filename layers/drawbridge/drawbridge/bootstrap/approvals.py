"""The objects of approvals, for the functions that ask, receive and notify."""

from datetime import UTC, datetime
from functools import cache

from drawbridge.approval.approvers import Approvers, parse_approvers
from drawbridge.aws.approvals_table import ApprovalsTable
from drawbridge.aws.configuration_parameters import ConfigurationParameters
from drawbridge.aws.secrets import Secrets
from drawbridge.aws.task_callback import TaskCallback
from drawbridge.bootstrap.clients import client, table
from drawbridge.environment import Environment


@cache
def environment() -> Environment:
    return Environment()


def now() -> datetime:
    return datetime.now(UTC)


@cache
def approvals() -> ApprovalsTable:
    return ApprovalsTable(table(environment().approvals_table), now=now)


@cache
def callback() -> TaskCallback:
    return TaskCallback(client("stepfunctions"))


@cache
def secrets() -> Secrets:
    return Secrets(client("secretsmanager"), environment().slack_secret, now=now)


def approvers() -> Approvers | None:
    """Return the approvers, read anew each time; ``None`` if none are configured.

    Raises:
        InvalidInputError: the parameter can't be read.
    """
    text = ConfigurationParameters(client("ssm"), prefix=environment().prefix).one("approvers")
    return None if text is None else parse_approvers(text)
