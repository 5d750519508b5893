"""Accounts that no forbid can tell apart are asked about once, and the answer is the one that each would have had."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.decision.cedar import Action, PolicySet
from drawbridge.decision.facts import (
    ConnectionFacts,
    Consumer,
    EvaluationTime,
    Fact,
    Membership,
    OrganizationPlace,
    Requester,
    Service,
    ShareFacts,
)
from drawbridge.decision.offer_forbidden import ForbiddenOffers
from drawbridge.decision.policies import parse_policy
from drawbridge.decision.told_apart import ToldApart, told_apart
from drawbridge.status import Reason
from tests.builders import EVALUATION_TIME, NOW, SERVICE_ID, SHARE_ARN
from tests.unit.policies import compiled, conditions, conditions_of

ACCOUNTS = tuple(f"{digit}" * 12 for digit in (1, 2, 3, 4))

WHO = (
    'principal == Account::"111111111111"',
    'Account::"222222222222" == principal',
    'principal.id == "333333333333"',
    '"tier" == principal.id',
    'principal.id like "2*"',
    'principal in [Account::"111111111111", Account::"444444444444"]',
    '[Account::"222222222222"].contains(principal)',
    '["333333333333", "444444444444"].contains(principal.id)',
    "principal is Account",
    "principal.ownOrganization",
    "principal has consumer",
    'principal has consumer.tier && principal.consumer.tier == "gold"',
    'principal has consumer && principal.consumer.name like "A*"',
    'principal has consumer && principal.consumer.notes == ""',
    'principal has consumer && principal.consumer.services.contains("*")',
    "principal has consumer && resource is EndpointService && principal.consumer.services.contains(resource.id)",
    'principal has consumer && principal.consumer has since && principal.consumer.since < datetime("2026-11-01")',
    # It overflows for some, can't be evaluated then, and does not forbid.
    'principal has consumer && (if principal.consumer.tier == "gold" then 9223372036854775807 else 0) + 1 > 0',
    "principal has consumer && principal.consumer.suspended",
    "principal has consumer && principal.consumer.proved",
    "principal has consumer && [principal.consumer].contains(principal.consumer)",
    '(if principal has consumer then principal.consumer.tier else principal.id) == "gold"',
    'context has connections && context.connections < 2 && principal.id like "1*"',
)


about_accounts = conditions_of(WHO, most=4)
scopes = st.sampled_from(
    [
        "principal",
        'principal == Account::"111111111111"',
        'principal in Account::"222222222222"',
        "principal is Account",
    ]
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    effect = draw(st.sampled_from(["forbid", "forbid", "permit"]))
    action = draw(
        st.sampled_from(['action in [Action::"accept", Action::"offer"]', 'action == Action::"offer"', "action"])
    )
    clauses = draw(st.lists(st.tuples(st.sampled_from(["when", "unless"]), about_accounts), min_size=1, max_size=2))
    if draw(st.booleans()):
        clauses.append(("when", draw(conditions)))
    guard = " when { resource is ResourceShare || resource is EndpointService }"
    written = "".join(f" {kind} {{ {condition} }}" for kind, condition in clauses)
    return f"{effect}({draw(scopes)}, {action}, resource){guard}{written};"


consumers = st.builds(
    Consumer,
    tier=st.sampled_from(["gold", "silver", ""]),
    services=st.sampled_from([frozenset({"*"}), frozenset({SERVICE_ID}), frozenset[str]()]),
    name=st.sampled_from(["A", "B"]),
    notes=st.sampled_from(["", "x"]),
    since=st.sampled_from([None, NOW, NOW.replace(year=2025)]),
    proof_required=st.booleans(),
    suspended_at=st.sampled_from([None, NOW]),
    unreadable=st.sampled_from([(), (), ("notes",), ("suspended_at",)]),
)
UNKNOWN = OrganizationPlace(membership=Membership.UNKNOWN)
registries = st.lists(
    st.builds(Requester, account_id=st.sampled_from(ACCOUNTS), place=st.just(UNKNOWN), consumer=st.none() | consumers),
    min_size=2,
    max_size=12,
)
targets = st.sampled_from(
    [
        lambda requester: ConnectionFacts(requester=requester, service=Service(id=SERVICE_ID), region=""),
        lambda requester: ShareFacts(requester=requester, share_arn=SHARE_ARN, share_name="gold", contents=None),
    ]
)


def alone(facts: ConnectionFacts | ShareFacts, policies: PolicySet, time: EvaluationTime) -> tuple[Reason, ...]:
    """Return what stands against an offer with Cedar asked about this account, with all that is known of it."""
    unknown = facts.unknown | {Fact.CONNECTIONS, Fact.TIME}
    for action in (Action.OFFER, Action.ACCEPT) if isinstance(facts, ConnectionFacts) else (Action.OFFER,):
        if standing := policies.standing(policies.ask(action, facts, time).because, unknown):
            return standing
    return ()


@given(st.lists(texts(), min_size=1, max_size=4), registries, targets)
def test_what_is_answered_for_many_is_what_each_alone_would_be_answered(
    written: list[str], registry: list[Requester], target: Any
) -> None:
    policies = compiled(written)
    together = ForbiddenOffers(policies, EVALUATION_TIME)

    for requester in registry:
        facts = target(requester)
        assert together.forbidding(facts) == alone(facts, policies, EVALUATION_TIME)


DIFFERENT = (
    None,
    Consumer(),
    Consumer(tier="gold"),
    Consumer(services=frozenset({"*"})),
    Consumer(services=frozenset({SERVICE_ID})),
    Consumer(name="A"),
    Consumer(notes="x"),
    Consumer(since=NOW),
    Consumer(since=NOW.replace(year=2025)),
    Consumer(proof_required=True),
    Consumer(suspended_at=NOW),
)
EVERYBODY = [
    Requester(account_id=account, place=UNKNOWN, consumer=consumer) for account in ACCOUNTS for consumer in DIFFERENT
]
SCOPES = (
    'principal == Account::"111111111111"',
    'principal in Account::"222222222222"',
    'principal is Account in Account::"333333333333"',
    "principal is Account",
)


@pytest.mark.parametrize(
    ("scope", "condition"), [*((each, "true") for each in SCOPES), *(("principal", each) for each in WHO)]
)
def test_whatever_a_forbid_goes_by_those_are_told_apart_who_differ_in_it(scope: str, condition: str) -> None:
    guard = "resource is ResourceShare || resource is EndpointService"
    policies = compiled([f"forbid({scope}, action, resource) when {{ {guard} }} when {{ {condition} }};"])
    together, backwards = (ForbiddenOffers(policies, EVALUATION_TIME) for _ in range(2))

    of_all = [ConnectionFacts(requester=each, service=Service(id=SERVICE_ID), region="us-east-1") for each in EVERYBODY]
    answers = [alone(each, policies, EVALUATION_TIME) for each in of_all]

    assert [together.forbidding(each) for each in of_all] == answers
    assert [backwards.forbidding(each) for each in reversed(of_all)] == answers[::-1]


def asked_for(text: str, *accounts: tuple[str, Consumer], others: tuple[str, ...] = ()) -> int:
    """Return how often Cedar is asked about so many accounts."""
    policies, asked = compiled([text, *others]), []
    ask = policies.ask
    policies.ask = lambda *question: asked.append(question) or ask(*question)  # type: ignore[method-assign,func-returns-value]
    together = ForbiddenOffers(policies, EVALUATION_TIME)
    for account_id, consumer in accounts:
        requester = Requester(account_id=account_id, place=UNKNOWN, consumer=consumer)
        together.forbidding(ShareFacts(requester=requester, share_arn=SHARE_ARN, share_name="gold", contents=None))
    return len(asked)


MANY = [
    (f"{number:012}", Consumer(tier=("gold", "silver")[number % 2], name=f"{number}", notes=f"{number}"))
    for number in range(100)
]


@pytest.mark.parametrize(
    ("condition", "questions"),
    [
        pytest.param('resource.id == "x"', 1, id="nothing of the account"),
        pytest.param('principal.consumer.tier == "gold"', 2, id="the tier"),
        pytest.param("principal.consumer.suspended", 1, id="what is the same of all"),
        pytest.param('principal == Account::"000000000007"', 2, id="one account, and all others"),
        pytest.param('["000000000007", "000000000008"].contains(principal.id)', 3, id="two accounts, and all others"),
        pytest.param('principal.consumer.name == "7"', 100, id="the name"),
        pytest.param('principal.id like "0*7"', 100, id="what is not understood"),
    ],
)
def test_cedar_is_asked_once_for_those_who_can_t_be_told_apart(condition: str, questions: int) -> None:
    text = f'forbid(principal, action == Action::"offer", resource) when {{ principal has consumer && {condition} }};'

    assert asked_for(text, *MANY) == questions


def test_two_statements_of_one_id_hide_each_other_and_everybody_is_asked_about() -> None:
    one = '@id("a") forbid(principal, action == Action::"offer", resource);'
    other = '@id("a") permit(principal, action == Action::"offer", resource) when { principal.id like "0*7" };'

    assert asked_for(one, *MANY) == 1
    assert asked_for(one, *MANY, others=(other,)) == len(MANY)


@pytest.mark.parametrize("name", ["tier", "services", "name", "notes", "since", "suspended", "proved"])
def test_whatever_policies_know_of_an_entry_tells_accounts_apart(name: str) -> None:
    text = f"forbid(principal, action, resource) when {{ principal has consumer.{name} }};"

    assert told_apart(each.cedar for each in parse_policy("one", text).statements) == ToldApart(
        frozenset(), frozenset({name})
    )
