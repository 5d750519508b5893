"""The members of user groups, as the adapter promises to keep them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from drawbridge.aws.user_group_items import UserGroupItems
from drawbridge.errors import AccessDeniedError, ThrottledError, UpstreamError
from tests.builders import NOW
from tests.contracts.accounts import refusing
from tests.contracts.conftest import NewAccount


@pytest.fixture(scope="module")
def table(new_account: NewAccount) -> Any:
    return new_account().table("ApprovalsTable")


def test_the_members_of_a_group_are_kept_with_when_they_were_looked_up(table: Any) -> None:
    clock = [NOW]
    groups = UserGroupItems(table, now=lambda: clock[-1])
    assert groups.members("S0NEVER") is None

    groups.keep_members("S0GROUP", frozenset({"U0ALICE", "U0BOB"}))
    assert groups.members("S0GROUP") == (NOW, frozenset({"U0ALICE", "U0BOB"}))

    clock.append(NOW + timedelta(minutes=6))
    groups.keep_members("S0GROUP", frozenset())
    assert groups.members("S0GROUP") == (NOW + timedelta(minutes=6), frozenset())


@pytest.mark.parametrize(
    ("operation", "act"),
    [
        ("get_item", lambda groups: groups.members("S0X")),
        ("put_item", lambda groups: groups.keep_members("S0X", frozenset())),
    ],
)
@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ProvisionedThroughputExceededException", ThrottledError),
        ("AccessDeniedException", AccessDeniedError),
        ("ResourceNotFoundException", UpstreamError),
    ],
)
def test_a_refused_call_is_an_error_of_ours_and_no_answer(
    table: Any,
    operation: str,
    act: Callable[[UserGroupItems], Any],
    code: str,
    error: type[Exception],
) -> None:
    with refusing(table.meta.client, operation, code), pytest.raises(error):
        act(UserGroupItems(table, now=lambda: NOW))
