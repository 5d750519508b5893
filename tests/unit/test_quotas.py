"""Quotas: how much AWS allows, by default or as it was raised."""

from __future__ import annotations

import pytest

from drawbridge.association.quotas import DEFAULTS, quotas_in_force
from drawbridge.configuration import InForce
from tests.fakes.configuration import InMemoryParameters


def quotas_of(**values: list[str]) -> InForce[tuple[str, int]]:
    """Return what is in force of quotas, each with the values that it had, the newest last."""
    return quotas_in_force(
        InMemoryParameters("quotas", {name.replace("_", "-"): versions for name, versions in values.items()})
    )


@pytest.mark.parametrize("name", DEFAULTS)
@pytest.mark.parametrize(("text", "limit"), [("300", 300), (" 1\n", 1), ("1000000", 1_000_000)])
def test_a_quota_that_was_raised_is_read(name: str, text: str, limit: int) -> None:
    quotas = quotas_of(**{name: [text]})

    assert dict(quotas.things) == {name: limit}
    assert quotas.broken == ()


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "many", "1000001", "٣", "1_000", "9" * 5000])
def test_what_is_no_number_is_broken_with_what_is_expected(text: str) -> None:
    (broken,) = quotas_of(resource_endpoints_per_vpc=[text]).broken

    assert broken.name == "resource-endpoints-per-vpc"
    assert "a whole number from 1 to 1,000,000 is expected" in broken.reason
    assert len(broken.reason) < 300


def test_a_quota_of_another_name_is_broken_with_the_names_that_there_are() -> None:
    (broken,) = quotas_of(endpoints=["7"]).broken

    assert all(name in broken.reason for name in DEFAULTS)


def test_of_a_quota_that_was_broken_the_last_good_limit_is_in_force() -> None:
    quotas = quotas_of(vpcs_per_service_network=["600", "lots"])

    assert dict(quotas.things) == {"vpcs-per-service-network": 600}
    assert [each.in_force for each in quotas.broken] == [1]


def test_nothing_raised_is_nothing_read() -> None:
    assert quotas_of().things == ()
