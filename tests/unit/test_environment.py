"""The environment: the template's settings, read by name."""

from datetime import timedelta

import pytest

from drawbridge.environment import Environment, MissingVariableError
from drawbridge.errors import InvalidInputError


def test_a_variable_that_is_missing_is_named() -> None:
    with pytest.raises(MissingVariableError, match="LEDGER_TABLE"):
        _ = Environment({}).ledger_table


@pytest.mark.parametrize("variables", [{}, {"TIME_ZONE": ""}, {"TIME_ZONE": "Asia/Kolkata"}])
def test_the_time_zone_is_utc_unless_the_stack_says_otherwise(variables: dict[str, str]) -> None:
    assert Environment(variables).time_zone == (variables.get("TIME_ZONE") or "UTC")


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "Mars", "../etc/passwd", "/etc/localtime"])
def test_a_time_zone_that_does_not_exist_is_refused_with_the_parameter_to_mend(zone: str) -> None:
    with pytest.raises(InvalidInputError, match=r"TimeZone .*Europe/Berlin"):
        _ = Environment({"TIME_ZONE": zone}).time_zone


@pytest.mark.parametrize(("text", "meant"), [("true", True), ("false", False), ("", False), ("yes", False)])
def test_letting_everything_in_is_meant_only_if_it_is_said(text: str, meant: bool) -> None:
    assert Environment({"ALLOW_PERMIT_EVERYTHING": text}).everything_may_be_permitted is meant


@pytest.mark.parametrize(
    ("rate", "every"), [("rate(5 minutes)", timedelta(minutes=5)), ("rate(1 hour)", timedelta(hours=1))]
)
def test_how_often_the_schedule_has_a_sweep_made_is_read_from_its_rate(rate: str, every: timedelta) -> None:
    assert Environment({"LOOK_EVERY": rate}).look_every == every


def test_a_rate_that_is_none_is_refused_with_the_parameter_to_mend() -> None:
    with pytest.raises(InvalidInputError, match="the stack's LookEvery"):
        _ = Environment({"LOOK_EVERY": "rate(1 day)"}).look_every
