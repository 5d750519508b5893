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
    found = _found.get(access_key_id)
    if found is None or not _has(found, access_key_id):
        # The latest account's keys are used most.
        accounts = reversed(list(models.iam_backends))
        found = next((each for each in accounts if _has(each, access_key_id)), None)
        if found is None:
            return str(DEFAULT_ACCOUNT_ID)
        _found[access_key_id] = found
    return found


_found: dict[str, str] = {}


def _has(account_id: str, access_key_id: str) -> bool:
    return any(access_key_id in each.access_keys for each in list(models.iam_backends[account_id].values()))


@functools.cache
def find_accounts_of_keys() -> None:
    """Have moto find them so too, for a request whose account nobody told it."""
    module: Any = models
    module.get_account_id_from = account_of_key
