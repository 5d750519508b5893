"""Decisions: what the policies say of the facts."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.decision import Accept, AlreadyResolved, AskApprover, Hold, Reject
from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.decide import decide, may_associate
from drawbridge.decision.facts import EvaluationTime, Facts, Membership
from drawbridge.decision.policies import parse_policy
from drawbridge.errors import InvalidInputError
from drawbridge.status import Reason, Status
from tests.builders import (
    CONSUMER,
    EVALUATION_TIME,
    NOW,
    PROVIDER,
    REPOSITORY,
    SERVICE_ID,
    STRANGER,
    SUBNET,
    connection_facts,
    content,
    requester,
    resource_facts,
    share_facts,
)

DEFAULTS = {path.stem: path.read_text() for path in sorted((REPOSITORY / "policies").glob("*.cedar"))}

accounts = st.from_regex(r"\d{12}", fullmatch=True)


def policies(*texts: str, defaults: bool = False) -> PolicySet:
    named = {f"policy-{number}": text for number, text in enumerate(texts)}
    return PolicySet([parse_policy(name, text) for name, text in (named | (DEFAULTS if defaults else {})).items()])


@pytest.mark.parametrize("name", DEFAULTS)
def test_every_default_policy_is_good(name: str) -> None:
    policy = parse_policy(name, DEFAULTS[name])

    assert [statement.id for statement in policy.statements] == [name]
    assert policy.statements[0].reason


def test_one_line_is_a_whole_policy() -> None:
    one_line = f'permit(principal == Account::"{PROVIDER}", action == Action::"accept", resource);'

    decision = decide(share_facts(), policies(one_line), EVALUATION_TIME)

    assert decision == Accept((Reason("policy", "Policy policy-0 permits it.", source="policy-0"),))


def test_by_default_a_registered_consumer_is_let_in() -> None:
    facts = connection_facts(requester(CONSUMER, services=frozenset({SERVICE_ID})))

    decision = decide(facts, policies(defaults=True), EVALUATION_TIME)

    assert isinstance(decision, Accept)
    assert [reason.source for reason in decision.because] == ["registered-consumer"]


def test_by_default_a_consumer_registered_for_another_service_is_not_let_in() -> None:
    facts = connection_facts(requester(CONSUMER, services=frozenset({"vpce-svc-00000000000000000"})))

    assert isinstance(decide(facts, policies(defaults=True), EVALUATION_TIME), AskApprover)


def test_by_default_being_a_consumer_of_ours_does_not_let_a_share_in() -> None:
    facts = share_facts(requester(services=frozenset({"*"})))

    assert isinstance(decide(facts, policies(defaults=True), EVALUATION_TIME), AskApprover)


@pytest.mark.parametrize("facts", [share_facts, connection_facts])
def test_by_default_an_account_of_our_organization_is_let_in(facts: object) -> None:
    child = facts(requester(membership=Membership.MEMBER))  # type: ignore[operator]  # either builder

    decision = decide(child, policies(defaults=True), EVALUATION_TIME)

    assert isinstance(decision, Accept)
    assert decision.because[0].source == "own-organization"


@pytest.mark.parametrize("membership", [Membership.OUTSIDER, Membership.UNKNOWN])
def test_unknown_is_not_in_our_organization(membership: Membership) -> None:
    assert isinstance(
        decide(share_facts(requester(membership=membership)), policies(defaults=True), EVALUATION_TIME), AskApprover
    )


def test_a_policy_may_name_an_organizational_unit() -> None:
    only_workloads = policies(
        'permit(principal in OrganizationalUnit::"ou-work", action == Action::"accept", resource);'
    )
    child = requester(membership=Membership.MEMBER, units=("ou-work", "ou-prod"))
    outside = requester(membership=Membership.MEMBER, units=("ou-sandbox",))

    assert isinstance(decide(share_facts(child), only_workloads, EVALUATION_TIME), Accept)
    assert isinstance(decide(share_facts(outside), only_workloads, EVALUATION_TIME), Hold)


def test_without_any_policy_everything_is_held() -> None:
    decision = decide(connection_facts(), policies(), EVALUATION_TIME)

    assert isinstance(decision, Hold)
    assert [reason.code for reason in decision.because] == ["no-policy-permits"]


def test_a_request_may_be_rejected_by_policy() -> None:
    decision = decide(
        connection_facts(requester(STRANGER)),
        policies('@reason("no strangers") permit(principal, action == Action::"reject", resource);'),
        EVALUATION_TIME,
    )

    assert decision == Reject((Reason("policy", "no strangers", source="policy-0"),))


def test_accepting_comes_before_asking_and_asking_before_rejecting() -> None:
    everything = "permit(principal, action, resource);"
    no_accept = 'forbid(principal, action == Action::"accept", resource);'
    no_asking = 'forbid(principal, action == Action::"askApprover", resource);'

    assert isinstance(decide(share_facts(), policies(everything), EVALUATION_TIME), Accept)
    assert isinstance(decide(share_facts(), policies(everything, no_accept), EVALUATION_TIME), AskApprover)
    assert isinstance(decide(share_facts(), policies(everything, no_accept, no_asking), EVALUATION_TIME), Reject)


@given(account=accounts, membership=st.sampled_from(Membership), registered=st.booleans(), is_share=st.booleans())
def test_a_forbid_always_wins(account: str, membership: Membership, registered: bool, is_share: bool) -> None:
    who = requester(account, membership, frozenset({"*"}) if registered else None)
    facts: Facts = share_facts(who) if is_share else connection_facts(who)
    forbidden = policies(
        "permit(principal, action, resource);",
        f'@reason("blocked") forbid(principal == Account::"{account}", action, resource);',
        defaults=True,
    )

    decision = decide(facts, forbidden, EVALUATION_TIME)

    assert isinstance(decision, Hold)
    assert Reason("policy", "blocked", source="policy-1") in decision.because


def test_an_error_inside_a_policy_never_permits_and_is_reported() -> None:
    overflowing = "permit(principal, action, resource) when { 9223372036854775807 + context.secondsLeft > 0 };"
    guarded = overflowing.replace("{ 9", "{ context has secondsLeft && 9")

    decision = decide(share_facts(), policies(guarded), EVALUATION_TIME)

    assert isinstance(decision, Hold)
    assert any(reason.code == "policy-error" for reason in decision.because)


def test_an_error_inside_a_forbid_does_not_let_anything_in() -> None:
    failing = (
        "permit(principal, action, resource);forbid(principal, action, resource) when { 9223372036854775807 + 1 > 0 };"
    )

    decision = decide(share_facts(), policies(failing), EVALUATION_TIME)

    assert isinstance(decision, Hold)
    assert any(reason.code == "policy-error" for reason in decision.because)


def test_an_empty_share_does_not_count_as_one_of_lattice_resources_only() -> None:
    only_lattice = policies(
        'permit(principal, action == Action::"accept", resource)'
        " when { context has onlyLattice && context.onlyLattice };"
    )

    assert isinstance(decide(share_facts(contents=()), only_lattice, EVALUATION_TIME), Hold)


def test_trap_5_a_policy_sees_what_a_share_holds_before_it_is_accepted() -> None:
    only_lattice = policies(
        'permit(principal, action == Action::"accept", resource)'
        " when { context has onlyLattice && context.onlyLattice };"
    )
    assert isinstance(decide(share_facts(), only_lattice, EVALUATION_TIME), Accept)
    assert isinstance(decide(share_facts(contents=(content(), SUBNET)), only_lattice, EVALUATION_TIME), Hold)


def test_a_policy_sees_the_time_that_is_left() -> None:
    in_time = policies(
        'permit(principal, action == Action::"accept", resource)'
        " when { context has secondsLeft && context.secondsLeft > 3600 };"
    )

    assert isinstance(decide(share_facts(), in_time, EVALUATION_TIME), Accept)
    assert isinstance(decide(share_facts(), in_time, EvaluationTime(NOW + timedelta(hours=11, minutes=30))), Hold)


def test_what_is_over_is_not_decided() -> None:
    over = AlreadyResolved(Status.EXPIRED, (Reason("deadline-passed", "too late"),))

    assert decide(over, policies("permit(principal, action, resource);"), EVALUATION_TIME) is over


def test_a_broken_policy_is_named_with_every_decision() -> None:
    broken = Reason("policy-broken", "policy x, line 3: unexpected token", source="x")
    everything = policies("permit(principal, action, resource);")

    assert broken in decide(share_facts(), policies(), EVALUATION_TIME, broken=(broken,)).because
    assert broken in decide(share_facts(), everything, EVALUATION_TIME, broken=(broken,)).because


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no statement"),
        ("// nothing but a comment", "no statement"),
        ("permit(principal, action, resource)", "line 1"),
        ("permit(principal, action, resource);\n\npermit(principal action, resource);", "line 3"),
        ('permit(principal, action, resource);\n// a ; in a comment\npermit(principal, action, "x;");', "line 3"),
        ("permit(principal, action, resource)\nwhen { principal.tier == 1 };", "line 1.*tier"),
        ('permit(principal == User::"x", action, resource);', "line 1.*User"),
        ('permit(principal, action == Action::"accpet", resource);', "line 1.*accpet"),
        ("permit(principal == ?principal, action, resource);", "template"),
        ('@id("a") permit(principal, action, resource); @id("a") permit(principal, action, resource);', "'a'"),
        ("permit(principal, action, resource);" * 400, "characters"),
        (f"permit(principal, action, resource) when {{ {'(' * 2000}true{')' * 2000} }};", "line 1.*deeper"),
        (f"permit(principal, action, resource) when {{ {'true && ' * 900}true }};", "line 1.*too many parts"),
    ],
)
def test_a_policy_that_cannot_take_effect_is_refused_with_name_line_and_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=rf"(?s)policy broken.*{reason}"):
        parse_policy("broken", text)


@given(st.text(max_size=200))
def test_any_text_is_a_policy_or_refused_and_nothing_else(text: str) -> None:
    try:
        parse_policy("any", text)
    except InvalidInputError as error:
        assert "policy any" in str(error)


@pytest.mark.parametrize(("private_dns", "permitted"), [("off", True), ("verified", True), ("all", False)])
def test_trap_17_by_default_a_provider_claims_no_names_in_our_vpc(private_dns: str, permitted: bool) -> None:
    allowed, because = may_associate(resource_facts(private_dns=private_dns), policies(defaults=True), EVALUATION_TIME)

    assert allowed is permitted
    assert because


def test_the_template_installs_the_policies_as_they_stand_in_their_files() -> None:
    template = Path(REPOSITORY / "template.yaml").read_text()

    for text in DEFAULTS.values():
        indented = "".join(f"        {line}\n" if line else "\n" for line in text.splitlines())
        assert indented in template
