"""The registry of consumers, as the adapter promises to read it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from drawbridge.aws.consumers import Consumers
from drawbridge.decision.facts import Consumer
from drawbridge.errors import ThrottledError, UpstreamError
from tests.builders import CONSUMER
from tests.contracts.accounts import refusing
from tests.contracts.conftest import NewAccount


@pytest.fixture(scope="module")
def table(new_account: NewAccount) -> Any:
    return new_account().table("ConsumersTable")


def registered(table: Any, **fields: Any) -> Consumer | None:
    table.put_item(Item={"account_id": CONSUMER, **fields})
    return Consumers(table).consumer(CONSUMER)


def test_who_is_not_registered_is_not_known(table: Any) -> None:
    assert Consumers(table).consumer("999999999999") is None


def test_a_consumer_is_as_it_is_registered(table: Any) -> None:
    found = registered(table, tier="gold", services=["vpce-svc-1", "vpce-svc-2"], name="Orders", notes="since May")

    assert found == Consumer(
        tier="gold", services=frozenset({"vpce-svc-1", "vpce-svc-2"}), name="Orders", notes="since May"
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-05-01T12:00:00+02:00", datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("2026-05-01", datetime(2026, 5, 1, tzinfo=UTC)),
        ("in May", None),
        (Decimal(2026), None),
        (None, None),
    ],
    ids=str,
)
def test_since_when_is_read_as_a_date_or_left_out(table: Any, written: object, read: datetime | None) -> None:
    found = registered(table, since=written)

    assert found is not None
    assert found.since == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("*", {"*"}),
        ("vpce-svc-1", {"vpce-svc-1"}),
        (" vpce-svc-1 ,, ", {"vpce-svc-1"}),
        ("", set()),
        ({"vpce-svc-1"}, {"vpce-svc-1"}),
        (["vpce-svc-1", Decimal(2), None], {"vpce-svc-1"}),
        ([], set()),
        (Decimal(1), set()),
        (None, set()),
        (True, set()),
        ({Decimal(1)}, set()),
    ],
    ids=str,
)
def test_services_are_read_however_people_wrote_them(table: Any, written: object, read: set[str]) -> None:
    found = registered(table, services=written)

    assert found is not None
    assert found.services == read


def test_a_field_of_another_form_counts_as_left_out(table: Any) -> None:
    assert registered(table, tier=Decimal(1), name=["Orders"], notes=None, more="x") == registered(table)
    assert registered(table) == Consumer()


def test_a_registry_that_is_gone_says_nothing_of_an_account(table: Any) -> None:
    with (
        refusing(table.meta.client, "get_item", "ResourceNotFoundException"),
        pytest.raises(UpstreamError, match=CONSUMER),
    ):
        Consumers(table).consumer(CONSUMER)


def test_who_is_throttled_does_not_know_whether_it_is_registered(table: Any) -> None:
    with (
        refusing(table.meta.client, "get_item", "ProvisionedThroughputExceededException"),
        pytest.raises(ThrottledError, match=CONSUMER),
    ):
        Consumers(table).consumer(CONSUMER)
