"""Whom a click is taken from as a member of a user group of approvers."""

from datetime import timedelta

import pytest

from drawbridge.approval.approvers import Approvers
from drawbridge.approval.members import members_of
from drawbridge.errors import GoneError, UpstreamError
from tests.builders import NOW
from tests.fakes.user_groups import InMemoryKnownGroupMembers

ONE = Approvers(team_id="T0TEAM", user_group_ids=("S0ONE",))
TWO = Approvers(team_id="T0TEAM", user_group_ids=("S0ONE", "S0TWO"))


class World:
    """What is kept of user groups, and what Slack says of them."""

    def __init__(self) -> None:
        self.known = InMemoryKnownGroupMembers()
        self.groups = {"S0ONE": frozenset({"U0ALICE"}), "S0TWO": frozenset({"U0BOB"})}
        self.down = False
        self.asked: list[str] = []

    def look_up(self, group_id: str) -> frozenset[str]:
        self.asked.append(group_id)
        if self.down:
            raise UpstreamError("Slack usergroups.users.list: down")
        if group_id not in self.groups:
            raise GoneError("Slack usergroups.users.list: no_such_subteam")
        return self.groups[group_id]

    def members_of(self, approvers: Approvers) -> frozenset[str]:
        return members_of(approvers, self.known, self.look_up, NOW)


@pytest.fixture
def world() -> World:
    return World()


def test_the_members_of_all_groups_count_and_are_kept(world: World) -> None:
    assert [world.members_of(TWO) for _ in range(3)] == [{"U0ALICE", "U0BOB"}] * 3
    assert world.asked == ["S0ONE", "S0TWO"]


@pytest.mark.parametrize(("age", "asked"), [(299, []), (300, ["S0ONE"]), (86_400, ["S0ONE"])])
def test_members_are_asked_for_anew_after_five_minutes(world: World, age: int, asked: list[str]) -> None:
    world.known.kept["S0ONE"] = (NOW - timedelta(seconds=age), frozenset({"U0BEFORE"}))

    assert world.members_of(ONE) == ({"U0ALICE"} if asked else {"U0BEFORE"})
    assert world.asked == asked


def test_while_slack_does_not_say_those_count_who_were_members_before(world: World) -> None:
    world.known.kept["S0ONE"] = (NOW - timedelta(minutes=50), frozenset({"U0BEFORE"}))
    world.down = True

    assert world.members_of(TWO) == {"U0BEFORE"}
    assert world.asked == ["S0ONE"]


def test_who_was_a_member_long_ago_is_none_while_slack_does_not_say(world: World) -> None:
    world.known.kept["S0ONE"] = (NOW - timedelta(hours=1, seconds=1), frozenset({"U0BEFORE"}))
    world.down = True

    assert world.members_of(ONE) == frozenset()


def test_nobody_is_a_member_of_a_group_that_is_no_more(world: World) -> None:
    world.known.kept["S0ONE"] = (NOW - timedelta(minutes=50), frozenset({"U0BEFORE"}))
    del world.groups["S0ONE"]

    assert world.members_of(TWO) == {"U0BOB"}


def test_without_groups_nobody_is_a_member_and_slack_is_not_asked(world: World) -> None:
    assert world.members_of(Approvers(team_id="T0TEAM")) == frozenset()
    assert world.asked == []
