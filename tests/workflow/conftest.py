from __future__ import annotations

from collections.abc import Iterator

import pytest

from local_aws.testing.accounts import Account, Accounts
from local_aws.testing.workflows import Function, functions_played
from tests.workflow.played import Stage


@pytest.fixture(scope="module")
def somebody(local_aws_accounts: Accounts, local_aws_unthrottled_persons: None) -> Account:
    """Return somebody in an account of the module's own."""
    return local_aws_accounts.new_person()


@pytest.fixture
def stage(somebody: Account) -> Iterator[Stage]:
    """Have Step Functions at hand, and tasks invoke functions that are played."""
    known: dict[str, Function] = {}
    with functions_played(known):
        yield Stage(somebody, known)
