"""What came of removals, as the status, the row and the event tell it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from drawbridge.association import Plan, refusals
from drawbridge.bounds import size_of
from drawbridge.decision import AlreadyResolved
from drawbridge.decision.let_in import UNAPPROVED
from drawbridge.publication import AttachmentSnapshot, Publication
from drawbridge.record import GONE, Outcome
from drawbridge.record.attempt import (
    RemovalFailed,
    Reported,
    WithdrawalKept,
    WithdrawalReached,
    failed_removal,
    outcome_of_report,
)
from drawbridge.record.outcome import (
    ATTACHMENTS_BYTES,
    PUBLISHED_BYTES,
    Decided,
    Ended,
    Failure,
    Planned,
    Published,
    Refused,
    WorkflowError,
    outcome_of,
)
from drawbridge.record.withdrawal import (
    ListedAgain,
    WithdrawalEnded,
    WithdrawalFailed,
    WithdrawalPlanned,
    WithdrawalProgress,
    outcome_of_withdrawal,
)
from drawbridge.status import Reason, Status
from drawbridge.withdrawal import (
    Cause,
    ConnectedRecord,
    EarlierAttachments,
    NamesRemoval,
    NotWithdrawn,
    PublishedPath,
    RemovalResult,
    StaysAfterAll,
    WithdrawalPlan,
    Withdrawn,
)
from tests.builders import NOW, desired, execution_input
from tests.fakes.attempts import InMemoryAttempts
from tests.fakes.ledger import InMemoryLedger
from tests.unit.largest import LARGEST_SNAPSHOT, LONGEST_NAME
from tests.workflow.played import removals

replace = msgspec.structs.replace

SNAPSHOT = replace(LARGEST_SNAPSHOT, name="orders/orders-db")
OTHER = replace(LARGEST_SNAPSHOT, name="orders/users-db")
PUBLISHED = Published(
    Publication(dns_name="db.example", parameters=("/a/dns-name", "/a/connection"), attachment=SNAPSHOT)
)
ERROR = WorkflowError("ConflictError", "it has associations")
GONE_1 = Withdrawn(what="vpce-1", parameters=("/b/dns-name", "/b/connection"))
FAILED_2 = NotWithdrawn(what="vpce-2", error="ConflictError", text="it has associations")
STAYS_3 = StaysAfterAll(Reason("called-for-again", "vpce-3: a binding wants it again"))
NOT_KNOWN = StaysAfterAll(Reason("not-known", "vpce-5: a binding can't be read, so that it stays"))
WAITS = Reason("unconfirmed", "vpce-4: AWS has yet to confirm that")
REFUSED = Reason("no-vpc", "none fits", source="users")


def ended(*came_of: RemovalResult, results: tuple[Any, ...] = (PUBLISHED,), **changes: Any) -> Outcome:
    fields: dict[str, Any] = {"refused": (), "results": results, "removals": came_of} | changes
    return outcome_of(Ended(**fields))


def plan(**changes: Any) -> Plan:
    fields = {"associations": (), "refused": (), "observed_fingerprint": "share", "bindings_fingerprint": "bindings"}
    return Plan(**(fields | changes))


def test_what_is_made_and_what_is_taken_down_are_told_in_one_plan() -> None:
    withdrawal = replace(removals("vpce-1"), unconfirmed=(WAITS,), cut=("2 more are to be taken down",))

    outcome = outcome_of(Planned(plan(associations=(desired(),), refused=(REFUSED,)), withdrawal))

    assert (outcome.status, outcome.settled) == (Status.ASSOCIATING, False)
    assert [each.code for each in outcome.reasons] == ["associating", "withdrawing", "no-vpc", "unconfirmed"]
    assert outcome.cut == ("2 more are to be taken down",)


def test_a_plan_that_only_takes_something_down_does_not_end_the_attempt() -> None:
    outcome = outcome_of(Planned(plan(), removals("vpce-1")))

    assert (outcome.status, outcome.settled) == (Status.ASSOCIATING, False)
    assert [(each.code, each.source) for each in outcome.reasons] == [("withdrawing", Cause.BINDING)]


@pytest.mark.parametrize("refused", [(), (REFUSED,), (replace(REFUSED, code=refusals.NOT_PERMITTED),)])
def test_a_plan_of_nothing_records_what_stays_which_may_have_been_in_no_row(refused: tuple[Reason, ...]) -> None:
    found = WithdrawalPlan(earlier=EarlierAttachments(staying=(OTHER,)))

    outcome = outcome_of(Planned(plan(refused=refused), found))

    assert (outcome.settled, outcome.attachments) == (True, (OTHER,))
    # Otherwise the row's stay as they are.
    assert outcome_of(Planned(plan(refused=refused), WithdrawalPlan())).attachments is None


DENIED = Reason(
    "denied", "orders-db, by binding second: Denied by U0BOB.; what was let in before stays.", source="U0BOB"
)


def test_what_a_person_denied_of_a_second_binding_leaves_the_first_one_s_status_and_is_told_beside_its_name() -> None:
    outcome = ended(refused=(DENIED,))

    assert (outcome.status, outcome.incomplete) == (Status.AVAILABLE, False)
    assert [(each.code, each.source) for each in outcome.reasons] == [
        ("published", "/a/dns-name"),
        ("denied", "U0BOB"),
    ]
    assert outcome.attachments == (SNAPSHOT,)


def test_where_a_person_denied_the_binding_s_new_place_the_old_one_goes_and_nobody_is_asked_again_for_that() -> None:
    outcome = ended(Withdrawn(what="vpce-1", object_went=True), results=(), refused=(DENIED,))

    assert (outcome.status, outcome.incomplete, outcome.basis) == (Status.ACCEPTED, False, None)


def test_what_policies_refuse_of_a_second_binding_leaves_the_first_one_s_status_and_may_be_permitted_later() -> None:
    refused = Reason(refusals.NOT_PERMITTED, "orders-db: the block list names it", source="second")

    outcome = ended(refused=(refused,))

    assert (outcome.status, outcome.incomplete) == (Status.AVAILABLE, True)
    assert outcome.reasons[-1] == refused


@pytest.mark.parametrize("code", sorted(UNAPPROVED))
def test_what_nobody_approved_while_the_rest_is_announced_to_go_leaves_the_rest_available(code: str) -> None:
    refused = (replace(REFUSED, code=refusals.NOT_PERMITTED), replace(DENIED, code=code))
    found = WithdrawalPlan(earlier=EarlierAttachments(staying=(OTHER,)))

    outcome = outcome_of(Planned(plan(refused=refused), found))

    assert (outcome.status, outcome.reasons, outcome.attachments) == (Status.AVAILABLE, refused, (OTHER,))


def test_a_plan_of_nothing_ends_the_attempt_with_what_is_to_be_confirmed() -> None:
    outcome = outcome_of(Planned(plan(), WithdrawalPlan(unconfirmed=(WAITS,))))

    assert (outcome.status, outcome.settled) == (Status.ACCEPTED, True)
    assert outcome.reasons[-1] == WAITS


def test_what_was_taken_down_is_told_after_what_was_published_and_leaves_the_row() -> None:
    outcome = ended(GONE_1)

    assert (outcome.status, outcome.settled, outcome.incomplete) == (Status.AVAILABLE, True, False)
    assert outcome.reasons == (
        Reason("published", "db.example", source="/a/dns-name"),
        Reason("withdrawn", "vpce-1"),
    )
    assert (outcome.published, outcome.taken_back) == (("/a/dns-name", "/a/connection"), GONE_1.parameters)


def test_what_the_same_attempt_published_anew_is_not_taken_back() -> None:
    """The name moved: it led through what was taken down, and leads elsewhere since."""
    outcome = ended(Withdrawn(what="vpce-1", parameters=("/a/dns-name", "/a/connection", "/b/dns-name")))

    assert outcome.taken_back == ("/b/dns-name",)


def test_what_failed_to_be_published_and_what_was_taken_down_are_told_together() -> None:
    earlier = EarlierAttachments(made_anew=(SNAPSHOT,), going=(OTHER,))
    outcome = ended(GONE_1, FAILED_2, STAYS_3, results=(Failure(name="orders/db", error=ERROR),), earlier=earlier)

    assert (outcome.status, outcome.settled) == (Status.FAILED, True)
    assert outcome.reasons == (
        Reason("ConflictError", "it has associations", source="orders/db"),
        Reason("not-withdrawn", "vpce-2: ConflictError: it has associations"),
        STAYS_3.because,
    )
    assert outcome.taken_back == GONE_1.parameters
    # What failed is as it was, and watched on.
    assert outcome.attachments == (SNAPSHOT, OTHER)


def test_one_removal_that_failed_leaves_what_was_published_in_the_row() -> None:
    outcome = ended(FAILED_2)

    assert (outcome.status, outcome.published) == (Status.FAILED, ("/a/dns-name", "/a/connection"))
    assert outcome.reasons == (Reason("not-withdrawn", "vpce-2: ConflictError: it has associations"),)


def test_what_stays_after_all_leaves_the_attempt_incomplete_and_the_row_s_attachments() -> None:
    outcome = ended(GONE_1, STAYS_3, earlier=EarlierAttachments(going=(OTHER,)))

    assert outcome.attachments == (SNAPSHOT, OTHER)

    assert (outcome.status, outcome.incomplete) == (Status.AVAILABLE, True)
    assert outcome.reasons[-1] == STAYS_3.because


def test_what_was_refused_after_all_may_be_attached_still_and_keeps_the_row_s_attachments() -> None:
    outcome = ended(results=(PUBLISHED, Refused(REFUSED)), earlier=EarlierAttachments(made_anew=(OTHER,)))

    assert outcome.attachments == (SNAPSHOT, OTHER)


@pytest.mark.parametrize(
    ("changes", "again"),
    [
        ({"refused": (REFUSED,)}, True),
        ({"more_to_withdraw": True}, True),
        ({}, False),
    ],
)
def test_what_went_may_have_been_in_the_way_of_the_rest_which_is_looked_at_again(
    changes: dict[str, Any], again: bool
) -> None:
    assert (ended(GONE_1, **changes).basis is not None) is again
    # Names that are somebody's by now did not go: the next attempt would find them so too.
    assert ended(Withdrawn(what="names"), **changes).basis is None
    assert (ended(Withdrawn(what="vpce-1", object_went=True), **changes).basis is not None) is again


class Connected:
    """A ledger in which something was made for each request."""

    def __init__(self, record: ConnectedRecord) -> None:
        self._record = record

    def connected(self, request_id: str) -> ConnectedRecord:
        return self._record

    def attachments_of_others(self, request_id: str) -> tuple[AttachmentSnapshot, ...]:
        return ()


def reported(reported: Reported, record: ConnectedRecord) -> Status:
    return outcome_of_report(reported, execution_input(), InMemoryAttempts(), Connected(record)).status


@pytest.mark.parametrize("status", [Status.WITHDRAWN, Status.REJECTED, Status.EXPIRED])
def test_what_is_connected_when_its_request_is_found_over_is_watched_on_until_it_is_withdrawn(status: Status) -> None:
    over = Decided(AlreadyResolved(status, ()), decision_fingerprint="policies")

    assert reported(over, ConnectedRecord()) is status
    assert reported(over, ConnectedRecord(published=("/a/connection",))) is Status.FAILED
    assert reported(over, ConnectedRecord(attachments=(SNAPSHOT,))) is Status.FAILED


def test_how_what_stays_was_left_is_kept_beside_what_was_published() -> None:
    assert ended(GONE_1, earlier=EarlierAttachments(staying=(OTHER,))).attachments == (SNAPSHOT, OTHER)
    assert ended(GONE_1, earlier=EarlierAttachments(going=(OTHER,))).attachments == (SNAPSHOT,)
    assert ended(GONE_1, earlier=EarlierAttachments(made_anew=(SNAPSHOT,))).attachments == (SNAPSHOT,)
    assert ended(earlier=EarlierAttachments(staying=(OTHER,))).attachments == (SNAPSHOT, OTHER)
    assert ended(GONE_1, results=()).attachments == ()


def test_what_was_in_no_row_and_is_made_anew_is_recorded_once() -> None:
    found = replace(SNAPSHOT, name="orders/rcfg-1", observed_fingerprint="")
    elsewhere = replace(found, made=replace(found.made, endpoint_id="vpce-9"))
    others = replace(found, name="central/rcfg-1")

    assert ended(earlier=EarlierAttachments(staying=(found, elsewhere, others))).attachments == (
        *(SNAPSHOT, elsewhere),
        others,
    )


@pytest.mark.parametrize(
    ("came_of", "results", "status"),
    [
        ((GONE_1,), (), Status.ACCEPTED),
        ((GONE_1, STAYS_3), (), Status.HELD),
        ((GONE_1,), (Refused(REFUSED),), Status.HELD),
        ((GONE_1,), (PUBLISHED, Refused(REFUSED)), Status.AVAILABLE),
        ((GONE_1, FAILED_2), (), Status.FAILED),
    ],
)
def test_the_status_is_that_of_what_is_there_in_the_end(
    came_of: tuple[RemovalResult, ...], results: tuple[Any, ...], status: Status
) -> None:
    assert ended(*came_of, results=results).status is status


def test_as_many_names_are_taken_back_and_attachments_kept_as_there_is_room_for() -> None:
    names = tuple(f"{LONGEST_NAME}-{number}" for number in range(1_000))
    staying: tuple[AttachmentSnapshot, ...] = (LARGEST_SNAPSHOT,) * 300

    outcome = ended(Withdrawn(what="vpce-1", parameters=names), earlier=EarlierAttachments(staying=staying))

    assert size_of(outcome.taken_back) <= PUBLISHED_BYTES + 2
    assert outcome.taken_back == names[: len(outcome.taken_back)]
    assert outcome.attachments is not None
    assert size_of(outcome.attachments) <= ATTACHMENTS_BYTES + 2
    (cut,) = outcome.cut
    assert cut.startswith(f"{301 - len(outcome.attachments)} associations")


# ---- where the whole request ends ------------------------------------------------------------------------------------

NAMES = NamesRemoval(
    names=(PublishedPath(path="/p", subject="vpce-1", through="vpce-1"),), cause=Cause.CONNECTION_GONE, why="gone"
)


def test_a_request_that_is_withdrawn_shows_what_goes_and_why() -> None:
    plan_ = WithdrawalPlan(removals=(NAMES,), cut=("2 more are to be taken down",))

    outcome = outcome_of_withdrawal(WithdrawalPlanned(plan_))

    assert (outcome.status, outcome.settled) == (Status.WITHDRAWING, False)
    assert outcome.reasons == (Reason("withdrawing", "/p: gone", source=Cause.CONNECTION_GONE),)
    assert outcome.cut == plan_.cut


def test_a_request_of_which_all_is_gone_is_withdrawn_and_nothing_of_it_is_left_in_the_row() -> None:
    outcome = outcome_of_withdrawal(WithdrawalEnded((GONE_1,)))

    assert (outcome.status, outcome.settled, outcome.basis) == (Status.WITHDRAWN, True, GONE)
    assert (outcome.attachments, outcome.taken_back, outcome.kept) == ((), GONE_1.parameters, ())
    assert [each.code for each in outcome.reasons] == ["gone", "withdrawn"]


def test_what_another_share_calls_for_stays_and_the_request_ends_all_the_same() -> None:
    outcome = outcome_of_withdrawal(WithdrawalEnded((GONE_1, STAYS_3)))

    assert outcome.status is Status.WITHDRAWN
    assert outcome.reasons[-1] == STAYS_3.because


@pytest.mark.parametrize(
    ("end", "reasons"),
    [
        (
            WithdrawalEnded((GONE_1, FAILED_2, STAYS_3)),
            ("vpce-2: ConflictError: it has associations", STAYS_3.because.text),
        ),
        (WithdrawalEnded((GONE_1, NOT_KNOWN)), (NOT_KNOWN.because.text,)),
        (WithdrawalEnded((GONE_1,), unconfirmed=(WAITS,)), (WAITS.text,)),
        (WithdrawalEnded((GONE_1,), cut=("2 more",)), ()),
    ],
)
def test_a_request_of_which_something_is_left_is_tried_again(end: WithdrawalEnded, reasons: tuple[str, ...]) -> None:
    outcome = outcome_of_withdrawal(end)

    assert (outcome.status, outcome.settled, outcome.basis) == (Status.WITHDRAWING, True, None)
    assert tuple(each.text for each in outcome.reasons) == reasons
    assert (outcome.taken_back, outcome.cut) == (GONE_1.parameters, end.cut)
    # What is left is in the row still, for the next one to take down.
    assert outcome.attachments is None


NOT_PERMITTED = Reason("no-longer-permitted", "Policies no longer permit it.")
PERMITTED = StaysAfterAll(Reason("permitted-again", "Policies permit it again."))


def test_a_request_that_is_withdrawn_although_it_is_there_says_why_and_is_compared_as_it_was() -> None:
    planned = outcome_of_withdrawal(WithdrawalPlanned(WithdrawalPlan(removals=(NAMES,), because=(NOT_PERMITTED,))))
    ended = outcome_of_withdrawal(WithdrawalEnded((GONE_1,), because=(NOT_PERMITTED,)))

    assert [each.code for each in planned.reasons] == ["no-longer-permitted", "withdrawing"]
    assert (ended.status, ended.settled, ended.basis) == (Status.WITHDRAWN, True, None)
    assert [each.code for each in ended.reasons] == ["no-longer-permitted", "withdrawn"]
    assert (ended.attachments, ended.taken_back, ended.kept) == ((), GONE_1.parameters, ())


@pytest.mark.parametrize("rest", [(), (FAILED_2,), (NOT_KNOWN,)])
def test_what_is_permitted_again_on_the_way_is_connected_anew_whatever_is_left(rest: tuple[RemovalResult, ...]) -> None:
    because = WithdrawalEnded(
        (GONE_1, PERMITTED, *rest), unconfirmed=(WAITS,), cut=("2 more",), because=(NOT_PERMITTED,)
    )

    outcome = outcome_of_withdrawal(because)

    assert (outcome.status, outcome.settled, outcome.taken_back) == (Status.ACCEPTED, True, GONE_1.parameters)
    assert (outcome.reasons[0], outcome.attachments, outcome.cut) == (PERMITTED.because, None, ("2 more",))
    assert outcome.basis is not None
    assert outcome.basis.observed_fingerprint not in {"", GONE.observed_fingerprint}


def test_what_another_share_calls_for_does_not_let_the_request_in_again() -> None:
    outcome = outcome_of_withdrawal(WithdrawalEnded((GONE_1, STAYS_3), because=(NOT_PERMITTED,)))

    assert (outcome.status, outcome.reasons[0], outcome.reasons[-1]) == (
        Status.WITHDRAWN,
        NOT_PERMITTED,
        STAYS_3.because,
    )


def test_why_a_request_ends_is_kept_with_its_plan() -> None:
    attempts, execution = InMemoryAttempts(), execution_input()
    plan = WithdrawalPlan(removals=(NAMES,), because=(NOT_PERMITTED,))
    attempts.keep_withdrawal(execution, plan, NOW)
    attempts.keep_removal_result(execution, 0, GONE_1)

    for reported in (WithdrawalKept(), WithdrawalReached()):
        outcome = outcome_of_report(reported, execution, attempts, InMemoryLedger())
        assert outcome.reasons[0] == NOT_PERMITTED


def test_what_is_listed_again_has_nothing_taken_down_and_is_compared_anew() -> None:
    because = Reason("listed-again", "AWS lists it again")

    outcome = outcome_of_withdrawal(ListedAgain(because))

    assert (outcome.status, outcome.settled, outcome.reasons) == (Status.ACCEPTED, True, (because,))
    assert (outcome.attachments, outcome.taken_back) == (None, ())
    # Neither what is there nor what is gone is taken for what was observed already.
    assert outcome.basis is not None
    assert outcome.basis.observed_fingerprint not in {"", GONE.observed_fingerprint}


def test_a_withdrawal_that_broke_off_keeps_its_status_and_says_why() -> None:
    outcome = outcome_of_withdrawal(WithdrawalFailed(WorkflowError("States.Timeout")))

    assert (outcome.status, outcome.settled) == (Status.WITHDRAWING, True)
    assert outcome.reasons == (Reason("States.Timeout", ""),)
    # Not even a request that is said to be gone ends by an error.
    gone = outcome_of_withdrawal(WithdrawalFailed(WorkflowError("RequestGoneError", "{}")))
    assert gone.status is Status.WITHDRAWING


@pytest.mark.parametrize(
    "progress",
    [
        {"step": "withdrawal-failure", "error": {"Error": "NotReadyError", "Cause": "{}"}},
        {"step": "listed-again", "because": {"code": "listed-again", "text": "it is back"}},
        {"step": "withdrawal-end", "removals": [{"type": "withdrawn", "what": "vpce-1"}]},
        {"step": "withdrawal-plan", "plan": {"removals": []}},
    ],
)
def test_progress_of_a_withdrawal_reads_as_it_is_written(progress: dict[str, Any]) -> None:
    assert outcome_of_withdrawal(msgspec.convert(progress, WithdrawalProgress)).status


def test_a_failure_is_of_the_object_that_was_planned_at_its_place() -> None:
    attempts, execution = InMemoryAttempts(), execution_input()
    plan_ = removals("vpce-1", "vpce-2")
    attempts.keep_withdrawal(execution, plan_)

    failed = failed_removal(RemovalFailed(1, ERROR), execution, attempts)

    assert failed == NotWithdrawn(what=str(plan_.removals[1]), error="ConflictError", text="it has associations")


def test_a_failure_of_what_is_not_in_the_plan_any_longer_is_told_by_its_place() -> None:
    assert failed_removal(RemovalFailed(7, ERROR), execution_input(), InMemoryAttempts()).what == "removal 7"
