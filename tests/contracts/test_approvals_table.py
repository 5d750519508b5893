"""What the table keeps of approval records besides what its ports promise, and how it fails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from drawbridge.approval import Question
from drawbridge.approval.ask import Pending
from drawbridge.aws.approvals_table import ApprovalsTable
from drawbridge.errors import AccessDeniedError, ThrottledError, UpstreamError
from tests.builders import NOW, approval_record, question
from tests.contracts.accounts import refusing
from tests.contracts.approval_records import TWO, Asking, answer, asking, record_of
from tests.contracts.conftest import NewAccount


@pytest.fixture(scope="module")
def table(new_account: NewAccount) -> Any:
    return new_account().table("ApprovalsTable")


@pytest.fixture
def approvals(table: Any) -> ApprovalsTable:
    return ApprovalsTable(table, now=lambda: NOW)


@pytest.fixture
def asked(approvals: ApprovalsTable) -> Asking:
    return asking(approvals)


def item(table: Any, of: Question) -> dict[str, Any]:
    found: dict[str, Any] = table.get_item(Key={"request_id": of.request_id})["Item"]
    return found


def test_a_question_is_kept_as_it_is_asked(approvals: ApprovalsTable, table: Any, asked: Asking) -> None:
    kept = asked(options=TWO, changed=("now: Share: é 日本 😀",))

    assert record_of(approvals, kept) == approval_record(question=kept, link="https://link", posted=None)
    assert item(table, kept)["expires_at"] == int((kept.asked.deadline + timedelta(days=90)).timestamp())


@pytest.mark.parametrize("approve", [True, False])
def test_a_decision_is_recorded_with_when_it_was_made(
    approvals: ApprovalsTable, table: Any, asked: Asking, approve: bool
) -> None:
    kept = asked()

    approvals.record(answer(kept, approve=approve), "U0ALICE", needed=1)

    assert item(table, kept)["decided_at"] == "2026-11-21T12:00:00.000+00:00"


@pytest.mark.parametrize("expires_at", ["soon", 10**20])
def test_of_a_question_that_can_not_be_read_no_deadline_is_known_and_it_is_looked_at_by_itself(
    approvals: ApprovalsTable, table: Any, asked: Asking, expires_at: Any
) -> None:
    kept = asked()
    table.put_item(Item=item(table, kept) | {"expires_at": expires_at})

    assert approvals.pending([kept.request_id]) == {kept.request_id: Pending(None, waits=True, decided=True)}


@pytest.mark.parametrize(
    ("operation", "act"),
    [
        ("get_item", lambda approvals: approvals.approval_record("share-x")),
        ("update_item", lambda approvals: approvals.open(question(), "t", "l")),
        ("update_item", lambda approvals: approvals.record(answer(question()), "A", needed=1)),
        ("update_item", lambda approvals: approvals.close("share-x", "1-1")),
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
    approvals: ApprovalsTable,
    table: Any,
    operation: str,
    act: Callable[[ApprovalsTable], Any],
    code: str,
    error: type[Exception],
) -> None:
    with refusing(table.meta.client, operation, code), pytest.raises(error):
        act(approvals)
