"""Delays that have no effect, as another permit lets the same in sooner: told where that is plain, and only there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from drawbridge.decision.cedar import Action, compile_together
from drawbridge.decision.facts import Consumer, EvaluationTime
from drawbridge.decision.idle_delays import idle_delays
from drawbridge.decision.policies import parse_policy
from tests.builders import NOW, connection_facts, requester

GOLD = 'when { principal has consumer && principal.consumer.tier == "gold" }'
SILVER = 'when { principal has consumer && principal.consumer.tier == "silver" }'
HERE = 'when { context.region == "us-east-1" }'
ACCOUNT = 'principal == Account::"222222222222"'


def permit(delay: str, scope: str = 'principal, action == Action::"accept", resource', clauses: str = "") -> str:
    said = f'@delay("{delay}") ' if delay else ""
    return f"{said}permit({scope}) {clauses};"


def told(*statements: str) -> list[tuple[str, str]]:
    policies = [parse_policy(f"p{number}", text) for number, text in enumerate(statements)]
    return [(each.statement.policy, each.sooner.policy) for each in idle_delays(policies)]


ANY_ACTION = "principal, action, resource is EndpointService"
SEVERAL = 'principal, action in [Action::"accept", Action::"reject"], resource'
OF_ACCOUNT = f'{ACCOUNT}, action == Action::"accept", resource'
OF_SERVICES = 'principal, action == Action::"accept", resource is EndpointService'


@pytest.mark.parametrize(
    "sooner",
    [
        permit(""),
        permit("14m"),
        permit("0m"),
        permit("", SEVERAL),
        permit("", clauses=GOLD),
        permit("", clauses=HERE),
        permit("", clauses=f"{GOLD} {HERE}"),
        permit("", OF_ACCOUNT, GOLD),
        permit("", OF_SERVICES, GOLD),
        permit("", ANY_ACTION),
    ],
)
def test_what_permits_the_same_or_more_sooner_leaves_a_delay_without_effect(sooner: str) -> None:
    delayed = permit("15m", f'{ACCOUNT}, action == Action::"accept", resource is EndpointService', f"{HERE} {GOLD}")

    assert told(delayed, sooner) == [("p0", "p1")]
    assert told(sooner, delayed) == [("p1", "p0")]


@pytest.mark.parametrize(
    "other",
    [
        permit("15m", clauses=GOLD),
        permit("1h", clauses=GOLD),
        permit("", clauses=SILVER),
        permit("", clauses=f"{GOLD} {HERE}"),
        permit("", OF_ACCOUNT, GOLD),
        permit("", OF_SERVICES, GOLD),
        permit("", 'principal, action == Action::"askApprover", resource'),
        permit("").replace("permit(", "forbid("),
        permit("", clauses=GOLD.replace("when", "unless")),
    ],
)
def test_what_permits_less_or_no_sooner_or_something_else_is_not_told(other: str) -> None:
    assert ("p0", "p1") not in told(permit("15m", clauses=GOLD), other)


def test_each_delay_is_told_once_and_one_of_nothing_never() -> None:
    assert told(permit("15m"), permit(""), permit("5m"), permit("0m")) == [("p0", "p1"), ("p2", "p1")]


scopes = st.sampled_from(
    [ANY_ACTION, SEVERAL, OF_ACCOUNT, OF_SERVICES, 'principal, action == Action::"accept", resource']
)
clauses = st.lists(st.sampled_from([GOLD, SILVER, HERE, GOLD.replace("when", "unless")]), max_size=2).map(" ".join)
permits = st.builds(permit, st.sampled_from(["", "0m", "5m", "15m"]), scopes, clauses)


@given(permits, permits, st.sampled_from(["gold", "silver", None]), st.sampled_from(["222222222222", "333333333333"]))
def test_what_is_told_never_counts(delayed: str, other: str, tier: str | None, account: str) -> None:
    policies = [parse_policy("p0", delayed), parse_policy("p1", other)]
    compiled = compile_together(policies)
    consumer = None if tier is None else Consumer(tier=tier)
    facts = connection_facts(replace(requester(account), consumer=consumer), region="us-east-1")

    answer = compiled.ask(Action.ACCEPT, facts, EvaluationTime(NOW))

    for each in idle_delays(policies):
        if each.statement.id in {reason.source for reason in answer.because} and answer.permitted:
            assert (compiled.delay(answer.because) or timedelta()) < (each.statement.delay or timedelta())
