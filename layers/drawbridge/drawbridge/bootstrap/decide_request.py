"""The objects of ``decide_request``."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache

from drawbridge.approval.approvers import Approvers
from drawbridge.approval.connected_earlier import ConnectedEarlier
from drawbridge.approval.decide_all import BatchPorts
from drawbridge.approval.decide_request import DecisionPorts
from drawbridge.association.binding import Binding
from drawbridge.association.in_force import bindings_in_force
from drawbridge.aws.answering_function import AnsweringFunction
from drawbridge.aws.configuration_parameters import ConfigurationParameters
from drawbridge.aws.dead_letter_queue import DeadLetterQueue
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.aws.owned_object_listing import OwnedObjectListing
from drawbridge.aws.parameter_store import PublishedParameters
from drawbridge.aws.question_slot_items import QuestionSlotItems
from drawbridge.aws.task_callback import TaskCallback
from drawbridge.aws.work_queue import SqsWorkQueue
from drawbridge.bootstrap.approvals import approvers as configured_approvers
from drawbridge.bootstrap.attempts import attempts as build_attempts
from drawbridge.bootstrap.clients import client, table, waiting
from drawbridge.bootstrap.facts import Reads, batch_reads
from drawbridge.bootstrap.facts import gatherer as build_gatherer
from drawbridge.bootstrap.user_groups import members
from drawbridge.configuration import InForce
from drawbridge.decision.facts import EvaluationTime
from drawbridge.decision.gather import Gatherer
from drawbridge.decision.in_force import policies_in_force
from drawbridge.decision.policies import Policy
from drawbridge.environment import Environment
from drawbridge.errors import InvalidInputError
from drawbridge.observability import logger
from drawbridge.pacing.door import Ports


@cache
def environment() -> Environment:
    return Environment()


@cache
def gatherer() -> Gatherer:
    return build_gatherer(environment())


@cache
def ledger() -> LedgerTable:
    return LedgerTable(table(environment().ledger_table), now=lambda: datetime.now(UTC))


@cache
def question_slots() -> QuestionSlotItems:
    tables = table(environment().approvals_table), table(environment().ledger_table)
    return QuestionSlotItems(*tables, now=lambda: datetime.now(UTC))


def connected_earlier() -> ConnectedEarlier:
    """Return what finds what an earlier ledger let in; it lists anew."""
    settings = environment()
    return ConnectedEarlier(
        lambda: OwnedObjectListing(client("ec2"), client("vpc-lattice"), owner=settings.prefix),
        PublishedParameters(client("ssm"), owner=settings.prefix),
        ledger().resources_of_others,
        prefix=settings.prefix,
        account_id=settings.account_id,
    )


def policies() -> InForce[Policy]:
    """Return the policies in force, read anew each time: a change takes effect at once."""
    return policies_in_force(
        ConfigurationParameters(client("ssm"), prefix=environment().prefix),
        everything_may_be_permitted=environment().everything_may_be_permitted,
    )


def bindings() -> tuple[Binding, ...]:
    """Return the bindings in force, which say what would happen on approval."""
    return bindings_in_force(ConfigurationParameters(client("ssm"), prefix=environment().prefix)).things


def ports() -> DecisionPorts:
    """Return the ports of deciding."""
    settings = environment()
    return DecisionPorts(
        gatherer=gatherer(),
        ledger=ledger(),
        connected_earlier=connected_earlier(),
        policies=policies,
        bindings=bindings,
        question_slots=question_slots,
        approvers=approvers,
        members=members,
        prefix=settings.prefix,
        asks_in_slack=bool(settings.slack_channel),
        approval_wait=settings.approval_wait,
        open_questions=settings.open_questions,
    )


@cache
def reads() -> Reads:
    return batch_reads(environment())


def batch_ports() -> BatchPorts:
    """Return the ports of deciding on many requests."""
    settings = environment()
    return BatchPorts(
        ports=ports(),
        reads=reads(),
        ledger=ledger(),
        attempts=build_attempts(settings),
        answers=AnsweringFunction(waiting("lambda"), settings.accept_request),
    )


def door_ports(time_left: Callable[[], float]) -> Ports:
    """Return what the door works with, for one invocation."""
    sqs = client("sqs")
    return Ports(
        callback=TaskCallback(client("stepfunctions")),
        queue=SqsWorkQueue(sqs, environment().decisions_queue),
        dead_letters=lambda: DeadLetterQueue(sqs, environment().events_dead_letter_queue),
        now=lambda: datetime.now(UTC),
        time_left=time_left,
    )


def evaluation_time() -> EvaluationTime:
    """Return the time, as policies read it."""
    return EvaluationTime(datetime.now(UTC), environment().time_zone)


def approvers() -> Approvers | None:
    """Return the approvers, read anew each time; ``None`` if the parameter can't be read."""
    try:
        return configured_approvers()
    except InvalidInputError as broken:
        logger.error("approvers broken", extra={"reason": str(broken)})
        return None
