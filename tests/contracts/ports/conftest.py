from __future__ import annotations

import pytest

from tests.contracts.accounts import Account
from tests.contracts.ports.attached import Attaching, in_memory, on_aws
from tests.contracts.ports.implementations import IMPLEMENTATIONS, either


@pytest.fixture(params=IMPLEMENTATIONS)
def attaching(request: pytest.FixtureRequest, provider: Account, consumer: Account) -> Attaching:
    return either(request, in_memory, lambda: on_aws(provider, consumer))
