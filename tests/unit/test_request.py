"""Requests: their names, and when they need another attempt."""

import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.next_action import (
    HELD_AT_LEAST_EVERY,
    NextAction,
    cause_of_attempt,
    may_try_again,
    next_action,
)
from drawbridge.request import EndpointConnectionRequest, ExecutionInput
from drawbridge.request.connections import ConnectionState
from drawbridge.request.fingerprints import fingerprint
from drawbridge.request.shares import (
    LIFE_OF_INVITATION,
    LONG_LIFE_OF_INVITATION,
    Content,
    InvitationStatus,
    newest,
)
from drawbridge.status import Reason, Status
from tests.builders import (
    ATTACHMENT_ID,
    CONNECTION,
    NOW,
    PROVIDER,
    SERVICE_ID,
    SHARE,
    SUBNET,
    content,
    execution_input,
    invitation,
    observed_request,
    row,
)

ATTACHMENT = EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=ATTACHMENT_ID)
LATER = NOW + timedelta(seconds=1)
OVER = {Status.AVAILABLE, Status.REJECTED, Status.EXPIRED, Status.WITHDRAWN}


@pytest.mark.parametrize("request_", [SHARE, CONNECTION, ATTACHMENT])
@given(attempt=st.integers(1, 10_000))
def test_an_execution_name_is_one_that_step_functions_takes(request_: object, attempt: int) -> None:
    name = execution_input(request_, attempt).execution_name  # type: ignore[arg-type]  # both kinds of the union

    assert re.fullmatch(r"[A-Za-z0-9-]{1,80}", name)


@pytest.mark.parametrize("request_", [SHARE, CONNECTION, ATTACHMENT])
def test_a_request_crosses_the_workflow_and_comes_back_as_it_was(request_: object) -> None:
    there = execution_input(request_)  # type: ignore[arg-type]  # both kinds of the union

    assert msgspec.json.decode(msgspec.json.encode(there), type=ExecutionInput) == there


@pytest.mark.parametrize("share_arn", ["", "arn:aws:ram:us-east-1:1:resource-share/x", "arn:aws:s3:::bucket"])
def test_a_request_about_something_else_than_a_share_is_refused(share_arn: str) -> None:
    body = {"requestId": "x", "attempt": 1, "request": {"kind": "resource-share", "shareArn": share_arn}}

    with pytest.raises(msgspec.ValidationError, match="shareArn"):
        msgspec.convert(body, ExecutionInput)


def test_what_nobody_has_observed_before_gets_its_first_attempt() -> None:
    assert next_action(observed_request(), None, NOW) is NextAction.NEW_ATTEMPT


def test_what_was_over_before_it_was_observed_is_left_alone() -> None:
    assert next_action(observed_request(open=False), None, NOW) is NextAction.NOTHING


@pytest.mark.parametrize("status", [Status.PENDING, Status.ACCEPTED, Status.ASSOCIATING, Status.WAITING_FOR_APPROVAL])
def test_what_is_under_way_is_only_made_sure_of_and_not_at_once(status: Status) -> None:
    under_way = row(status, settled=False)

    assert next_action(observed_request(observed_fingerprint="changed"), under_way, LATER) is NextAction.NOTHING
    assert (
        next_action(observed_request(observed_fingerprint="changed"), under_way, NOW + timedelta(minutes=1))
        is NextAction.ENSURE_RUNNING
    )


@pytest.mark.parametrize("status", sorted(OVER | {Status.HELD, Status.ACCEPTED}))
def test_what_has_settled_is_left_alone_while_nothing_changes(status: Status) -> None:
    assert next_action(observed_request(), row(status), LATER) is NextAction.NOTHING


@pytest.mark.parametrize("status", sorted(Status))
def test_what_changed_in_aws_is_looked_into_while_it_is_open(status: Status) -> None:
    assert next_action(observed_request(observed_fingerprint="changed"), row(status), LATER) is NextAction.NEW_ATTEMPT


@pytest.mark.parametrize(
    ("status", "need"),
    [(status, NextAction.NOTHING) for status in sorted(OVER)]
    + [(Status.HELD, NextAction.NEW_ATTEMPT), (Status.FAILED, NextAction.NEW_ATTEMPT)],
)
def test_what_the_other_side_ended_is_recorded_unless_it_was_over_already(status: Status, need: NextAction) -> None:
    assert next_action(observed_request(observed_fingerprint="gone", open=False), row(status), LATER) is need


def test_a_change_of_policy_decides_again_what_is_held() -> None:
    assert (
        next_action(observed_request(decision_fingerprint="other policies"), row(Status.HELD), LATER)
        is NextAction.NEW_ATTEMPT
    )


def test_a_change_of_policy_does_not_disturb_what_is_available() -> None:
    assert (
        next_action(observed_request(decision_fingerprint="other policies"), row(Status.AVAILABLE), LATER)
        is NextAction.NOTHING
    )


def test_a_change_of_bindings_plans_again_what_is_available() -> None:
    assert (
        next_action(observed_request(bindings_fingerprint="another binding"), row(Status.AVAILABLE), LATER)
        is NextAction.NEW_ATTEMPT
    )


def test_what_is_held_is_decided_again_after_some_hours() -> None:
    assert next_action(observed_request(), row(Status.HELD), NOW + HELD_AT_LEAST_EVERY) is NextAction.NEW_ATTEMPT


@pytest.mark.parametrize(("failures", "minutes"), [(1, 1), (2, 2), (3, 4), (4, 8), (9, 256), (10, 360), (9999, 360)])
def test_what_failed_is_tried_again_later_and_later_but_within_six_hours(failures: int, minutes: int) -> None:
    failed = row(Status.FAILED, attempt=50, failures=failures)
    due = NOW + timedelta(minutes=minutes)

    assert next_action(observed_request(), failed, due - timedelta(seconds=1)) is NextAction.NOTHING
    assert next_action(observed_request(), failed, due) is NextAction.NEW_ATTEMPT


def test_what_is_available_in_part_is_planned_again_after_a_change_of_policy_or_some_hours() -> None:
    in_part = row(Status.AVAILABLE, incomplete=True)

    assert next_action(observed_request(), in_part, LATER) is NextAction.NOTHING
    assert (
        next_action(observed_request(decision_fingerprint="other policies"), in_part, LATER) is NextAction.NEW_ATTEMPT
    )
    assert next_action(observed_request(), in_part, NOW + HELD_AT_LEAST_EVERY) is NextAction.NEW_ATTEMPT


@pytest.mark.parametrize(
    ("changes", "before", "code"),
    [
        ({"observed_fingerprint": "changed"}, row(Status.HELD), "listed-otherwise"),
        ({"observed_fingerprint": "gone", "open": False}, row(Status.HELD), "not-listed"),
        ({}, row(Status.HELD, observed_fingerprint="retry"), "tried-again"),
        ({"drift_fingerprint": "moved"}, row(Status.AVAILABLE), "drift"),
        ({"bindings_fingerprint": "another binding"}, row(Status.AVAILABLE), "bindings-changed"),
        ({"decision_fingerprint": "other policies"}, row(Status.HELD), "policies-changed"),
        ({}, row(Status.WITHDRAWING), "listed-again"),
        ({}, row(Status.FAILED, updated_at=(NOW - timedelta(days=1)).isoformat()), "failed-before"),
        ({}, row(Status.HELD, updated_at=(NOW - timedelta(days=1)).isoformat()), "not-decided-for-long"),
    ],
)
def test_another_attempt_has_its_reason(changes: dict[str, Any], before: LedgerRow, code: str) -> None:
    cause = cause_of_attempt(observed_request(**changes), before, LATER)

    assert cause is not None
    assert cause.code == code


def test_another_attempt_for_what_a_plan_rests_on_names_it() -> None:
    before = row(Status.AVAILABLE, inputs=PlanInputs(vpcs="a", security_groups="x"))

    cause = cause_of_attempt(observed_request(inputs=PlanInputs(vpcs="b", security_groups="y")), before, LATER)

    assert cause == Reason("plan-inputs-changed", "What its plan rests on has changed: vpcs, security groups.")


@pytest.mark.parametrize("text", ["pendingAcceptance", "PendingAcceptance", "PENDINGACCEPTANCE"])
def test_trap_9_a_state_is_the_same_state_in_every_spelling(text: str) -> None:
    assert ConnectionState.parse(text) is ConnectionState.PENDING_ACCEPTANCE


def test_trap_4_the_deadline_counts_from_when_the_invitation_was_sent() -> None:
    assert invitation().deadline((content(),)) == NOW + timedelta(hours=12)


SITE = content(f"arn:aws:outposts:us-east-1:{PROVIDER}:site/a", "outposts:site")


@pytest.mark.parametrize(
    ("contents", "life"),
    [
        ((SUBNET, SITE), LONG_LIFE_OF_INVITATION),
        ((SUBNET, content()), LIFE_OF_INVITATION),
        ((content(), SUBNET), LIFE_OF_INVITATION),
        ((), LIFE_OF_INVITATION),
        (None, LIFE_OF_INVITATION),
    ],
)
def test_an_invitation_lives_seven_days_only_if_all_that_it_offers_is_of_the_types_that_do(
    contents: tuple[Content, ...] | None, life: timedelta
) -> None:
    assert invitation().deadline(contents) == NOW + life


@pytest.mark.parametrize(
    ("after", "life"),
    [
        (timedelta(), LIFE_OF_INVITATION),
        (timedelta(hours=12, minutes=59), LIFE_OF_INVITATION),
        (timedelta(hours=13), LONG_LIFE_OF_INVITATION),
    ],
)
def test_where_nobody_asked_what_is_offered_the_earlier_deadline_counts_until_the_invitation_has_outlived_it(
    after: timedelta, life: timedelta
) -> None:
    assert invitation().next_deadline(NOW + after) == NOW + life


@pytest.mark.parametrize(
    ("after", "expired_at"),
    [(timedelta(hours=12), "2026-11-22 00:00"), (timedelta(days=7), "2026-11-28 12:00")],
)
def test_an_invitation_that_has_expired_says_when_and_what_its_provider_has_to_do(
    after: timedelta, expired_at: str
) -> None:
    reason = invitation(InvitationStatus.EXPIRED).why_expired(NOW + after)

    assert reason.code == "deadline-passed"
    assert f"expired at {expired_at} UTC; ask account {PROVIDER} to share again" in reason.text


def test_the_time_at_which_an_invitation_expired_is_told_in_utc() -> None:
    in_berlin = NOW.astimezone(ZoneInfo("Europe/Berlin"))

    assert invitation(sent_at=in_berlin).why_expired(NOW) == invitation().why_expired(NOW)


def test_the_newest_of_several_invitations_to_a_share_counts() -> None:
    expired = invitation(InvitationStatus.EXPIRED, NOW - timedelta(days=1))
    pending = invitation(InvitationStatus.PENDING)

    assert newest([expired, pending]) == pending
    assert newest([pending, expired]) == pending
    assert newest([]) is None


def test_a_fingerprint_does_not_depend_on_the_order_of_a_set() -> None:
    names = [f"name-{number}" for number in range(20)]

    assert fingerprint(frozenset(names)) == fingerprint(frozenset(reversed(names)))


def test_an_execution_that_ended_without_recording_is_followed_by_another_after_a_while() -> None:
    lost = row(Status.ASSOCIATING, settled=False)

    assert not may_try_again(lost, NOW + timedelta(seconds=59))
    assert may_try_again(lost, NOW + timedelta(seconds=60))


def test_a_state_that_nobody_knew_is_unknown_and_not_open() -> None:
    assert ConnectionState.parse("hibernating") is ConnectionState.UNKNOWN
    assert not ConnectionState.UNKNOWN.is_open


@pytest.mark.parametrize(
    ("is_reviewed", "need"), [(True, NextAction.NOTHING), (False, NextAction.NEW_ATTEMPT)], ids=["refused", "let in"]
)
def test_what_a_person_denied_goes_on_once_a_review_would_let_it_in(is_reviewed: bool, need: NextAction) -> None:
    kept = row(Status.AVAILABLE, kept=(Reason("denied", "why"),), no_longer_permitted=is_reviewed)
    permitted = observed_request(decision_fingerprint="another")

    assert next_action(permitted, kept, NOW) is need


@pytest.mark.parametrize(
    ("codes", "need"),
    [
        (("kept", "facts-unavailable"), NextAction.NEW_ATTEMPT),
        (("kept", "approval-timed-out"), NextAction.NEW_ATTEMPT),
        (("kept", "denied"), NextAction.NOTHING),
        ((), NextAction.NOTHING),
    ],
)
def test_what_was_kept_is_decided_again_after_hours_unless_a_person_denied_it(
    codes: tuple[str, ...], need: NextAction
) -> None:
    kept = row(Status.AVAILABLE, kept=tuple(Reason(code, "why") for code in codes))

    assert next_action(observed_request(), kept, NOW + HELD_AT_LEAST_EVERY - timedelta(seconds=1)) is NextAction.NOTHING
    assert next_action(observed_request(), kept, NOW + HELD_AT_LEAST_EVERY) is need
