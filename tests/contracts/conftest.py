from __future__ import annotations

from collections.abc import Callable

import pytest

from local_aws.server import LocalAws
from tests.contracts.accounts import Account, new_account_id

NewAccount = Callable[[], Account]


@pytest.fixture(scope="session")
def new_account(local_aws_server: LocalAws) -> NewAccount:
    """Give someone with full access to an account that nobody has used."""
    return lambda: Account(new_account_id(), local_aws_server.url)


@pytest.fixture
def account(new_account: NewAccount) -> Account:
    return new_account()


@pytest.fixture
def provider(new_account: NewAccount) -> Account:
    return new_account()


@pytest.fixture
def consumer(new_account: NewAccount) -> Account:
    return new_account()
