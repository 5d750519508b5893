from __future__ import annotations

from collections.abc import Callable

import pytest

from local_aws.testing.server import LocalAws
from tests.contracts.accounts import Account, new_account_id

NewAccount = Callable[[], Account]


@pytest.fixture(scope="module", autouse=True)
def _persons_are_not_throttled(local_aws_unthrottled_persons: None) -> None:
    """Adapters are tried here in a person's name and with the clock at a stand: throttles would only be waited for."""


@pytest.fixture(scope="session")
def new_account(local_aws: LocalAws) -> NewAccount:
    """Return someone with full access to an account that nobody has used."""
    return lambda: Account(new_account_id(), local_aws.url)


@pytest.fixture
def account(new_account: NewAccount) -> Account:
    return new_account()


@pytest.fixture
def provider(new_account: NewAccount) -> Account:
    return new_account()


@pytest.fixture
def consumer(new_account: NewAccount) -> Account:
    return new_account()
