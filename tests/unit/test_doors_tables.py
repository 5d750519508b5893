"""DynamoDB's items as doors: one that somebody wrote by hand is reported by its id, and stops no other."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.approval.announcement import AnnouncingPorts, announce
from drawbridge.approval.announcement_message import announcement_of
from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.aws.announcement_items import AnnouncementItems
from drawbridge.aws.approvals_table import ApprovalsTable
from drawbridge.aws.consumers_table import ConsumersTable
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.configuration import InForce
from drawbridge.decision.cedar import Action, compile_together
from drawbridge.decision.facts import EvaluationTime, Requester
from drawbridge.decision.in_force import decision_fingerprint
from drawbridge.decision.policies import parse_policy
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.next_action import next_action
from drawbridge.errors import InvalidInputError, ThrottledError
from drawbridge_cli.request_status import request_status
from tests.builders import CONNECTION, CONSUMER, NOW, SHARE, connection_facts, observed_request, question
from tests.fakes.announcements import InMemoryAnnouncements
from tests.fakes.messenger import InMemoryMessenger
from tests.lives import EXPIRING_WITHIN
from tests.odd import attributes, fuzzed, json_texts
from tests.unit.announcing import ABOUT, mark, marked

GOOD: dict[str, Any] = {
    "request_id": SHARE.request_id,
    "about": msgspec.to_builtins(SHARE),
    "kind": "resource-share",
    "subject": SHARE.subject,
    "account_id": CONSUMER,
    "status": "AVAILABLE",
    "attempt": 1,
    "settled": True,
    "seen": "a",
    "wanted": "b",
    "permitted": "c",
    "updated_at": NOW.isoformat(timespec="milliseconds"),
    "failures": 0,
    "incomplete": False,
    "grounds": "",
    "association_grounds": "",
    "contents": "[]",
    "ways": "[]",
    "published": {"/a"},
    "reasons": [{"code": "a", "text": "b"}],
    "history": [{"status": "PENDING", "attempt": 1, "at": "x"}],
}
OTHER = GOOD | {"request_id": CONNECTION.request_id, "about": msgspec.to_builtins(CONNECTION)}
ASKED: dict[str, Any] = {
    "request_id": question().request_id,
    "asking": "1-1",
    "question": msgspec.json.encode(question()).decode(),
    "token": "t",
    "link": "l",
    "channel": "C0",
    "ts": "1.0",
    "decision": "approved",
    "decided_by": ["U0ALICE"],
    "approved_by": {"U0ALICE"},
    "reason": "r",
    "told": "",
}
CONSUMERS_ITEM: dict[str, Any] = {
    "account_id": CONSUMER,
    "tier": "gold",
    "services": {"*"},
    "name": "n",
    "notes": "m",
    "since": "2026-01-01T00:00:00+00:00",
}


class Table:
    """A table that gives these items, whatever is asked."""

    name = "table"

    def __init__(self, *items: dict[str, Any]) -> None:
        self._items = list(items)
        self.meta = SimpleNamespace(client=self)

    def get_paginator(self, _: str) -> SimpleNamespace:
        return SimpleNamespace(paginate=lambda **_: [{"Items": self._items}])

    def get_item(self, **_: Any) -> dict[str, Any]:
        return {"Item": self._items[0]}

    def batch_get_item(self, **_: Any) -> dict[str, Any]:
        return {"Responses": {self.name: self._items}}


def with_odd_attributes(item: dict[str, Any], key: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return the item with some of its attributes odd, or left out; the key is what DynamoDB makes of it, a text."""
    names = [name for name in item if name != key]
    odd = st.dictionaries(st.sampled_from(names), attributes | st.just(...), min_size=1, max_size=3)
    return odd.map(lambda replaced: {name: each for name, each in (item | replaced).items() if each is not ...})


def ledger(*items: dict[str, Any]) -> tuple[LedgerTable, list[str]]:
    broken: list[str] = []
    table: Any = Table(*items)
    return LedgerTable(table, now=lambda: NOW, on_broken=broken.append), broken


@fuzzed
@given(with_odd_attributes(OTHER, "request_id"))
def test_a_row_of_any_shape_stops_no_other_and_what_is_read_can_be_used(odd: dict[str, Any]) -> None:
    rows, broken = ledger(odd, GOOD)

    followed, found = rows.followed(), rows.rows([SHARE.request_id, CONNECTION.request_id])

    assert followed[-1].request_id == SHARE.request_id == found[SHARE.request_id].request_id
    assert len(followed) + len(broken) // 2 == 2
    assert all(CONNECTION.request_id in each for each in broken)
    for each in followed:
        usable(each)


def usable(row: LedgerRow) -> None:
    """Check that a sweep can use the row."""
    next_action(observed_request(request=row.request), row, NOW)


IN_JSON = ("grounds", "association_grounds", "contents", "ways", "inputs", "let_in", "absent")


@fuzzed
@given(json_texts)
def test_what_a_row_keeps_in_json_is_read_or_is_unknown(text: str) -> None:
    rows, broken = ledger(GOOD | dict.fromkeys(IN_JSON, text))

    kept = rows.rows([SHARE.request_id])[SHARE.request_id]
    (kept,) = rows.with_decision_records([kept]).values()

    assert broken == []
    assert [kept.contents or (), kept.attachments or (), kept.absent] == [(), (), ()]
    assert [kept.decision_record, kept.association_decision_record, kept.let_in or None] == [None, None, None]
    assert (kept.inputs or PlanInputs()).changed_since(PlanInputs(vpcs="a", resources="b")) == ()


@fuzzed
@given(with_odd_attributes(OTHER, "request_id"))
def test_a_row_of_any_shape_stops_no_list_for_people(odd: dict[str, Any]) -> None:
    rows, broken = ledger(odd, GOOD)

    entries = list(rows.entries())

    assert entries[-1].request_id == SHARE.request_id
    assert len(entries) + len(broken) == 2
    for each in entries:
        assert request_status(each, NOW, expiring_within=EXPIRING_WITHIN).request_id == each.request_id


def test_a_row_that_is_about_another_request_does_not_stand_for_it() -> None:
    rows, broken = ledger(GOOD, GOOD | {"request_id": CONNECTION.request_id, "seen": "forged"})

    assert rows.rows([SHARE.request_id])[SHARE.request_id].observed_fingerprint == "a"
    assert "it is about" in broken[0]


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("updated_at", "yesterday"), ("updated_at", "2026-11-25T12:00:00"), ("attempt", 0), ("failures", 10**30)],
)
def test_a_row_that_no_sweep_could_use_is_broken(attribute: str, value: object) -> None:
    rows, broken = ledger(GOOD | {attribute: value})

    assert rows.followed() == []
    assert SHARE.request_id in broken[0]


@fuzzed
@given(with_odd_attributes(ASKED, "request_id"))
def test_a_question_of_any_shape_is_read_or_reported_by_its_id(odd: dict[str, Any]) -> None:
    table: Any = Table(odd)

    try:
        record = ApprovalsTable(table, now=lambda: NOW).approval_record(ASKED["request_id"])
    except InvalidInputError as broken:
        assert ASKED["request_id"] in str(broken)
        assert len(str(broken)) < 1000
    else:
        assert record is not None


TOLD: dict[str, Any] = {
    "request_id": f"announcement/{SHARE.request_id}",
    "announcement": msgspec.json.encode(announcement_of(ABOUT, [mark()])).decode(),
    "newest_since": NOW.isoformat(),
    "ending": "",
    "is_over": False,
    "is_shown": True,
    "revision": 1,
    "claimed_until": NOW.isoformat(),
    "channel": "C0",
    "ts": "1.0",
    "expires_at": 1,
}


@fuzzed
@given(with_odd_attributes(TOLD, "request_id"))
def test_an_announcement_of_any_shape_is_read_and_can_be_told_or_is_reported_by_its_request(
    odd: dict[str, Any],
) -> None:
    table: Any = Table(odd)

    try:
        record = AnnouncementItems(table, now=lambda: NOW).announcement(SHARE.request_id)
    except InvalidInputError as broken:
        assert SHARE.request_id in str(broken)
        assert len(str(broken)) < 1000
    else:
        assert record is not None
        ports = AnnouncingPorts(
            channel="C0",
            announcements=InMemoryAnnouncements(lambda: NOW),
            messenger=InMemoryMessenger(),
            about=lambda _: ABOUT,
            now=lambda: NOW,
        )
        with suppress(ThrottledError):
            announce(marked(mark()), record, ports)


POLICIES = compile_together(
    [
        parse_policy(
            "by-registry",
            "permit(principal, action, resource) when { principal has consumer && principal.consumer has since &&"
            ' principal.consumer.since < context.now && principal.consumer.services.contains("*") };',
        )
    ]
)


@fuzzed
@given(
    with_odd_attributes(CONSUMERS_ITEM, "account_id"),
    st.datetimes().map(datetime.isoformat)
    | st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]),
)
def test_an_entry_of_any_shape_is_known_or_not_and_policies_can_ask(odd: dict[str, Any], since: str) -> None:
    for item in (odd, CONSUMERS_ITEM | {"since": since}):
        table: Any = Table(item)
        consumer = ConsumersTable(table).consumer(CONSUMER)

        answer = POLICIES.ask(
            Action.ACCEPT,
            connection_facts(Requester(account_id=CONSUMER, consumer=consumer)),
            EvaluationTime(datetime.now(UTC)),
        )

        assert answer.errors == ()
        assert decision_fingerprint(InForce((), (), ()), consumer)
