"""Coverage: of a share in effect, only what was let in is planned; the rest is refused, and hinders nothing."""

from datetime import timedelta

import msgspec
import pytest

from drawbridge.association import MadeAttachment
from drawbridge.association.coverage import AttachedPlace, Coverage
from drawbridge.decision import Accept, DecidedOn, Delayed, Keep
from drawbridge.decision.let_in import LetIn
from drawbridge.errors import NotReadyError
from drawbridge.request.fingerprints import contents_fingerprint
from drawbridge.status import Reason
from tests.builders import (
    EVALUATION_TIME,
    NETWORK,
    NETWORK_ARN,
    NOW,
    RESOURCE_ARN,
    SHARE_ARN,
    VPC_ID,
    desired,
    entity,
    requester,
)
from tests.unit.planning import World, binding, vpc_with

LATE = f"{RESOURCE_ARN[:-1]}0"
ON = DecidedOn(at=NOW, contents_fingerprint="these", observed_fingerprint="as it was decided on")
POLICY = Reason("policy", "because", source="let-orders-in")
BOB = Reason("denied", "Denied by U0BOB: Nobody needs it", source="U0BOB")
LET_IN = LetIn(
    at=NOW, because=(POLICY,), contents_fingerprint=contents_fingerprint([RESOURCE_ARN]), arns=(RESOURCE_ARN,)
)

ATTACHED = frozenset(
    {
        AttachedPlace(
            name=f"orders/orders-db/{VPC_ID}", resource_arn=RESOURCE_ARN, made=MadeAttachment(endpoint_id="vpce-1")
        )
    }
)
ELSEWHERE = f"{VPC_ID[:-1]}1"


def coverage(decision: Accept | Keep = Accept((POLICY,)), let_in: LetIn | None = LET_IN) -> Coverage:  # noqa: B008 - frozen
    return Coverage(let_in=let_in, decision=decision, decided_on=ON)


def test_what_was_let_in_is_planned_and_what_came_later_is_refused_with_what_to_do() -> None:
    world = World(entity(), entity("payroll", LATE))

    plan = world.planner(binding()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME, coverage())

    assert [each.resource.name for each in plan.associations] == ["orders-db"]
    ((code, text),) = [(reason.code, reason.text) for reason in plan.refused]
    assert code == "not-let-in"
    assert "payroll" in text
    assert "let-orders-in" in text
    assert plan.observed_fingerprint == ON.observed_fingerprint
    assert plan.contents is not None
    assert {each.name for each in plan.contents} == {"orders-db", "payroll"}


def test_what_a_person_denied_is_refused_with_who_denied_it() -> None:
    world = World(entity(), entity("payroll", LATE))
    kept = msgspec.structs.replace(coverage(Keep((BOB,))), attached=ATTACHED)

    plan = world.planner(binding()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME, kept)

    assert [each.resource.name for each in plan.associations] == ["orders-db"]
    assert plan.refused == (
        Reason(
            "denied",
            "payroll, by binding orders: Denied by U0BOB: Nobody needs it; what was let in before stays.",
            source="U0BOB",
        ),
    )


def test_where_nothing_is_attached_yet_what_a_person_denied_is_all_there_is() -> None:
    world, kept = World(entity()), coverage(Keep((BOB,)))

    plan = world.planner(binding()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME, kept)
    again = world.planner(binding()).plan_again(SHARE_ARN, requester(), desired(), EVALUATION_TIME, kept)

    assert plan.associations == ()
    assert [reason.code for reason in plan.refused] == ["denied"]
    assert isinstance(again, Reason)
    assert again.code == "denied"


def test_what_a_second_binding_would_add_is_denied_and_the_first_one_s_stays() -> None:
    world, second = World(entity()), binding(name="second")
    kept = msgspec.structs.replace(coverage(Keep((BOB,))), attached=ATTACHED)

    plan = world.planner(binding(), second).plan(SHARE_ARN, requester(), [], EVALUATION_TIME, kept)
    again = world.planner(binding(), second).plan_again(
        SHARE_ARN, requester(), desired(binding="second"), EVALUATION_TIME, kept
    )

    assert [each.binding for each in plan.associations] == ["orders"]
    denied = Reason(
        "denied",
        "orders-db, by binding second: Denied by U0BOB: Nobody needs it; what was let in before stays.",
        source="U0BOB",
    )
    assert plan.refused == (denied,)
    assert again == denied


@pytest.mark.parametrize(
    "code", ["approval-timed-out", "approval-not-configured", "too-many-questions", "deadline-passed"]
)
def test_what_policies_ask_an_approval_for_that_nobody_gave_is_not_associated_and_what_is_attached_stays(
    code: str,
) -> None:
    decision = Keep((Reason("kept", "It is live."), Reason(code, "Nobody was heard."), POLICY))
    kept = msgspec.structs.replace(coverage(decision), attached=ATTACHED)

    plan = (
        World(entity())
        .planner(binding(), binding(name="second"))
        .plan(SHARE_ARN, requester(), [], EVALUATION_TIME, kept)
    )

    assert [each.binding for each in plan.associations] == ["orders"]
    text = "Nobody was heard; what was let in before stays."
    assert plan.refused == (Reason(code, text, source="second/orders-db"),)


NETWORK_ID = NETWORK_ARN.rpartition("/")[2]
OTHER_NETWORK = f"{NETWORK_ARN[:-1]}1"
BY_NETWORK = MadeAttachment(network_arn=NETWORK_ARN, resource_association="snra-1", vpc_association="snva-1")


@pytest.mark.parametrize(
    ("attach", "made", "is_denied"),
    [
        ({"vpc": VPC_ID}, MadeAttachment(endpoint_id="vpce-1"), False),
        ({"vpc": ELSEWHERE}, MadeAttachment(endpoint_id="vpce-1"), True),
        ({"vpc": VPC_ID}, BY_NETWORK, True),
        ({"vpc": VPC_ID, "mode": "service-network", "serviceNetwork": NETWORK_ARN}, BY_NETWORK, False),
        (
            {"vpc": VPC_ID, "mode": "service-network", "serviceNetwork": NETWORK_ID},
            BY_NETWORK,
            False,
        ),
        ({"vpc": VPC_ID, "mode": "service-network", "serviceNetwork": OTHER_NETWORK}, BY_NETWORK, True),
        ({"vpc": VPC_ID, "mode": "service-network", "serviceNetwork": {"name": "shared"}}, BY_NETWORK, False),
        ({"vpc": VPC_ID, "mode": "service-network-endpoint", "serviceNetwork": NETWORK_ARN}, BY_NETWORK, True),
        (
            {"vpc": VPC_ID, "mode": "service-network-endpoint", "serviceNetwork": NETWORK_ARN},
            msgspec.structs.replace(BY_NETWORK, endpoint_id="vpce-1"),
            False,
        ),
    ],
)
def test_what_a_binding_would_put_elsewhere_than_it_is_was_denied_too(
    attach: dict[str, object], made: MadeAttachment, is_denied: bool
) -> None:
    there = AttachedPlace(name=f"orders/rcfg-1/{VPC_ID}", resource_arn=RESOURCE_ARN, made=made)
    kept = msgspec.structs.replace(coverage(Keep((BOB,))), attached=frozenset({there}))
    world = World(entity(), vpcs=(vpc_with("subnet-0a", vpc_id=VPC_ID), vpc_with("subnet-0b", vpc_id=ELSEWHERE)))
    world.networks = [NETWORK, msgspec.structs.replace(NETWORK, arn=OTHER_NETWORK, name="other")]
    changed = binding(attach={"mode": "resource-endpoint"} | attach)

    plan = world.planner(changed).plan(SHARE_ARN, requester(), [], EVALUATION_TIME, kept)

    assert [reason.code for reason in plan.refused] == (["denied"] if is_denied else [])
    assert len(plan.associations) == (0 if is_denied else 1)
    if is_denied:
        assert plan.refused[0].text.startswith(f"orders-db, by binding orders, in {attach['vpc']}: Denied by U0BOB")
        assert plan.decision_record is not None
        assert plan.decision_record.determined_by == ()


def test_a_network_whose_vpcs_are_others_business_is_where_it_is_without_one() -> None:
    by_network = {"mode": "service-network", "serviceNetwork": NETWORK_ARN}
    there = AttachedPlace(name="orders/orders-db", resource_arn=RESOURCE_ARN, made=BY_NETWORK)
    kept = msgspec.structs.replace(coverage(Keep((BOB,))), attached=frozenset({there}))
    world = World(entity())
    world.networks = [NETWORK]

    for attach, is_denied in ((by_network, False), (by_network | {"vpc": VPC_ID}, True)):
        plan = world.planner(binding(attach=attach)).plan(SHARE_ARN, requester(), [], EVALUATION_TIME, kept)

        assert [reason.code for reason in plan.refused] == (["denied"] if is_denied else [])


def test_what_was_connected_under_a_lost_ledger_is_taken_over_though_more_of_its_share_was_denied() -> None:
    recovered = msgspec.structs.replace(LET_IN, because=(Reason("recovered", "It was connected."),))
    world = World(entity(), entity("payroll", LATE))

    plan = world.planner(binding()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME, coverage(Keep((BOB,)), recovered))

    assert [each.resource.name for each in plan.associations] == ["orders-db"]
    assert [reason.code for reason in plan.refused] == ["denied"]


def test_what_was_approved_after_somebody_had_not_answered_is_approved() -> None:
    late = Reason("approval-timed-out", "Nobody answered in time.")

    plan = (
        World(entity())
        .planner(binding())
        .plan(SHARE_ARN, requester(), [], EVALUATION_TIME, coverage(Accept((late, POLICY))))
    )

    assert [each.resource.name for each in plan.associations] == ["orders-db"]


def test_a_second_binding_has_what_was_let_in_unless_a_person_denied_it() -> None:
    kept = msgspec.structs.replace(coverage(Keep((POLICY,))), attached=ATTACHED)

    plan = (
        World(entity())
        .planner(binding(), binding(name="second"))
        .plan(SHARE_ARN, requester(), [], EVALUATION_TIME, kept)
    )

    assert [each.binding for each in plan.associations] == ["orders", "second"]


def test_what_was_not_let_in_takes_no_name_from_what_was() -> None:
    # By its ARN it comes first.
    world = World(entity("orders-db", LATE), entity())

    plan = world.planner(binding()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME, coverage())

    assert [each.resource.arn for each in plan.associations] == [RESOURCE_ARN]
    assert [reason.code for reason in plan.refused] == ["not-let-in"]


def test_where_it_is_not_known_what_was_let_in_nothing_is_planned() -> None:
    plan = World(entity()).planner(binding()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME, coverage(let_in=None))

    assert plan.associations == ()
    assert [reason.code for reason in plan.refused] == ["not-let-in"]


def test_a_share_that_is_too_large_to_be_kept_is_waited_for_after_it_was_let_in_and_else_not_covered() -> None:
    large = LetIn(at=NOW, because=(), contents_fingerprint=contents_fingerprint([RESOURCE_ARN, LATE]), arns=None)

    assert coverage(let_in=large).covered([RESOURCE_ARN, LATE]) == {RESOURCE_ARN, LATE}
    assert coverage(Keep(()), large).covered([RESOURCE_ARN]) == frozenset()
    with pytest.raises(NotReadyError, match="not listed yet"):
        coverage(let_in=large).covered([RESOURCE_ARN])


def test_what_was_just_let_in_is_expected_and_what_is_only_kept_is_not() -> None:
    assert [each.arn for each in coverage().expected(SHARE_ARN)] == [RESOURCE_ARN]
    assert coverage(Keep(())).expected(SHARE_ARN) == ()
    assert coverage(let_in=None).expected(SHARE_ARN) == ()


def test_of_a_share_that_aws_did_not_show_the_state_is_what_it_is_seen_to_hold() -> None:
    world = World(entity())
    unlisted = Coverage(
        let_in=LET_IN, decision=Accept(()), decided_on=DecidedOn(at=NOW, contents_fingerprint="unknown")
    )

    plan = world.planner(binding()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME, unlisted)

    assert (
        plan.observed_fingerprint
        == world.planner(binding()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME).observed_fingerprint
    )


def test_what_is_new_and_delayed_says_when_it_is_let_in() -> None:
    world = World(entity(), entity("payroll", LATE))
    delayed = Keep((POLICY,), Delayed(of="this", since=NOW, until=NOW + timedelta(minutes=15)))

    plan = world.planner(binding()).plan(SHARE_ARN, requester(), [], EVALUATION_TIME, coverage(delayed))

    assert [each.resource.name for each in plan.associations] == ["orders-db"]
    assert plan.refused == (
        Reason(
            "delayed",
            "payroll came into the share later than what was let in. It is let in at 2026-11-21 12:15:00 UTC, if it is "
            "permitted still.",
            source="orders",
        ),
    )
