"""What policies no longer permit: when it is marked, when it is due, and what of it counts for the cap."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.association import MadeAttachment
from drawbridge.decision.permission import Lapsed
from drawbridge.discovery.announced import (
    announcement_fingerprint,
    desired_tags,
    marks_after,
    marks_due,
    may_take_down,
    reasons_of_marks,
)
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.review import Lapse, Review
from drawbridge.lattice import ResourceKind
from drawbridge.publication import AttachmentSnapshot
from drawbridge.request import OrphanRequest, ResourceShareRequest
from drawbridge.request.announced import NO_LONGER_PERMITTED, Announced, WithdrawalCommand
from drawbridge.status import Reason, Status
from tests.builders import (
    CONSUMER,
    ENDPOINT_ID,
    NETWORK_ARN,
    NOW,
    RESOURCE_ARN,
    SERVICE_ARN,
    SHARE,
    SHARE_ARN,
    VPC_ID,
    row,
)

WAIT = timedelta(hours=168)
WHY = Reason("policy", "the block list names it", source="block-list")
replace = msgspec.structs.replace


def lapse(
    binding: str = "", resource_arn: str = "", *, urgent: bool = False, forbidden: bool = True, because: Any = (WHY,)
) -> Lapse:
    return Lapse(
        binding=binding,
        resource_arn=resource_arn,
        lapsed=Lapsed(because=because, urgent=urgent, forbidden=forbidden or urgent, stated=forbidden or urgent),
    )


def refused(*lapses: Lapse) -> Review:
    return Review(permitted=not lapses, lapses=lapses)


def mark(binding: str = "", resource_arn: str = "", **changes: Any) -> Announced:
    fields: dict[str, Any] = {"since": NOW, "withdraw_after": NOW + WAIT, "forbidden": True}
    return Announced(binding=binding, resource_arn=resource_arn, **(fields | changes))


PART = mark("orders", RESOURCE_ARN)


# ---- marks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("forbidden", [True, False])
def test_what_is_refused_is_due_after_the_wait_and_says_why(*, forbidden: bool) -> None:
    marks = marks_after(refused(lapse(forbidden=forbidden)), (), NOW, WAIT)

    assert marks == (mark(forbidden=forbidden, reasons=(WHY,)),)


def test_what_is_refused_urgently_is_due_at_once() -> None:
    (urgent,) = marks_after(refused(lapse(urgent=True)), (), NOW, WAIT)

    assert (urgent.since, urgent.withdraw_after) == (NOW, NOW)
    assert urgent.is_due(NOW)


def test_an_association_is_marked_by_itself() -> None:
    marks = marks_after(refused(lapse("orders", RESOURCE_ARN)), (), NOW, WAIT)

    assert [(each.key, each.is_whole) for each in marks] == [(("orders", RESOURCE_ARN), False)]


def test_a_mark_that_stands_keeps_its_times_and_that_it_was_let_go_and_says_the_reasons_of_today() -> None:
    before = mark(confirmed=True, forbidden=False, reasons=(Reason("policy", "no policy permits it"),))

    (after,) = marks_after(refused(lapse()), (before,), NOW + timedelta(hours=100), WAIT)

    assert after == mark(confirmed=True, forbidden=True, reasons=(WHY,))


def test_a_forbid_that_has_become_urgent_brings_a_mark_forward() -> None:
    later = NOW + timedelta(hours=1)

    (after,) = marks_after(refused(lapse(urgent=True)), (mark(),), later, WAIT)

    assert (after.since, after.withdraw_after) == (NOW, later)


@pytest.mark.parametrize("urgent", [True, False])
def test_a_mark_is_never_put_off(*, urgent: bool) -> None:
    (after,) = marks_after(refused(lapse(urgent=urgent)), (mark(withdraw_after=NOW),), NOW + timedelta(hours=1), WAIT)

    assert after.withdraw_after == NOW


def test_a_longer_wait_puts_no_mark_off_and_a_shorter_one_brings_it_forward() -> None:
    longer = marks_after(refused(lapse()), (mark(),), NOW, WAIT * 2)
    shorter = marks_after(refused(lapse()), (mark(),), NOW, WAIT / 2)

    assert [each.withdraw_after for each in (*longer, *shorter)] == [NOW + WAIT, NOW + WAIT / 2]


def test_what_is_permitted_again_loses_its_mark_and_a_later_refusal_begins_anew() -> None:
    permitted = marks_after(refused(), (mark(confirmed=True),), NOW + timedelta(hours=100), WAIT)
    later = NOW + timedelta(hours=200)

    assert permitted == ()
    assert marks_after(refused(lapse()), permitted, later, WAIT) == (
        mark(since=later, withdraw_after=later + WAIT, reasons=(WHY,)),
    )


def test_of_several_associations_each_has_a_mark_of_its_own() -> None:
    before = (PART, mark("orders", SERVICE_ARN))
    later = NOW + timedelta(hours=1)

    after = marks_after(refused(lapse("other", RESOURCE_ARN), lapse("orders", RESOURCE_ARN)), before, later, WAIT)

    assert {each.key: each.since for each in after} == {("orders", RESOURCE_ARN): NOW, ("other", RESOURCE_ARN): later}


def test_a_mark_says_a_few_reasons_none_of_them_at_length() -> None:
    because = tuple(Reason("policy", "x" * 10_000, source=f"p{number}") for number in range(50))

    (after,) = marks_after(refused(lapse(because=because)), (), NOW, WAIT)

    assert [each.source for each in after.reasons] == [f"p{number}" for number in range(5)]
    assert all(len(each.text.encode()) <= 500 for each in after.reasons)


def test_what_finds_no_room_is_marked_later_and_what_is_marked_keeps_its_place() -> None:
    before = tuple(mark("z", f"{RESOURCE_ARN}{number:04}", reasons=(WHY,)) for number in range(50))
    many = [lapse("a", f"{RESOURCE_ARN}{number:04}") for number in range(1_000)]
    those_before = [lapse("z", each.resource_arn) for each in before]

    after = marks_after(refused(*many, *those_before), before, NOW + timedelta(hours=1), WAIT)

    assert after[: len(before)] == before
    assert len(before) < len(after) < len(before) + len(many)
    assert len(msgspec.json.encode(after)) <= 50_000


Reviews = st.lists(
    st.tuples(
        st.integers(0, 200),
        st.dictionaries(
            st.sampled_from([("", ""), ("a", "arn:1"), ("a", "arn:2")]),
            st.tuples(st.booleans(), st.booleans()),
            max_size=3,
        ),
    ),
    max_size=12,
)
"""How many hours after the one before, and what is refused: whether urgently, and whether by a forbid."""


@given(reviews=Reviews)
def test_nothing_is_due_before_its_wait_has_passed_without_a_review_that_permitted_it(reviews: Any) -> None:
    now, marks = NOW, tuple[Announced, ...]()
    refused_since: dict[tuple[str, str], datetime] = {}
    was_urgent: set[tuple[str, str]] = set()
    for hours, refusals in reviews:
        now += timedelta(hours=hours)
        lapses = [lapse(*key, urgent=urgent, forbidden=forbidden) for key, (urgent, forbidden) in refusals.items()]
        marks = marks_after(refused(*lapses), marks, now, WAIT)

        refused_since = {key: refused_since.get(key, now) for key in refusals}
        was_urgent = {key for key in refusals if key in was_urgent or refusals[key][0]}
        assert {each.key: each.since for each in marks} == refused_since
        for each in marks:
            assert each.is_due(now) == (each.key in was_urgent or now >= refused_since[each.key] + WAIT)


# ---- due -------------------------------------------------------------------------------------------------------------


def test_a_mark_is_due_from_its_time_on() -> None:
    of = row(Status.AVAILABLE, announced=(PART, mark(withdraw_after=NOW)))

    assert marks_due(of, NOW - timedelta(microseconds=1)) == ()
    assert marks_due(of, NOW) == (of.announced[1],)
    assert marks_due(of, NOW + WAIT) == of.announced


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({"forbidden": False}, True),
        ({"forbidden": True}, False),
        ({"forbidden": False, "confirmed": True}, False),
        ({"forbidden": True, "confirmed": True}, False),
    ],
)
def test_for_the_cap_counts_what_nobody_forbade_and_nobody_let_go(changes: dict[str, Any], *, counts: bool) -> None:
    assert mark(**changes).counts_for_cap is counts


DUE = mark(withdraw_after=NOW)


@pytest.mark.parametrize(
    ("recorded", "asked", "may"),
    [
        # Nothing was recorded since it is due: it was not tried.
        (-1, 0, True),
        (0, 1, False),
        (1, 2, False),
        (1, 361, True),
        (1, 360.99, False),
    ],
)
def test_what_was_tried_is_tried_again_after_six_hours(recorded: float, asked: float, *, may: bool) -> None:
    tried = row(Status.AVAILABLE, updated_at=(NOW + timedelta(minutes=recorded)).isoformat(), announced=(DUE,))

    assert may_take_down(tried, (DUE,), NOW + timedelta(minutes=asked)) is may


def test_what_is_due_since_the_last_attempt_is_not_kept_by_what_that_has_tried() -> None:
    later = mark("orders", SERVICE_ARN, withdraw_after=NOW + timedelta(hours=1))
    tried = row(Status.AVAILABLE, updated_at=NOW.isoformat(), announced=(DUE, later))

    assert may_take_down(tried, (DUE, later), NOW + timedelta(hours=1))


def test_what_was_held_back_by_the_cap_until_now_goes_at_once() -> None:
    tried = row(Status.AVAILABLE, updated_at=NOW.isoformat(), announced=(DUE,), withdrawal_capped=True)

    assert may_take_down(tried, (DUE,), NOW + timedelta(minutes=1))


@pytest.mark.parametrize("status", [Status.WITHDRAWING, Status.FAILED])
@pytest.mark.parametrize(("failures", "minutes", "may"), [(1, 0.9, False), (1, 1, True), (3, 3.9, False), (3, 4, True)])
def test_what_failed_is_tried_again_after_the_waits_of_a_failure(
    status: Status, failures: int, minutes: float, *, may: bool
) -> None:
    failed = row(status, failures=failures, updated_at=NOW.isoformat(), announced=(DUE,), withdrawal_capped=True)

    assert may_take_down(failed, (DUE,), NOW + timedelta(minutes=minutes)) is may


# ---- why, and what is put on the bus ---------------------------------------------------------------------------------


def test_why_it_goes_is_the_same_before_and_after_and_says_when_it_was_announced() -> None:
    whole = mark(reasons=(WHY,))

    reasons = reasons_of_marks((PART, whole))

    assert reasons == reasons_of_marks((whole,)) == reasons_of_marks((replace(whole, confirmed=True),))
    assert [each.code for each in reasons] == [NO_LONGER_PERMITTED, "policy"]
    assert "2026-11-21 12:00 UTC" in reasons[0].text


@pytest.mark.parametrize("marks", [(), (PART,)])
def test_of_what_does_not_end_there_is_no_reason(marks: tuple[Announced, ...]) -> None:
    assert reasons_of_marks(marks) == ()


def test_nothing_that_is_announced_has_no_fingerprint() -> None:
    assert announcement_fingerprint(()) == ""


def test_a_fingerprint_of_what_is_announced_goes_by_what_and_when_only() -> None:
    whole = mark()
    same = [
        (whole, PART),
        (PART, whole),
        (replace(whole, confirmed=True), PART),
        (replace(whole, reasons=(WHY,)), PART),
        (replace(whole, forbidden=False), PART),
    ]
    others = [
        (whole,),
        (PART,),
        (whole, replace(PART, binding="other")),
        (whole, replace(PART, resource_arn=SERVICE_ARN)),
        (replace(whole, withdraw_after=NOW), PART),
    ]

    assert len({announcement_fingerprint(each) for each in same}) == 1
    assert len({announcement_fingerprint(each) for each in (same[0], *others)}) == 1 + len(others)


# ---- tags ------------------------------------------------------------------------------------------------------------


def attached(binding: str = "orders", arn: str = RESOURCE_ARN, **made: Any) -> AttachmentSnapshot:
    return AttachmentSnapshot(
        name=f"{binding}/orders-db/{VPC_ID}",
        resource_arn=arn,
        resource_kind=ResourceKind.RESOURCE_CONFIGURATION,
        holds_others=False,
        made=MadeAttachment(**made),
        observed_fingerprint="as it was left",
    )


def tags_of(*marks: Announced, attachments: Any = (), **changes: Any) -> dict[str, str]:
    fields: dict[str, Any] = {"request": SHARE, "attachments": attachments} | changes
    of = row(Status.AVAILABLE, announced=marks, **fields)
    return dict(desired_tags(of, prefix="home", account_id=CONSUMER))


AFTER = "2026-11-28T12:00:00+00:00"
TO_RESOURCE = attached(endpoint_id="vpce-1")
TO_SERVICE = attached("other", SERVICE_ARN, endpoint_id="vpce-2")
IN_NETWORK = attached(
    network_arn=NETWORK_ARN, resource_association="snra-1", vpc_association="snva-1", endpoint_id="vpce-3"
)
SERVICE_IN_NETWORK = attached(network_arn=NETWORK_ARN, resource_association="snsa-1")


def test_of_what_ends_as_a_whole_all_that_is_its_own_is_tagged_with_the_time() -> None:
    assert tags_of(mark(), attachments=(TO_RESOURCE, TO_SERVICE)) == {"vpce-1": AFTER, "vpce-2": AFTER}


def test_of_one_association_only_that_is_tagged() -> None:
    other_binding = attached("other", endpoint_id="vpce-3")

    assert tags_of(PART, attachments=(TO_RESOURCE, TO_SERVICE, other_binding)) == {"vpce-1": AFTER}


def test_each_association_has_the_time_of_its_own() -> None:
    of_service = mark("other", SERVICE_ARN, withdraw_after=NOW)

    tags = tags_of(PART, of_service, attachments=(TO_RESOURCE, TO_SERVICE))

    assert tags == {"vpce-1": AFTER, "vpce-2": "2026-11-21T12:00:00+00:00"}


def other_share(*marks: Announced, **changes: Any) -> LedgerRow:
    fields: dict[str, Any] = {"request": OTHER_SHARE, "attachments": (TO_RESOURCE,)} | changes
    return row(fields.pop("status", Status.AVAILABLE), announced=marks, **fields)


def tags_beside(other: LedgerRow, *marks: Announced) -> dict[str, str]:
    here = row(Status.AVAILABLE, request=SHARE, attachments=(TO_RESOURCE, TO_SERVICE), announced=marks)
    return dict(desired_tags(here, (other,), prefix="home", account_id=CONSUMER))


OTHER_SHARE = ResourceShareRequest(share_arn=f"{SHARE_ARN}-2")
LATER = "2026-12-05T12:00:00+00:00"
IN_TWO_WEEKS = mark(withdraw_after=NOW + timedelta(days=14))


def test_what_another_share_keeps_is_not_tagged_and_the_rest_is() -> None:
    assert tags_beside(other_share(), mark()) == {"vpce-2": AFTER}


@pytest.mark.parametrize(("here", "there"), [(mark(), IN_TWO_WEEKS), (IN_TWO_WEEKS, mark())])
def test_what_two_shares_hold_goes_with_the_last_of_them_and_says_so_whichever_is_asked(
    here: Announced, there: Announced
) -> None:
    assert tags_beside(other_share(there), here)["vpce-1"] == LATER
    assert desired_tags(
        other_share(there),
        (row(Status.AVAILABLE, request=SHARE, attachments=(TO_RESOURCE,), announced=(here,)),),
        prefix="home",
        account_id=CONSUMER,
    ) == {"vpce-1": LATER}


@pytest.mark.parametrize(
    "marks", [(PART, replace(PART, withdraw_after=NOW)), (replace(PART, withdraw_after=NOW), PART)]
)
def test_an_association_that_both_announce_goes_at_the_earlier_time(marks: tuple[Announced, Announced]) -> None:
    here, there = marks

    assert tags_beside(other_share(there), here) == {"vpce-1": "2026-11-21T12:00:00+00:00"}


def test_an_association_of_a_share_that_ends_too_goes_at_the_earlier_time() -> None:
    assert tags_of(IN_TWO_WEEKS, PART, attachments=(TO_RESOURCE, TO_SERVICE)) == {"vpce-1": AFTER, "vpce-2": LATER}


@pytest.mark.parametrize(
    "going",
    [
        {"status": Status.WITHDRAWING},
        {"commanded": WithdrawalCommand(by="ann", at=NOW)},
        {"request": OrphanRequest(resource_arn=RESOURCE_ARN)},
    ],
    ids=str,
)
def test_what_goes_itself_or_is_no_share_keeps_nothing(going: dict[str, Any]) -> None:
    assert tags_beside(other_share(**going), mark())["vpce-1"] == AFTER


def test_what_bindings_may_share_of_a_network_is_not_tagged_only_the_association_of_the_resource() -> None:
    region = f"arn:aws:vpc-lattice:us-east-1:{CONSUMER}"

    tags = tags_of(PART, attachments=(IN_NETWORK, SERVICE_IN_NETWORK))

    assert tags == {
        f"{region}:servicenetworkresourceassociation/snra-1": AFTER,
        f"{region}:servicenetworkserviceassociation/snsa-1": AFTER,
    }


def test_the_association_with_somebody_else_s_network_is_this_account_s() -> None:
    shared = NETWORK_ARN.replace(CONSUMER, "111111111111").replace("arn:aws:", "arn:aws-cn:")

    (arn,) = tags_of(mark(), attachments=(attached(network_arn=shared, resource_association="snra-1"),))

    assert arn == f"arn:aws-cn:vpc-lattice:us-east-1:{CONSUMER}:servicenetworkresourceassociation/snra-1"


@pytest.mark.parametrize("made", [{}, {"network_arn": NETWORK_ARN, "endpoint_id": "vpce-3"}])
def test_what_has_nothing_of_its_own_is_not_tagged(made: dict[str, str]) -> None:
    assert tags_of(mark(), attachments=(attached(**made),)) == {}


@pytest.mark.parametrize("attachments", [None, ()])
def test_of_a_connection_what_is_published_of_each_type_is_tagged(
    attachments: tuple[AttachmentSnapshot, ...] | None,
) -> None:
    of_connection = row(Status.AVAILABLE, announced=(mark(),), attachments=attachments)
    path = f"/home/consumers/{CONSUMER}/{ENDPOINT_ID}"

    tags = desired_tags(of_connection, prefix="home", account_id="111111111111")

    # A Gateway Load Balancer's endpoint has no name.
    assert tags == {f"{path}/connection": AFTER}


@pytest.mark.parametrize("request_of", [{}, {"request": SHARE}])
def test_of_what_is_not_announced_nothing_is_tagged(request_of: dict[str, Any]) -> None:
    quiet = row(Status.AVAILABLE, attachments=(TO_RESOURCE,), **request_of)

    assert desired_tags(quiet, prefix="home", account_id=CONSUMER) == {}


def test_a_mark_of_which_it_is_not_known_whether_it_lapsed_stays_as_it_is_and_none_is_made() -> None:
    before = mark()
    unknown = Review(permitted=False, undecided=(before.key, ("orders", RESOURCE_ARN)))

    assert marks_after(unknown, (before,), NOW + timedelta(days=30), timedelta(days=7)) == (before,)
