"""The registry's challenges, as the adapter promises to keep them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from drawbridge.aws.challenge_items import ChallengeItems
from drawbridge.aws.consumers_table import ConsumersTable
from drawbridge.errors import AccessDeniedError, UpstreamError
from tests.builders import CONSUMER, NOW
from tests.contracts.accounts import refusing
from tests.contracts.conftest import NewAccount
from tests.unit.proofs import ARN, CHALLENGE

TEXT = CHALLENGE.text


@pytest.fixture(scope="module")
def table(new_account: NewAccount) -> Any:
    return new_account().table("ConsumersTable")


@pytest.fixture
def items(table: Any) -> ChallengeItems:
    table.delete_item(Key={"account_id": CONSUMER})
    return ChallengeItems(table)


def entry(table: Any, **fields: Any) -> None:
    table.put_item(Item={"account_id": CONSUMER, "tier": "gold", "proof_required": True, **fields})


@pytest.mark.parametrize("written", [None, "", 5, ["x"], {"x": "y"}, True])
def test_what_is_no_challenge_is_none(items: ChallengeItems, table: Any, written: Any) -> None:
    assert items.challenge(CONSUMER) is None
    entry(table, challenge=written)

    assert items.challenge(CONSUMER) is None
    assert not items.prove(CONSUMER, TEXT, by=ARN, at=NOW)


def test_a_challenge_is_kept_until_it_is_answered_which_is_once(items: ChallengeItems, table: Any) -> None:
    entry(table)
    assert items.ask(CONSUMER, TEXT)
    assert items.challenge(CONSUMER) == TEXT

    assert items.prove(CONSUMER, TEXT, by=ARN, at=NOW)

    assert items.challenge(CONSUMER) is None
    assert not items.prove(CONSUMER, TEXT, by="another", at=NOW)
    found = ConsumersTable(table).registration(CONSUMER)
    assert found is not None
    assert (found.proved_by, found.challenge, found.unreadable) == (ARN, "", ())
    assert (found.consumer.proved_at, found.consumer.tier) == (NOW.replace(microsecond=0), "gold")


def test_a_new_challenge_takes_the_place_of_an_earlier_one(items: ChallengeItems, table: Any) -> None:
    entry(table, challenge="drawbridge-earlier")
    assert items.ask(CONSUMER, TEXT)

    assert not items.prove(CONSUMER, "drawbridge-earlier", by=ARN, at=NOW)
    assert items.challenge(CONSUMER) == TEXT


def test_who_is_not_registered_is_not_made_an_entry(items: ChallengeItems, table: Any) -> None:
    assert not items.ask(CONSUMER, TEXT)
    assert not items.prove(CONSUMER, TEXT, by=ARN, at=NOW)

    assert "Item" not in table.get_item(Key={"account_id": CONSUMER})


CALLS: dict[str, tuple[str, Callable[[ChallengeItems], Any]]] = {
    "looking": ("get_item", lambda items: items.challenge(CONSUMER)),
    "asking": ("update_item", lambda items: items.ask(CONSUMER, TEXT)),
    "proving": ("update_item", lambda items: items.prove(CONSUMER, TEXT, by=ARN, at=NOW)),
}


@pytest.mark.parametrize("doing", CALLS)
def test_an_error_of_dynamodb_is_one_of_ours(items: ChallengeItems, table: Any, doing: str) -> None:
    operation, call = CALLS[doing]
    for code, error in (("AccessDeniedException", AccessDeniedError), ("ResourceNotFoundException", UpstreamError)):
        with refusing(table.meta.client, operation, code), pytest.raises(error):
            call(items)
