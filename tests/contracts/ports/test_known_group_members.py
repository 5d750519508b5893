"""The members of user groups, as ``KnownGroupMembers`` promises them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from drawbridge.approval.members import KnownGroupMembers
from drawbridge.aws.user_group_items import UserGroupItems
from tests.builders import NOW
from tests.contracts.conftest import NewAccount
from tests.contracts.ports.implementations import IMPLEMENTATIONS, either
from tests.fakes.user_groups import InMemoryKnownGroupMembers


@pytest.fixture(scope="module")
def table(new_account: NewAccount) -> Any:
    return new_account().table("ApprovalsTable")


@pytest.fixture
def clock() -> list[datetime]:
    """Return the times that it was, the present one last."""
    return [NOW]


@pytest.fixture(params=IMPLEMENTATIONS)
def groups(request: pytest.FixtureRequest, table: Any, clock: list[datetime]) -> KnownGroupMembers:
    def now() -> datetime:
        return clock[-1]

    def on_aws() -> KnownGroupMembers:
        return UserGroupItems(table, now=now)

    return either(request, lambda: InMemoryKnownGroupMembers(now), on_aws)


def test_the_members_of_a_group_are_kept_with_when_they_were_looked_up(
    groups: KnownGroupMembers, clock: list[datetime]
) -> None:
    assert groups.members("S0NEVER") is None

    groups.keep_members("S0GROUP", frozenset({"U0ALICE", "U0BOB"}))
    assert groups.members("S0GROUP") == (NOW, frozenset({"U0ALICE", "U0BOB"}))

    clock.append(NOW + timedelta(minutes=6))
    groups.keep_members("S0GROUP", frozenset())
    assert groups.members("S0GROUP") == (NOW + timedelta(minutes=6), frozenset())


def test_each_group_has_members_of_its_own(groups: KnownGroupMembers) -> None:
    groups.keep_members("S0ONE", frozenset({"U0ALICE"}))
    groups.keep_members("S0TWO", frozenset({"U0BOB"}))

    assert groups.members("S0ONE") == (NOW, frozenset({"U0ALICE"}))
