"""Policies together: what must hold for every set, and what policies must not do to each other."""

import json
import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.decision import Accept
from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.conflicts import conflict_among
from drawbridge.decision.decide import MOST_REASONS, decide
from drawbridge.decision.decide_again import MOST_CONTENTS, decide_again, decision_record_of, sha256_fingerprint
from drawbridge.decision.decision_record import DecisionRecord
from drawbridge.decision.facts import ConnectionFacts, EvaluationTime, Fact, ShareFacts
from drawbridge.decision.in_force import broken, compiled, decision_fingerprint, policies_in_force
from drawbridge.decision.policies import InvalidPolicyError, parse_policy
from drawbridge.request.connections import ConnectionCounts
from tests.builders import (
    EVALUATION_TIME,
    NOW,
    RESOURCE_ARN,
    SERVICE_ID,
    connection_facts,
    content,
    requester,
    share_facts,
)
from tests.fakes.configuration import InMemoryParameters
from tests.unit.policies import all_known, parsed, policy_texts, statements

EVERYTHING = "permit(principal, action, resource);"
ACCEPT_ALL = 'permit(principal, action == Action::"accept", resource);'


def accepting(condition: str) -> PolicySet:
    """Return the set of one policy that accepts when the condition holds."""
    return PolicySet(parsed([f'permit(principal, action == Action::"accept", resource) when {{ {condition} }};']))


ONE = 'permit(principal == Account::"111111111111", action == Action::"accept", resource);'


@given(policy_texts, statements("forbid"), all_known)
def test_adding_a_forbid_never_lets_anyone_in(texts: list[str], forbid: str, facts: ShareFacts) -> None:
    more = decide(facts, PolicySet(parsed([*texts, forbid])), EVALUATION_TIME)

    if isinstance(more, Accept):
        assert isinstance(decide(facts, PolicySet(parsed(texts)), EVALUATION_TIME), Accept)


@given(policy_texts, all_known, st.randoms(use_true_random=False))
def test_a_decision_does_not_depend_on_the_order_of_policies_or_tags(
    texts: list[str], facts: ConnectionFacts, shuffle: random.Random
) -> None:
    policies = parsed(texts)
    shuffled = [*policies]
    shuffle.shuffle(shuffled)
    reversed_tags = msgspec.json.decode(
        json.dumps(_reversed(msgspec.to_builtins(facts))), type=ConnectionFacts | ShareFacts
    )

    one, other = PolicySet(policies), PolicySet(shuffled)
    first, second = decide(facts, one, EVALUATION_TIME), decide(reversed_tags, other, EVALUATION_TIME)

    assert first == second
    assert one.version == other.version
    assert (
        decision_record_of(facts, first, one, EVALUATION_TIME, {}).fingerprint
        == decision_record_of(reversed_tags, second, other, EVALUATION_TIME, {}).fingerprint
    )


def _reversed(value: object) -> object:
    if isinstance(value, dict):
        return {key: _reversed(value[key]) for key in reversed(value)}
    return value


@given(policy_texts, all_known)
def test_deciding_again_on_what_was_kept_decides_the_same(texts: list[str], facts: ShareFacts) -> None:
    policies = PolicySet(parsed(texts))
    decision = decide(facts, policies, EVALUATION_TIME)

    decision_record = decision_record_of(facts, decision, policies, EVALUATION_TIME, {})
    read = msgspec.json.decode(msgspec.json.encode(decision_record), type=DecisionRecord)

    assert read == decision_record
    assert decide_again(read, policies) == decision


def test_a_fingerprint_changes_with_facts_policies_and_outcome() -> None:
    facts, policies = connection_facts(), PolicySet(parsed([ONE]))
    decision = decide(facts, policies, EVALUATION_TIME)

    prints = {
        decision_record_of(facts, decision, policies, EVALUATION_TIME, {}).fingerprint,
        decision_record_of(connection_facts(connections=1), decision, policies, EVALUATION_TIME, {}).fingerprint,
        decision_record_of(facts, decision, PolicySet(parsed([ACCEPT_ALL])), EVALUATION_TIME, {}).fingerprint,
        decision_record_of(facts, Accept(()), policies, EVALUATION_TIME, {}).fingerprint,
    }

    assert len(prints) == 4
    assert all(len(each) == 64 for each in prints)
    assert sha256_fingerprint({"a": 1, "b": 2}) == sha256_fingerprint({"b": 2, "a": 1})


def test_a_decision_record_names_the_policies_that_determined_it_with_their_versions() -> None:
    policies = PolicySet([parse_policy("mine", f'@id("x") {ACCEPT_ALL}'), parse_policy("others", ONE)])
    facts = connection_facts(requester("222222222222"))

    decision_record = decision_record_of(
        facts, decide(facts, policies, EVALUATION_TIME), policies, EVALUATION_TIME, {"mine": 7, "others": 2}
    )

    assert (decision_record.outcome, decision_record.determined_by) == ("accept", ("mine@7",))
    assert (decision_record.at, decision_record.zone, decision_record.facts) == (NOW, "UTC", facts)


def test_what_is_too_much_to_keep_is_unknown_to_whoever_decides_again() -> None:
    many = tuple(content(f"{RESOURCE_ARN[:-4]}{number:04x}") for number in range(MOST_CONTENTS + 1))
    policies = accepting("context has onlyLattice && context.onlyLattice")
    facts = share_facts(contents=many)

    decision_record = decision_record_of(facts, decide(facts, policies, EVALUATION_TIME), policies, EVALUATION_TIME, {})

    assert decision_record.outcome == "accept"
    assert decision_record.facts.unknown >= {Fact.CONTENTS}
    assert not isinstance(decide_again(decision_record, policies), Accept)
    assert len(msgspec.json.encode(decision_record)) < 4096


def test_of_a_thousand_policies_that_agree_some_are_named_and_the_rest_counted() -> None:
    policies = PolicySet(parsed([f'@reason("{number}") {ACCEPT_ALL}' for number in range(1000)]))

    decision = decide(connection_facts(), policies, EVALUATION_TIME)

    assert isinstance(decision, Accept)
    assert len(decision.because) == MOST_REASONS + 1
    assert (decision.because[-1].code, decision.because[-1].text) == ("more", "and 980 more")


def test_a_person_who_is_asked_is_told_what_stands_against_accepting() -> None:
    asks = '@id("ask") permit(principal, action == Action::"askApprover", resource);'
    stops = '@id("stop") @reason("not today") forbid(principal, action == Action::"accept", resource);'

    decision = decide(connection_facts(), PolicySet(parsed([asks, stops, ACCEPT_ALL])), EVALUATION_TIME)

    assert [reason.source for reason in decision.because] == ["ask", "stop"]


@pytest.mark.parametrize(
    "texts",
    [
        [EVERYTHING],
        [ACCEPT_ALL],
        ['permit(principal, action in [Action::"accept", Action::"reject"], resource) when { 1 == 1 };'],
        [
            'permit(principal, action == Action::"accept", resource is EndpointService);',
            'permit(principal, action == Action::"accept", resource is ResourceShare);',
        ],
        [EVERYTHING, 'forbid(principal == Account::"333333333333", action, resource);'],
        ['permit(principal, action == Action::"accept", resource) when { principal.ownOrganization || true };'],
        ['permit(principal, action == Action::"accept", resource) unless { principal.ownOrganization };'],
        ['permit(principal, action == Action::"accept", resource) when { !(principal has consumer) };'],
    ],
)
def test_a_set_that_lets_everything_of_everybody_in_is_a_conflict_unless_it_is_meant(texts: list[str]) -> None:
    policies = parsed(texts)

    conflict = conflict_among(policies)

    assert conflict is not None
    assert all("AllowPermitEverything" in reason for reason in conflict.blame.values())
    assert conflict.blame.keys() <= {policy.name for policy in policies}
    assert conflict_among(policies, everything_may_be_permitted=True) is None


@pytest.mark.parametrize(
    "texts",
    [
        [ONE],
        ['permit(principal, action == Action::"askApprover", resource);'],
        ['permit(principal, action == Action::"associate", resource);'],
        ['permit(principal, action == Action::"accept", resource is EndpointService);'],
        ['permit(principal, action == Action::"accept", resource) when { context.local.hour >= 8 };'],
        ['permit(principal, action == Action::"accept", resource) when { context.local.hour < 8 };'],
        ['permit(principal, action == Action::"accept", resource) when { resource.hasTag("open") };'],
        [EVERYTHING, "forbid(principal, action, resource) unless { principal has consumer };"],
        [],
    ],
)
def test_a_set_that_asks_anything_of_anybody_is_none(texts: list[str]) -> None:
    assert conflict_among(parsed(texts)) is None


def test_an_id_is_for_one_statement_of_all_policies() -> None:
    one, two = parse_policy("one", f'@id("x") {ONE}'), parse_policy("two", f'@id("x") {ONE}')

    conflict = conflict_among([one, two])

    assert conflict is not None
    assert conflict.blame.keys() == {"one", "two"}
    assert "'x'" in conflict.blame["two"]
    assert "policy one" in conflict.blame["two"]


def parameters_of(**versions: list[tuple[int, str]]) -> InMemoryParameters:
    """Return policies in Parameter Store: each with its versions, by when they were written."""
    return InMemoryParameters(
        "policies",
        {name: [(NOW + timedelta(minutes=minute), text) for minute, text in texts] for name, texts in versions.items()},
    )


def test_of_two_policies_with_one_id_the_one_that_was_written_last_does_not_take_effect() -> None:
    taken = f'@id("x") {ONE}'
    parameters = parameters_of(a=[(5, taken)], b=[(1, taken)])

    found = policies_in_force(parameters, everything_may_be_permitted=False)

    assert found.versions == (("b", 1),)
    assert [(each.name, each.in_force) for each in found.broken] == [("a", None)]


def test_a_policy_that_lets_everything_in_leaves_its_last_good_version_in_force() -> None:
    parameters = parameters_of(a=[(1, ONE), (5, EVERYTHING)], b=[(2, ONE.replace("1111", "2222"))])

    found = policies_in_force(parameters, everything_may_be_permitted=False)

    assert found.versions == (("a", 1), ("b", 1))
    assert [(each.name, each.in_force) for each in found.broken] == [("a", 1)]
    assert policies_in_force(parameters, everything_may_be_permitted=True).versions == (("a", 2), ("b", 1))


def test_taking_one_back_goes_on_until_nothing_is_in_conflict() -> None:
    parameters = parameters_of(a=[(1, ONE), (2, ACCEPT_ALL), (3, EVERYTHING)], b=[(4, ACCEPT_ALL)])

    found = policies_in_force(parameters, everything_may_be_permitted=False)

    assert found.versions == (("a", 1),)
    assert {each.name: each.in_force for each in found.broken} == {"a": 1, "b": None}


def test_that_there_is_no_policy_at_all_is_reported() -> None:
    found = policies_in_force(parameters_of(), everything_may_be_permitted=False)

    assert found.things == ()
    (reason,) = broken(found)
    assert reason.code == "policy-broken"
    assert "no policy is in force" in reason.text
    assert reason in decide(connection_facts(), compiled(found), EVALUATION_TIME, broken=(reason,)).because


def test_how_many_connections_there_are_matters_only_to_policies_that_go_by_it() -> None:
    few = ConnectionCounts(1, 1)
    plain = policies_in_force(parameters_of(a=[(1, ONE)]), everything_may_be_permitted=False)
    limit = "forbid(principal, action, resource) when { context has connections && context.connections > 2 };"
    limited = policies_in_force(parameters_of(a=[(1, ONE)], b=[(1, limit)]), everything_may_be_permitted=False)

    assert decision_fingerprint(plain, None) == decision_fingerprint(plain, None, few)
    assert decision_fingerprint(limited, None) != decision_fingerprint(limited, None, few)


def test_a_policy_reads_the_clock_of_the_stack_s_time_zone() -> None:
    by_day = accepting('context.local.hour == 0 && context.local.minute == 30 && context.local.weekday == "Monday"')
    sunday_night = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)

    assert isinstance(decide(connection_facts(), by_day, EvaluationTime(sunday_night, "Europe/Berlin")), Accept)
    assert not isinstance(decide(connection_facts(), by_day, EvaluationTime(sunday_night, "UTC")), Accept)


def test_a_policy_may_compare_times() -> None:
    until = accepting('context.now < datetime("2026-12-01")')

    assert isinstance(decide(connection_facts(), until, EVALUATION_TIME), Accept)
    assert not isinstance(decide(connection_facts(), until, EvaluationTime(NOW + timedelta(days=30))), Accept)


def test_what_the_registry_knows_is_for_policies_to_speak_of() -> None:
    old = accepting(
        'principal has consumer && principal.consumer has since && principal.consumer.notes like "*trusted*"'
        ' && principal.consumer.since < datetime("2026-01-01")'
    )
    who = requester(services=frozenset({SERVICE_ID}))
    assert who.consumer is not None
    known = msgspec.structs.replace(
        who,
        consumer=msgspec.structs.replace(who.consumer, since=datetime(2025, 5, 1, tzinfo=UTC), notes="trusted by Jo"),
    )

    assert isinstance(decide(connection_facts(known), old, EVALUATION_TIME), Accept)
    assert not isinstance(decide(connection_facts(who), old, EVALUATION_TIME), Accept)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (f"{ONE}\n{ONE[:-1]}", 2, "unexpected end"),
        (f"{ONE}\n\npermit(principal, action, resource) when {{ principal.tier == 1 }};", 3, "tier"),
    ],
)
def test_an_error_in_a_policy_has_its_parts_for_programs(text: str, line: int, reason: str) -> None:
    with pytest.raises(InvalidPolicyError) as raised:
        parse_policy("mine", text)

    assert (raised.value.policy, raised.value.mistakes[0].line) == ("mine", line)
    assert reason in raised.value.mistakes[0].message
