"""Records: the progress of a request, as a status."""

import json
from typing import Any

import msgspec
import pytest

from drawbridge.acceptance import Acceptance, AcceptanceResult
from drawbridge.association import DesiredAttachment, Plan
from drawbridge.decision import Accept, AlreadyResolved, AskApprover, Hold, Keep, Reject
from drawbridge.decision.let_in import LetIn
from drawbridge.lattice import MatchAttributes
from drawbridge.publication import Publication
from drawbridge.record import GONE, Outcome, OutcomeBasis
from drawbridge.record.outcome import (
    Accepted,
    Decided,
    Ended,
    Failed,
    Failure,
    Planned,
    Progress,
    Published,
    WorkflowError,
    outcome_of,
)
from drawbridge.record.record import record, status_change
from drawbridge.status import Reason, Status
from tests.builders import CONSUMER, NOW, SHARE, VPC_ID, desired, desired_by_network, execution_input, row
from tests.fakes.ledger import InMemoryLedger
from tests.fakes.status_bus import InMemoryStatusBus

WHY = (Reason("policy", "because", source="p"),)
PUBLISHED = Published(Publication(dns_name="name.example", parameters=("/a/dns-name", "/a/connection")))
ERROR = WorkflowError("AssociationFailedError", json.dumps({"errorMessage": "no capacity", "errorType": "x"}))
REFUSED = Reason("no-vpc", "gone", source="orders")
DENIED = Reason("denied", "payroll: nobody needs it", source="U0BOB")
LET_IN = LetIn(at=NOW, because=WHY)


def plan(**changes: Any) -> Plan:
    return Plan(
        **(
            {"associations": (), "refused": (), "observed_fingerprint": "share", "bindings_fingerprint": "bindings"}
            | changes
        )
    )


@pytest.mark.parametrize(
    ("progress", "status", "settled"),
    [
        (Decided(Hold(WHY), "p"), Status.HELD, True),
        (Decided(AskApprover(WHY), "p"), Status.HELD, True),
        (Decided(AlreadyResolved(Status.EXPIRED, WHY), ""), Status.EXPIRED, True),
        (Accepted(Accept(WHY), Acceptance(AcceptanceResult.ACCEPTED)), Status.ACCEPTED, False),
        (Accepted(Reject(WHY), Acceptance(AcceptanceResult.REJECTED)), Status.REJECTED, True),
        (Accepted(Accept(WHY), Acceptance(AcceptanceResult.EXPIRED)), Status.EXPIRED, True),
        (Accepted(Accept(WHY), Acceptance(AcceptanceResult.WITHDRAWN)), Status.WITHDRAWN, True),
        (Planned(plan(associations=(desired(),))), Status.ASSOCIATING, False),
        (Planned(plan()), Status.ACCEPTED, True),
        (Planned(plan(refused=(REFUSED,))), Status.HELD, True),
        (Planned(plan(refused=(REFUSED, DENIED))), Status.HELD, True),
        (Planned(plan(refused=(DENIED,))), Status.ACCEPTED, True),
        (Accepted(Keep(WHY), Acceptance(AcceptanceResult.ACCEPTED)), Status.ACCEPTED, False),
        (Accepted(Keep(WHY), Acceptance(AcceptanceResult.WITHDRAWN)), Status.WITHDRAWN, True),
        (Ended((), (PUBLISHED,)), Status.AVAILABLE, True),
        (Ended((), (PUBLISHED, Failure(name="orders/db/vpc", error=ERROR))), Status.FAILED, True),
        (Failed(ERROR), Status.FAILED, True),
        (Failed(WorkflowError("RequestGoneError", "{}")), Status.WITHDRAWN, True),
        (Failed(WorkflowError("GoneError", "{}")), Status.FAILED, True),
    ],
)
def test_progress_amounts_to_a_status(progress: Progress, status: Status, settled: bool) -> None:
    outcome = outcome_of(progress)

    assert (outcome.status, outcome.settled) == (status, settled)
    assert outcome.reasons


def test_a_request_to_ask_for_says_that_nobody_can_be_asked() -> None:
    outcome = outcome_of(Decided(AskApprover(WHY), "p"))

    assert [reason.code for reason in outcome.reasons] == ["approval-not-configured", "policy"]


def test_a_failure_is_recorded_in_the_words_of_its_error() -> None:
    outcome = outcome_of(Ended((), (Failure(name="orders/db/vpc", error=ERROR),)))

    assert outcome.reasons == (Reason("AssociationFailedError", "no capacity", source="orders/db/vpc"),)


@pytest.mark.parametrize("cause", ["", "Timed out", "[]", "{", '{"errorType": "x"}'])
def test_a_cause_that_is_no_json_is_recorded_as_it_is(cause: str) -> None:
    assert WorkflowError("States.Timeout", cause).text == cause


def test_what_was_published_before_something_else_failed_is_in_the_row() -> None:
    outcome = outcome_of(Ended((), (PUBLISHED, Failure(name="x", error=ERROR))))

    assert outcome.published == ("/a/dns-name", "/a/connection")


@pytest.mark.parametrize(
    "progress",
    [
        {"step": "failure", "error": {"Error": "NotReadyError", "Cause": "{}"}},
        {"step": "end", "refused": [], "results": [{"type": "failure", "name": "x", "error": {"Error": "E"}}]},
        {"step": "decision", "decision": {"outcome": "hold", "because": []}, "permitted": "p"},
    ],
)
def test_progress_reads_as_the_workflow_writes_it(progress: dict[str, Any]) -> None:
    assert outcome_of(msgspec.convert(progress, Progress)).status


def ledger_of(attempt: int = 1) -> InMemoryLedger:
    """Return a ledger in which the request is at that attempt."""
    ledger = InMemoryLedger()
    ledger.kept[SHARE.request_id] = row(Status.PENDING, request=SHARE, attempt=attempt, settled=False)
    return ledger


HELD = Outcome(status=Status.HELD, reasons=WHY, settled=True)


def test_every_change_of_status_is_announced_with_what_the_row_knows() -> None:
    bus = InMemoryStatusBus()

    record(execution_input(), HELD, ledger_of(), bus)

    assert [(change.status, change.account_id) for change in bus.announced] == [(Status.HELD, CONSUMER)]


def test_recording_twice_announces_the_same_change_under_the_same_id() -> None:
    ledger, bus = ledger_of(), InMemoryStatusBus()

    record(execution_input(), HELD, ledger, bus)
    record(execution_input(), HELD, ledger, bus)

    assert bus.announced[0] == bus.announced[1]


def test_an_attempt_that_a_later_one_has_overtaken_says_nothing() -> None:
    bus = InMemoryStatusBus()

    assert record(execution_input(), HELD, ledger_of(attempt=2), bus) is None
    assert bus.announced == []


def test_a_cause_that_was_cut_short_still_shows_its_message() -> None:
    whole = json.dumps({"errorMessage": 'it said "no"', "errorType": "X", "stackTrace": ["line"] * 100})

    assert WorkflowError("X", whole[:60]).text == 'it said "no"'


@pytest.mark.parametrize("length", range(20, 60))
def test_a_cause_cut_within_its_message_shows_what_is_left_of_it(length: int) -> None:
    whole = json.dumps({"errorMessage": 'a "b" \U0001f600 ' * 5})

    text = WorkflowError("X", whole[:length]).text

    assert text.startswith("a ")
    assert "errorMessage" not in text


@pytest.mark.parametrize(
    "progress",
    [
        Decided(AlreadyResolved(Status.WITHDRAWN, WHY), ""),
        Accepted(Accept(WHY), Acceptance(AcceptanceResult.WITHDRAWN)),
        Failed(WorkflowError("RequestGoneError", "{}")),
    ],
)
def test_what_aws_lists_after_it_was_gone_is_something_new(progress: Progress) -> None:
    assert outcome_of(progress).basis == GONE


def test_an_outcome_says_what_the_share_held_and_what_matched() -> None:
    held = (MatchAttributes(name="orders-db", type="SINGLE", owner="111111111111"),)

    basis = outcome_of(Planned(plan(matching_bindings_fingerprint="one", contents=held))).basis

    assert basis is not None
    assert basis.matching_bindings_fingerprint == "one"
    assert basis.contents == held


def test_an_outcome_says_what_it_was_come_to_from() -> None:
    held = outcome_of(Decided(Hold(WHY), "these policies"))
    planned = outcome_of(Planned(plan()))

    assert held.basis == OutcomeBasis(decision_fingerprint="these policies")
    assert planned.basis == OutcomeBasis(observed_fingerprint="share", bindings_fingerprint="bindings", contents=None)


def test_what_let_a_request_in_is_kept_with_the_reasons_of_later_statuses() -> None:
    assert outcome_of(Accepted(Accept(WHY), Acceptance(AcceptanceResult.ACCEPTED))).decided_by == WHY


@pytest.mark.parametrize("result", AcceptanceResult)
def test_what_is_let_in_is_what_was_accepted_and_what_is_kept_stays_as_it_was_let_in(result: AcceptanceResult) -> None:
    accepted = outcome_of(Accepted(Accept(WHY), Acceptance(result), None, LET_IN))
    kept = outcome_of(Accepted(Keep(WHY), Acceptance(result)))
    adopted = outcome_of(Accepted(Keep(WHY), Acceptance(result), None, LET_IN))

    stays = result is AcceptanceResult.ACCEPTED
    assert (accepted.let_in, accepted.kept) == (LET_IN if stays else None, ())
    assert (kept.let_in, kept.kept, kept.decided_by) == (None, WHY if stays else (), () if stays else WHY)
    assert (adopted.let_in, adopted.decided_by) == (LET_IN if stays else None, WHY)


@pytest.mark.parametrize("decision", [Hold(WHY), AskApprover(WHY), AlreadyResolved(Status.WITHDRAWN, WHY)])
def test_what_is_decided_otherwise_is_not_kept(decision: Hold | AskApprover | AlreadyResolved) -> None:
    assert outcome_of(Decided(decision, "p")).kept == ()


def test_what_a_person_denied_of_a_share_leaves_nothing_to_be_tried_again() -> None:
    assert not outcome_of(Ended((DENIED,), (PUBLISHED,))).incomplete


def test_what_is_available_but_for_something_refused_is_incomplete() -> None:
    assert outcome_of(Ended((REFUSED,), (PUBLISHED,))).incomplete
    assert not outcome_of(Ended((), (PUBLISHED,))).incomplete


def test_what_has_no_name_yet_is_reported_with_what_was_published() -> None:
    some = Publication(dns_name="one.example", parameters=("/one/dns-name", "/one/connection"), pending=("arn:two",))

    outcome = outcome_of(Ended((), (Published(some),)))

    assert outcome.status is Status.AVAILABLE
    assert [(reason.code, reason.source) for reason in outcome.reasons] == [
        ("published", "/one/dns-name"),
        ("not-usable-yet", ""),
    ]
    assert "arn:two" in outcome.reasons[1].text
    assert outcome.published == ("/one/dns-name", "/one/connection")


def test_a_group_that_is_empty_is_available_and_says_so() -> None:
    outcome = outcome_of(Ended((), (Published(Publication(dns_name="", parameters=())),)))

    assert (outcome.status, [reason.code for reason in outcome.reasons]) == (Status.AVAILABLE, ["nothing-in-it"])


@pytest.mark.parametrize(
    ("planned", "where"),
    [
        (desired(), VPC_ID),
        (desired_by_network(), f"{VPC_ID} by service network shared"),
        (desired_by_network(vpc_id=""), "service network shared"),
    ],
)
def test_what_is_being_associated_is_reported_with_where_to(planned: DesiredAttachment, where: str) -> None:
    outcome = outcome_of(Planned(plan(associations=(planned,))))

    assert outcome.reasons == (Reason("associating", f"orders-db into {where}", source="orders"),)


def test_one_status_with_other_reasons_is_another_change() -> None:
    accepted = Outcome(status=Status.ACCEPTED, reasons=WHY, settled=False)
    unwanted = Outcome(status=Status.ACCEPTED, reasons=(REFUSED,), settled=True)

    assert status_change(execution_input(), accepted).id != status_change(execution_input(), unwanted).id
    assert status_change(execution_input(), accepted).id == status_change(execution_input(), accepted).id
