"""The members of user groups, as DynamoDB keeps them."""

from collections.abc import Callable
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
