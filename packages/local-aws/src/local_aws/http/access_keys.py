"""The account of an access key, found among the backends that there are."""

from __future__ import annotations

import functools
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam import models


def account_of_key(access_key_id: str) -> str:
    """Return the account of an access key; moto's default account if nobody has the key.

    moto looks into every partition of every account, and so makes IAM's backend for all of them: with hundreds of
    accounts that takes longer than most calls.
    """
    # The latest account's keys are used most.
    for account_id, backends in reversed(list(models.iam_backends.items())):
        if any(access_key_id in backend.access_keys for backend in list(backends.values())):
            return str(account_id)
    return str(DEFAULT_ACCOUNT_ID)


@functools.cache
def find_accounts_of_keys() -> None:
    """Have moto find them so too, for a request whose account nobody told it."""
    module: Any = models
    module.get_account_id_from = account_of_key
