"""The environment: the template's settings, read by name."""

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
