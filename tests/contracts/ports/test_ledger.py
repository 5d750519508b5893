"""The ledger's rows, as the ports of the flow promise them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from drawbridge.association import MadeAttachment
from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.decision import Delayed
from drawbridge.decision.let_in import NOT_MANAGED, LetIn
from drawbridge.decision.recorded import RecordedRequest
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.observed_request import ObservedRequest
from drawbridge.discovery.review import Review
from drawbridge.lattice import MatchAttributes, ResourceKind
from drawbridge.publication import AttachmentSnapshot, PointedRecord
from drawbridge.record import GONE, OutcomeBasis
from drawbridge.request import OrphanRequest, Request
from drawbridge.request.absence import Absence
from drawbridge.request.announced import Announced, WithdrawalCommand
from drawbridge.request.fingerprints import GONE_FINGERPRINT
from drawbridge.status import Reason, Status
from drawbridge.withdrawal import ConnectedRecord
from tests.builders import (
    CONNECTION,
    CONSUMER,
    NOW,
    RESOURCE_ARN,
    SHARE,
    observed_request,
)
from tests.contracts.conftest import NewAccount
from tests.contracts.ledger_rows import (
    ASSOCIATION,
    ID,
    WHY,
    Ledger,
    Watch,
    connection,
    decision_record_of,
    reach,
    row,
    settled,
)
from tests.contracts.ports.implementations import IMPLEMENTATIONS, either
from tests.fakes.ledger import InMemoryLedger


@pytest.fixture(scope="module")
def on_aws(new_account: NewAccount) -> Callable[[], Ledger]:
    """Return the ledger, empty; on one table for all, because clients are slow to make."""
    table: Any = new_account().table("LedgerTable")

    def ledger() -> Ledger:
        for item in table.scan(ProjectionExpression="request_id")["Items"]:
            table.delete_item(Key=item)
        return LedgerTable(table, now=Watch())

    return ledger


@pytest.fixture(params=IMPLEMENTATIONS)
def ledger(request: pytest.FixtureRequest, on_aws: Callable[[], Ledger]) -> Ledger:
    return either(request, lambda: InMemoryLedger(now=Watch()), on_aws)


ABSENT = (Absence(of=ID, since=NOW, confirmed=True), Absence(of="vpce-1", since=NOW))

INPUTS = PlanInputs(resources="a", vpcs="b", room="c")

SNAPSHOT = AttachmentSnapshot(
    name="orders/orders-db",
    resource_arn=RESOURCE_ARN,
    resource_kind=ResourceKind.RESOURCE_CONFIGURATION,
    holds_others=False,
    made=MadeAttachment(endpoint_id="vpce-1", security_group_ids=("sg-1",), settings="verified"),
    observed_fingerprint="as it was left",
    records=(PointedRecord(zone_id="Z1", name="orders.internal", dns_name="vpce-1.example"),),
)

LET_IN = LetIn(at=NOW, because=(WHY,), contents_fingerprint="these", arns=("arn:a",))

KEPT = (Reason("kept", "It is live and stays."),)


def test_a_claim_enters_the_request_as_it_was_observed(ledger: Ledger) -> None:
    observed = observed_request(bindings_fingerprint="these bindings")

    assert ledger.claim(observed, 1, after=None)

    assert row(ledger) == LedgerRow(
        request=CONNECTION,
        account_id=CONSUMER,
        status=Status.PENDING,
        attempt=1,
        settled=False,
        observed_fingerprint=observed.observed_fingerprint,
        bindings_fingerprint="these bindings",
        decision_fingerprint=observed.decision_fingerprint,
        updated_at=(NOW + timedelta(seconds=1)).isoformat(timespec="milliseconds"),
        failures=0,
        incomplete=False,
        followed="yes",
    )


def test_a_later_claim_starts_anew_and_keeps_what_was_left(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    reach(ledger, Status.AVAILABLE, attachments=(SNAPSHOT,), incomplete=True, decided_by=(WHY,))
    observed = observed_request(observed_fingerprint="now", bindings_fingerprint="others", decision_fingerprint="new")

    assert ledger.claim(observed, 2, after=row(ledger))

    after = row(ledger)
    assert (after.status, after.attempt, after.settled, after.incomplete) == (Status.PENDING, 2, False, False)
    assert (after.observed_fingerprint, after.bindings_fingerprint, after.decision_fingerprint) == (
        "now",
        "others",
        "new",
    )
    assert (after.attachments, after.decided_by) == ((SNAPSHOT,), (WHY,))


INVITED = observed_request(deadline=NOW)


@pytest.mark.parametrize("status", [Status.WAITING_FOR_APPROVAL, Status.HELD, Status.FAILED])
def test_the_deadline_is_entered_with_the_attempt_and_stays_while_it_may_be_let_in(
    ledger: Ledger, status: Status
) -> None:
    ledger.claim(INVITED, 1, after=None)
    entered = row(ledger).deadline

    reach(ledger, status, settled=status is not Status.WAITING_FOR_APPROVAL)

    assert entered == row(ledger).deadline == ledger.deadline(ID) == NOW


@pytest.mark.parametrize("status", [Status.ACCEPTED, Status.AVAILABLE, Status.REJECTED, Status.EXPIRED])
def test_the_deadline_goes_with_a_decision_or_its_own_passing(ledger: Ledger, status: Status) -> None:
    ledger.claim(INVITED, 1, after=None)

    reach(ledger, status, settled=status is not Status.ACCEPTED)

    assert row(ledger).deadline is ledger.deadline(ID) is None


@pytest.mark.parametrize(
    ("observed", "deadline"),
    [
        (observed_request(deadline=NOW + timedelta(hours=1)), NOW + timedelta(hours=1)),
        (observed_request(), None),
        (observed_request(observed_fingerprint=GONE_FINGERPRINT, open=False), NOW),
    ],
)
def test_the_next_attempt_has_the_deadline_that_is_observed_and_keeps_it_of_what_is_gone(
    ledger: Ledger, observed: ObservedRequest, deadline: datetime | None
) -> None:
    ledger.claim(INVITED, 1, after=None)
    before = settled(ledger, Status.HELD)

    ledger.claim(observed, 2, after=before)

    assert row(ledger).deadline == deadline


def test_there_is_no_deadline_of_what_nobody_entered(ledger: Ledger) -> None:
    assert ledger.deadline(ID) is None


@pytest.mark.parametrize("deadline", [NOW, None])
@pytest.mark.parametrize("status", [Status.WAITING_FOR_APPROVAL, Status.HELD])
def test_another_deadline_is_noted_and_nothing_else(ledger: Ledger, status: Status, deadline: datetime | None) -> None:
    ledger.claim(observed_request(deadline=NOW + timedelta(hours=1)), 1, after=None)
    reach(ledger, status, settled=status is Status.HELD)
    before = row(ledger)

    ledger.note_deadline(before, deadline)

    assert row(ledger) == msgspec.structs.replace(before, deadline=deadline)


def test_no_deadline_is_noted_of_what_was_let_in_meanwhile(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    reach(ledger, Status.WAITING_FOR_APPROVAL, settled=False)
    read = row(ledger)
    reach(ledger, Status.ACCEPTED, settled=False)

    ledger.note_deadline(read, NOW)

    assert row(ledger).deadline is None


def test_no_deadline_is_noted_of_a_later_attempt_or_of_what_nobody_entered(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    read = settled(ledger, Status.HELD)
    ledger.claim(observed_request(), 2, after=read)
    reach(ledger, Status.HELD, 2)

    ledger.note_deadline(read, NOW)
    ledger.note_deadline(msgspec.structs.replace(read, request=SHARE), NOW)

    assert row(ledger).deadline is None
    assert ledger.rows([SHARE.request_id]) == {}


def test_of_many_who_claim_the_next_attempt_one_gets_it(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    before = settled(ledger, Status.HELD)

    with ThreadPoolExecutor(8) as writers:
        claims = list(writers.map(lambda _: ledger.claim(observed_request(), 2, after=before), range(8)))

    assert sorted(claims) == [False] * 7 + [True]
    assert row(ledger).attempt == 2


def test_a_claim_of_a_row_that_nobody_entered_is_lost(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    of_another = row(ledger)

    assert not ledger.claim(observed_request(request=SHARE), 2, after=of_another)
    assert ledger.rows([SHARE.request_id]) == {}


def test_what_was_noted_since_it_was_read_loses_no_claim(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    read = settled(ledger, Status.AVAILABLE)
    ledger.note_inputs(read, INPUTS)
    ledger.note_review(read, Review(permitted=False), (), policies_fingerprint="stricter")

    assert ledger.claim(observed_request(), 2, after=read)
    assert (row(ledger).inputs, row(ledger).no_longer_permitted) == (INPUTS, True)


def test_a_change_of_status_is_taken_over_and_returned_with_who_asks(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)

    changed = reach(ledger, Status.HELD)

    assert changed is not None
    assert (changed.request_id, changed.account_id, changed.status, changed.attempt) == (ID, CONSUMER, Status.HELD, 1)
    assert (row(ledger).status, row(ledger).settled) == (Status.HELD, True)


@pytest.mark.parametrize("status", [Status.ACCEPTED, Status.AVAILABLE, Status.HELD])
def test_a_status_on_the_way_that_is_repeated_late_opens_nothing_again(ledger: Ledger, status: Status) -> None:
    ledger.claim(observed_request(), 1, after=None)
    reach(ledger, status, settled=False)
    there = settled(ledger, status)

    assert reach(ledger, status, settled=False, incomplete=True) is None
    assert row(ledger) == there


def test_what_a_waiting_request_was_compared_with_is_noted_and_nothing_else(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    reach(ledger, Status.WAITING_FOR_APPROVAL, settled=False)
    waits = row(ledger)

    observed = observed_request(
        observed_fingerprint="now", decision_fingerprint="new", bindings_fingerprint="other", open=False
    )
    ledger.note_observed(waits, observed)

    now = row(ledger)
    assert (now.observed_fingerprint, now.decision_fingerprint, now.bindings_fingerprint) == ("now", "new", "other")
    assert (now.status, now.updated_at) == (waits.status, waits.updated_at)


def test_of_what_does_not_wait_any_more_nothing_is_noted(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    waits = row(ledger)
    there = settled(ledger, Status.HELD)

    ledger.note_observed(waits, observed_request(observed_fingerprint="now"))

    assert row(ledger) == there


def test_of_what_a_later_attempt_has_nothing_is_noted(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    before = settled(ledger, Status.AVAILABLE)
    ledger.claim(observed_request(drift_fingerprint="gone"), 2, after=before)
    there = settled(ledger, Status.AVAILABLE, 2)

    ledger.note_inputs(before, INPUTS)
    ledger.note_review(before, Review(permitted=False), (), policies_fingerprint="stricter policies")
    ledger.note_drift_healed(before)

    assert row(ledger) == there


def test_inputs_that_say_nothing_leave_nothing_behind(ledger: Ledger) -> None:
    ledger.claim(observed_request(inputs=INPUTS), 1, after=None)

    ledger.note_inputs(settled(ledger, Status.AVAILABLE), PlanInputs())

    assert row(ledger).inputs is None


def test_a_review_is_noted_with_what_it_was_made_under(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    let_in = settled(ledger, Status.AVAILABLE)

    ledger.note_review(let_in, Review(permitted=False, reasons=(WHY,)), (), policies_fingerprint="stricter policies")

    noted = row(ledger)
    assert (noted.reviewed_fingerprint, noted.no_longer_permitted) == ("stricter policies", True)
    assert (noted.status, noted.updated_at) == (let_in.status, let_in.updated_at)


@pytest.mark.parametrize("request_", [SHARE, CONNECTION], ids=["share", "connection"])
def test_a_request_of_each_kind_comes_back_as_it_went_in(ledger: Ledger, request_: Request) -> None:
    ledger.claim(observed_request(request=request_), 1, after=None)

    assert row(ledger, request_.request_id).request == request_


def test_of_many_who_claim_at_once_one_gets_it(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as writers:
        claims = list(writers.map(lambda _: ledger.claim(observed_request(), 1, after=None), range(8)))

    assert sorted(claims) == [False] * 7 + [True]
    assert row(ledger).attempt == 1


def test_a_claim_is_lost_where_the_row_is_there_already(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    there = row(ledger)

    assert not ledger.claim(observed_request(observed_fingerprint="other"), 1, after=None)
    assert row(ledger) == there


def test_a_claim_is_lost_where_the_row_has_settled_meanwhile(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    read = row(ledger)
    there = settled(ledger, Status.AVAILABLE)

    assert not ledger.claim(observed_request(), 2, after=read)
    assert row(ledger) == there


def test_a_claim_is_lost_where_a_later_attempt_was_entered_meanwhile(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    read = settled(ledger, Status.HELD)
    ledger.claim(observed_request(), 2, after=read)
    settled(ledger, Status.HELD, 2)

    assert not ledger.claim(observed_request(), 2, after=read)
    assert row(ledger).attempt == 2


@pytest.mark.parametrize("basis", [None, OutcomeBasis()])
def test_what_was_observed_and_in_force_stays_where_the_outcome_says_nothing_of_it(
    ledger: Ledger, basis: OutcomeBasis | None
) -> None:
    ledger.claim(
        observed_request(observed_fingerprint="as listed", bindings_fingerprint="w", decision_fingerprint="p"),
        1,
        after=None,
    )

    reach(ledger, Status.HELD, basis=basis)

    after = row(ledger)
    assert (after.observed_fingerprint, after.bindings_fingerprint, after.decision_fingerprint) == (
        "as listed",
        "w",
        "p",
    )


@pytest.mark.parametrize(
    ("basis", "taken"),
    [
        (OutcomeBasis(observed_fingerprint="made of it"), ("made of it", "w", "p")),
        (OutcomeBasis(bindings_fingerprint="these bindings"), ("as listed", "these bindings", "p")),
        (OutcomeBasis(decision_fingerprint="these policies"), ("as listed", "w", "these policies")),
        (OutcomeBasis(observed_fingerprint="1", bindings_fingerprint="2", decision_fingerprint="3"), ("1", "2", "3")),
        (GONE, ("gone", "w", "p")),
    ],
)
def test_what_the_outcome_was_come_to_from_is_taken_over(
    ledger: Ledger, basis: OutcomeBasis, taken: tuple[str, str, str]
) -> None:
    ledger.claim(
        observed_request(observed_fingerprint="as listed", bindings_fingerprint="w", decision_fingerprint="p"),
        1,
        after=None,
    )

    reach(ledger, Status.HELD, basis=basis)

    after = row(ledger)
    assert (after.observed_fingerprint, after.bindings_fingerprint, after.decision_fingerprint) == taken


def test_what_a_share_held_is_kept_until_a_later_plan_says_otherwise(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    assert row(ledger).contents is None

    held = (MatchAttributes(name="orders-db", type="SINGLE", owner="111111111111"),)
    reach(ledger, Status.AVAILABLE, basis=OutcomeBasis(matching_bindings_fingerprint="one", contents=held))
    ledger.claim(observed_request(), 2, after=row(ledger))

    assert row(ledger).contents == held
    assert row(ledger).matching_bindings_fingerprint == "one"
    reach(ledger, Status.HELD, attempt=2, basis=OutcomeBasis(contents=None))
    assert row(ledger).contents is None


@pytest.mark.parametrize("incomplete", [True, False])
def test_whether_something_was_refused_is_kept_until_the_next_attempt(ledger: Ledger, incomplete: bool) -> None:
    ledger.claim(observed_request(), 1, after=None)
    reach(ledger, Status.AVAILABLE, incomplete=incomplete)
    before = row(ledger)

    ledger.claim(observed_request(), 2, after=before)

    assert before.incomplete is incomplete
    assert not row(ledger).incomplete


def test_attempts_that_fail_in_a_row_are_counted(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    counted = [settled(ledger, Status.FAILED).failures]

    for attempt in (2, 3):
        ledger.claim(observed_request(), attempt, after=row(ledger))
        claimed = row(ledger).failures
        counted.append(settled(ledger, Status.FAILED, attempt).failures)
        assert claimed == counted[-2]

    assert counted == [1, 2, 3]


def test_a_failure_that_is_recorded_again_is_counted_once(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)

    again = [reach(ledger, Status.FAILED) for _ in range(3)]

    assert again[0] == again[1] == again[2] is not None
    assert row(ledger).failures == 1


# An attempt is pending from its claim on, and never ends there; a withdrawal that ends as such has failed.
@pytest.mark.parametrize("status", sorted(set(Status) - {Status.FAILED, Status.PENDING, Status.WITHDRAWING}))
def test_any_other_end_forgets_the_failures_before_it(ledger: Ledger, status: Status) -> None:
    ledger.claim(observed_request(), 1, after=None)
    ledger.claim(observed_request(), 2, after=settled(ledger, Status.FAILED))
    before = row(ledger).failures

    reach(ledger, status, 2)

    assert before == 1
    assert row(ledger).failures == 0


def test_a_status_that_settles_later_forgets_the_failures_too(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    ledger.claim(observed_request(), 2, after=settled(ledger, Status.FAILED))
    reach(ledger, Status.ACCEPTED, 2, settled=False)

    reach(ledger, Status.ACCEPTED, 2)

    assert row(ledger).failures == 0


def test_a_status_on_the_way_forgets_no_failure(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    ledger.claim(observed_request(), 2, after=settled(ledger, Status.FAILED))

    reach(ledger, Status.ACCEPTED, 2, settled=False)

    assert row(ledger).failures == 1


def test_an_attempt_that_ended_without_a_word_counts_as_failed(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    first = row(ledger)
    ledger.claim(observed_request(), 2, after=first)
    second = row(ledger)

    ledger.claim(observed_request(), 3, after=second)

    assert (first.failures, second.failures, row(ledger).failures) == (0, 1, 2)


def test_a_settled_attempt_does_not_go_on(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    there = settled(ledger, Status.AVAILABLE)

    assert reach(ledger, Status.ASSOCIATING, settled=False) is None
    assert reach(ledger, Status.FAILED) is None
    assert row(ledger) == there


@pytest.mark.parametrize("status", Status)
def test_a_later_attempt_has_the_row(ledger: Ledger, status: Status) -> None:
    ledger.claim(observed_request(), 1, after=None)
    ledger.claim(observed_request(), 2, after=settled(ledger, Status.FAILED))
    there = row(ledger)

    assert reach(ledger, status, 1) is None
    assert row(ledger) == there


def test_a_change_of_what_nobody_entered_is_not_taken_over(ledger: Ledger) -> None:
    assert reach(ledger, Status.HELD) is None
    assert ledger.rows([ID]) == {}


def test_rows_are_found_by_their_ids_and_the_others_left_out(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)

    assert ledger.rows([ID, "unknown"]) == {ID: row(ledger)}
    assert ledger.rows([]) == {}


@pytest.mark.parametrize("status", Status)
def test_what_is_under_way_settled_only_for_now_or_connected_is_followed(ledger: Ledger, status: Status) -> None:
    over = {Status.REJECTED, Status.EXPIRED, Status.WITHDRAWN}
    settles = {*over, Status.HELD, Status.FAILED, Status.AVAILABLE, Status.WITHDRAWING}
    ledger.claim(observed_request(), 1, after=None)
    reach(ledger, status, settled=status in settles)

    assert ledger.followed() == ([] if status in over else [row(ledger)])


def test_what_is_over_is_followed_again_with_its_next_attempt(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    over = settled(ledger, Status.WITHDRAWN)
    before = ledger.followed()

    ledger.claim(observed_request(), 2, after=over)

    assert before == []
    assert ledger.followed() == [row(ledger)]


def test_what_could_not_be_taken_over_is_followed_as_it_was(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    ledger.claim(observed_request(), 2, after=settled(ledger, Status.FAILED))

    reach(ledger, Status.WITHDRAWN, 1)

    assert ledger.followed() == [row(ledger)]


def test_what_a_decision_rested_on_is_kept_until_another_one_is_made(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    reach(ledger, Status.ACCEPTED, settled=False, decision_record=decision_record_of())
    reach(ledger, Status.ASSOCIATING, settled=False, association_decision_record=ASSOCIATION)
    reach(ledger, Status.AVAILABLE)

    compared = row(ledger)
    kept = ledger.with_decision_records([compared])[compared.request_id]
    ledger.claim(observed_request(), 2, after=compared)
    reach(ledger, Status.HELD, 2, decision_record=decision_record_of("hold"))

    # Listing all rows is not to load them.
    assert (compared.decision_record, compared.association_decision_record) == (None, None)

    assert kept.decision_record == decision_record_of()
    assert kept.association_decision_record == ASSOCIATION
    (now,) = ledger.with_decision_records([row(ledger)]).values()
    assert now.decision_record == decision_record_of("hold")


def test_what_a_plan_rested_on_and_how_it_was_left_is_read_as_it_was_written(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    assert (row(ledger).inputs, row(ledger).attachments) == (None, None)

    reach(ledger, Status.AVAILABLE, basis=OutcomeBasis(inputs=INPUTS), attachments=(SNAPSHOT,))

    assert (row(ledger).inputs, row(ledger).attachments) == (INPUTS, (SNAPSHOT,))
    reach(ledger, Status.AVAILABLE, attachments=())
    assert (row(ledger).inputs, row(ledger).attachments) == (INPUTS, ())


def test_what_a_sweep_found_of_it_is_read_as_it_was_written(ledger: Ledger) -> None:
    ledger.claim(observed_request(inputs=INPUTS), 1, after=None)
    assert row(ledger).inputs == INPUTS

    ledger.note_inputs(settled(ledger, Status.AVAILABLE), PlanInputs(vpcs="others"))

    assert row(ledger).inputs == PlanInputs(vpcs="others")


def test_what_is_as_it_was_left_again_is_noted_unless_another_attempt_has_the_row(ledger: Ledger) -> None:
    ledger.claim(observed_request(drift_fingerprint="gone"), 1, after=None)
    healed = settled(ledger, Status.AVAILABLE)
    assert healed.drift_fingerprint == "gone"

    ledger.note_drift_healed(healed)

    assert row(ledger).drift_fingerprint == ""
    ledger.claim(observed_request(drift_fingerprint="gone again"), 2, after=row(ledger))
    ledger.note_drift_healed(healed)
    assert row(ledger).drift_fingerprint == "gone again"


def test_a_review_of_an_attempt_that_was_overtaken_is_not_noted_and_the_next_attempt_begins_without_one(
    ledger: Ledger,
) -> None:
    ledger.claim(observed_request(), 1, after=None)
    let_in = settled(ledger, Status.AVAILABLE)
    ledger.note_review(let_in, Review(permitted=False), (), policies_fingerprint="stricter policies")
    ledger.claim(observed_request(), 2, after=row(ledger))

    ledger.note_review(let_in, Review(permitted=False), (), policies_fingerprint="strictest policies")

    # What was found stays until it is decided otherwise, so that it is announced once.
    assert (row(ledger).reviewed_fingerprint, row(ledger).no_longer_permitted) == ("", True)


def test_what_was_let_in_is_kept_until_nothing_is_let_in_any_more(ledger: Ledger) -> None:
    assert ledger.let_in(ID) is None
    ledger.claim(observed_request(), 1, after=None)
    assert ledger.let_in(ID) is None

    reach(ledger, Status.ACCEPTED, settled=False, let_in=LET_IN)
    reach(ledger, Status.FAILED)
    ledger.claim(observed_request(), 2, after=row(ledger))

    assert ledger.let_in(ID) == LET_IN
    reach(ledger, Status.REJECTED, attempt=2)
    assert ledger.let_in(ID) is None


def test_what_is_kept_says_why_until_it_is_decided_otherwise(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    reach(ledger, Status.ACCEPTED, settled=False, kept=KEPT)
    let_in = settled(ledger, Status.AVAILABLE)
    ledger.note_review(let_in, Review(permitted=False), (), policies_fingerprint="policies")
    assert (row(ledger).kept, row(ledger).no_longer_permitted) == (KEPT, True)
    ledger.claim(observed_request(), 2, after=row(ledger))

    reach(ledger, Status.ACCEPTED, attempt=2, settled=False, kept=())

    assert (row(ledger).kept, row(ledger).no_longer_permitted) == ((), False)


@pytest.mark.parametrize("status", [Status.AVAILABLE, Status.FAILED, Status.HELD, Status.WITHDRAWN, Status.REJECTED])
def test_of_a_row_of_the_version_before_what_was_let_in_is_read_from_its_decision_record(
    ledger: Ledger, status: Status
) -> None:
    ledger.claim(observed_request(), 1, after=None)
    reach(ledger, Status.ACCEPTED, settled=False, decision_record=decision_record_of(), decided_by=(WHY,))
    reach(ledger, status)

    ledger.claim(observed_request(), 2, after=row(ledger))

    over = status in {Status.WITHDRAWN, Status.REJECTED}
    assert ledger.let_in(ID) == (None if over else LetIn(at=decision_record_of().at, because=(WHY,)))


@pytest.mark.parametrize("status", [Status.WITHDRAWN, Status.REJECTED, Status.EXPIRED])
def test_what_is_over_is_not_let_in_again_by_an_attempt_that_failed(ledger: Ledger, status: Status) -> None:
    ledger.claim(observed_request(), 1, after=None)
    reach(
        ledger, Status.ACCEPTED, settled=False, decision_record=decision_record_of(), decided_by=(WHY,), let_in=LET_IN
    )
    reach(ledger, status)
    # It comes again, and the attempt breaks off before anything is decided.
    ledger.claim(observed_request(), 2, after=row(ledger))
    reach(ledger, Status.FAILED, attempt=2)

    ledger.claim(observed_request(), 3, after=row(ledger))

    assert ledger.let_in(ID) is None


def test_what_was_let_in_is_known_when_a_service_is_managed_again(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    reach(
        ledger, Status.ACCEPTED, settled=False, decision_record=decision_record_of(), decided_by=(WHY,), let_in=LET_IN
    )
    # The service loses its tag, and an attempt finds that out.
    reach(ledger, Status.WITHDRAWN, reasons=(Reason(NOT_MANAGED, "it is not looked after"),), basis=GONE)

    ledger.claim(observed_request(), 2, after=row(ledger))

    assert ledger.let_in(ID) == LET_IN


def test_what_was_made_and_published_is_returned_for_its_withdrawal(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    let_in = LetIn(at=NOW, because=(), arns=("arn:1", "arn:2"))
    reach(
        ledger,
        Status.AVAILABLE,
        published=("/drawbridge/connections/b/r/connection", "/drawbridge/connections/b/r/dns-name"),
        attachments=(SNAPSHOT,),
        let_in=let_in,
    )
    ledger.note_absent(row(ledger), ABSENT, capped=False)

    assert ledger.connected(ID) == ConnectedRecord(
        account_id=CONSUMER,
        attachments=(SNAPSHOT,),
        published=("/drawbridge/connections/b/r/connection", "/drawbridge/connections/b/r/dns-name"),
        let_in=("arn:1", "arn:2"),
        absent=ABSENT,
    )
    assert ledger.connected("share-nobody-knows") == ConnectedRecord()


def test_what_is_withdrawn_has_published_nothing_whatever_is_left_there_for_another_request(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    reach(ledger, Status.AVAILABLE, published=("/drawbridge/connections/b/r/connection",))

    ledger.claim_withdrawal(row(ledger), (), (WHY,))
    reach(ledger, Status.WITHDRAWN, 2, published=(), attachments=())

    assert ledger.connected(ID).published == ()


def test_what_was_taken_down_is_not_made_or_published_any_longer(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    other = msgspec.structs.replace(SNAPSHOT, name="orders/users-db")
    reach(ledger, Status.AVAILABLE, published=("/a", "/b", "/c"), attachments=(SNAPSHOT, other))
    ledger.claim(observed_request(), 2, after=row(ledger))

    # What failed leaves the attachments as they were known.
    reach(ledger, Status.FAILED, 2, published=(), taken_back=("/a",), attachments=None)
    assert ledger.connected(ID) == ConnectedRecord(
        account_id=CONSUMER, attachments=(SNAPSHOT, other), published=("/b", "/c")
    )
    ledger.claim(observed_request(), 3, after=row(ledger))
    reach(ledger, Status.AVAILABLE, 3, published=(), taken_back=("/b",), attachments=(other,))
    assert ledger.connected(ID) == ConnectedRecord(account_id=CONSUMER, attachments=(other,), published=("/c",))


def test_an_attempt_that_begins_changes_nothing_of_what_was_made_and_published(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    reach(ledger, Status.AVAILABLE, published=("/a",), attachments=(SNAPSHOT,), let_in=LET_IN)
    before = ledger.connected(ID)

    ledger.claim_withdrawal(row(ledger), (), ())

    assert ledger.connected(ID) == before


MARK = Absence(of=CONNECTION.subject, since=NOW)
OTHER_MARK = Absence(of=RESOURCE_ARN, since=NOW + timedelta(minutes=1))
CONFIRMED = (msgspec.structs.replace(MARK, confirmed=True),)


def marks_of(ledger: Ledger) -> tuple[tuple[Absence, ...], bool]:
    return row(ledger).absent, row(ledger).withdrawal_capped


@pytest.fixture
def connected(ledger: Ledger) -> LedgerRow:
    """Return a row that is available."""
    ledger.claim(observed_request(), 1, after=None)
    return settled(ledger, Status.AVAILABLE)


def test_what_is_gone_is_noted_and_nothing_else(ledger: Ledger, connected: LedgerRow) -> None:
    assert ledger.note_absent(connected, (MARK, OTHER_MARK), capped=True)

    assert row(ledger) == msgspec.structs.replace(connected, absent=(MARK, OTHER_MARK), withdrawal_capped=True)


def test_what_is_there_again_loses_its_mark(ledger: Ledger, connected: LedgerRow) -> None:
    ledger.note_absent(connected, (MARK, OTHER_MARK), capped=True)

    assert ledger.note_absent(row(ledger), (OTHER_MARK,), capped=False)
    assert marks_of(ledger) == ((OTHER_MARK,), False)
    assert ledger.note_absent(row(ledger), (), capped=False)
    assert row(ledger) == connected


def test_marks_are_noted_only_as_long_as_they_are_as_they_were_read(ledger: Ledger, connected: LedgerRow) -> None:
    ledger.note_absent(connected, (MARK,), capped=False)
    read = row(ledger)
    ledger.note_absent(read, (OTHER_MARK,), capped=False)

    assert not ledger.note_absent(read, CONFIRMED, capped=False)
    assert marks_of(ledger) == ((OTHER_MARK,), False)


@pytest.mark.parametrize("meanwhile", [Status.PENDING, Status.AVAILABLE])
def test_of_what_another_attempt_has_no_mark_is_noted(ledger: Ledger, connected: LedgerRow, meanwhile: Status) -> None:
    ledger.claim(observed_request(), 2, after=connected)
    if meanwhile is Status.AVAILABLE:
        settled(ledger, meanwhile, 2)

    assert not ledger.note_absent(connected, (MARK,), capped=False)
    assert marks_of(ledger) == ((), False)


def test_what_is_seen_while_an_attempt_runs_is_noted_for_it(ledger: Ledger, connected: LedgerRow) -> None:
    ledger.note_absent(connected, CONFIRMED, capped=False)
    ledger.claim(observed_request(), 2, after=row(ledger))

    assert ledger.note_absent(row(ledger), (), capped=False)
    assert marks_of(ledger) == ((), False)


def test_an_attempt_leaves_marks_as_they_are_unless_it_brings_its_own(ledger: Ledger, connected: LedgerRow) -> None:
    ledger.note_absent(connected, (MARK,), capped=True)

    ledger.claim(observed_request(), 2, after=row(ledger))
    assert marks_of(ledger) == ((MARK,), True)
    ledger.claim(observed_request(), 3, after=settled(ledger, Status.AVAILABLE, 2), absent=CONFIRMED)

    assert marks_of(ledger) == (CONFIRMED, False)
    assert (row(ledger).status, row(ledger).attempt) == (Status.PENDING, 3)


def test_an_attempt_that_brings_marks_is_lost_where_others_were_noted_meanwhile(
    ledger: Ledger, connected: LedgerRow
) -> None:
    ledger.note_absent(connected, (MARK,), capped=False)
    read = row(ledger)
    ledger.note_absent(read, (), capped=False)

    assert not ledger.claim(observed_request(), 2, after=read, absent=CONFIRMED)
    assert not ledger.claim_withdrawal(read, CONFIRMED, (WHY,))
    assert row(ledger) == connected


def test_a_withdrawal_is_entered_as_the_next_attempt(ledger: Ledger, connected: LedgerRow) -> None:
    ledger.note_absent(connected, (MARK,), capped=True)

    assert ledger.claim_withdrawal(row(ledger), CONFIRMED, (WHY,))

    entered = row(ledger)
    assert entered == msgspec.structs.replace(
        connected, status=Status.WITHDRAWING, attempt=2, settled=False, absent=CONFIRMED, updated_at=entered.updated_at
    )
    assert entered.updated_at > connected.updated_at
    assert ledger.followed() == [entered]


def test_of_many_who_claim_the_withdrawal_one_gets_it(ledger: Ledger, connected: LedgerRow) -> None:
    ledger.note_absent(connected, (MARK,), capped=False)
    read = row(ledger)

    with ThreadPoolExecutor(8) as writers:
        claims = list(writers.map(lambda _: ledger.claim_withdrawal(read, CONFIRMED, (WHY,)), range(8)))

    assert sorted(claims) == [False] * 7 + [True]


def test_a_withdrawal_is_lost_where_another_attempt_was_entered_meanwhile(ledger: Ledger, connected: LedgerRow) -> None:
    ledger.claim(observed_request(), 2, after=connected)

    assert not ledger.claim_withdrawal(connected, CONFIRMED, (WHY,))
    assert row(ledger).status is Status.PENDING


def test_a_withdrawal_that_ends_as_such_has_failed_and_is_counted_once(ledger: Ledger, connected: LedgerRow) -> None:
    ledger.claim_withdrawal(connected, CONFIRMED, (WHY,))

    reach(ledger, Status.WITHDRAWING, 2, settled=False)
    again = [reach(ledger, Status.WITHDRAWING, 2) for _ in range(3)]

    assert again[0] == again[1] == again[2] is not None
    hung = row(ledger)
    assert (hung.status, hung.settled, hung.failures, hung.absent) == (Status.WITHDRAWING, True, 1, CONFIRMED)
    ledger.claim_withdrawal(hung, CONFIRMED, (WHY,))
    assert reach(ledger, Status.WITHDRAWING, 3)
    assert row(ledger).failures == 2


def test_a_withdrawal_that_is_lost_counts_as_failed(ledger: Ledger, connected: LedgerRow) -> None:
    ledger.claim_withdrawal(connected, CONFIRMED, (WHY,))

    ledger.claim_withdrawal(row(ledger), CONFIRMED, (WHY,))

    assert (row(ledger).attempt, row(ledger).failures) == (3, 1)


@pytest.mark.parametrize("status", [Status.WITHDRAWN, Status.REJECTED, Status.EXPIRED])
def test_what_is_over_has_no_marks(ledger: Ledger, connected: LedgerRow, status: Status) -> None:
    ledger.note_absent(connected, (MARK,), capped=True)
    ledger.claim_withdrawal(row(ledger), CONFIRMED, (WHY,))
    ledger.note_absent(row(ledger), CONFIRMED, capped=True)

    over = settled(ledger, status, 2)

    assert (over.absent, over.withdrawal_capped, over.failures) == ((), False, 0)
    assert ledger.followed() == []


def test_a_row_stays_followed_when_it_is_noted_to_be(ledger: Ledger, connected: LedgerRow) -> None:
    ledger.note_followed(connected)

    assert ledger.followed() == [row(ledger)] == [connected]


def test_how_other_requests_attachments_were_left_is_returned_as_long_as_they_are_followed(ledger: Ledger) -> None:
    one, other = connection(1), connection(2)
    for each in (one, other):
        ledger.claim(observed_request(request=each), 1, after=None)
        reach(ledger, Status.AVAILABLE, request=each, attachments=(SNAPSHOT,))

    def others_of(request: Request) -> int:
        return [*ledger.attachments_of_others(request.request_id)].count(SNAPSHOT)

    both = others_of(CONNECTION)
    assert (others_of(one), others_of(other)) == (both - 1, both - 1)
    ledger.claim_withdrawal(row(ledger, other.request_id), (), (WHY,))
    reach(ledger, Status.WITHDRAWN, 2, request=other, attachments=())
    assert (others_of(one), others_of(other)) == (both - 2, both - 1)


def test_where_something_was_attached_is_told(ledger: Ledger) -> None:
    assert ledger.attached(ID) == frozenset()
    ledger.claim(observed_request(), 1, after=None)
    reach(ledger, Status.AVAILABLE, attachments=(SNAPSHOT,))

    (place,) = ledger.attached(ID)
    assert (place.name, place.resource_arn, place.made) == (SNAPSHOT.name, SNAPSHOT.resource_arn, SNAPSHOT.made)


def test_what_other_requests_let_in_or_attached_is_told_but_for_orphans(ledger: Ledger) -> None:
    one, orphan = connection(3), OrphanRequest(resource_arn=f"{RESOURCE_ARN[:-3]}001")
    let_in = LetIn(at=NOW, because=(WHY,), arns=(f"{RESOURCE_ARN[:-3]}002",))
    before = ledger.resources_of_others(one.request_id)
    ledger.claim(observed_request(request=one), 1, after=None)
    reach(ledger, Status.AVAILABLE, request=one, attachments=(SNAPSHOT,), let_in=let_in)
    of_orphan = msgspec.structs.replace(SNAPSHOT, resource_arn=orphan.resource_arn)
    ledger.claim(observed_request(request=orphan), 1, after=None)
    reach(ledger, Status.WITHDRAWING, request=orphan, attachments=(of_orphan,))

    told = ledger.resources_of_others(orphan.request_id)

    assert before is not None
    assert told == before | {SNAPSHOT.resource_arn, f"{RESOURCE_ARN[:-3]}002"}
    assert of_orphan not in ledger.attachments_of_others(one.request_id)
    too_much = msgspec.structs.replace(let_in, arns=None)
    reach(ledger, Status.AVAILABLE, request=one, attachments=(SNAPSHOT,), let_in=too_much)
    assert ledger.resources_of_others(orphan.request_id) is None
    assert ledger.resources_of_others(one.request_id) == before


@pytest.mark.parametrize("is_read_before", [False, True])
def test_an_orphan_that_is_found_anew_has_no_command(ledger: Ledger, is_read_before: bool) -> None:
    orphan = OrphanRequest(resource_arn=f"{RESOURCE_ARN[:-3]}003")
    ledger.claim(observed_request(request=orphan), 1, after=None)
    reach(ledger, Status.WITHDRAWN, request=orphan)
    before = row(ledger, orphan.request_id)
    ledger.command_withdrawal(before, WithdrawalCommand(by="me", at=NOW))

    assert ledger.claim(
        observed_request(request=orphan), 2, after=before if is_read_before else row(ledger, orphan.request_id)
    )

    assert row(ledger, orphan.request_id).commanded is None


# ---- what is announced, and commanded --------------------------------------------------------------------------------

WHOLE = Announced(since=NOW, withdraw_after=NOW + timedelta(hours=168), forbidden=True, reasons=(WHY,))
PART = Announced(
    binding="orders", resource_arn=RESOURCE_ARN, since=NOW, withdraw_after=NOW, forbidden=False, confirmed=True
)
COMMAND = WithdrawalCommand(by="arn:aws:iam::222222222222:user/ann", at=NOW)
REFUSED = Review(permitted=False, reasons=(WHY,))


def review(ledger: Ledger, read: LedgerRow, *marks: Announced, of: Review = REFUSED) -> bool:
    return ledger.note_review(read, of, marks, policies_fingerprint="stricter policies")


def test_a_review_is_noted_with_what_is_announced_and_nothing_else(ledger: Ledger, connected: LedgerRow) -> None:
    assert review(ledger, connected, WHOLE, PART)

    assert row(ledger) == msgspec.structs.replace(
        connected, announced=(WHOLE, PART), no_longer_permitted=True, reviewed_fingerprint="stricter policies"
    )
    assert ledger.followed() == [row(ledger)]


def test_a_review_that_permits_it_again_takes_the_marks(ledger: Ledger, connected: LedgerRow) -> None:
    review(ledger, connected, WHOLE, PART)

    assert review(ledger, row(ledger), of=Review(permitted=True))

    assert (row(ledger).announced, row(ledger).no_longer_permitted) == ((), False)


def test_marks_that_an_operator_changed_meanwhile_are_not_noted_by_a_review(
    ledger: Ledger, connected: LedgerRow
) -> None:
    review(ledger, connected, WHOLE)
    read = row(ledger)
    let_go = (msgspec.structs.replace(WHOLE, confirmed=True),)
    assert ledger.note_announced(read, let_go, capped=True)

    assert not review(ledger, read)
    assert not ledger.note_announced(read, (), capped=False)
    assert (row(ledger).announced, row(ledger).withdrawal_capped) == (let_go, True)


def test_that_it_is_held_back_is_noted_and_taken_back(ledger: Ledger, connected: LedgerRow) -> None:
    review(ledger, connected, WHOLE)
    before = row(ledger)

    assert ledger.note_announced(before, (WHOLE,), capped=True)
    assert row(ledger) == msgspec.structs.replace(before, withdrawal_capped=True)
    assert ledger.note_announced(row(ledger), (WHOLE,), capped=False)
    assert row(ledger) == before
    assert ledger.note_announced(row(ledger), (), capped=False)
    assert row(ledger).announced == ()


@pytest.mark.parametrize("meanwhile", [Status.PENDING, Status.AVAILABLE])
def test_of_what_another_attempt_has_nothing_is_announced(
    ledger: Ledger, connected: LedgerRow, meanwhile: Status
) -> None:
    ledger.claim(observed_request(), 2, after=connected)
    if meanwhile is Status.AVAILABLE:
        settled(ledger, meanwhile, 2)
    before = row(ledger)

    assert not review(ledger, connected, WHOLE)
    assert not ledger.note_announced(connected, (WHOLE,), capped=True)
    ledger.note_announcement_sent(connected, "these")
    ledger.note_tagged(connected, {"vpce-1": "then"})
    ledger.note_reviewed(connected, policies_fingerprint="others")

    assert row(ledger) == before


def test_what_was_put_on_the_bus_tagged_and_compared_is_noted(ledger: Ledger, connected: LedgerRow) -> None:
    ledger.note_announcement_sent(connected, "these")
    ledger.note_tagged(connected, {"vpce-1": "then", "/a/b": "later"})
    ledger.note_reviewed(connected, policies_fingerprint="others")

    noted = msgspec.structs.replace(
        connected,
        announcement_sent="these",
        tagged={"vpce-1": "then", "/a/b": "later"},
        reviewed_fingerprint="others",
    )
    assert row(ledger) == noted
    ledger.note_announcement_sent(connected, "")
    ledger.note_tagged(connected, {})
    assert (row(ledger).announcement_sent, row(ledger).tagged) == ("", {})


def test_what_is_announced_stays_through_an_attempt_and_goes_with_what_is_over(
    ledger: Ledger, connected: LedgerRow
) -> None:
    review(ledger, connected, WHOLE)
    ledger.note_announcement_sent(connected, "these")
    ledger.note_tagged(connected, {"vpce-1": "then"})
    ledger.claim(observed_request(), 2, after=row(ledger))
    after = settled(ledger, Status.AVAILABLE, 2)
    assert (after.announced, after.announcement_sent, after.tagged) == ((WHOLE,), "these", {"vpce-1": "then"})
    assert after.reviewed_fingerprint == ""

    ledger.claim_withdrawal(after, (), (WHY,))
    assert row(ledger).announced == (WHOLE,)
    over = settled(ledger, Status.WITHDRAWN, 3)

    assert (over.announced, over.announcement_sent, over.tagged) == ((), "", {})


@pytest.mark.parametrize("status", [Status.REJECTED, Status.EXPIRED])
def test_whatever_is_over_has_nothing_announced(ledger: Ledger, connected: LedgerRow, status: Status) -> None:
    review(ledger, connected, WHOLE)
    ledger.claim(observed_request(), 2, after=row(ledger))

    assert settled(ledger, status, 2).announced == ()


def test_what_is_announced_and_commanded_is_returned_for_its_withdrawal(ledger: Ledger, connected: LedgerRow) -> None:
    review(ledger, connected, WHOLE, PART)
    ledger.command_withdrawal(row(ledger), COMMAND)

    found = ledger.connected(ID)

    assert (found.announced, found.commanded) == ((WHOLE, PART), COMMAND)


def test_a_command_is_noted_and_nothing_else_and_survives_what_it_leads_to(
    ledger: Ledger, connected: LedgerRow
) -> None:
    assert ledger.command_withdrawal(connected, COMMAND)

    assert row(ledger) == msgspec.structs.replace(connected, commanded=COMMAND)
    ledger.claim_withdrawal(row(ledger), (), (COMMAND.reason,))
    over = settled(ledger, Status.WITHDRAWN, 2)
    assert (over.commanded, over.stays_withdrawn) == (COMMAND, True)


def test_a_command_is_noted_of_an_attempt_that_runs_too(ledger: Ledger, connected: LedgerRow) -> None:
    ledger.claim(observed_request(), 2, after=connected)

    assert not ledger.command_withdrawal(connected, COMMAND)
    assert ledger.command_withdrawal(row(ledger), COMMAND)
    assert settled(ledger, Status.AVAILABLE, 2).commanded == COMMAND


@pytest.mark.parametrize("status", [Status.PENDING, Status.HELD])
@pytest.mark.parametrize("is_settled", [True, False])
def test_a_claim_is_lost_where_a_command_was_noted_since_it_was_read(
    ledger: Ledger, status: Status, is_settled: bool
) -> None:
    ledger.claim(observed_request(), 1, after=None)
    reach(ledger, status, settled=is_settled)
    read = row(ledger)
    ledger.command_withdrawal(read, COMMAND)
    there = row(ledger)

    assert not ledger.claim(observed_request(), 2, after=read)
    assert row(ledger) == there


def test_a_claim_of_what_was_commanded_when_it_was_read_is_won_and_the_command_stands(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    ledger.command_withdrawal(row(ledger), COMMAND)

    assert ledger.claim(observed_request(), 2, after=row(ledger))
    assert (row(ledger).attempt, row(ledger).commanded) == (2, COMMAND)


def test_what_is_tried_again_is_commanded_no_longer_and_differs_whatever_is_observed(
    ledger: Ledger, connected: LedgerRow
) -> None:
    ledger.command_withdrawal(connected, COMMAND)
    ledger.claim_withdrawal(row(ledger), (), ())
    running = row(ledger)
    assert not ledger.retry(running, by="arn:aws:iam::111111111111:role/operator")
    over = settled(ledger, Status.WITHDRAWN, 2)

    assert ledger.retry(over, by="arn:aws:iam::111111111111:role/operator")

    assert (row(ledger).commanded, row(ledger).stays_withdrawn) == (None, False)
    assert row(ledger).observed_fingerprint not in {"", over.observed_fingerprint}
    assert msgspec.structs.replace(row(ledger), observed_fingerprint="", commanded=COMMAND) == msgspec.structs.replace(
        over, observed_fingerprint=""
    )


def test_of_what_another_attempt_has_nothing_is_tried_again(ledger: Ledger, connected: LedgerRow) -> None:
    ledger.claim(observed_request(), 2, after=connected)
    settled(ledger, Status.HELD, 2)

    assert not ledger.retry(connected, by="arn:aws:iam::111111111111:role/operator")
    assert row(ledger).observed_fingerprint == "open"


def test_whether_a_withdrawal_is_commanded_is_told_until_it_is_tried_again(ledger: Ledger) -> None:
    assert not ledger.is_commanded(ID)
    ledger.claim(observed_request(), 1, after=None)
    connected = settled(ledger, Status.AVAILABLE)
    assert not ledger.is_commanded(ID)

    ledger.command_withdrawal(connected, COMMAND)
    assert ledger.is_commanded(ID)

    ledger.retry(row(ledger), by="arn:aws:iam::111111111111:role/operator")
    assert not ledger.is_commanded(ID)


def test_the_policies_that_let_in_or_permitted_anything_are_kept_whatever_is_decided_later(ledger: Ledger) -> None:
    ledger.claim(observed_request(), 1, after=None)
    by_first = msgspec.structs.replace(decision_record_of(), determined_by=("first@3", "second"))
    reach(ledger, Status.ACCEPTED, settled=False, let_in=LET_IN, decision_record=by_first)
    of_associations = msgspec.structs.replace(ASSOCIATION, determined_by=("third",))
    reach(ledger, Status.AVAILABLE, association_decision_record=of_associations)

    by_nobody = msgspec.structs.replace(decision_record_of(), determined_by=("fourth",))
    ledger.claim(observed_request(), 2, after=row(ledger))
    reach(ledger, Status.ACCEPTED, attempt=2, settled=False, decision_record=by_nobody)

    assert row(ledger).permitted_by == {"first", "second", "third"}


DELAYED = Delayed(of="this", since=NOW, until=NOW + timedelta(minutes=15))


@pytest.fixture
def delayed(ledger: Ledger) -> LedgerRow:
    ledger.claim(observed_request(), 1, after=None)
    reach(ledger, Status.PENDING, delayed=DELAYED)
    return row(ledger)


def test_what_is_delayed_has_settled_for_now_and_is_followed(ledger: Ledger, delayed: LedgerRow) -> None:
    assert (delayed.status, delayed.settled, delayed.is_delayed) == (Status.PENDING, True, True)
    assert delayed.delayed == ledger.delayed(ID) == DELAYED
    assert [each.request_id for each in ledger.followed()] == [ID]
    assert ledger.delayed("nobody's") is None


@pytest.mark.parametrize("status", [Status.FAILED, Status.PENDING])
def test_since_when_it_is_delayed_stays_whatever_breaks_off(ledger: Ledger, delayed: LedgerRow, status: Status) -> None:
    ledger.claim(observed_request(), 2, after=delayed)
    while_it_is_looked_at = ledger.delayed(ID)

    reach(ledger, status, attempt=2)

    assert while_it_is_looked_at == ledger.delayed(ID) == DELAYED


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (Status.HELD, {"delayed": None}),
        (Status.ACCEPTED, {"delayed": None}),
        (Status.WITHDRAWN, {}),
        (Status.EXPIRED, {}),
        (Status.REJECTED, {"delayed": DELAYED}),
    ],
)
def test_the_delay_ends_with_another_decision_or_the_request(
    ledger: Ledger, delayed: LedgerRow, status: Status, said: dict[str, Any]
) -> None:
    ledger.claim(observed_request(), 2, after=delayed)

    reach(ledger, status, attempt=2, **said)

    assert row(ledger).delayed is ledger.delayed(ID) is None


def test_a_delay_that_is_recorded_again_is_as_it_was(ledger: Ledger, delayed: LedgerRow) -> None:
    assert reach(ledger, Status.PENDING, delayed=DELAYED)

    assert row(ledger).delayed == DELAYED


def test_what_decisions_rest_on_is_read_of_many_as_of_each(ledger: Ledger, delayed: LedgerRow) -> None:
    let_in = LetIn(at=NOW, because=(WHY,))
    other, third, missing = connection(1), connection(2), connection(3)
    ledger.claim(observed_request(request=other, deadline=NOW), 1, after=None)
    ledger.claim(observed_request(request=third), 1, after=None)
    reach(ledger, Status.ACCEPTED, request=third, settled=False, let_in=let_in)
    ledger.command_withdrawal(row(ledger, other.request_id), WithdrawalCommand(by="me", at=NOW))
    ids = [ID, other.request_id, third.request_id]

    recorded = ledger.recorded([*ids, missing.request_id])

    assert recorded == {
        each: RecordedRequest(
            let_in=ledger.let_in(each),
            delayed=ledger.delayed(each),
            commanded=ledger.is_commanded(each),
            deadline=ledger.deadline(each),
        )
        for each in ids
    }
    assert [recorded[each].delayed for each in ids] == [DELAYED, None, None]
    assert [recorded[each].deadline for each in ids] == [None, NOW, None]
    assert [recorded[each].let_in for each in ids] == [None, None, let_in]
    assert {*ledger.commanded([*ids, missing.request_id])} == {other.request_id}
