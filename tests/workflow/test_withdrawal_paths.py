"""The paths on which something is taken down: in an attempt at a share, and where a whole request ends."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from drawbridge.pacing.defaults import DELETE_ENDPOINTS
from drawbridge.record import GONE
from drawbridge.request import Request
from drawbridge.status import Reason, Status
from drawbridge.withdrawal import Cause, NamesRemoval, PublishedPath, WithdrawalPlan
from tests.builders import CONNECTION, ENDPOINT_ID, SHARE
from tests.workflow.definition import WORKFLOWS, Workflow
from tests.workflow.played import Script, Stage, associations, parameters, removals
from tests.workflow.promises import OUR_ERRORS, PROMISES

RETRIED = sorted(name for name in OUR_ERRORS if PROMISES.get(name) == "retried")
WAITS = Reason("unconfirmed", "vpce-9: AWS has yet to confirm that")
CUT = "3 more are to be taken down, which the next attempt does."
CALLED_FOR = Reason("called-for-again", "vpce-1: a binding calls for it again")

every_workflow = pytest.mark.parametrize("workflow", WORKFLOWS)
TAKING_DOWN = {"onboarding": "ASSOCIATING", "withdrawal": "WITHDRAWING"}
"""The status while something is taken down."""
DONE = {"onboarding": Status.ACCEPTED, "withdrawal": Status.WITHDRAWN}
NOT_DONE = {"onboarding": Status.FAILED, "withdrawal": Status.WITHDRAWING}


def words(*ids: str) -> list[str]:
    return [str(each) for each in removals(*ids).removals]


@every_workflow
@pytest.mark.parametrize("ids", [("vpce-1",), tuple(f"vpce-{number}" for number in range(9))])
def test_what_is_planned_to_be_taken_down_is_and_is_recorded(
    stage: Stage, workflow: Workflow, ids: tuple[str, ...]
) -> None:
    cast, execution = stage.play(Script(withdrawal=removals(*ids)), workflow=workflow)

    assert execution["status"] == "SUCCEEDED"
    assert [each.value for each in cast.statuses[-2:]] == [TAKING_DOWN[workflow], DONE[workflow]]
    assert cast.calls.count("withdraw_attachment") == len(ids)
    assert not cast.decided_again
    withdrawn = [reason.text for reason in cast.outcomes[-1].reasons if reason.code == "withdrawn"]
    assert withdrawn == words(*ids)
    assert cast.outcomes[-1].settled


@every_workflow
def test_what_is_taken_down_is_told_with_its_cause_before_it_goes(stage: Stage, workflow: Workflow) -> None:
    cast, _ = stage.play(Script(withdrawal=removals("vpce-1")), workflow=workflow)

    (why,) = (each for each in cast.outcomes[-2].reasons if each.code == "withdrawing")
    assert (why.text, why.source) == (f"{words('vpce-1')[0]}: no binding wants it", Cause.BINDING)
    assert not cast.outcomes[-2].settled


@every_workflow
@pytest.mark.parametrize("error", ["ConflictError", "OwnershipLostError", "AccessDeniedError"])
def test_one_removal_that_fails_is_recorded_with_the_object_and_aws_s_words_and_the_others_go(
    stage: Stage, workflow: Workflow, error: str
) -> None:
    (first,) = words("vpce-1")
    script = Script(withdrawal=removals("vpce-1", "vpce-2"), fails={f"withdraw_attachment {first}": (error,)})

    cast, execution = stage.play(script, workflow=workflow)

    assert execution["status"] == "SUCCEEDED"
    ended = cast.outcomes[-1]
    assert (ended.status, ended.settled) == (NOT_DONE[workflow], True)
    assert ended.reasons[0] == Reason("not-withdrawn", f"{first}: {error}: withdraw_attachment {first} says no")
    assert ended.taken_back == parameters("vpce-2")


@every_workflow
@pytest.mark.parametrize("times", [1, 2, 30])
def test_what_was_planned_too_long_ago_is_decided_again_and_goes(stage: Stage, workflow: Workflow, times: int) -> None:
    (what,) = words("vpce-1")

    cast, _ = stage.play(Script(withdrawal=removals("vpce-1"), put_off={what: times}), workflow=workflow)

    assert cast.decided_again == {what: times}
    assert cast.statuses[-1] is DONE[workflow]


@every_workflow
@pytest.mark.parametrize("put_off", [0, 1])
def test_what_aws_lets_be_deleted_only_so_often_waits_for_its_turn(
    stage: Stage, workflow: Workflow, put_off: int
) -> None:
    (what,) = words("vpce-1")
    script = Script(withdrawal=removals("vpce-1"), turns={what: 2}, put_off={what: put_off})

    cast, _ = stage.play(script, workflow=workflow)

    assert cast.statuses[-1] is DONE[workflow]
    assert cast.calls.count("give_turns") == 2
    assert cast.decided_again == ({what: 1} if put_off else {})
    assert {each.input.of for each in cast.messages} == {DELETE_ENDPOINTS}


@every_workflow
def test_what_aws_puts_off_for_ever_is_not_decided_for_ever(stage: Stage, workflow: Workflow) -> None:
    (what,) = words("vpce-1")

    cast, execution = stage.play(Script(withdrawal=removals("vpce-1"), put_off={what: 1_000}), workflow=workflow)

    assert execution["status"] == "SUCCEEDED"
    assert cast.decided_again == {what: 30}
    assert cast.statuses[-1] is NOT_DONE[workflow]
    assert cast.outcomes[-1].reasons[0].text.startswith(f"{what}: ThrottledError: Put off 30 times")


@every_workflow
def test_what_is_called_for_again_by_then_stays_and_the_rest_goes(stage: Stage, workflow: Workflow) -> None:
    first, second = words("vpce-1", "vpce-2")
    script = Script(withdrawal=removals("vpce-1", "vpce-2"), put_off={first: 1}, refused_then={first: CALLED_FOR})

    cast, _ = stage.play(script, workflow=workflow)

    ended = cast.outcomes[-1]
    assert CALLED_FOR in ended.reasons
    assert [each.text for each in ended.reasons if each.code == "withdrawn"] == [second]
    assert ended.taken_back == parameters("vpce-2")


@every_workflow
@pytest.mark.parametrize("fails", [("AccessDeniedError",), ("UpstreamError",) * 6])
def test_a_failure_that_cannot_be_noted_stops_no_other_and_is_recorded(
    stage: Stage, workflow: Workflow, fails: tuple[str, ...]
) -> None:
    (first,) = words("vpce-1")
    script = Script(
        withdrawal=removals("vpce-1", "vpce-2"),
        fails={f"withdraw_attachment {first}": ("ConflictError",), "record_outcome note": fails},
    )

    cast, execution = stage.play(script, workflow=workflow)

    assert execution["status"] == "SUCCEEDED"
    ended = cast.outcomes[-1]
    assert ended.status is NOT_DONE[workflow]
    assert ended.reasons[0].text.startswith(f"{first}: no-outcome: ")
    assert ended.taken_back == parameters("vpce-2")


@every_workflow
@pytest.mark.parametrize("function", ["withdraw_attachment", "record_outcome"])
def test_what_may_pass_is_tried_again_until_it_does(stage: Stage, workflow: Workflow, function: str) -> None:
    errors = (*RETRIED, "Sandbox.Timedout")

    cast, execution = stage.play(Script(withdrawal=removals("vpce-1"), fails={function: errors}), workflow=workflow)

    assert execution["status"] == "SUCCEEDED"
    assert cast.statuses[-1] is DONE[workflow]
    assert cast.failed[function] == len(errors)


def test_in_an_attempt_at_a_share_what_is_new_is_published_before_anything_goes(stage: Stage) -> None:
    script = Script(plan=associations("orders-db", "users-db"), withdrawal=removals("vpce-1", "vpce-2"))

    cast, execution = stage.play(script)

    assert execution["status"] == "SUCCEEDED"
    assert cast.statuses == [Status.ACCEPTED, Status.ASSOCIATING, Status.AVAILABLE]
    last_published = max(place for place, each in enumerate(cast.calls) if each == "publish_dns")
    assert cast.calls.index("withdraw_attachment") > last_published
    ended = cast.outcomes[-1]
    assert ended.published == (*parameters("orders-db"), *parameters("users-db"))
    assert [each.code for each in ended.reasons] == ["published", "published", "withdrawn", "withdrawn"]


def test_an_association_that_fails_keeps_nothing_from_being_taken_down(stage: Stage) -> None:
    script = Script(
        plan=associations("orders-db"),
        withdrawal=removals("vpce-1"),
        fails={"associate_resource orders-db": ("AssociationFailedError",)},
    )

    cast, _ = stage.play(script)

    assert cast.statuses[-1] is Status.FAILED
    assert cast.calls.count("withdraw_attachment") == 1
    assert cast.outcomes[-1].taken_back == parameters("vpce-1")


def test_an_attempt_that_takes_nothing_down_asks_nothing_about_it(stage: Stage) -> None:
    cast, _ = stage.play(Script(plan=associations("orders-db")))

    assert not {"plan_withdrawal", "withdraw_attachment"} & {*cast.calls}


def test_of_a_share_of_which_only_removals_stay_after_all_it_is_held(stage: Stage) -> None:
    (what,) = words("vpce-1")
    script = Script(withdrawal=removals("vpce-1"), put_off={what: 1}, refused_then={what: CALLED_FOR})

    cast, _ = stage.play(script)

    assert (cast.statuses[-1], cast.outcomes[-1].incomplete) == (Status.HELD, True)


@pytest.mark.parametrize("request_", [SHARE, CONNECTION])
def test_a_request_whose_subject_is_gone_ends_withdrawn(stage: Stage, request_: Request) -> None:
    names = NamesRemoval(
        names=(PublishedPath(path="/p", subject=ENDPOINT_ID, through=ENDPOINT_ID),),
        cause=Cause.CONNECTION_GONE,
        why="gone",
    )

    cast, execution = stage.play(Script(withdrawal=WithdrawalPlan(removals=(names,))), request_, "withdrawal")

    assert execution["status"] == "SUCCEEDED"
    assert cast.calls == ["plan_withdrawal", "record_outcome", "withdraw_attachment", "record_outcome"]
    assert cast.statuses == [Status.WITHDRAWING, Status.WITHDRAWN]
    ended = cast.outcomes[-1]
    assert (ended.basis, ended.attachments, ended.reasons[0].code) == (GONE, (), "gone")


def test_a_request_of_which_nothing_is_left_ends_withdrawn_at_once(stage: Stage) -> None:
    cast, execution = stage.play(Script(), workflow="withdrawal")

    assert execution["status"] == "SUCCEEDED"
    assert cast.calls == ["plan_withdrawal", "record_outcome", "record_outcome"]
    assert cast.statuses == [Status.WITHDRAWING, Status.WITHDRAWN]


def test_what_is_listed_again_is_left_alone_and_waits_for_an_attempt(stage: Stage) -> None:
    again = Reason("listed-again", "AWS lists it again")

    cast, execution = stage.play(Script(withdrawal=removals("vpce-1"), listed_again=again), workflow="withdrawal")

    assert execution["status"] == "SUCCEEDED"
    assert cast.calls == ["plan_withdrawal", "record_outcome"]
    (outcome,) = cast.outcomes
    assert (outcome.status, outcome.settled, outcome.reasons) == (Status.ACCEPTED, True, (again,))
    # Whatever AWS lists by the next sweep is something new.
    assert outcome.basis is not None
    assert outcome.basis.observed_fingerprint not in {"", GONE.observed_fingerprint}


@pytest.mark.parametrize(
    "changes", [{"unconfirmed": (WAITS,)}, {"cut": (CUT,)}, {"unconfirmed": (WAITS,), "cut": (CUT,)}]
)
def test_a_request_does_not_end_while_something_of_it_is_left(stage: Stage, changes: dict[str, Any]) -> None:
    plan = msgspec.structs.replace(removals("vpce-1"), **changes)

    cast, _ = stage.play(Script(withdrawal=plan), workflow="withdrawal")

    ended = cast.outcomes[-1]
    assert (ended.status, ended.settled, ended.basis) == (Status.WITHDRAWING, True, None)
    assert ended.reasons == changes.get("unconfirmed", ())
    assert ended.cut == changes.get("cut", ())


@pytest.mark.parametrize("error", ["AccessDeniedError", "InvalidInputError", "ValidationError"])
def test_a_withdrawal_that_breaks_off_is_recorded_and_settled_so_that_another_begins(stage: Stage, error: str) -> None:
    cast, execution = stage.play(Script(fails={"plan_withdrawal": (error,)}), workflow="withdrawal")

    assert execution["status"] == "SUCCEEDED"
    assert cast.calls == ["plan_withdrawal", "record_outcome"]
    assert [(each.status, each.settled) for each in cast.outcomes] == [(Status.WITHDRAWING, True)]
    assert cast.outcomes[0].reasons == (Reason(error, "plan_withdrawal says no"),)


def test_a_withdrawal_of_which_aws_does_not_say_for_long_whether_it_is_gone_breaks_off(stage: Stage) -> None:
    cast, execution = stage.play(Script(fails={"plan_withdrawal": ("NotReadyError",) * 100}), workflow="withdrawal")

    assert execution["status"] == "SUCCEEDED"
    assert cast.calls.count("plan_withdrawal") == 31
    assert cast.statuses == [Status.WITHDRAWING]


def test_a_status_of_a_withdrawal_that_could_not_be_recorded_is_recorded_as_a_failure(stage: Stage) -> None:
    cast, execution = stage.play(
        Script(withdrawal=removals("vpce-1"), fails={"record_outcome": ("AccessDeniedError",)}), workflow="withdrawal"
    )

    assert execution["status"] == "SUCCEEDED"
    assert "withdraw_attachment" not in cast.calls
    assert cast.outcomes[0].reasons == (Reason("AccessDeniedError", "record_outcome says no"),)


def test_a_withdrawal_fails_where_not_even_the_failure_can_be_recorded(stage: Stage) -> None:
    cast, execution = stage.play(Script(fails={"record_outcome": ("AccessDeniedError",) * 2}), workflow="withdrawal")

    assert (execution["status"], execution["error"]) == ("FAILED", "AccessDeniedError")
    assert json.loads(execution["cause"])["errorMessage"] == "record_outcome says no"
    assert cast.outcomes == []
