"""The approvers, as people configure them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.approval import Options
from drawbridge.approval.approvers import Approvers, Person, is_approver, parse_approvers, speaks_for
from drawbridge.errors import InvalidInputError
from tests.builders import PROVIDER

WRITTEN: dict[str, Any] = {
    "teamId": "T0TEAM",
    "userIds": ["U0ALICE", "W0BOB"],
    "userGroupIds": ["S0GROUP"],
    "speakFor": {PROVIDER: ["U0ALICE"]},
    "escalationChannel": "C0ESCALATION",
    "escalationGroup": "S0CALLED",
}


def test_approvers_are_read_as_they_are_written() -> None:
    assert parse_approvers(json.dumps(WRITTEN)) == Approvers(
        team_id="T0TEAM",
        user_ids=("U0ALICE", "W0BOB"),
        user_group_ids=("S0GROUP",),
        speak_for={PROVIDER: ("U0ALICE",)},
        escalation_channel="C0ESCALATION",
        escalation_group="S0CALLED",
    )


def test_no_more_than_the_team_is_needed() -> None:
    assert parse_approvers('{"teamId": "T0TEAM"}') == Approvers(team_id="T0TEAM")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"teamId": ...}, "teamId"),
        ({"teamId": "U0ALICE"}, "teamId"),
        ({"teamId": "T0TEAM\n"}, "teamId"),
        ({"userIds": "U0ALICE"}, "userIds"),
        ({"userIds": ["@alice"]}, "userIds[0]"),
        ({"userIds": ["U0ALICE", "alice@example.com"]}, "userIds[1]"),
        ({"userGroupIds": ["U0ALICE"]}, "userGroupIds[0]"),
        ({"speakFor": {"prod": ["U0ALICE"]}}, "speakFor"),
        ({"speakFor": {PROVIDER: ["prod"]}}, "speakFor[...][0]"),
        ({"escalationChannel": "#net"}, "escalationChannel"),
        ({"escalationGroup": "@net"}, "escalationGroup"),
        ({"user_ids": []}, "user_ids"),
    ],
)
def test_what_is_wrong_is_reported_by_its_field(change: dict[str, Any], field: str) -> None:
    written = {name: value for name, value in (WRITTEN | change).items() if value is not ...}

    with pytest.raises(InvalidInputError) as error:
        parse_approvers(json.dumps(written))

    assert str(error.value).startswith("config/approvers: ")
    assert f"`{field}`" in str(error.value)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="config/approvers"):
        parse_approvers(text)


@pytest.mark.parametrize(
    ("person", "members", "may"),
    [
        (Person("U0ALICE", "T0TEAM"), set(), True),
        (Person("U0ALICE", "T0OTHER"), set(), False),
        (Person("U0ALICE", ""), set(), False),
        (Person("U0CAROL", "T0TEAM"), set(), False),
        (Person("U0CAROL", "T0TEAM"), {"U0CAROL"}, True),
        (Person("U0CAROL", "T0OTHER"), {"U0CAROL"}, False),
    ],
)
def test_who_is_on_the_list_or_in_a_group_counts_in_the_team_only(person: Person, members: set[str], may: bool) -> None:
    approvers = Approvers(team_id="T0TEAM", user_ids=("U0ALICE",))

    assert is_approver(person, approvers, frozenset(members)) is may


@pytest.mark.parametrize("self_approval", [True, False])
def test_who_speaks_for_an_account_does_unless_the_policy_lets_them_approve(self_approval: bool) -> None:
    approvers, options = parse_approvers(json.dumps(WRITTEN)), Options(self_approval=self_approval)

    assert speaks_for(Person("U0ALICE", "T0TEAM"), PROVIDER, approvers, options) is not self_approval
    assert not speaks_for(Person("W0BOB", "T0TEAM"), PROVIDER, approvers, options)
    assert not speaks_for(Person("U0ALICE", "T0TEAM"), "333333333333", approvers, options)
