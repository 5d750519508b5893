"""What of an account's connections goes with a removal."""

import pytest

from drawbridge.decision.decision_record import DecisionRecord
from drawbridge.decision.facts import ConnectionFacts, ShareFacts
from drawbridge.discovery.withdrawable import AccountConnections, RequestStanding, request_standing_of
from drawbridge.status import Status
from tests.builders import CONSUMER, NOW, SERVICE_ID, connection_facts, requester, row, share_facts
from tests.fakes.ledger import InMemoryLedger

REGISTERED = connection_facts(requester(CONSUMER, services=frozenset({SERVICE_ID})))


@pytest.mark.parametrize(
    ("facts", "is_registered"), [(REGISTERED, True), (connection_facts(), False), (share_facts(), False), (None, False)]
)
def test_a_registered_consumer_s_is_what_was_decided_on_as_such(
    facts: ConnectionFacts | ShareFacts | None, is_registered: bool
) -> None:
    record = facts and DecisionRecord(
        outcome="accept", at=NOW, zone="UTC", policies="", determined_by=(), facts=facts, fingerprint=""
    )
    ledger = InMemoryLedger()
    kept = row(Status.AVAILABLE, decision_record=record)
    ledger.kept[kept.request_id] = kept
    (read,) = ledger.rows([kept.request_id]).values()

    found = AccountConnections(ledger, lambda: {SERVICE_ID}).of_registered([read])

    assert found == ([read] if is_registered else [])


def test_what_is_delayed_can_be_kept_out_where_its_service_is_managed() -> None:
    delayed = row(Status.PENDING)

    assert request_standing_of(delayed, lambda: {SERVICE_ID}) is RequestStanding.DELAYED
    assert request_standing_of(delayed, lambda: ()) is RequestStanding.NOT_MANAGED
    assert request_standing_of(row(Status.HELD), lambda: {SERVICE_ID}) is RequestStanding.NOT_CONNECTED


def test_what_is_delayed_goes_with_its_consumer() -> None:
    ledger = InMemoryLedger()
    kept = row(Status.PENDING)
    ledger.kept[kept.request_id] = kept

    assert [each.request_id for each in AccountConnections(ledger, lambda: {SERVICE_ID}).going(CONSUMER)] == [
        kept.request_id
    ]
