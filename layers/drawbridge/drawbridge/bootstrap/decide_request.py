"""What ``decide_request`` works with."""

from datetime import UTC, datetime
from functools import cache

from drawbridge.approval.approvers import Approvers
from drawbridge.approval.decide_request import DecisionPorts
from drawbridge.association.binding import Binding
from drawbridge.association.in_force import bindings_in_force
from drawbridge.aws.ledger import Ledger
from drawbridge.aws.parameter_store import Configuration
from drawbridge.aws.question_turns import QuestionTurns
from drawbridge.bootstrap.approvals import approvers as configured_approvers
from drawbridge.bootstrap.clients import client, table
from drawbridge.bootstrap.facts import gatherer as build_gatherer
from drawbridge.bootstrap.user_groups import members
from drawbridge.configuration import InForce
from drawbridge.decision.facts import Moment
from drawbridge.decision.gather import Gatherer
from drawbridge.decision.in_force import policies_in_force
from drawbridge.decision.policies import Policy
from drawbridge.environment import Environment
from drawbridge.errors import InvalidInputError
from drawbridge.observability import logger


@cache
def environment() -> Environment:
    return Environment()


@cache
def gatherer() -> Gatherer:
    return build_gatherer(environment())


@cache
def ledger() -> Ledger:
    return Ledger(table(environment().ledger_table), now=lambda: datetime.now(UTC))


@cache
def turns() -> QuestionTurns:
    tables = table(environment().approvals_table), table(environment().ledger_table)
    return QuestionTurns(*tables, now=lambda: datetime.now(UTC))


def policies() -> InForce[Policy]:
    """Read the policies in force, anew each time: a change takes effect at once."""
    return policies_in_force(
        Configuration(client("ssm"), prefix=environment().prefix),
        everything_is_meant=environment().everything_may_be_permitted,
    )


def bindings() -> tuple[Binding, ...]:
    """Read the bindings in force: what would happen on approval."""
    return bindings_in_force(Configuration(client("ssm"), prefix=environment().prefix)).things


def ports() -> DecisionPorts:
    """Build what deciding works with."""
    settings = environment()
    return DecisionPorts(
        gatherer=gatherer(),
        ledger=ledger(),
        policies=policies,
        bindings=bindings,
        turns=turns,
        approvers=approvers,
        members=members,
        prefix=settings.prefix,
        asks_in_slack=bool(settings.slack_channel),
        approval_wait=settings.approval_wait,
        open_questions=settings.open_questions,
    )


def moment() -> Moment:
    """Give the time, as policies read it."""
    return Moment(datetime.now(UTC), environment().time_zone)


def approvers() -> Approvers | None:
    """Read who may approve, anew each time: nobody, if the parameter can't be read."""
    try:
        return configured_approvers()
    except InvalidInputError as broken:
        logger.error("approvers broken", extra={"reason": str(broken)})
        return None
