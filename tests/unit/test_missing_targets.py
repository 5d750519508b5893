"""What entries call for and nothing is there for."""

import pytest

from drawbridge.decision.facts import Consumer
from drawbridge.decision.registration import Registration
from drawbridge.intake.offering.offers import OfferedShare
from drawbridge.request.connections import ManagedService
from drawbridge_cli.missing_targets import missing
from tests.builders import SERVICE_ID

GOLD = ManagedService(service_id=SERVICE_ID, tags={"drawbridge:tier": "gold"})
UNTAGGED = ManagedService(service_id="vpce-svc-00000000000000001", tags={})
NOT_TOLD = ManagedService(service_id="vpce-svc-00000000000000001", tags=None)
SILVER = OfferedShare(
    arn="arn:aws:ram:us-east-1:111111111111:resource-share/silver", name="silver", tier="silver", takes_outsiders=True
)


def entries(*consumers: Consumer) -> list[Registration]:
    return [Registration(account_id=f"{number:012}", consumer=each) for number, each in enumerate(consumers)]


def of_tiers(*tiers: str) -> list[Registration]:
    return entries(*(Consumer(tier=each) for each in tiers))


def test_a_tier_that_nothing_is_tagged_with_is_told_once_with_those_that_there_are() -> None:
    assert missing(of_tiers("golld", "gold", "silver", "golld"), [GOLD, UNTAGGED], [SILVER], region="us-east-1") == [
        (
            "nothing is offered for the tier golld: no managed service is tagged drawbridge:tier = golld, and no share "
            "of this account drawbridge:offer = golld; the tiers that are there: gold, silver"
        )
    ]


def test_a_service_that_is_not_managed_is_told_once_with_those_that_are() -> None:
    reached = Consumer(services=frozenset({SERVICE_ID, "vpce-svc-00000000000000002", "*"}))

    assert missing(entries(reached, reached), [GOLD], [], region="us-east-1") == [
        (
            "vpce-svc-00000000000000002 is no managed service of this account in us-east-1, and is not offered; the "
            f"managed services: {SERVICE_ID}"
        )
    ]


@pytest.mark.parametrize(
    ("services", "shares"),
    [(None, [SILVER]), ([GOLD], None), (None, None), ([GOLD, NOT_TOLD], [SILVER])],
    ids=["services", "shares", "both", "tags"],
)
def test_of_a_tier_nothing_is_told_where_it_may_be_there(
    services: list[ManagedService] | None, shares: list[OfferedShare] | None
) -> None:
    assert missing(of_tiers("golld"), services, shares, region="us-east-1") == []


def test_of_a_service_nothing_is_told_where_the_managed_ones_are_unknown() -> None:
    called_for = entries(Consumer(services=frozenset({"vpce-svc-00000000000000002"})))

    assert missing(called_for, None, [], region="us-east-1") == []


@pytest.mark.parametrize(
    ("consumer", "is_told"),
    [(Consumer(tier="gold"), True), (Consumer(tier="gold", services=frozenset({"*"})), False)],
    ids=["by its tier alone", "by its services"],
)
def test_a_tier_may_be_for_policies_where_nothing_has_one(consumer: Consumer, is_told: bool) -> None:
    warnings = missing(entries(consumer), [UNTAGGED], [], region="us-east-1")

    assert [each.rpartition("; ")[2] for each in warnings] == ["the tiers that are there: none"] * is_told


def test_of_many_the_first_are_told_and_named() -> None:
    called_for = of_tiers(*(f"tier-{number:02}" for number in range(23)))
    shares = [
        OfferedShare(arn=SILVER.arn, name="", tier=f"there-{number:02}", takes_outsiders=True) for number in range(22)
    ]

    warnings = missing(called_for, [], shares, region="us-east-1")

    assert len(warnings) == 21
    assert warnings[0].endswith("there-18, there-19 and 2 more")
    assert warnings[-1] == "and 3 more tiers that are not there"
