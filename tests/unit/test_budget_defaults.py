"""Which budgets are in force: ours by default, below AWS's own, and what people wrote."""

from __future__ import annotations

import json
from typing import Any

import pytest

from drawbridge.configuration import InForce
from drawbridge.pacing.budget import Rate
from drawbridge.pacing.defaults import (
    ALLOWED,
    CREATE_ENDPOINT,
    DEFAULTS,
    PUT_PARAMETER,
    as_written,
    budgets_in_force,
    parameter_name,
    rates_in_force,
)
from local_aws.throttling.limits import limit_of
from tests.fakes.configuration import InMemoryParameters

PUT = "ssm.PutParameter"


def budgets_of(name: str, *versions: str) -> InForce[tuple[str, Rate]]:
    return budgets_in_force(InMemoryParameters("budgets", {name: versions}))


def reason(name: str, text: str) -> str:
    (broken,) = budgets_of(name, text).broken
    assert (broken.name, len(broken.reason) < 500) == (name, True)
    return broken.reason


def written(**fields: Any) -> str:
    return json.dumps(fields)


@pytest.mark.parametrize("operation", DEFAULTS)
def test_a_default_leaves_others_a_call_at_once_and_a_tenth_of_the_rate(operation: str) -> None:
    allowed = ALLOWED[operation].rate
    assert allowed is not None

    assert DEFAULTS[operation].burst == allowed.burst - 1
    assert DEFAULTS[operation].per_second == pytest.approx(0.9 * allowed.per_second)


@pytest.mark.parametrize("operation", DEFAULTS)
def test_what_aws_allows_is_what_the_local_aws_allows(operation: str) -> None:
    limit = limit_of(operation, "us-east-1")

    assert limit is not None
    assert ALLOWED[operation].rate == Rate(int(limit.size), limit.refill)


@pytest.mark.parametrize("operation", DEFAULTS)
def test_a_default_can_be_written_as_it_is_told(operation: str) -> None:
    budgets = budgets_of(parameter_name(operation), as_written(DEFAULTS[operation]))

    assert budgets.broken == ()
    assert rates_in_force(budgets)[operation].burst == DEFAULTS[operation].burst


def test_without_anything_written_the_defaults_are_in_force() -> None:
    assert rates_in_force(budgets_in_force(InMemoryParameters("budgets", {}))) == DEFAULTS


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        (written(burst=1, perSecond=0.5), Rate(1, 0.5)),
        (written(burst=3, perSecond=3), Rate(3, 3)),
        ("0.5", Rate(2, 1.5)),
        ("1", Rate(2, 3)),
        ("0.25", Rate(1, 0.75)),
        (written(burst=9, perSecond=9, quota=10), Rate(9, 9)),
    ],
)
def test_what_is_written_is_in_force(text: str, rate: Rate) -> None:
    budgets = budgets_of(PUT, text)

    assert budgets.broken == ()
    assert rates_in_force(budgets)[PUT_PARAMETER] == rate
    assert rates_in_force(budgets)[CREATE_ENDPOINT] == DEFAULTS[CREATE_ENDPOINT]


def test_what_aws_publishes_no_rate_of_can_have_a_budget() -> None:
    assert rates_in_force(budgets_of("vpc-lattice", written(burst=5, perSecond=200)))["vpc-lattice"] == Rate(5, 200)
    assert "burst and perSecond are needed" in reason("vpc-lattice", "0.5")


@pytest.mark.parametrize(
    "text",
    [
        *("", "many", "null", "[]", "{}", "NaN", '"0.5"', "true", "[" * 10_000),
        *(written(burst=1), written(burst=1, perSecond=1, most=1)),
    ],
)
def test_what_is_no_budget_is_broken_with_what_is_expected(text: str) -> None:
    assert "a part of what AWS allows is expected" in reason(PUT, text)


@pytest.mark.parametrize("text", ["0", "-1", "1.1", "1e-9", "1e300"])
def test_a_part_is_more_than_nothing_and_not_more_than_all(text: str) -> None:
    assert "at most 1" in reason(PUT, text)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (written(burst=0, perSecond=1), "burst"),
        (written(burst=10**30, perSecond=1), "burst"),
        (written(burst=1, perSecond=0), "perSecond"),
        (written(burst=1, perSecond=1e99), "perSecond"),
    ],
)
def test_a_number_that_is_none_is_broken_by_its_field(text: str, field: str) -> None:
    assert field in reason(PUT, text)


@pytest.mark.parametrize(
    "text",
    [
        written(burst=4, perSecond=3),
        written(burst=3, perSecond=3.1),
        written(burst=9, perSecond=9),
        written(burst=9, perSecond=11, quota=10),
        written(burst=11, perSecond=9, quota=10),
        written(burst=1, perSecond=2, quota=1),
    ],
)
def test_more_than_aws_allows_is_broken_with_what_is_to_be_written(text: str) -> None:
    assert "quota says how many a second" in reason(PUT, text)


def test_a_budget_of_another_name_is_broken_with_the_names_that_there_are() -> None:
    assert all(parameter_name(each) in reason("ssm:PutParameter", "0.5") for each in ALLOWED)


def test_of_a_budget_that_was_broken_the_last_good_one_is_in_force() -> None:
    budgets = budgets_of(PUT, "0.5", "lots")

    assert rates_in_force(budgets)[PUT_PARAMETER] == Rate(2, 1.5)
    assert [each.in_force for each in budgets.broken] == [1]
