"""Quotas of what is offered: told before they are reached, and not asked of AWS again in each sweep once they are."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import Mock

import msgspec
import pytest

from drawbridge.decision.facts import Consumer
from drawbridge.discovery.findings import SweepResult
from drawbridge.discovery.sweep_record import SweepRecord, sweep_record
from drawbridge.errors import AccessDeniedError
from drawbridge.hint import EVERYTHING
from drawbridge.intake.offering.offers import PrincipalStatus
from drawbridge.intake.offering.quotas import (
    ACCOUNT,
    INVITATIONS,
    PRINCIPALS,
    PRINCIPALS_OF_SHARE,
    RESOURCES_OF_SHARE,
    AccountCounts,
    Limits,
    OfferCounts,
    QuotaUsage,
    nearest,
    usages,
    usages_of,
)
from drawbridge.parsing import read_json
from tests.builders import NOW, SERVICE_ID, SHARE_ARN
from tests.fakes.offers import StatedQuotas
from tests.unit.offering import SILVER_ARN, World


@pytest.fixture
def world() -> World:
    return World()


def registered(number: int, consumer: Consumer) -> dict[str, Consumer]:
    return {f"{each:012}": consumer for each in range(1, number + 1)}


def limits(**own: int) -> Limits:
    quotas = StatedQuotas()
    quotas.own["ram"] = {code.replace("_", "-"): value for code, value in own.items()}
    return Limits(quotas)


def counts(there: int, called_for: int = 0, waiting: int = 0, refusal: str = "") -> OfferCounts:
    return OfferCounts(there=there, called_for=max(there, called_for), waiting=waiting, refusal=refusal)


def codes(found: list[QuotaUsage]) -> list[str]:
    return [each.code for each in found]


@pytest.mark.parametrize(
    ("there", "called_for", "near", "reached"),
    [
        pytest.param(3_999, 3_999, False, False, id="below 80 %"),
        pytest.param(4_000, 4_000, True, False, id="80 %"),
        pytest.param(10, 4_000, True, False, id="80 % once all are there"),
        pytest.param(4_999, 5_000, True, False, id="all that there may be, and they fit"),
        pytest.param(5_000, 5_000, True, True, id="no more"),
        pytest.param(10, 5_001, True, True, id="one more than fits, long before"),
    ],
)
def test_a_quota_is_told_from_80_percent_on_by_what_is_there_and_what_is_called_for(
    there: int, called_for: int, near: bool, reached: bool
) -> None:
    usage = limits().usage(PRINCIPALS_OF_SHARE, SHARE_ARN, there, called_for=called_for)

    assert (usage.is_near, usage.is_reached) == (near, reached)
    assert nearest([usage]) == ([usage] if near else [])


def test_it_is_told_what_there_is_what_is_allowed_and_what_to_ask_for() -> None:
    usage = limits(L_275DAC00=1_000).usage(PRINCIPALS_OF_SHARE, SHARE_ARN, 850, called_for=900)

    assert str(usage) == (
        f"{SHARE_ARN} has 850 of the 1,000 principals that AWS allows (ram L-275DAC00 in Service Quotas), and the "
        "registry calls for 900"
    )
    assert usage.to_do == (
        "ask for more: aws service-quotas request-service-quota-increase --service-code ram --quota-code L-275DAC00 "
        "--desired-value 2000; or split the tier in two, each with a share of its own"
    )


def test_what_is_asked_for_is_as_much_as_is_called_for() -> None:
    assert "--desired-value 12000;" in limits().usage(PRINCIPALS_OF_SHARE, SHARE_ARN, 1, called_for=12_000).to_do


def test_where_service_quotas_does_not_say_it_is_aws_s_default_and_that_is_told() -> None:
    refusing = StatedQuotas()
    refusing.error = AccessDeniedError("list the quotas of ram: AccessDeniedException: no")
    denied = Limits(refusing)

    usage = [denied.usage(each, SHARE_ARN, 5_000) for each in (PRINCIPALS_OF_SHARE, RESOURCES_OF_SHARE)]
    without = limits(L_00000000=1).usage(PRINCIPALS_OF_SHARE, SHARE_ARN, 5_000)

    assert {(each.limit, each.source) for each in usage} == {
        (
            5_000,
            "AWS's default; Service Quotas could not be asked: list the quotas of ram: AccessDeniedException: no",
        )
    }
    assert refusing.asked == ["ram"]
    assert (without.limit, without.source) == (
        5_000,
        "AWS's default; Service Quotas has no value of L-275DAC00 for this account",
    )


def test_what_all_shares_have_together_counts_too_and_may_be_more() -> None:
    found = usages({SHARE_ARN: counts(4, 15, 3), SILVER_ARN: counts(4, 5, 1)}, limits(L_8491BF81=20, L_238C96EE=5))

    assert codes(found) == [PRINCIPALS.code, INVITATIONS.code]
    assert (found[0].of, found[0].used, found[0].called_for) == (ACCOUNT, 8, 20)
    assert str(found[1]) == (
        "this account has at least 4 of the 5 invitations that nobody has answered that AWS allows "
        "(ram L-238C96EE in Service Quotas)"
    )


def test_a_service_has_no_quota_that_anybody_knows_until_aws_refuses_more() -> None:
    quotas = StatedQuotas()

    assert usages({SERVICE_ID: counts(1_000_000, 2_000_000)}, Limits(quotas)) == []
    (full,) = usages({SERVICE_ID: counts(7, 20, refusal="allow: VpcEndpointLimitExceeded: no")}, Limits(quotas))

    assert quotas.asked == []
    assert (full.limit, full.is_near, full.is_reached) == (None, True, True)
    assert str(full) == (
        f"{SERVICE_ID} has 7 allowed principals, and the registry calls for 20; AWS refused more: "
        "allow: VpcEndpointLimitExceeded: no"
    )
    assert full.to_do.startswith("AWS publishes no quota of it: ask AWS Support for more")


@pytest.mark.parametrize("own", [{"L_275DAC00": 7}, {"L_238C96EE": 7}])
def test_why_a_share_is_full_is_told_once_where_a_number_says_it(own: dict[str, int]) -> None:
    full = {SHARE_ARN: counts(7, 20, 7, refusal="ResourceShareLimitExceededException")}

    assert [each.limit for each in usages(full, limits(**own))] == [7]
    assert [each.limit for each in usages(full, limits())] == [None]


@pytest.mark.parametrize(("refusal", "reached"), [("", False), ("no more invitations", True)])
def test_invitations_that_are_waited_for_need_nobody_until_aws_refuses_more(refusal: str, reached: bool) -> None:
    full = {SHARE_ARN: counts(250, waiting=250, refusal=refusal)}

    found = usages(full, limits())

    # By what a sweep knows beside, the account is as full.
    of_account = AccountCounts(shares=1, principals={SHARE_ARN: 250}, resources={}, waiting=250, configurations=0)
    for some in (found, usages_of(of_account, limits(), found)):
        assert [(each.code, each.used, each.limit, each.is_reached) for each in some] == [
            (INVITATIONS.code, 250, 250, reached)
        ]


def test_a_sweep_counts_invitations_as_doctor_does(world: World) -> None:
    world.quotas.own["ram"] = {INVITATIONS.code: 1}
    world.consumers.registered = registered(3, Consumer(tier="gold"))
    world.shares.outsiders = {"000000000003"}
    world.converge()

    (usage,) = world.converge().quotas

    # Those of the organization get none.
    assert (usage.code, usage.used) == (INVITATIONS.code, 1)


def test_the_fullest_comes_first() -> None:
    some = {SHARE_ARN: counts(90), SILVER_ARN: counts(95), SERVICE_ID: counts(1, refusal="no")}

    found = usages(some, limits(L_275DAC00=100, L_8491BF81=10_000))

    assert [each.of for each in found] == [SERVICE_ID, SILVER_ARN, SHARE_ARN]


def test_a_sweep_tells_the_quotas_that_are_near(world: World) -> None:
    world.quotas.own["ram"] = {PRINCIPALS_OF_SHARE.code: 5}
    world.consumers.registered = registered(4, Consumer(tier="gold"))

    converged = world.converge()

    (usage,) = converged.quotas
    assert (usage.of, usage.used, usage.called_for, usage.limit) == (SHARE_ARN, 0, 4, 5)
    assert world.quotas.asked == ["ram"]


def test_whatever_service_quotas_answers_what_was_offered_is_told_and_taken_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.consumers.registered = registered(2, Consumer(tier="gold"))
    world.converge()
    world.consumers.registered = registered(3, Consumer(tier="gold"))
    del world.consumers.registered["000000000001"]
    asked_with: list[set[str]] = []

    def values(service: str) -> dict[str, int]:
        asked_with.append(world.in_share())
        raise KeyError("Quotas")

    monkeypatch.setattr(world.quotas, "values", values)

    converged = world.converge()

    assert asked_with == [world.in_share()] == [{"000000000002", "000000000003"}]
    assert (len(converged.offered), len(converged.taken_back), converged.failures) == (1, 1, [])


def test_what_service_quotas_answers_oddly_is_aws_s_default_and_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    quotas = StatedQuotas()
    monkeypatch.setattr(quotas, "values", Mock(side_effect=ValueError("cannot convert float NaN to integer")))

    (usage,) = usages({SHARE_ARN: counts(4_500)}, Limits(quotas))

    assert (usage.limit, "NaN" in usage.source) == (PRINCIPALS_OF_SHARE.default, True)


def test_who_leaves_counts_no_longer_and_who_has_left_does_not(world: World) -> None:
    world.quotas.own["ram"] = {PRINCIPALS_OF_SHARE.code: 4, PRINCIPALS.code: 100}
    world.consumers.registered = registered(4, Consumer(tier="gold"))
    world.converge()
    world.shares.members[SHARE_ARN]["000000000009"] = PrincipalStatus.DISASSOCIATED
    world.consumers.registered = registered(1, Consumer(tier="gold"))

    (usage,) = world.converge().quotas

    assert (usage.used, usage.called_for, usage.is_reached) == (4, 4, True)
    assert world.converge().quotas == []


@pytest.mark.parametrize("kind", ["service", "share"])
def test_what_is_full_is_asked_for_more_no_sooner_than_after_an_hour(kind: str, world: World) -> None:
    world.consumers.registered = registered(
        300, Consumer(services=frozenset({SERVICE_ID})) if kind == "service" else Consumer(tier="gold")
    )
    world.permissions.room = world.shares.room = 50
    first = world.converge()
    world.interruptions.writes_until_crash = 0

    world.now += timedelta(minutes=59)
    second = world.converge()
    world.interruptions.writes_until_crash = 100_000
    world.permissions.room = world.shares.room = 1_000
    world.now += timedelta(minutes=1)
    third = world.converge()

    target = SERVICE_ID if kind == "service" else SHARE_ARN
    assert (len(first.offered), len(first.refused)) == (50, 1)
    assert "LimitExceeded" in str(first.refused[0])
    assert (len(second.not_offered), second.refused, second.offered) == (250, [], [])
    assert "AWS had no room for more at 2026-11-21T12:00:00+00:00 (" in second.not_offered[200]
    assert "It is tried again at 2026-11-21T13:00:00+00:00; " in second.not_offered[200]
    assert [(each.of, each.limit, each.used, each.called_for) for each in second.quotas] == [(target, None, 50, 300)]
    assert (len(third.offered), third.not_offered) == (250, [])
    assert not [each for each in world.converge().quotas if each.limit is None]


def test_what_is_full_gives_back_all_the_same(world: World) -> None:
    world.consumers.registered = registered(60, Consumer(tier="gold"))
    world.shares.room = 50
    world.converge()
    del world.consumers.registered["000000000001"]

    converged = world.converge()

    assert converged.taken_back == [f"{SHARE_ARN} from 000000000001"]


def test_one_that_there_was_no_room_for_keeps_no_other_out_for_ever(world: World) -> None:
    """Members of the organization need no invitation: those that were never asked for come first."""
    world.consumers.registered = registered(150, Consumer(tier="gold"))
    world.shares.room = 0
    world.converge()
    world.shares.room = 50

    world.now += timedelta(hours=1)
    world.converge()

    assert world.in_share() == {f"{each:012}" for each in range(101, 151)}


def test_a_principal_that_is_none_is_told_as_such_where_there_is_no_room_either(world: World) -> None:
    world.consumers.registered = registered(3, Consumer(tier="gold"))
    world.shares.refused = {"000000000001"}
    world.converge()
    world.shares.refused, world.shares.room = set(), 2
    world.consumers.registered = registered(4, Consumer(tier="gold"))
    world.converge()

    told = world.converge().not_offered

    assert [each.partition(": AWS ")[2].split(" ", maxsplit=2)[0] for each in told] == ["refused", "had"]


def test_all_of_the_account_is_counted_with_what_a_sweep_knows_beside() -> None:
    of_account = AccountCounts(
        shares=1, principals={SHARE_ARN: 3, SILVER_ARN: 1}, resources={SHARE_ARN: 8}, waiting=2, configurations=1_600
    )
    here = limits(L_275DAC00=10, L_1F7F8A25=10, L_4A6CEE66=100, L_238C96EE=100)
    there = limits(L_275DAC00=10)
    recorded = [
        there.usage(PRINCIPALS_OF_SHARE, SHARE_ARN, 2, called_for=11),
        there.usage(PRINCIPALS_OF_SHARE, SILVER_ARN, 9),
        *usages({SERVICE_ID: counts(7, refusal="no")}, there),
    ]

    found = usages_of(of_account, here, recorded)

    # What was there when the sweep was made says nothing of what is there now.
    assert [(each.of, each.counted, each.used, each.called_for, each.limit) for each in found] == [
        (SERVICE_ID, "allowed principals", 7, 7, None),
        (SHARE_ARN, "principals", 3, 11, 10),
        (SHARE_ARN, "resources", 8, 8, 10),
        (ACCOUNT, "resource configurations", 1_600, 1_600, 2_000),
    ]
    assert not any(each.is_at_least for each in found)


@pytest.mark.parametrize("text", [f"{number} {what}" for number, what in ((4_000, "near"), (5_000, "reached"))])
def test_a_quota_survives_being_kept_and_read(text: str) -> None:
    usage = limits().usage(PRINCIPALS_OF_SHARE, SHARE_ARN, int(text.split(maxsplit=1)[0]))
    result = SweepResult(observed=1, started=(), no_longer_permitted=(), failures=(), quotas=(usage,) * 200)

    kept = sweep_record(EVERYTHING, result, failures=(), broken=(), began_at=NOW, ended_at=NOW)

    assert read_json(msgspec.json.encode(kept).decode(), SweepRecord) == kept
    assert kept.quotas == (usage,) * len(kept.quotas)
    assert 20 < len(kept.quotas) < 200
