"""What ``receive_approval`` starts with, and whom it takes for members of a user group."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from drawbridge.approval.approvers import Approvers
from drawbridge.bootstrap import receive_approval as bootstrap
from drawbridge.errors import GoneError, UpstreamError
from tests.builders import NOW, REPOSITORY

ONE = Approvers(team_id="T0TEAM", user_group_ids=("S0ONE",))
TWO = Approvers(team_id="T0TEAM", user_group_ids=("S0ONE", "S0TWO"))


class World:
    """What is kept of user groups, and what Slack says of them."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[datetime, frozenset[str]]] = {}
        self.groups = {"S0ONE": frozenset({"U0ALICE"}), "S0TWO": frozenset({"U0BOB"})}
        self.down = False
        self.asked: list[str] = []

    def members(self, group_id: str) -> tuple[datetime, frozenset[str]] | None:
        return self.kept.get(group_id)

    def keep_members(self, group_id: str, members: frozenset[str]) -> None:
        self.kept[group_id] = (NOW, members)


class Slack:
    def __init__(self, world: World) -> None:
        self._world = world

    def members(self, group_id: str) -> frozenset[str]:
        self._world.asked.append(group_id)
        if self._world.down:
            raise UpstreamError("Slack usergroups.users.list: down")
        if group_id not in self._world.groups:
            raise GoneError("Slack usergroups.users.list: no_such_subteam")
        return self._world.groups[group_id]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(bootstrap, "approvals", lambda: world)
    monkeypatch.setattr(bootstrap, "_messenger", lambda: Slack(world))
    monkeypatch.setattr(bootstrap, "now", lambda: NOW)
    return world


def test_the_members_of_all_groups_count_and_are_kept(world: World) -> None:
    assert [bootstrap.members(TWO) for _ in range(3)] == [{"U0ALICE", "U0BOB"}] * 3
    assert world.asked == ["S0ONE", "S0TWO"]


@pytest.mark.parametrize(("age", "asked"), [(299, []), (300, ["S0ONE"]), (86_400, ["S0ONE"])])
def test_members_are_asked_for_anew_after_five_minutes(world: World, age: int, asked: list[str]) -> None:
    world.kept["S0ONE"] = (NOW - timedelta(seconds=age), frozenset({"U0BEFORE"}))

    assert bootstrap.members(ONE) == ({"U0ALICE"} if asked else {"U0BEFORE"})
    assert world.asked == asked


def test_while_slack_does_not_say_those_count_who_were_members_before(world: World) -> None:
    world.kept["S0ONE"] = (NOW - timedelta(hours=3), frozenset({"U0BEFORE"}))
    world.down = True

    assert bootstrap.members(TWO) == {"U0BEFORE"}
    assert world.asked == ["S0ONE"]


def test_who_was_a_member_long_ago_is_none_while_slack_does_not_say(world: World) -> None:
    world.kept["S0ONE"] = (NOW - timedelta(days=1, seconds=1), frozenset({"U0BEFORE"}))
    world.down = True

    assert bootstrap.members(ONE) == frozenset()


def test_nobody_is_a_member_of_a_group_that_is_no_more(world: World) -> None:
    world.kept["S0ONE"] = (NOW - timedelta(hours=3), frozenset({"U0BEFORE"}))
    del world.groups["S0ONE"]

    assert bootstrap.members(TWO) == {"U0BOB"}


def test_without_groups_nobody_is_a_member_and_slack_is_not_asked(world: World) -> None:
    assert bootstrap.members(Approvers(team_id="T0TEAM")) == frozenset()
    assert world.asked == []


@pytest.mark.parametrize("module", ["slack_sdk", "cedarpy", "yaml"])
def test_nothing_is_loaded_that_an_answer_within_three_seconds_does_not_need(module: str) -> None:
    paths = ["functions/receive_approval", "layers/drawbridge"]
    loaded = subprocess.run(
        [sys.executable, "-c", f"import app, sys; print({module!r} in sys.modules, app.lambda_handler is not None)"],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(str(REPOSITORY / path) for path in paths),
            "POWERTOOLS_SERVICE_NAME": "drawbridge",
        },
        capture_output=True,
        text=True,
        check=True,
    )

    assert loaded.stdout == "False True\n"
