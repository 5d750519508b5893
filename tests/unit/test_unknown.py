"""Unknown facts: they count against the requester, and nothing else changes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.decision import Accept, Hold
from drawbridge.decision.decide import decide, may_associate
from drawbridge.decision.facts import Fact, Membership, Service
from tests.builders import (
    ATTACHMENT_ID,
    EVALUATION_TIME,
    PROVIDER,
    SERVICE_ID,
    STRANGER,
    connection_facts,
    requester,
    resource_facts,
    share_facts,
)
from tests.unit.policies import REMOVABLE, all_known, compiled, policy_texts, without

ACCEPT = 'permit(principal, action == Action::"accept", resource)'
ACCEPT_CONNECTION = 'permit(principal, action == Action::"accept", resource is EndpointService)'
HERE = Service(id=SERVICE_ID, region="us-east-1")
UNKNOWN = connection_facts(requester(STRANGER, Membership.UNKNOWN))


def accepts(*texts: str, facts: object = UNKNOWN) -> bool:
    return isinstance(decide(facts, compiled([*texts]), EVALUATION_TIME), Accept)  # type: ignore[arg-type]  # any kind of facts


@given(policy_texts, all_known, st.frozensets(st.sampled_from(REMOVABLE)))
def test_removing_facts_never_turns_a_refusal_into_an_acceptance(
    texts: list[str], facts: object, removed: frozenset[Fact]
) -> None:
    less = without(facts, removed)  # type: ignore[arg-type]  # whichever kind

    if accepts(*texts, facts=less):
        assert accepts(*texts, facts=facts)


@given(policy_texts, all_known)
def test_where_all_is_known_nothing_is_weighed_otherwise(texts: list[str], facts: object) -> None:
    assert not facts.unknown  # type: ignore[attr-defined]  # whichever kind
    assert without(facts, frozenset()) == facts  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "condition",
    [
        "when { principal.ownOrganization }",
        "unless { principal.ownOrganization }",
        "when { !principal.ownOrganization }",
        'when { principal in OrganizationalUnit::"ou-work" }',
        'unless { principal in OrganizationalUnit::"ou-sandbox" }',
        'unless { principal in [OrganizationalUnit::"ou-1", OrganizationalUnit::"ou-sandbox"] }',
        'unless { principal is Account in OrganizationalUnit::"ou-sandbox" }',
        "unless { principal has name }",
        "when { if principal.ownOrganization then true else false }",
        'unless { principal.hasTag("blocked") }',
        'when { principal.hasTag("stage") && principal.getTag("stage") == "prod" }',
        'unless { (if context.region == "x" then principal else principal).ownOrganization }',
        "unless { [principal.ownOrganization].contains(true) }",
        "unless { {a: principal.ownOrganization}.a }",
        f'unless {{ Account::"{STRANGER}" in OrganizationalUnit::"ou-sandbox" }}',
    ],
)
def test_trap_27_a_permit_that_needs_what_is_unknown_does_not_permit(condition: str) -> None:
    assert not accepts(f"{ACCEPT} {condition};")


@pytest.mark.parametrize(
    "scope",
    [
        'principal in OrganizationalUnit::"ou-work"',
        'principal in Organization::"o-1"',
        'principal is Account in OrganizationalUnit::"ou-work"',
    ],
)
def test_trap_27_nor_does_one_whose_scope_needs_it_and_such_a_forbid_forbids(scope: str) -> None:
    assert not accepts(f'permit({scope}, action == Action::"accept", resource);')
    assert not accepts(f"{ACCEPT};", f"forbid({scope}, action, resource);")


@pytest.mark.parametrize(
    "condition",
    [
        'when { principal.ownOrganization || context.region == "us-east-1" }',
        'unless { principal.ownOrganization && context.region == "eu-west-1" }',
        'when { if principal.ownOrganization then context.region == "us-east-1" else true }',
        f'when {{ principal in Account::"{STRANGER}" }}',
        f'when {{ principal == Account::"{STRANGER}" }}',
        'when { context.region == "us-east-1" }',
        "when { !(principal has consumer) }",
        'unless { resource in EndpointService::"vpce-svc-00000000" }',
    ],
)
def test_a_permit_that_holds_whatever_the_unknown_may_be_permits(condition: str) -> None:
    assert accepts(f"{ACCEPT} {condition};")


@pytest.mark.parametrize(
    ("condition", "forbids"),
    [
        ('when { principal in OrganizationalUnit::"ou-sandbox" }', True),
        ("when { !principal.ownOrganization }", True),
        ("unless { principal.ownOrganization }", True),
        ('when { principal.ownOrganization && context.region == "eu-west-1" }', False),
        ('when { principal.ownOrganization && context.region == "us-east-1" }', True),
        ('unless { context.region == "us-east-1" || principal.ownOrganization }', False),
        ('when { if principal.ownOrganization then context.region == "us-east-1" else false }', True),
        ('when { if context.region == "eu-west-1" then principal.ownOrganization else false }', False),
    ],
)
def test_trap_27_a_forbid_forbids_if_the_unknown_may_make_it(condition: str, forbids: bool) -> None:
    assert accepts(f"{ACCEPT};", f"forbid(principal, action, resource) {condition};") is not forbids


def test_a_forbid_that_asks_nothing_of_the_unknown_holds_nobody_up() -> None:
    blocked = f'forbid(principal == Account::"{PROVIDER}", action, resource) when {{ principal.ownOrganization }};'

    assert accepts(f"{ACCEPT};", blocked)


def test_the_contents_that_aws_does_not_show_count_against_the_provider() -> None:
    hidden = share_facts(contents=None)

    assert not accepts(f"{ACCEPT} when {{ context has onlyLattice && context.onlyLattice }};", facts=hidden)
    assert not accepts(f"{ACCEPT} unless {{ context has resources && context.resources > 100 }};", facts=hidden)
    assert accepts(f"{ACCEPT} when {{ context has invited && context.invited }};", facts=hidden)


def test_circumstances_taken_as_a_whole_may_be_anything_that_is_unknown() -> None:
    as_a_whole = 'unless { (if context.region == "x" then context else context) has resources }'

    assert not accepts(f"{ACCEPT} when {{ [context].contains(context) }};", facts=share_facts(contents=None))
    assert accepts(f"{ACCEPT} when {{ [context].contains(context) }};", facts=share_facts())
    assert not accepts(f"{ACCEPT} {as_a_whole};", facts=share_facts(contents=None))


def test_a_hold_says_which_facts_were_lacking_and_where_they_counted() -> None:
    decision = decide(
        UNKNOWN, compiled([f'@id("ours") {ACCEPT} when {{ principal.ownOrganization }};']), EVALUATION_TIME
    )

    assert isinstance(decision, Hold)
    (lacking,) = [reason for reason in decision.because if reason.code == "facts-unavailable"]
    assert "ours" in lacking.text
    assert "Organizations" in lacking.text


def test_what_is_unknown_and_nobody_asks_for_is_not_mentioned() -> None:
    decision = decide(UNKNOWN, compiled([f'{ACCEPT} when {{ context.region == "x" }};']), EVALUATION_TIME)

    assert [reason.code for reason in decision.because] == ["no-policy-permits"]


def test_tags_that_aws_does_not_show_of_a_shared_resource_are_unknown() -> None:
    tagged = compiled(['permit(principal, action == Action::"associate", resource) when { resource.hasTag("open") };'])
    untagged = compiled(
        ['permit(principal, action == Action::"associate", resource) unless { resource.hasTag("closed") };']
    )

    assert may_associate(resource_facts(tags={"open": "yes"}), tagged, EVALUATION_TIME)[0]
    assert not may_associate(resource_facts(tags=None), tagged, EVALUATION_TIME)[0]
    assert not may_associate(resource_facts(tags=None), untagged, EVALUATION_TIME)[0]
    assert may_associate(resource_facts(tags={}), untagged, EVALUATION_TIME)[0]


@pytest.mark.parametrize(
    ("fact", "known", "condition"),
    [
        (Fact.PAYER, {"payer": "vpc-endpoint-account"}, 'context has payer && context.payer == "vpc-endpoint-account"'),
        (
            Fact.IP_ADDRESS_TYPE,
            {"ip_address_type": "ipv4"},
            'context has ipAddressType && context.ipAddressType == "ipv4"',
        ),
        (Fact.SERVICE_REGION, {"service": HERE}, "resource.region == context.region"),
    ],
)
def test_trap_27_what_aws_does_not_tell_of_an_endpoint_counts_against_its_owner(
    fact: Fact, known: dict[str, Any], condition: str
) -> None:
    permit = f"{ACCEPT_CONNECTION} when {{ {condition} }};"
    forbid = f"forbid(principal, action, resource is EndpointService) unless {{ {condition} }};"
    told, untold = connection_facts(**known), connection_facts()

    assert (fact in told.unknown, fact in untold.unknown) == (False, True)
    assert accepts(permit, facts=told)
    assert not accepts(permit, facts=untold)
    assert accepts(f"{ACCEPT};", forbid, facts=told)
    assert not accepts(f"{ACCEPT};", forbid, facts=untold)
    assert accepts(f"{ACCEPT};", facts=untold)


def test_a_policy_knows_an_attachment_of_a_transit_gateway_by_its_type() -> None:
    condition = 'context has endpointType && context.endpointType == "TransitGatewayAttachment"'
    only = f"{ACCEPT_CONNECTION} when {{ {condition} }};"

    assert accepts(only, facts=connection_facts(endpoint_id=ATTACHMENT_ID, endpoint_type="TransitGatewayAttachment"))
    assert not accepts(only, facts=connection_facts(endpoint_type="GatewayLoadBalancer"))
