"""The paths through the onboarding workflow, from the first state to what is recorded."""

from __future__ import annotations

import json
from datetime import timedelta

import msgspec
import pytest

from drawbridge.acceptance import Acceptance, AcceptanceResult
from drawbridge.decision import Accept, AlreadyResolved, AskApprover, Decision, Delay, Delayed, Hold, Keep, Reject
from drawbridge.decision.decision_record import AssociationDecisionRecord
from drawbridge.decision.let_in import LetIn
from drawbridge.record import GONE, OutcomeBasis
from drawbridge.status import Reason, Status
from tests.builders import CONNECTION, ENDPOINT_ID, NOW, resource_facts
from tests.workflow.played import DECISION_RECORD, NOTHING, ON, WHY, YES, Script, Stage, associations, parameters
from tests.workflow.promises import OUR_ERRORS, PROMISES

LATER = Delayed(of="this", since=NOW, until=NOW + timedelta(minutes=15))
LATE = (Reason("deadline-passed", "The invitation expired."),)
NEVER_RETRIED = sorted(name for name in OUR_ERRORS if PROMISES.get(name) == "never retried")
RETRIED = sorted(name for name in OUR_ERRORS if PROMISES.get(name) == "retried")


def written(value: object) -> bytes:
    return msgspec.json.encode(value)


@pytest.mark.parametrize(
    ("decision", "status"),
    [
        (Hold(WHY), Status.HELD),
        (Delay(WHY, LATER), Status.PENDING),
        (AskApprover(WHY), Status.HELD),
        (AlreadyResolved(Status.EXPIRED, LATE), Status.EXPIRED),
        (AlreadyResolved(Status.WITHDRAWN, WHY), Status.WITHDRAWN),
    ],
)
def test_where_there_is_no_answer_to_give_only_that_is_recorded(
    stage: Stage, decision: Decision, status: Status
) -> None:
    cast, execution = stage.play(Script(decision=decision))

    assert execution["status"] == "SUCCEEDED"
    assert cast.calls == ["decide_request", "record_outcome"]
    assert [(outcome.status, outcome.settled) for outcome in cast.outcomes] == [(status, True)]
    assert cast.outcomes[0].reasons[-1] == decision.because[-1]


@pytest.mark.parametrize("decision", [Hold(WHY), AskApprover(WHY)])
def test_what_was_held_is_recorded_with_the_policies_that_held_it(stage: Stage, decision: Decision) -> None:
    cast, _ = stage.play(Script(decision=decision, permitted="these policies"))

    assert cast.outcomes[0].basis == OutcomeBasis(decision_fingerprint="these policies")


def test_what_is_over_is_recorded_although_no_policy_was_asked(stage: Stage) -> None:
    cast, execution = stage.play(
        Script(decision=AlreadyResolved(Status.WITHDRAWN, WHY), permitted="", decision_record=None)
    )

    assert execution["status"] == "SUCCEEDED"
    assert cast.outcomes[0].basis == GONE
    assert cast.outcomes[0].decision_record is None


@pytest.mark.parametrize("decision", [Hold(WHY), YES, Reject(WHY)])
def test_what_was_decided_is_recorded_with_its_decision_record(stage: Stage, decision: Decision) -> None:
    cast, _ = stage.play(Script(decision=decision))

    assert cast.outcomes[0].decision_record == DECISION_RECORD


def test_what_the_policy_was_asked_of_each_resource_is_recorded(stage: Stage) -> None:
    asked = AssociationDecisionRecord(at=NOW, zone="UTC", resources=(resource_facts(),))

    cast, _ = stage.play(Script(plan=msgspec.structs.replace(associations("orders-db"), decision_record=asked)))

    assert cast.outcomes[1].association_decision_record == asked


def test_what_a_plan_was_made_from_is_recorded_with_it(stage: Stage) -> None:
    plan = msgspec.structs.replace(NOTHING, broken=(Reason("binding-broken", "line 3: no", source="mine"),))

    cast, _ = stage.play(Script(plan=plan))

    assert cast.outcomes[-1].basis == OutcomeBasis(
        observed_fingerprint="state", bindings_fingerprint="bindings", contents=None
    )
    assert cast.outcomes[-1].reasons[-1] == plan.broken[0]


def test_what_was_refused_with_what_was_made_leaves_the_end_incomplete(stage: Stage) -> None:
    refused = Reason("no-vpc", "no VPC fits", source="orders")

    cast, _ = stage.play(Script(plan=msgspec.structs.replace(associations("orders-db"), refused=(refused,))))

    assert cast.statuses == [Status.ACCEPTED, Status.ASSOCIATING, Status.AVAILABLE]
    assert cast.outcomes[-1].incomplete
    assert cast.outcomes[-1].reasons[-1] == refused


@pytest.mark.parametrize(
    ("decision", "acceptance", "status"),
    [
        (Reject(WHY), Acceptance(AcceptanceResult.REJECTED), Status.REJECTED),
        (YES, Acceptance(AcceptanceResult.EXPIRED, LATE), Status.EXPIRED),
        (YES, Acceptance(AcceptanceResult.WITHDRAWN, WHY), Status.WITHDRAWN),
        (YES, Acceptance(AcceptanceResult.REJECTED), Status.REJECTED),
    ],
)
def test_what_was_not_let_in_after_all_ends_with_the_answer(
    stage: Stage, decision: Decision, acceptance: Acceptance, status: Status
) -> None:
    cast, execution = stage.play(Script(decision=decision, acceptance=acceptance))

    assert execution["status"] == "SUCCEEDED"
    assert cast.calls == ["decide_request", "accept_request", "record_outcome"]
    assert [(outcome.status, outcome.settled) for outcome in cast.outcomes] == [(status, True)]
    assert cast.steps["accept_request"].decision == decision


def test_an_accepted_share_of_which_nothing_is_desired_is_accepted_and_settled(stage: Stage) -> None:
    cast, execution = stage.play(Script(plan=NOTHING))

    assert execution["status"] == "SUCCEEDED"
    assert "associate_resource" not in cast.calls
    assert [(outcome.status, outcome.settled) for outcome in cast.outcomes] == [
        (Status.ACCEPTED, False),
        (Status.ACCEPTED, True),
    ]


def test_an_accepted_share_of_which_all_that_is_desired_is_refused_is_held(stage: Stage) -> None:
    refused = Reason("no-vpc", "no VPC fits", source="orders")

    cast, _ = stage.play(Script(plan=msgspec.structs.replace(NOTHING, refused=(refused,))))

    assert cast.statuses == [Status.ACCEPTED, Status.HELD]
    assert cast.outcomes[-1].reasons == (refused,)


@pytest.mark.parametrize("decision", [YES, Keep(WHY)])
def test_what_was_decided_and_on_what_reaches_the_plan_and_what_is_let_in_the_record(
    stage: Stage, decision: Accept | Keep
) -> None:
    let_in = LetIn(at=NOW, because=WHY, contents_fingerprint="these", arns=("arn:a",))

    cast, _ = stage.play(Script(decision=decision, let_in=let_in))

    planned = cast.steps["plan_associations"]
    assert (planned.decision, planned.on) == (decision, ON)
    assert cast.outcomes[0].let_in == let_in
    assert cast.outcomes[0].kept == (WHY if isinstance(decision, Keep) else ())


def test_what_is_kept_goes_on_to_its_name(stage: Stage) -> None:
    cast, execution = stage.play(Script(decision=Keep(WHY)), CONNECTION)

    assert execution["status"] == "SUCCEEDED"
    assert cast.statuses == [Status.ACCEPTED, Status.AVAILABLE]


@pytest.mark.parametrize("times", [1, 2, 29])
def test_what_is_not_so_any_more_is_decided_again_before_it_is_done(stage: Stage, times: int) -> None:
    cast, execution = stage.play(Script(decides_again=times))

    assert execution["status"] == "SUCCEEDED"
    assert cast.calls[: 2 * times + 3] == ["decide_request", "accept_request"] * (times + 1) + ["record_outcome"]
    assert cast.statuses == [Status.ACCEPTED, Status.ACCEPTED]


def test_what_never_holds_until_it_is_done_fails_at_last(stage: Stage) -> None:
    cast, execution = stage.play(Script(decides_again=1000))

    assert execution["status"] == "SUCCEEDED"
    assert cast.calls.count("accept_request") == 30
    assert cast.statuses == [Status.FAILED]
    assert cast.outcomes[0].reasons == (Reason("DecisionOutdated", "It was decided long ago."),)


@pytest.mark.parametrize("names", [("orders-db",), ("orders-db", "users-db"), tuple(f"db-{n}" for n in range(9))])
def test_what_is_desired_is_associated_published_and_recorded(stage: Stage, names: tuple[str, ...]) -> None:
    cast, execution = stage.play(Script(plan=associations(*names)))

    assert execution["status"] == "SUCCEEDED"
    assert cast.statuses == [Status.ACCEPTED, Status.ASSOCIATING, Status.AVAILABLE]
    assert cast.outcomes[-1].published == tuple(each for name in names for each in parameters(name))
    assert cast.calls.count("associate_resource") == cast.calls.count("publish_dns") == len(names)
    assert cast.steps["associate_resource"].execution.attempt == 1


@pytest.mark.parametrize(
    ("function", "error"), [("associate_resource", "AssociationFailedError"), ("publish_dns", "ConflictError")]
)
def test_an_association_that_fails_is_reported_by_name_and_stops_no_other(
    stage: Stage, function: str, error: str
) -> None:
    plan = associations("orders-db", "users-db")

    cast, execution = stage.play(Script(plan=plan, fails={f"{function} orders-db": (error,)}))

    assert execution["status"] == "SUCCEEDED"
    assert cast.statuses == [Status.ACCEPTED, Status.ASSOCIATING, Status.FAILED]
    failed = cast.outcomes[-1]
    assert failed.published == parameters("users-db")
    assert failed.reasons == (Reason(error, f"{function} orders-db says no", source=plan.associations[0].name),)


def test_a_consumer_s_connection_is_published_and_recorded(stage: Stage) -> None:
    cast, execution = stage.play(Script(), CONNECTION)

    assert execution["status"] == "SUCCEEDED"
    # It was answered, and that was recorded, where it was decided on; so is what was published.
    assert cast.calls == ["decide_request", "publish_dns"]
    assert cast.statuses == [Status.ACCEPTED, Status.AVAILABLE]
    assert cast.outcomes[-1].published == parameters(ENDPOINT_ID)


@pytest.mark.parametrize(
    "function",
    ["decide_request", "accept_request", "plan_associations", "associate_resource", "publish_dns", "record_outcome"],
)
def test_what_may_pass_is_tried_again_until_it_does(stage: Stage, function: str) -> None:
    errors = (*RETRIED, "Sandbox.Timedout")

    cast, execution = stage.play(Script(plan=associations("orders-db"), fails={function: errors}))

    assert execution["status"] == "SUCCEEDED"
    assert cast.statuses == [Status.ACCEPTED, Status.ASSOCIATING, Status.AVAILABLE]
    assert cast.failed[function] == len(errors)


def test_what_does_not_pass_is_a_failure_in_the_end(stage: Stage) -> None:
    cast, execution = stage.play(Script(fails={"accept_request": ("NotReadyError",) * 100}))

    assert execution["status"] == "SUCCEEDED"
    assert cast.calls.count("accept_request") == 31
    assert [(outcome.status, outcome.settled) for outcome in cast.outcomes] == [(Status.FAILED, True)]
    assert cast.outcomes[0].reasons == (Reason("NotReadyError", "accept_request says no"),)


@pytest.mark.parametrize(
    ("function", "error"),
    [
        *(("accept_request", error) for error in [*NEVER_RETRIED, "ValidationError"]),
        ("decide_request", "InvalidInputError"),
        ("plan_associations", "AccessDeniedError"),
    ],
)
def test_what_is_never_retried_is_recorded_at_once(stage: Stage, function: str, error: str) -> None:
    cast, execution = stage.play(Script(fails={function: (error,)}))

    assert execution["status"] == "SUCCEEDED"
    assert cast.calls.count(function) == 1
    status = Status.WITHDRAWN if error == "RequestGoneError" else Status.FAILED
    assert (cast.statuses[-1], cast.outcomes[-1].settled) == (status, True)
    assert cast.outcomes[-1].reasons == (Reason(error, f"{function} says no"),)


@pytest.mark.parametrize("function", ["decide_request", "accept_request", "plan_associations", "associate_resource"])
def test_what_a_call_does_not_find_is_never_taken_for_the_end_of_the_request(stage: Stage, function: str) -> None:
    cast, execution = stage.play(Script(plan=associations("orders-db"), fails={function: ("GoneError",)}))

    assert execution["status"] == "SUCCEEDED"
    assert cast.statuses[-1] is Status.FAILED


@pytest.mark.parametrize("function", ["accept_request", "publish_dns"])
def test_trap_21_of_a_long_error_the_beginning_is_recorded(stage: Stage, function: str) -> None:
    trace = tuple("x" * 100 for _ in range(300))
    script = Script(plan=associations("orders-db"), fails={function: ("ConflictError",)}, trace=trace)

    cast, execution = stage.play(script)

    assert execution["status"] == "SUCCEEDED"
    assert cast.statuses[-1] is Status.FAILED
    assert cast.outcomes[-1].reasons[0].text == f"{function} says no"
    assert len(written(cast.steps["record_outcome"])) < 2500


def test_trap_21_as_many_long_errors_as_there_are_associations_can_be_recorded(stage: Stage) -> None:
    names = [f"db-{number}" for number in range(20)]
    fails = {f"associate_resource {name}": ("AssociationFailedError",) for name in names}
    script = Script(plan=associations(*names), fails=fails, words="{} says no " + "x" * 20_000)

    cast, execution = stage.play(script)

    assert execution["status"] == "SUCCEEDED"
    assert cast.statuses == [Status.ACCEPTED, Status.ASSOCIATING, Status.FAILED]
    reasons = cast.outcomes[-1].reasons
    assert [reason.code for reason in reasons] == ["AssociationFailedError"] * 20
    assert all(" says no xxx" in reason.text and 900 < len(reason.text) < 1000 for reason in reasons)


def test_a_consumer_s_connection_that_cannot_be_published_is_recorded_as_a_failure(stage: Stage) -> None:
    cast, execution = stage.play(Script(fails={"publish_dns": ("ConflictError",)}), CONNECTION)

    assert execution["status"] == "SUCCEEDED"
    assert cast.statuses == [Status.ACCEPTED, Status.FAILED]


def test_an_outcome_that_could_not_be_recorded_is_itself_recorded_as_a_failure(stage: Stage) -> None:
    cast, execution = stage.play(Script(fails={"record_outcome": ("AccessDeniedError",)}))

    assert execution["status"] == "SUCCEEDED"
    assert cast.statuses == [Status.FAILED]
    assert cast.outcomes[0].reasons == (Reason("AccessDeniedError", "record_outcome says no"),)


def test_the_execution_fails_where_not_even_the_failure_can_be_recorded(stage: Stage) -> None:
    cast, execution = stage.play(Script(fails={"record_outcome": ("AccessDeniedError",) * 2}))

    assert execution["status"] == "FAILED"
    assert execution["error"] == "AccessDeniedError"
    assert json.loads(execution["cause"])["errorMessage"] == "record_outcome says no"
    assert cast.outcomes == []
