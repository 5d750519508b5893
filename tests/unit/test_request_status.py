"""The status of a request: what hinders it, since and until when, and whose turn it is, in each state of its life."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.approval.ask import Pending
from drawbridge.decision import Delayed
from drawbridge.discovery.next_action import HELD_AT_LEAST_EVERY
from drawbridge.record.entry import Entry, HistoryEntry
from drawbridge.request import Request
from drawbridge.request.absence import Absence
from drawbridge.request.announced import Announced, WithdrawalCommand
from drawbridge.request.held_back import held_back
from drawbridge.status import Reason, Status
from drawbridge_cli.reason_codes import ADVICE
from drawbridge_cli.request_status import RequestStatus, Until, request_status
from drawbridge_cli.turns import WhoseTurn
from drawbridge_cli.urgency import Urgency
from tests.builders import NOW, RESOURCE_ARN
from tests.lives import (
    ATTACHMENT,
    CONNECTIONS,
    EXPIRING_WITHIN,
    FORBIDDEN,
    NAMED,
    NO_VPC,
    ORPHANS,
    POLICY,
    PUBLISHED,
    SHARES,
    ago,
    connection,
    entry,
    history,
    orphan,
    share,
)

FIELDS = {"request_id", "kind", "subject", "account_id", "status", "since", "until", "reasons", "waiting_for", "next"}
"""What programs rely on."""


def status_of(row: Entry) -> RequestStatus:
    return request_status(row, NOW, expiring_within=EXPIRING_WITHIN)


def of(life: Mapping[str, Entry]) -> dict[str, tuple[str, str, str]]:
    """Return of each row what it is in need of, whose turn it is, and the code of the first reason."""
    found = {name: status_of(row) for name, row in life.items()}
    return {name: (each.urgency, each.waiting_for, each.reasons[0].code) for name, each in found.items()}


def test_each_state_of_a_shares_life_is_told_from_the_others() -> None:
    assert of(SHARES) == {
        "entered": ("under-way", "drawbridge", "attempt-under-way"),
        "asked": ("waiting-for-approval", "approver", "policy"),
        "asked quietly": ("waiting-for-approval", "approver", "slack-unavailable"),
        "let in": ("under-way", "drawbridge", "attempt-under-way"),
        "wanted by no binding": ("accepted-only", "nobody", "no-binding-wants-it"),
        "wanted by a broken binding": ("held", "operator", "binding-broken"),
        "associating": ("under-way", "aws", "associating"),
        "connected": ("connected", "nobody", "published"),
        "a group that is not whole": ("under-way", "aws", "not-usable-yet"),
        "connected in part": ("in-part", "operator", "no-vpc"),
        "held": ("held", "operator", "policy"),
        "held for want of a policy": ("held", "operator", "no-policy-permits"),
        "not answered": ("held", "operator", "approval-timed-out"),
        "not asked yet": ("held", "approver", "too-many-questions"),
        "asked too late": ("held", "other-side", "deadline-passed"),
        "not shown": ("held", "other-side", "resource-unavailable"),
        "refused": ("held", "operator", "no-vpc"),
        "failed": ("failed", "operator", "AccessDeniedError"),
        "failing by itself": ("failed", "drawbridge", "ThrottledError"),
        "expiring": ("expiring", "operator", "policy"),
        "asked and expiring": ("expiring", "approver", "policy"),
        "expired unseen": ("expiring", "other-side", "deadline-passed"),
        "announced": ("announced", "operator", "policy"),
        "announced in part": ("announced", "operator", "no-longer-permitted"),
        "held back": ("withdrawal-capped", "operator", "withdrawal-capped"),
        "gone": ("under-way", "aws", "to-be-confirmed"),
        "drifting": ("drifting", "operator", "drift"),
        "mended": ("under-way", "drawbridge", "attempt-under-way"),
        "kept": ("kept", "operator", "facts-unavailable"),
        "kept as a person decided": ("connected", "nobody", "published"),
        "commanded": ("under-way", "drawbridge", "withdrawn-on-command"),
        "being taken down": ("under-way", "aws", "withdrawing"),
        "not taken down": ("failed", "operator", "not-withdrawn"),
        "not yet gone": ("under-way", "aws", "unconfirmed"),
        "stuck": ("stuck", "operator", "attempt-silent"),
        "withdrawn": ("over", "nobody", "gone"),
        "rejected": ("over", "nobody", "policy"),
        "expired": ("over", "nobody", "deadline-passed"),
        "listed again": ("under-way", "drawbridge", "listed-again"),
    }


def test_each_state_of_a_connections_life_is_told_from_the_others() -> None:
    assert of(CONNECTIONS) == {
        "entered": ("under-way", "drawbridge", "attempt-under-way"),
        "asked": ("waiting-for-approval", "approver", "policy"),
        "let in": ("under-way", "drawbridge", "attempt-under-way"),
        "held": ("held", "operator", "policy"),
        "failed": ("failed", "drawbridge", "DecisionOutdated"),
        "connected": ("connected", "nobody", "published"),
        "accepted by hand": ("kept", "operator", "kept"),
        "announced": ("announced", "operator", "policy"),
        "held back": ("withdrawal-capped", "operator", "withdrawal-capped"),
        "being taken down": ("under-way", "aws", "attempt-under-way"),
        "withdrawn": ("over", "nobody", "gone"),
        "rejected": ("over", "nobody", "denied"),
    }


def test_each_state_of_an_orphans_life_is_told_from_the_others() -> None:
    assert of(ORPHANS) == {
        "found": ("under-way", "drawbridge", "orphaned"),
        "held back": ("withdrawal-capped", "operator", "withdrawal-capped"),
        "not taken down": ("failed", "operator", "not-withdrawn"),
        "withdrawn": ("over", "nobody", "gone"),
    }


def test_the_lives_have_every_urgency_and_every_turn() -> None:
    found = [status_of(row) for row in NAMED.values()]

    assert {each.urgency for each in found} == {*Urgency}
    assert {each.waiting_for for each in found} == {*WhoseTurn}


def test_what_needs_somebody_is_more_urgent_than_what_does_not() -> None:
    needs = [urgency.needs_somebody for urgency in Urgency]

    assert needs == sorted(needs, reverse=True)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("share: asked", f"drawbridge approve {share(2).request_id}"),
        ("share: held", f"drawbridge policy explain {share(11).request_id}"),
        ("share: refused", "drawbridge bindings show orders"),
        ("share: not asked yet", "drawbridge status --status WAITING_FOR_APPROVAL --account 111111111111"),
        ("share: failed", f"drawbridge retry {share(18).request_id}"),
        ("share: held back", "drawbridge withdraw --confirm"),
        ("share: not taken down", "drawbridge status --all --watch --account 111111111111"),
        ("connection: asked", f"drawbridge approve {connection(2).request_id}"),
        ("orphan: not taken down", "drawbridge status --all --watch --account 111111111111"),
        ("share: connected", ""),
        ("share: withdrawn", ""),
    ],
)
def test_the_command_is_the_one_to_begin_with(name: str, line: str) -> None:
    assert status_of(NAMED[name]).next == line


def test_a_failure_again_and_again_counts_from_the_first_in_a_row() -> None:
    assert status_of(SHARES["failed"]).since == ago(8)


@pytest.mark.parametrize(
    ("reached", "since"),
    [
        ([(Status.PENDING, 1, 9), (Status.HELD, 1, 8)], 8),
        ([(Status.HELD, 1, 8), (Status.PENDING, 2, 3), (Status.HELD, 2, 2)], 8),
        ([(Status.HELD, 1, 8), (Status.PENDING, 2, 4), (Status.WAITING_FOR_APPROVAL, 2, 3), (Status.HELD, 2, 2)], 8),
        ([(Status.HELD, 1, 9), (Status.FAILED, 2, 8), (Status.HELD, 3, 2)], 2),
        (
            [
                (Status.HELD, 1, 9),
                (Status.PENDING, 2, 8),
                (Status.FAILED, 2, 7),
                (Status.PENDING, 3, 3),
                (Status.HELD, 3, 2),
            ],
            2,
        ),
        # It was held on the way to what the attempt came to.
        ([(Status.HELD, 1, 9), (Status.HELD, 2, 8), (Status.AVAILABLE, 2, 7), (Status.HELD, 3, 2)], 2),
        # Somebody wrote the row by hand.
        ([(Status.AVAILABLE, 1, 9)], 1),
        ([], 1),
    ],
)
def test_a_status_counts_from_when_attempts_began_to_end_with_it(
    reached: list[tuple[Status, int, float]], since: float
) -> None:
    assert status_of(entry(share(1), Status.HELD, POLICY, history=history(*reached))).since == ago(since)


def test_what_is_under_way_counts_from_its_own_beginning_and_names_the_attempts_that_failed() -> None:
    reached = history((Status.FAILED, 1, 8), (Status.PENDING, 2, 0.1))
    found = status_of(entry(share(1), Status.PENDING, settled=False, attempt=2, failures=1, history=reached, hours=0.1))

    assert found.since == ago(0.1)
    assert found.reasons == (Reason("attempt-under-way", "Attempt 2 is under way after 1 that failed."),)


def test_what_is_announced_or_held_back_counts_from_when_that_began() -> None:
    assert status_of(SHARES["announced"]).since == ago(20)
    assert status_of(SHARES["held back"]).since == ago(5)
    assert status_of(CONNECTIONS["held back"]).since == ago(170)


@pytest.mark.parametrize(
    ("name", "until", "what"),
    [
        ("share: asked", ago(-9), Until.EXPIRES),
        ("share: expiring", ago(-2), Until.EXPIRES),
        # Its invitation ends before it would be decided again.
        ("share: held", ago(-4), Until.EXPIRES),
        ("connection: held", ago(1) + HELD_AT_LEAST_EVERY, Until.TRIED_AGAIN),
        ("share: connected in part", ago(1) + HELD_AT_LEAST_EVERY, Until.TRIED_AGAIN),
        ("share: failed", ago(1) + timedelta(minutes=2), Until.TRIED_AGAIN),
        ("share: failing by itself", ago(1) + timedelta(minutes=256), Until.TRIED_AGAIN),
        ("share: not taken down", ago(1) + timedelta(minutes=1), Until.TRIED_AGAIN),
        ("share: announced", ago(-148), Until.TAKEN_DOWN),
        ("share: held back", None, Until.NOTHING),
        ("share: connected", None, Until.NOTHING),
        ("share: expired", None, Until.NOTHING),
    ],
)
def test_the_time_until_which_it_stays_so_is_told_with_what_happens_then(
    name: str, until: datetime | None, what: Until
) -> None:
    found = status_of(NAMED[name])

    assert (found.until, found.until_what) == (until, what)


def asked(hours: float, **changes: Any) -> Pending:
    """Return a question that can be answered for some hours more."""
    fields: dict[str, Any] = {"deadline": ago(-hours), "waits": True, "decided": False}
    return Pending(**(fields | changes))


NOT_READ = asked(1, deadline=None, decided=True)
"""The question of somebody who wrote it by hand, and which can't be read."""


@pytest.mark.parametrize(
    ("name", "question", "until", "what"),
    [
        ("share: asked", asked(5), ago(-5), Until.ANSWER_BY),
        ("share: asked", asked(-0.1), ago(0.1), Until.ANSWER_BY),
        ("share: asked", NOT_READ, ago(-9), Until.EXPIRES),
        ("share: asked quietly", NOT_READ, None, Until.NOTHING),
        ("connection: asked", asked(5), ago(-5), Until.ANSWER_BY),
        ("share: asked and expiring", asked(0.5), ago(-0.5), Until.ANSWER_BY),
        # That one was asked by an attempt that is over.
        ("connection: held", asked(5), ago(1) + HELD_AT_LEAST_EVERY, Until.TRIED_AGAIN),
    ],
)
def test_what_waits_for_a_person_says_until_when_it_can_be_answered(
    name: str, question: Pending, until: datetime | None, what: Until
) -> None:
    found = request_status(NAMED[name], NOW, expiring_within=EXPIRING_WITHIN, question=question)

    assert (found.until, found.until_what) == (until, what)
    assert found.waiting_for is status_of(NAMED[name]).waiting_for


def test_what_is_not_asked_about_any_longer_can_not_be_answered() -> None:
    others = Reason("too-many-questions", "3 questions are open.")
    row = entry(share(1), Status.HELD, others, deadline=ago(-1).isoformat())

    found = request_status(row, NOW, expiring_within=EXPIRING_WITHIN, question=asked(0.5))

    assert (found.waiting_for, found.until, found.until_what) == (WhoseTurn.APPROVER, ago(-1), Until.EXPIRES)


def test_an_invitation_that_has_expired_can_not_be_answered_whatever_the_question_says() -> None:
    row = entry(share(1), Status.WAITING_FOR_APPROVAL, POLICY, settled=False, deadline=ago(0.1).isoformat())

    found = request_status(row, NOW, expiring_within=EXPIRING_WITHIN, question=asked(5))

    assert (found.until, found.until_what, found.waiting_for) == (ago(0.1), Until.EXPIRES, WhoseTurn.OTHER_SIDE)


def test_what_a_person_has_answered_waits_for_nobody_but_drawbridge() -> None:
    found = request_status(CONNECTIONS["asked"], NOW, expiring_within=EXPIRING_WITHIN, question=asked(5, decided=True))

    assert (found.urgency, found.waiting_for, found.until) == (Urgency.UNDER_WAY, WhoseTurn.DRAWBRIDGE, None)
    assert found.reasons[0].code == "answered"
    assert "approve" not in found.next


@pytest.mark.parametrize(
    ("left", "urgency"),
    [(3.0, Urgency.EXPIRING), (3.01, Urgency.HELD), (0.01, Urgency.EXPIRING), (-9, Urgency.EXPIRING)],
)
def test_an_invitation_is_expiring_from_its_time_on(left: float, urgency: Urgency) -> None:
    assert status_of(entry(share(1), Status.HELD, FORBIDDEN, deadline=ago(-left).isoformat())).urgency is urgency


@pytest.mark.parametrize("status", [Status.ACCEPTED, Status.AVAILABLE, Status.EXPIRED, Status.WITHDRAWN])
def test_what_was_let_in_or_is_over_does_not_expire(status: Status) -> None:
    found = status_of(entry(share(1), status, PUBLISHED, deadline=ago(-1).isoformat()))

    assert found.urgency is not Urgency.EXPIRING
    assert found.until is None


def test_what_is_held_back_is_so_whether_or_not_an_invitation_expires() -> None:
    gone = (Absence(of=share(1).subject, since=ago(5)),)

    found = status_of(
        entry(share(1), Status.HELD, FORBIDDEN, deadline=ago(1).isoformat(), absent=gone, withdrawal_capped=True)
    )

    assert (found.urgency, found.next) == (Urgency.WITHDRAWAL_CAPPED, "drawbridge withdraw --confirm")


@pytest.mark.parametrize(
    "marks",
    [
        {},
        {"absent": (Absence(of=share(1).subject, since=ago(5), confirmed=True),)},
        {"announced": (Announced(since=ago(9), withdraw_after=ago(2), forbidden=False, confirmed=True),)},
        {"announced": (Announced(since=ago(9), withdraw_after=ago(2), forbidden=True),)},
        {"announced": (Announced(since=ago(9), withdraw_after=ago(-1), forbidden=False),)},
    ],
    ids=["nothing is marked any longer", "let go", "let go by its time", "forbidden", "not due"],
)
def test_what_the_cap_does_not_hold_back_any_longer_is_not_to_be_let_go(marks: dict[str, Any]) -> None:
    """``withdraw --confirm`` would say that nothing is held back."""
    row = entry(share(1), Status.AVAILABLE, PUBLISHED, withdrawal_capped=True, **marks)

    assert held_back(row, NOW) is None
    assert status_of(row).urgency is not Urgency.WITHDRAWAL_CAPPED


def test_what_is_held_back_is_so_since_the_first_of_it_that_would_go() -> None:
    earlier = Announced(binding="a", resource_arn="r", since=ago(9), withdraw_after=ago(-1), forbidden=False)
    due = Announced(binding="b", resource_arn="r", since=ago(6), withdraw_after=ago(2), forbidden=False)

    row = entry(share(1), Status.AVAILABLE, PUBLISHED, announced=(earlier, due), withdrawal_capped=True)

    assert status_of(row).since == ago(6)


@pytest.mark.parametrize(
    ("reasons", "turn"),
    [
        ((), WhoseTurn.OPERATOR),
        ((Reason("UpstreamError", "out of order"),), WhoseTurn.AWS),
        ((NO_VPC,), WhoseTurn.OPERATOR),
    ],
)
def test_a_withdrawal_that_broke_off_has_failed_whoever_mends_it(reasons: tuple[Reason, ...], turn: WhoseTurn) -> None:
    found = status_of(entry(share(1), Status.WITHDRAWING, *reasons, failures=1))

    assert (found.urgency, found.waiting_for) == (Urgency.FAILED, turn)


def test_of_several_reasons_the_one_comes_first_that_somebody_can_act_on_and_the_number_of_others_last() -> None:
    more, passing = Reason("more", "and 4 more"), Reason("UpstreamError", "AWS is out of order")
    theirs = Reason("resource-unavailable", "suspended")

    found = status_of(entry(share(1), Status.FAILED, more, PUBLISHED, passing, theirs, NO_VPC))

    assert found.reasons == (NO_VPC, theirs, passing, PUBLISHED, more)


def test_a_policy_that_forbids_it_says_more_than_that_one_does() -> None:
    assert status_of(entry(share(1), Status.HELD, FORBIDDEN, POLICY)).reasons == (POLICY, FORBIDDEN)


def test_no_reason_is_cut() -> None:
    text = "word " * 900

    assert status_of(entry(share(1), Status.HELD, Reason("no-vpc", text))).reasons[0].text == text


def test_what_others_wrote_beside_the_reasons_is_legible() -> None:
    mark = Announced(
        since=ago(1), withdraw_after=ago(-1), forbidden=True, reasons=(Reason("policy", "a\x1b[2J\nb", "x\u202e"),)
    )

    found = status_of(entry(share(1), Status.AVAILABLE, announced=(mark,)))

    assert found.reasons[0] == Reason("policy", "a⟨U+001B⟩[2J⟨U+000A⟩b", "x⟨U+202E⟩")


def test_bindings_are_those_of_what_is_attached_announced_refused_or_failed() -> None:
    mark = Announced(
        binding="announced", resource_arn=RESOURCE_ARN, since=ago(1), withdraw_after=ago(-1), forbidden=True
    )
    row = entry(
        share(1),
        Status.FAILED,
        Reason("ConflictError", "in the way", "failed/orders-db/vpc-1"),
        Reason("no-vpc", "none fits", "refused"),
        Reason("policy", "because", "statement.0"),
        Reason("denied", "Denied by U0BOB", "U0BOB"),
        attachments=(ATTACHMENT,),
        announced=(mark,),
    )

    assert status_of(row).bindings == ("announced", "failed", "orders", "refused")


def test_the_service_is_that_of_a_connection() -> None:
    assert status_of(CONNECTIONS["held"]).service == connection(4).service_id
    assert status_of(SHARES["held"]).service == ""


def test_programs_get_all_that_they_rely_on() -> None:
    (document,) = msgspec.json.decode(msgspec.json.encode([status_of(SHARES["failed"])]))

    assert document.keys() >= FIELDS
    assert document["since"] == "2026-11-21T04:00:00Z"
    assert document["status"] == "FAILED"


_texts = st.text(max_size=20)
_codes = st.sampled_from([*ADVICE, "KeyError", "", "nobody-knows"])
_reasons = st.lists(st.builds(Reason, _codes, _texts, _texts), max_size=4).map(tuple)
_moments = st.datetimes(timezones=st.just(UTC)) | st.datetimes(
    min_value=ago(168).replace(tzinfo=None),
    max_value=ago(-168).replace(tzinfo=None),
    timezones=st.just(UTC),
)
_marks = st.builds(
    Announced,
    binding=_texts,
    resource_arn=st.sampled_from(["", RESOURCE_ARN]),
    since=_moments | st.datetimes(),
    withdraw_after=_moments | st.datetimes(),
    forbidden=st.booleans(),
    reasons=_reasons,
)
_absences = st.builds(Absence, of=_texts, since=_moments | st.datetimes(), confirmed=st.booleans())
_histories = st.lists(
    st.builds(
        HistoryEntry,
        status=st.sampled_from(Status),
        attempt=st.integers(0, 3),
        at=_moments.map(datetime.isoformat) | _texts,
    ),
    max_size=5,
).map(tuple)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """Draw any row that can be read, whether or not Drawbridge would write it."""
    changes: dict[str, Any] = {
        "settled": draw(st.booleans()),
        "attempt": draw(st.integers(0, 5)),
        "failures": draw(st.integers(0, 10**6)),
        "updated_at": draw(_moments).isoformat(),
        "history": draw(_histories),
        "account_id": draw(_texts | st.just("111111111111")),
        "deadline": draw(st.just("") | _texts | _moments.map(datetime.isoformat)),
        "kept": draw(_reasons),
        "incomplete": draw(st.booleans()),
        "drift_fingerprint": draw(st.sampled_from(["", "moved"])),
        "absent": draw(st.lists(_absences, max_size=2).map(tuple)),
        "announced": draw(st.lists(_marks, max_size=2).map(tuple)),
        "withdrawal_capped": draw(st.booleans()),
        "no_longer_permitted": draw(st.booleans()),
        "commanded": draw(st.none() | st.builds(WithdrawalCommand, by=_texts, at=_moments)),
        "attachments": draw(st.sampled_from([(), (ATTACHMENT,)])),
    }
    requests: list[Request] = [share(1), connection(1), orphan(1)]
    return entry(draw(st.sampled_from(requests)), draw(st.sampled_from(Status)), *draw(_reasons), **changes)


_questions = st.none() | st.builds(Pending, st.none() | _moments, waits=st.booleans(), decided=st.booleans())


@given(entries(), _questions)
def test_whatever_the_row_somebody_is_waited_for_or_nothing_is_to_be_done(row: Entry, question: Pending | None) -> None:
    found = request_status(row, NOW, expiring_within=EXPIRING_WITHIN, question=question)

    nothing_to_do = found.urgency in {Urgency.CONNECTED, Urgency.ACCEPTED_ONLY, Urgency.OVER}
    assert (found.waiting_for is WhoseTurn.NOBODY) is nothing_to_do
    assert bool(found.next) is bool(found.to_do) is not nothing_to_do
    assert found.reasons or found.urgency in {Urgency.CONNECTED, Urgency.OVER}
    assert (found.urgency is Urgency.OVER) is (row.settled and row.status.is_over)
    assert (found.until is None) is (found.until_what is Until.NOTHING)
    assert {*row.reasons} <= {*found.reasons} or any("{" in each.text for each in row.reasons)
    (document,) = msgspec.json.decode(msgspec.json.encode([found]))
    assert document.keys() >= FIELDS


DELAYED = Delayed(of="this", since=ago(0.1), until=NOW + timedelta(minutes=9))
LATER = Reason("delayed", "It is permitted since, and let in later.")


def test_what_is_delayed_needs_nobody_and_says_until_when_it_waits() -> None:
    status = status_of(entry(connection(1), Status.PENDING, LATER, POLICY, delayed=DELAYED))

    assert (status.urgency, status.waiting_for) == (Urgency.UNDER_WAY, WhoseTurn.DRAWBRIDGE)
    assert LATER in status.reasons
    assert (status.until, status.until_what) == (DELAYED.until, Until.LET_IN)
    assert status.to_do == "it is let in then; to keep it out, forbid or withdraw it"
    assert status.next.startswith("drawbridge status")


def test_what_is_new_of_a_share_and_delayed_needs_nobody_either() -> None:
    row = entry(share(1), Status.AVAILABLE, LATER, incomplete=True, kept=(LATER, POLICY), delayed=DELAYED)

    status = status_of(row)

    assert (status.urgency, status.until, status.until_what) == (Urgency.UNDER_WAY, DELAYED.until, Until.LET_IN)


NOT_LET_IN = Reason("not-let-in", "It is new in the share.", source="orders")
NO_ROOM = Reason("quota-reached", "There is no room for it.", source="orders")


@pytest.mark.parametrize("status", [Status.AVAILABLE, Status.HELD])
def test_what_is_wanted_of_the_new_part_waits_for_its_delay_alone(status: Status) -> None:
    row = entry(share(1), status, NOT_LET_IN, incomplete=True, kept=(LATER, POLICY), delayed=DELAYED)

    found = status_of(row)

    assert (found.urgency, found.until_what) == (Urgency.UNDER_WAY, Until.LET_IN)
    assert found.waiting_for is WhoseTurn.DRAWBRIDGE


@pytest.mark.parametrize(
    ("status", "urgency"), [(Status.AVAILABLE, Urgency.IN_PART), (Status.HELD, Urgency.HELD)], ids=["in part", "held"]
)
def test_what_is_refused_besides_what_is_delayed_needs_somebody(status: Status, urgency: Urgency) -> None:
    row = entry(share(1), status, NOT_LET_IN, NO_ROOM, incomplete=True, kept=(LATER, POLICY), delayed=DELAYED)

    found = status_of(row)

    assert (found.urgency, found.waiting_for, found.until_what) == (urgency, WhoseTurn.OPERATOR, Until.TRIED_AGAIN)
    assert found.to_do.startswith("ask Service Quotas")


@pytest.mark.parametrize(
    ("changes", "urgency"),
    [
        ({"drift_fingerprint": "drifted", "updated_at": ago(0.2).isoformat()}, Urgency.DRIFTING),
        ({"no_longer_permitted": True}, Urgency.KEPT),
    ],
)
def test_what_else_is_the_matter_with_what_is_connected_is_told_though_something_new_is_delayed(
    changes: dict[str, Any], urgency: Urgency
) -> None:
    row = entry(share(1), Status.AVAILABLE, kept=(LATER, POLICY), delayed=DELAYED, **changes)

    assert status_of(row).urgency is urgency


def test_an_attempt_that_looks_again_at_what_was_delayed_is_under_way_as_any() -> None:
    status = status_of(entry(connection(1), Status.PENDING, settled=False, delayed=DELAYED))

    assert (status.urgency, status.until) == (Urgency.UNDER_WAY, None)


def test_what_somebody_had_withdrawn_is_not_said_to_be_let_in() -> None:
    command = WithdrawalCommand(by="ann", at=NOW)

    status = status_of(entry(connection(1), Status.PENDING, LATER, delayed=DELAYED, commanded=command))

    assert (status.until, status.until_what) == (None, Until.NOTHING)
