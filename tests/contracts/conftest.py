from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from local_aws.server import LocalAws
from tests.contracts.accounts import Account, new_account_id

NewAccount = Callable[[], Account]


@pytest.fixture(scope="package")
def local_aws_server() -> Iterator[LocalAws]:
    """Serve one local AWS for all contracts: each test has accounts of its own."""
    with LocalAws() as server:
        yield server


@pytest.fixture(scope="package")
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
