"""Entries of the registry, as people and services write them by hand: hostile until they are read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import Binary
from botocore.exceptions import ClientError
from hypothesis import example, given
from hypothesis import strategies as st

from drawbridge.aws.consumers_table import ConsumersTable
from drawbridge.decision.consumer_standing import Standing, standing_of
from drawbridge.decision.facts import Consumer, Fact, Requester
from drawbridge.decision.registration import Registration, account_of, is_principal_of, registration
from drawbridge.errors import AccessDeniedError, ThrottledError
from drawbridge.request.fingerprints import fingerprint
from tests.builders import CONSUMER, NOW, SERVICE_ID, STRANGER

ROLE = f"arn:aws:iam::{CONSUMER}:role/Connector"
FIELDS = (
    *("tier", "services", "name", "notes", "since", "principals", "suspended_at", "proof_required", "proved_at"),
    *("proved_by", "challenge", "changed_at"),
)

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=30),
    st.sampled_from(["", " ", "true", "FALSE", "2026-05-01", "9999-12-31T23:59:59-23:59", "0001-01-01", ROLE, "*,,"]),
    st.integers(-(10**20), 10**20).map(Decimal),
    st.binary(max_size=5).map(Binary),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(max_size=5), inner, max_size=2),
        st.sets(st.text(min_size=1, max_size=20) | st.just(ROLE), min_size=1, max_size=3),
        st.sets(st.integers(0, 9).map(Decimal), min_size=1, max_size=3),
    ),
    max_leaves=6,
)
ITEMS = st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=8), VALUES, max_size=len(FIELDS))


class OneItem:
    """A table that has one item."""

    name = "consumers"

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.item = {**fields, "account_id": CONSUMER}

    def get_item(self, **_: Any) -> dict[str, Any]:
        return {"Item": self.item}


def entry_of(fields: Mapping[str, Any]) -> Registration:
    table: Any = OneItem(fields)
    found = ConsumersTable(table).registration(CONSUMER)
    assert found is not None
    return found


def consumer_of(**fields: Any) -> Consumer:
    return entry_of(fields).consumer


@given(ITEMS)
@example({"principals": {ROLE, f"arn:aws:iam::{STRANGER}:root"}})
@example({"suspended_at": True, "proof_required": Binary(b"true")})
def test_whatever_an_entry_holds_is_read_or_told(fields: dict[str, Any]) -> None:
    entry = entry_of(fields)

    consumer = entry.consumer
    told = {*consumer.unreadable, *entry.unreadable}
    given_fields = {name for name in FIELDS if fields.get(name) not in (None, "")}
    assert told <= given_fields
    assert all(is_principal_of(each, CONSUMER) for each in consumer.principals)
    for name in given_fields - told:
        read = getattr(consumer if hasattr(consumer, name) else entry, name)
        assert read or name in {"services", "principals", "proof_required"}
    # Facts are kept, and compared: as documents and by their fingerprint.
    assert fingerprint(consumer)


@given(ITEMS)
def test_who_gave_something_unreadable_for_a_suspension_or_a_proof_is_shut_out(fields: dict[str, Any]) -> None:
    consumer = entry_of(fields).consumer

    standing = standing_of(consumer)
    if fields.get("suspended_at") not in (None, ""):
        assert standing is Standing.SUSPENDED
    elif consumer.proof_required and consumer.proved_at is None:
        assert standing is Standing.UNPROVED
    else:
        assert standing is Standing.IN_FORCE


def test_who_is_not_registered_stands_so() -> None:
    assert standing_of(None) is Standing.UNREGISTERED
    assert standing_of(Consumer()) is Standing.IN_FORCE


def test_only_a_suspension_and_a_lacking_proof_shut_out() -> None:
    assert {each for each in Standing if each.shuts_out} == {Standing.SUSPENDED, Standing.UNPROVED}


@pytest.mark.parametrize(
    "fields", [{"suspended_at": "2026-05-01"}, {"suspended_at": True}, {"suspended_at": "since May"}]
)
def test_who_is_suspended_and_unproved_is_suspended(fields: dict[str, Any]) -> None:
    assert standing_of(consumer_of(**fields, proof_required=True)) is Standing.SUSPENDED


@pytest.mark.parametrize(
    ("written", "standing"),
    [
        (True, Standing.UNPROVED),
        ("true", Standing.UNPROVED),
        (" True ", Standing.UNPROVED),
        ("yes", Standing.UNPROVED),
        (Decimal(0), Standing.UNPROVED),
        ([], Standing.UNPROVED),
        (False, Standing.IN_FORCE),
        ("FALSE", Standing.IN_FORCE),
        (None, Standing.IN_FORCE),
        ("", Standing.IN_FORCE),
    ],
)
def test_whether_proof_is_required_is_so_unless_it_says_no(written: object, standing: Standing) -> None:
    assert standing_of(consumer_of(proof_required=written)) is standing


def test_a_proof_whose_time_can_t_be_read_is_none() -> None:
    consumer = consumer_of(proof_required=True, proved_at="yesterday")

    assert standing_of(consumer) is Standing.UNPROVED
    assert consumer.unreadable == ("proved_at",)


def test_who_has_proved_it_is_in_force() -> None:
    consumer = consumer_of(proof_required=True, proved_at="2026-05-01T12:00:00+02:00")

    assert consumer.proved_at == datetime(2026, 5, 1, 10, tzinfo=UTC)
    assert standing_of(consumer) is Standing.IN_FORCE


@pytest.mark.parametrize(
    "written", [{ROLE}, [ROLE], ROLE, f" {ROLE} ,, ", (ROLE, ROLE)], ids=["set", "list", "string", "commas", "twice"]
)
def test_principals_are_read_however_people_wrote_them(written: object) -> None:
    assert consumer_of(principals=written) == Consumer(principals=frozenset({ROLE}))


@pytest.mark.parametrize(
    "written",
    [
        {ROLE, f"arn:aws:iam::{STRANGER}:role/Connector"},
        [ROLE, None],
        f"arn:aws:iam::{CONSUMER}:role/a/path",
        "*",
        {"arn": ROLE},
        Decimal(1),
    ],
    ids=["of another account", "nothing", "with a path", "everybody", "a map", "a number"],
)
def test_principals_that_can_t_all_be_read_are_told(written: object) -> None:
    consumer = consumer_of(principals=written)

    assert consumer.unreadable == ("principals",)
    assert consumer.principals <= {ROLE}
    assert Fact.CONSUMER in Requester(account_id=CONSUMER, consumer=consumer).unknown


@pytest.mark.parametrize(
    ("consumer", "tags", "may"),
    [
        (Consumer(services=frozenset({SERVICE_ID})), {}, True),
        (Consumer(services=frozenset({"*"})), None, True),
        (Consumer(services=frozenset({"vpce-svc-1"})), {}, False),
        (Consumer(tier="gold"), {"drawbridge:tier": "gold"}, True),
        (Consumer(tier="gold"), {"drawbridge:tier": "silver"}, False),
        (Consumer(tier="gold"), {"tier": "gold"}, False),
        (Consumer(tier="gold"), None, False),
        (Consumer(), {"drawbridge:tier": ""}, False),
    ],
)
def test_a_service_is_reached_by_its_id_by_all_or_by_its_tier(
    consumer: Consumer, tags: dict[str, str] | None, *, may: bool
) -> None:
    assert consumer.may_reach(SERVICE_ID, tags) is may


def test_what_is_on_the_entry_and_no_fact_changes_no_fingerprint() -> None:
    before = entry_of({"tier": "gold"})
    after = entry_of(
        {"tier": "gold", "changed_at": "2026-05-01T00:00:00Z", "proved_by": ROLE, "challenge": "drawbridge-x"}
    )

    assert after.consumer == before.consumer
    assert (after.changed_at, after.proved_by, after.challenge) == (
        datetime(2026, 5, 1, tzinfo=UTC),
        ROLE,
        "drawbridge-x",
    )


def test_what_is_on_the_entry_and_can_t_be_read_is_told_as_well() -> None:
    entry = entry_of({"changed_at": Decimal(1), "proved_by": [ROLE], "challenge": True})

    assert entry.unreadable == ("challenge", "changed_at", "proved_by")
    assert (entry.changed_at, entry.proved_by, entry.challenge) == (None, "", "")


class CancelledError(Exception):
    """DynamoDB cancels a transaction."""

    def __init__(self, *codes: str) -> None:
        super().__init__("cancelled")
        self.response = {"CancellationReasons": [{"Code": code} for code in codes]}


class CountingTable:
    """A table that counts the calls by which it is read and written, and cancels transactions as it is told."""

    name = "consumers"

    class Exceptions:
        TransactionCanceledException = CancelledError

    exceptions = Exceptions()

    def __init__(self, *there: str) -> None:
        self.there = {*there}
        self.calls: list[str] = []
        self.cancels: list[tuple[str, ...]] = []
        self.sizes: list[int] = []
        self.joins: set[str] = set()
        self.meta = self
        self.client = self

    def batch_get_item(self, *, RequestItems: Any) -> dict[str, Any]:  # noqa: N803 - as the SDK names it
        self.calls.append("BatchGetItem")
        keys = RequestItems[self.name]["Keys"]
        found = [key for key in keys if key["account_id"] in self.there]
        self.there |= self.joins
        return {"Responses": {self.name: found}, "UnprocessedKeys": {}}

    def transact_write_items(self, *, TransactItems: Any) -> None:  # noqa: N803 - as the SDK names it
        self.calls.append("TransactWriteItems")
        self.sizes.append(len(TransactItems))
        if self.cancels:
            raise CancelledError(*self.cancels.pop(0))
        updates = [each["Update"] for each in TransactItems]
        failed = [
            "ConditionalCheckFailed"
            if "ConditionExpression" in each and each["Key"]["account_id"] in self.there
            else "None"
            for each in updates
        ]
        if any(each != "None" for each in failed):
            raise CancelledError(*failed)
        self.there |= {each["Key"]["account_id"] for each in updates}


def entries(count: int) -> list[Registration]:
    return [
        registration(f"{number:012}", tier="", services=[SERVICE_ID], name="", notes="", since=NOW)
        for number in range(count)
    ]


def test_10_000_entries_are_written_in_200_calls() -> None:
    table: Any = CountingTable("000000000007", "000000009999")

    done = [*ConsumersTable(table).add_all(entries(10_000), replace=False)]

    assert len(table.calls) == 200
    assert max(table.sizes) == 100
    assert sum(len(each.written) for each in done) == 9_998
    assert [account for each in done for account in each.there_already] == ["000000000007", "000000009999"]


def test_10_000_entries_are_replaced_in_100_calls() -> None:
    table: Any = CountingTable("000000000007")

    done = [*ConsumersTable(table).add_all(entries(10_000), replace=True)]

    assert table.calls == ["TransactWriteItems"] * 100
    assert sum(len(each.written) for each in done) == 10_000


def test_who_is_registered_by_somebody_else_meanwhile_is_left_alone_and_the_others_written() -> None:
    table: Any = CountingTable()
    table.joins = {"000000000001"}

    [done] = ConsumersTable(table).add_all(entries(3), replace=False)

    assert done.written == ("000000000000", "000000000002")
    assert done.there_already == ("000000000001",)


def test_a_hundred_that_are_all_there_already_are_not_written() -> None:
    table: Any = CountingTable(*(each.account_id for each in entries(2)))

    [done] = ConsumersTable(table).add_all(entries(2), replace=False)

    assert table.calls == ["BatchGetItem"]
    assert (done.written, done.there_already) == ((), ("000000000000", "000000000001"))


def test_what_dynamodb_cancels_for_want_of_capacity_is_tried_again_a_little_later() -> None:
    table: Any = CountingTable()
    table.cancels = [("ThrottlingError", "None"), ("None", "TransactionConflict")]
    waits: list[float] = []

    [done] = ConsumersTable(table, wait=waits.append).add_all(entries(2), replace=False)

    assert len(done.written) == 2
    assert waits == [0.1, 0.2]


def test_what_dynamodb_goes_on_cancelling_is_an_error_that_names_why() -> None:
    table: Any = CountingTable()
    table.cancels = [("None", "ProvisionedThroughputExceeded")] * 100

    with pytest.raises(ThrottledError, match=r": ProvisionedThroughputExceeded$"):
        [*ConsumersTable(table, wait=lambda _: None).add_all(entries(2), replace=False)]
    assert table.there == set()


def test_what_dynamodb_cancels_without_a_reason_is_tried_again_too_and_told_as_that_at_last() -> None:
    table: Any = CountingTable()
    table.cancels = [()]
    waits: list[float] = []

    [done] = ConsumersTable(table, wait=waits.append).add_all(entries(2), replace=False)

    assert (len(done.written), waits) == (2, [0.1])
    table.cancels = [()] * 100
    with pytest.raises(ThrottledError, match="for no reason that it names"):
        [*ConsumersTable(table, wait=lambda _: None).add_all(entries(2), replace=True)]


def test_who_may_not_write_is_told_so() -> None:
    table: Any = CountingTable()

    def denied(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "TransactWriteItems")

    table.transact_write_items = denied
    with pytest.raises(AccessDeniedError, match="register 2 accounts"):
        [*ConsumersTable(table).add_all(entries(2), replace=False)]


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:x:iam::{CONSUMER}:root",
        f"arn:aws-:iam::{CONSUMER}:root",
        f"arn:aws:iam::{CONSUMER}:role/{'a' * 65}",
        f"arn:aws:iam::{CONSUMER}:role/in/a/path",
        "*",
    ],
)
def test_what_can_t_be_registered_is_no_principal_of_an_account(arn: str) -> None:
    assert account_of(arn) is None


def test_the_account_of_a_principal_is_in_its_arn() -> None:
    assert account_of(f"arn:aws-us-gov:iam::{CONSUMER}:role/connect") == CONSUMER
