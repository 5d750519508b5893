from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.fault_injection.faults import (
    KINDS,
    REORDER_SECONDS,
    CallFault,
    EventFaults,
    Fate,
    FaultPlan,
    Faults,
    parse,
)
from local_aws.fault_injection.plans import OF_FUNCTIONS, OF_LISTINGS
from local_aws.http.control_input import InvalidInputError

_OPERATION = "ec2:AcceptVpcEndpointConnections"

probabilities = st.floats(min_value=0, max_value=1)
_selectors = {
    "operation": st.sampled_from([_OPERATION, "ec2:*", "ssm:PutParameter"]),
    "probability": probabilities,
    "times": st.none() | st.integers(0, 5),
    "skip": st.integers(0, 5),
    "account": st.sampled_from([None, "111111111111", "222222222222"]),
}
_roles = st.sampled_from([None, "onboard-*", "reader"])
_plain = sorted(set(KINDS) - {"slow", "error", "fails-later", *OF_LISTINGS})
_of_listings = {**_selectors, "operation": st.sampled_from(["ec2:*", "ec2:DescribeVpcEndpoints"])}
call_faults = st.one_of(
    st.builds(CallFault, fault=st.sampled_from(_plain), role=_roles, **_selectors),
    st.builds(CallFault, fault=st.just("slow"), role=_roles, seconds=st.none() | st.floats(0, 1e6), **_selectors),
    st.builds(
        CallFault,
        fault=st.just("error"),
        role=_roles,
        code=st.sampled_from([None, "ConflictException", "InvalidVpcId.NotFound"]),
        status=st.none() | st.integers(400, 599),
        **_selectors,
    ),
    st.builds(CallFault, fault=st.just("fails-later"), **_selectors),
    st.builds(CallFault, fault=st.just("empty"), role=_roles, **_of_listings),
    st.builds(CallFault, fault=st.just("cut"), role=_roles, items=st.none() | st.integers(1, 9), **_of_listings),
)
plans = st.builds(
    FaultPlan,
    seed=st.none() | st.integers(),
    events=st.builds(
        EventFaults,
        drop=probabilities,
        duplicate=probabilities,
        delay=st.floats(min_value=0, max_value=1e6),
        reorder=st.booleans(),
    ),
    calls=st.lists(call_faults, max_size=4).map(tuple),
)


def test_no_fault_is_in_force_at_first() -> None:
    faults = Faults()

    assert faults.fate() == Fate(copies=1, delay=0.0)
    assert faults.call_fault(_OPERATION) is None


def test_an_empty_plan_ends_all_faults() -> None:
    faults = Faults()
    faults.replace(parse({"events": {"drop": 1.0}, "calls": [{"operation": _OPERATION, "fault": "throttle"}]}))

    faults.replace(parse({}))

    assert faults.fate() == Fate()
    assert faults.call_fault(_OPERATION) is None


@given(plan=plans)
def test_a_plan_in_force_can_be_posted_again(plan: FaultPlan) -> None:
    faults = Faults()
    faults.replace(plan)

    assert parse(faults.describe()) == plan


@given(plan=plans, events=st.integers(1, 30))
def test_an_event_arrives_not_at_all_once_or_twice_and_never_early(plan: FaultPlan, events: int) -> None:
    faults = Faults()
    faults.replace(plan)

    fates = [faults.fate() for _ in range(events)]

    most = plan.events.delay + (REORDER_SECONDS if plan.events.reorder else 0)
    arriving = [fate for fate in fates if fate.copies]
    assert all(fate.copies in {0, 1, 2} for fate in fates)
    assert all(plan.events.delay <= fate.delay <= most for fate in arriving)


@given(plan=plans.filter(lambda plan: plan.seed is not None))
def test_a_seed_repeats_a_run(plan: FaultPlan) -> None:
    def run() -> list[Any]:
        faults = Faults()
        faults.replace(plan)
        return [(faults.fate(), faults.call_fault(_OPERATION)) for _ in range(10)]

    assert run() == run()


@given(times=st.integers(0, 5), calls=st.integers(0, 10))
def test_a_fault_strikes_as_many_times_as_it_may_and_then_no_more(times: int, calls: int) -> None:
    faults = Faults()
    faults.replace(FaultPlan(calls=(CallFault(_OPERATION, "throttle", times=times),)))

    struck = sum(faults.call_fault(_OPERATION) is not None for _ in range(calls))

    assert struck == min(times, calls)
    assert faults.calls[0].times == times - struck


def test_a_fault_skips_that_many_calls_first() -> None:
    faults = Faults()
    faults.replace(FaultPlan(calls=(CallFault(_OPERATION, "throttle", skip=2, times=1),)))

    struck = [faults.call_fault(_OPERATION) is not None for _ in range(5)]

    assert struck == [False, False, True, False, False]


def test_a_call_of_another_operation_is_not_skipped() -> None:
    faults = Faults()
    faults.replace(FaultPlan(calls=(CallFault(_OPERATION, "throttle", skip=1),)))

    faults.call_fault("ec2:DescribeVpcs")

    assert faults.call_fault(_OPERATION) is None
    assert faults.call_fault(_OPERATION) is not None


@pytest.mark.parametrize(
    ("account_id", "role_name", "strikes"),
    [
        pytest.param("111111111111", "onboard-DecideRequestRole-ABC", True, id="its account and role"),
        pytest.param("222222222222", "onboard-DecideRequestRole-ABC", False, id="another account"),
        pytest.param("111111111111", "onboard-RecordOutcomeRole-ABC", False, id="another role"),
        pytest.param("111111111111", None, False, id="a person"),
    ],
)
def test_a_fault_strikes_its_own_account_and_role_only(account_id: str, role_name: str | None, strikes: bool) -> None:
    faults = Faults()
    fault = CallFault("ec2:*", "throttle", account="111111111111", role="onboard-DecideRequest*")
    faults.replace(FaultPlan(calls=(fault,)))

    struck = faults.call_fault(_OPERATION, account_id, role_name)

    assert (struck is not None) == strikes


@pytest.mark.parametrize("kind", sorted(OF_FUNCTIONS))
def test_a_fault_that_ends_a_process_strikes_only_calls_of_functions(kind: Any) -> None:
    faults = Faults()
    faults.replace(FaultPlan(calls=(CallFault(_OPERATION, kind, times=1),)))

    by_a_person = faults.call_fault(_OPERATION)
    by_a_function = faults.call_fault(_OPERATION, by_function=True)

    assert by_a_person is None
    assert by_a_function is not None


@pytest.mark.parametrize("kind", sorted(OF_LISTINGS))
def test_a_fault_of_listings_strikes_no_other_call(kind: Any) -> None:
    faults = Faults()
    faults.replace(FaultPlan(calls=(CallFault("ec2:*", kind, times=1),)))

    of_another_call = faults.call_fault(_OPERATION)
    of_a_listing = faults.call_fault("ec2:DescribeVpcEndpoints", of_listing=True)

    assert of_another_call is None
    assert of_a_listing is not None


def test_the_fault_fails_later_strikes_no_call_and_is_used_up_by_resources_that_are_made() -> None:
    faults = Faults()
    fault = CallFault("vpc-lattice:CreateServiceNetwork*", "fails-later", account="111111111111", times=1)
    operation = "vpc-lattice:CreateServiceNetworkResourceAssociation"

    with faults.injected(fault) as force:
        call = faults.call_fault(operation, "111111111111")
        elsewhere = faults.fails_later(operation, "222222222222")
        made = [faults.fails_later(operation, "111111111111") for _ in range(2)]

    assert call is None
    assert not elsewhere
    assert made == [True, False]
    assert force.struck(fault) == 1


def test_an_injected_plan_counts_its_strikes_and_ends_with_its_block() -> None:
    faults = Faults()
    before = CallFault("ssm:*", "error")
    faults.replace(FaultPlan(calls=(before,)))
    never = CallFault(_OPERATION, "throttle", skip=9)
    once = CallFault(_OPERATION, "throttle", times=1)

    with faults.injected(never, once, seed=7) as force:
        faults.call_fault(_OPERATION)
        faults.call_fault(_OPERATION)
        inside = faults.calls

    assert (force.struck(never), force.struck(once), force.struck()) == (0, 1, 1)
    assert [fault.times for fault in inside] == [None, 0]
    assert faults.calls == (before,)


def test_a_fault_that_can_not_be_posted_can_not_be_injected_either() -> None:
    faults = Faults()

    with (
        pytest.raises(InvalidInputError, match=r"calls\[0\].code"),
        faults.injected(CallFault("a:B", "slow", code="X")),
    ):
        pytest.fail("it was taken")

    assert faults.calls == ()


def test_every_event_is_lost_with_drop_1() -> None:
    faults = Faults()
    faults.replace(parse({"events": {"drop": 1}}))

    assert {faults.fate().copies for _ in range(50)} == {0}


def test_every_event_is_delivered_twice_with_duplicate_1() -> None:
    faults = Faults()
    faults.replace(parse({"events": {"duplicate": 1}}))

    assert {faults.fate().copies for _ in range(50)} == {2}


def test_reordered_events_are_held_back_by_different_times() -> None:
    faults = Faults()
    faults.replace(parse({"seed": 7, "events": {"reorder": True}}))

    delays = [faults.fate().delay for _ in range(10)]

    assert delays != sorted(delays)


def test_a_fault_strikes_its_own_operation_only() -> None:
    faults = Faults()
    faults.replace(parse({"calls": [{"operation": _OPERATION, "fault": "error"}]}))

    assert faults.call_fault("ec2:RejectVpcEndpointConnections") is None


def test_a_star_stands_for_all_operations_of_a_service() -> None:
    faults = Faults()
    faults.replace(parse({"calls": [{"operation": "ec2:*", "fault": "slow"}]}))

    struck = faults.call_fault(_OPERATION)

    assert struck is not None
    assert struck.fault == "slow"


@pytest.mark.parametrize(
    ("posted", "field"),
    [
        pytest.param([], "faults:", id="no object"),
        pytest.param({"event": {}}, "'event' is unknown", id="an unknown key"),
        pytest.param({"events": {"droped": 1}}, "'droped' is unknown", id="an unknown key of events"),
        pytest.param({"events": {"drop": 1.5}}, "events.drop:", id="a probability above 1"),
        pytest.param({"events": {"drop": True}}, "events.drop:", id="a probability that is true"),
        pytest.param(
            {"events": {"duplicate": float("nan")}}, "events.duplicate:", id="a probability that is no number"
        ),
        pytest.param({"events": {"delay": -1}}, "events.delay:", id="a delay below 0"),
        pytest.param({"events": {"reorder": 1}}, "events.reorder:", id="a flag that is a number"),
        pytest.param({"seed": "7"}, "seed:", id="a seed that is text"),
        pytest.param({"calls": {}}, "calls:", id="calls that are no list"),
        pytest.param({"calls": [{"fault": "error"}]}, "calls[0].operation:", id="no operation"),
        pytest.param({"calls": [{"operation": "Foo", "fault": "error"}]}, "calls[0].operation:", id="no service"),
        pytest.param({"calls": [{"operation": "a:B", "fault": "boom"}]}, "calls[0].fault:", id="an unknown fault"),
        pytest.param(
            {"calls": [{"operation": "a:B", "fault": "slow", "times": -1}]}, "calls[0].times:", id="times below 0"
        ),
        pytest.param(
            {"calls": [{"operation": "a:B", "fault": "slow", "after": 1}]}, "'after'", id="an unknown key of a call"
        ),
        pytest.param(
            {"calls": [{"operation": "a:B", "fault": "error", "account": "1"}]}, "calls[0].account:", id="no account"
        ),
        pytest.param({"calls": [{"operation": "a:B", "fault": "error", "role": 1}]}, "calls[0].role:", id="no role"),
        pytest.param(
            {"calls": [{"operation": "a:B", "fault": "error", "skip": -1}]}, "calls[0].skip:", id="a skip below 0"
        ),
        pytest.param(
            {"calls": [{"operation": "a:B", "fault": "slow", "seconds": -1}]},
            "calls[0].seconds:",
            id="negative seconds",
        ),
        pytest.param(
            {"calls": [{"operation": "a:B", "fault": "error", "seconds": 1}]},
            "calls[0].seconds: only the fault slow",
            id="an error that takes seconds",
        ),
        pytest.param(
            {"calls": [{"operation": "a:B", "fault": "error", "code": "no code"}]}, "calls[0].code:", id="no error code"
        ),
        pytest.param(
            {"calls": [{"operation": "a:B", "fault": "throttle", "code": "Boom"}]},
            "calls[0].code: only the fault error",
            id="a throttle with a code",
        ),
        pytest.param(
            {"calls": [{"operation": "a:B", "fault": "error", "status": 200}]}, "calls[0].status:", id="a good status"
        ),
        pytest.param(
            {"calls": [{"operation": "ec2:*", "fault": "cut", "items": 0}]}, "calls[0].items:", id="a cut to nothing"
        ),
        pytest.param(
            {"calls": [{"operation": "ec2:*", "fault": "empty", "items": 1}]},
            "calls[0].items: only the fault cut",
            id="an empty listing with entries",
        ),
        pytest.param(
            {"calls": [{"operation": "a:B", "fault": "fails-later", "role": "x"}]},
            "calls[0].role:",
            id="a role of what fails later",
        ),
    ],
)
def test_an_invalid_plan_is_refused_with_the_name_of_the_field(posted: Any, field: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        parse(posted)

    assert field in str(refusal.value)
