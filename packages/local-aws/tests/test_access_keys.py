"""The account of an access key is found without a look into what nobody has."""

from __future__ import annotations

from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends

from local_aws.http.access_keys import account_of_key

ACCOUNT, OTHER = "410000000001", "410000000002"


def test_a_key_s_account_is_found_until_the_key_is_deleted() -> None:
    backend = iam_backends[ACCOUNT]["aws"]
    backend.create_user("aws", "somebody")
    key = backend.create_access_key("somebody").access_key_id

    assert [account_of_key(key), account_of_key(key)] == [ACCOUNT, ACCOUNT]

    backend.delete_access_key(key, "somebody")
    assert account_of_key(key) == DEFAULT_ACCOUNT_ID


def test_a_key_of_another_partition_is_found() -> None:
    assert account_of_key(iam_backends[OTHER]["aws-cn"].create_temp_access_key().access_key_id) == OTHER


def test_nothing_is_made_for_accounts_that_are_looked_into() -> None:
    accounts = set(iam_backends)
    partitions = {account: set(dict.keys(backends)) for account, backends in iam_backends.items()}

    assert account_of_key("AKIANOBODYHASTHISONE") == DEFAULT_ACCOUNT_ID

    assert set(iam_backends) == accounts
    assert {account: set(dict.keys(backends)) for account, backends in iam_backends.items()} == partitions
