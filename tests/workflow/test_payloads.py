"""What goes from state to state is small, whatever a share holds: references, and never lists."""

from __future__ import annotations

import msgspec
import pytest

from drawbridge.association import MadeAttachment
from drawbridge.association.plan import MOST_AT_ONCE
from drawbridge.bounds import size_of
from drawbridge.pacing.defaults import CREATE_ENDPOINT
from drawbridge.record.publish_tasks import PublishAssociation
from drawbridge.status import Reason, Status
from drawbridge.withdrawal import WithdrawalPlan
from drawbridge.withdrawal.plan import MOST_AT_ONCE as MOST_REMOVALS
from tests.aws_limits import STATE_BYTES
from tests.builders import PROVIDER
from tests.unit.largest import ALL_LONGEST, LARGEST_BY, longest_removal
from tests.workflow.definition import WORKFLOWS, Json, Workflow
from tests.workflow.played import Cast, Script, Stage, associations, parameters

ENOUGH = STATE_BYTES // 8
"""What the state's data may come to at the worst, with room for what comes to be in them later."""


def handed_on(stage: Stage, execution: Json) -> list[tuple[int, str]]:
    """Return the sizes of all that went into or out of states, tasks and the execution, each with what it is of."""
    sizes: list[tuple[int, str]] = []
    pages = stage.sfn.get_paginator("get_execution_history").paginate(
        executionArn=execution["executionArn"], PaginationConfig={"PageSize": 1000}
    )
    for event in (event for page in pages for event in page["events"]):
        details: Json = next((each for name, each in event.items() if name.endswith("EventDetails")), {})
        texts = [details.get(name) for name in ("input", "output", "parameters")]
        texts += list(details.get("assignedVariables", {}).values())
        sizes += [(len(text), f"{event['type']} {details.get('name', '')}") for text in texts if text]
    return sorted(sizes, reverse=True)


def played(stage: Stage, script: Script, workflow: Workflow = "onboarding") -> tuple[Cast, list[tuple[int, str]]]:
    cast, execution = stage.play(script, workflow=workflow)
    assert execution["status"] == "SUCCEEDED"
    return cast, handed_on(stage, execution)


def test_twenty_groups_of_sixty_children_are_published_and_recorded(stage: Stage) -> None:
    names = [f"group-{number}" for number in range(20)]

    cast, sizes = played(stage, Script(plan=associations(*names), children=60))

    assert cast.statuses == [Status.ACCEPTED, Status.ASSOCIATING, Status.AVAILABLE]
    assert sizes[0][0] < ENOUGH
    ended = cast.outcomes[-1]
    assert {parameters(name)[0] for name in names} <= set(ended.published)
    assert len(ended.published) + sum(int(text.split()[0]) for text in ended.cut) == 20 * 60 * 2


@pytest.mark.parametrize("cause", ["x", "é", "\u0000", "日", "😀"])
def test_as_much_as_can_be_planned_and_fail_fits_whatever_the_names_and_causes(stage: Stage, cause: str) -> None:
    plan = associations(*(f"{number:03}" for number in range(MOST_AT_ONCE)))
    plan = msgspec.structs.replace(plan, associations=ALL_LONGEST)
    fails = {f"associate_resource {each.resource.name}": ("AssociationFailedError",) for each in plan.associations}

    cast, sizes = played(stage, Script(plan=plan, fails=fails, words="{}" + cause * 32_768))

    assert cast.statuses == [Status.ACCEPTED, Status.ASSOCIATING, Status.FAILED]
    assert len(cast.outcomes[-1].reasons) == MOST_AT_ONCE
    assert sizes[0][0] < ENOUGH


@pytest.mark.parametrize("workflow", WORKFLOWS)
@pytest.mark.parametrize("cause", ["x", "\u0000", "😀"])
def test_as_much_as_can_be_taken_down_and_fail_fits_whatever_the_causes(
    stage: Stage, workflow: Workflow, cause: str
) -> None:
    plan = WithdrawalPlan(removals=tuple(longest_removal(number) for number in range(MOST_REMOVALS)))
    fails = {f"withdraw_attachment {each}": ("ConflictError",) for each in plan.removals}

    cast, sizes = played(stage, Script(withdrawal=plan, fails=fails, words="{}" + cause * 32_768), workflow)

    failed = cast.outcomes[-1]
    assert failed.status is (Status.FAILED if workflow == "onboarding" else Status.WITHDRAWING)
    assert [reason.code for reason in failed.reasons] == ["not-withdrawn"] * MOST_REMOVALS
    assert sizes[0][0] < ENOUGH


def test_every_state_of_a_removal_hands_on_its_place_and_no_plan(stage: Stage) -> None:
    names = tuple(longest_removal(number, names=60) for number in range(2))

    cast, sizes = played(stage, Script(withdrawal=WithdrawalPlan(removals=names)), "withdrawal")

    assert cast.statuses[-1] is Status.WITHDRAWN
    assert sizes[0][0] < 1_000


def test_what_makes_a_resource_reachable_is_small() -> None:
    assert size_of(LARGEST_BY) < ENOUGH // 16


def test_what_was_planned_too_long_ago_is_decided_again_until_it_is_made(stage: Stage) -> None:
    cast, _ = played(stage, Script(plan=associations("orders-db", "users-db"), put_off={"orders-db": 3}))

    assert cast.statuses[-1] is Status.AVAILABLE
    assert cast.decided_again == {"orders-db": 3}


def test_what_aws_lets_be_made_only_so_often_waits_for_its_turn_and_is_made(stage: Stage) -> None:
    cast, _ = played(stage, Script(plan=associations("orders-db", "users-db"), turns={"orders-db": 3}))

    assert cast.statuses[-1] is Status.AVAILABLE
    assert cast.calls.count("give_turns") == 3
    assert cast.decided_again == {}
    assert {(each.input.of, each.account) for each in cast.messages} == {(CREATE_ENDPOINT, PROVIDER)}


def test_what_is_decided_again_once_it_is_its_turn_keeps_its_turn_meanwhile(stage: Stage) -> None:
    cast, _ = played(stage, Script(plan=associations("orders-db"), turns={"orders-db": 1}, put_off={"orders-db": 1}))

    assert cast.statuses[-1] is Status.AVAILABLE
    of_turns = ("associate_resource", "give_turns", "plan_associations")
    assert [each for each in cast.calls if each in of_turns] == [
        *("plan_associations", "associate_resource", "give_turns", "associate_resource"),
        *("plan_associations", "associate_resource"),
    ]


def test_what_is_forbidden_while_it_waits_for_its_turn_is_not_made(stage: Stage) -> None:
    why = Reason("association-not-permitted", "orders-db: closed", source="orders")
    script = Script(
        plan=associations("orders-db"),
        turns={"orders-db": 1},
        put_off={"orders-db": 1},
        refused_then={"orders-db": why},
    )

    cast, _ = played(stage, script)

    assert (cast.statuses[-1], cast.outcomes[-1].reasons) == (Status.HELD, (why,))


def test_a_message_that_the_worker_does_not_read_is_sent_anew(stage: Stage) -> None:
    script = Script(
        plan=associations("orders-db"), turns={"orders-db": 1}, fails={"give_turns": ("UpstreamError", "UpstreamError")}
    )

    cast, _ = played(stage, script)

    assert cast.statuses[-1] is Status.AVAILABLE
    assert cast.calls.count("give_turns") == 3
    assert len({each.token for each in cast.messages}) == 3


@pytest.mark.parametrize("error", ["InvalidInputError", "ThrottledError"])
def test_a_turn_that_fails_is_that_association_s_failure_alone(stage: Stage, error: str) -> None:
    script = Script(plan=associations("orders-db", "users-db"), turns={"orders-db": 1}, fails={"give_turns": (error,)})

    cast, _ = played(stage, script)

    ended = cast.outcomes[-1]
    assert (ended.status, [reason.code for reason in ended.reasons]) == (Status.FAILED, [error])
    assert ended.published == parameters("users-db")


def test_who_waits_for_turn_after_turn_does_not_do_so_for_ever(stage: Stage) -> None:
    cast, _ = played(stage, Script(plan=associations("orders-db"), turns={"orders-db": 1_000}))

    assert cast.calls.count("give_turns") == 30
    assert [reason.code for reason in cast.outcomes[-1].reasons] == ["ThrottledError"]


def test_what_is_not_permitted_any_longer_is_refused_and_no_failure(stage: Stage) -> None:
    why = Reason("association-not-permitted", "orders-db: closed", source="orders")
    script = Script(
        plan=associations("orders-db", "users-db"), put_off={"orders-db": 1}, refused_then={"orders-db": why}
    )

    cast, _ = played(stage, script)

    ended = cast.outcomes[-1]
    assert (ended.status, ended.incomplete) == (Status.AVAILABLE, True)
    assert ended.published == parameters("users-db")
    assert ended.reasons[-1] == why


def test_where_nothing_is_permitted_any_longer_the_request_is_held(stage: Stage) -> None:
    why = Reason("association-not-permitted", "orders-db: closed", source="orders")
    script = Script(plan=associations("orders-db"), put_off={"orders-db": 1}, refused_then={"orders-db": why})

    cast, _ = played(stage, script)

    assert (cast.statuses[-1], cast.outcomes[-1].reasons) == (Status.HELD, (why,))


def test_what_aws_puts_off_for_ever_is_not_decided_for_ever(stage: Stage) -> None:
    cast, _ = played(stage, Script(plan=associations("orders-db"), put_off={"orders-db": 1_000}))

    assert cast.decided_again == {"orders-db": 30}
    assert [reason.code for reason in cast.outcomes[-1].reasons] == ["ThrottledError"]


@pytest.mark.parametrize("fails", [("AccessDeniedError",), ("UpstreamError",) * 6])
def test_a_failure_that_cannot_be_noted_stops_no_other_and_is_recorded(stage: Stage, fails: tuple[str, ...]) -> None:
    script = Script(
        plan=associations("orders-db", "users-db"),
        fails={"associate_resource orders-db": ("ConflictError",), "record_outcome note": fails},
    )

    cast, _ = played(stage, script)

    ended = cast.outcomes[-1]
    assert (ended.status, [reason.code for reason in ended.reasons]) == (Status.FAILED, ["no-outcome"])
    assert ended.published == parameters("users-db")


def test_every_state_of_an_association_hands_on_its_place_and_no_plan(stage: Stage) -> None:
    cast, sizes = played(stage, Script(plan=associations("orders-db")))

    made = MadeAttachment(endpoint_id="vpce-orders-db")
    assert (cast.steps["associate_resource"].item, cast.steps["publish_dns"]) == (0, PublishAssociation(0, made))
    assert max(size for size, what in sizes if "PublishDns" in what) < 1_000
