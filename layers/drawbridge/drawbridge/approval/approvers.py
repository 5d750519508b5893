"""The people who may approve and deny: a list of users of a team, and user groups."""

import re
from collections.abc import Callable, Iterable
from typing import Annotated

from msgspec import Meta, Struct

from drawbridge.approval import Options, Question
from drawbridge.arns import AccountId
from drawbridge.errors import InvalidInputError
from drawbridge.parsing import UnreadableError, read_json

UserId = Annotated[str, Meta(pattern=r"^[UW][A-Z0-9]{2,20}\Z")]
GroupId = Annotated[str, Meta(pattern=r"^S[A-Z0-9]{2,20}\Z")]
TeamId = Annotated[str, Meta(pattern=r"^[TE][A-Z0-9]{2,20}\Z")]
ChannelId = Annotated[str, Meta(pattern=r"^[CGD][A-Z0-9]{2,20}\Z")]


class Approvers(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The approvers, as people configure them. A user counts only with the team: ids of two teams may be the same."""

    team_id: TeamId
    user_ids: tuple[UserId, ...] = ()
    user_group_ids: tuple[GroupId, ...] = ()
    speak_for: dict[AccountId, tuple[UserId, ...]] = {}
    """Who speaks for an account: they may not approve its requests, unless a policy lets them."""
    escalation_channel: ChannelId | None = None
    """Where a reminder goes too."""
    escalation_group: GroupId | None = None
    """The user group that a reminder mentions."""


def parse_approvers(text: str) -> Approvers:
    """Read the approvers.

    Raises:
        InvalidInputError: it is no JSON, or a field is missing, unknown or wrong. The message names it.
    """
    try:
        return read_json(text, Approvers)
    except UnreadableError as error:
        message = re.sub(r"`\$\.?", "`", str(error))
        raise InvalidInputError(f"config/approvers: {message}") from error


class Person(Struct, frozen=True):
    """Somebody who clicked, as Slack's signed request names them."""

    user_id: str
    team_id: str


def is_approver(person: Person, approvers: Approvers, members: frozenset[str]) -> bool:
    """Return whether the person may decide at all; ``members`` are those of the user groups."""
    return person.team_id == approvers.team_id and person.user_id in {*approvers.user_ids, *members}


def speaks_for(person: Person, account_id: str, approvers: Approvers, options: Options) -> bool:
    """Return whether the person would approve their own account's request, where the policy does not allow that."""
    return not options.self_approval and person.user_id in approvers.speak_for.get(account_id, ())


def counts_no_more(
    approved_by: Iterable[str],
    question: Question,
    approvers: Approvers | None,
    members: Callable[[Approvers], frozenset[str]],
) -> tuple[str, ...]:
    """Return those who approved and may not any more: they were taken off the list, or speak for the account.

    Whoever answered on the command line, and is named by ARN, needs no list: IAM lets them. ``members`` is only called
    if somebody is not in the list of users. Without approvers nobody counts.
    """
    people = [by for by in approved_by if not by.startswith("arn:")]
    if approvers is None or not people:
        return tuple(people)
    found = frozenset[str]() if {*people} <= {*approvers.user_ids} else members(approvers)
    # Their team was checked when they clicked.
    may = {
        each
        for each in people
        if is_approver(person := Person(each, approvers.team_id), approvers, found)
        and not speaks_for(person, question.account_id, approvers, question.options)
    }
    return tuple(each for each in people if each not in may)
