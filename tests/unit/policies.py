"""Policies and facts of all sorts, for properties that must hold for every one of them."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.facts import (
    Asker,
    ConnectionFacts,
    Consumer,
    Fact,
    Membership,
    OrganizationPlace,
    Service,
    ShareFacts,
)
from drawbridge.decision.policies import Policy, parse_policy
from tests.builders import SHARE_ARN, SUBNET, content

ACCOUNTS = ("111111111111", "222222222222")
UNITS = ("ou-work", "ou-sand")

ATOMS = (
    "principal.ownOrganization",
    'principal in OrganizationalUnit::"ou-work"',
    'principal in [OrganizationalUnit::"ou-sand", OrganizationalUnit::"ou-work"]',
    'principal in Organization::"o-abc123"',
    'principal is Account in OrganizationalUnit::"ou-sand"',
    'principal has name && principal.name == "Orders"',
    'principal has state && principal.state == "ACTIVE"',
    '(if principal has name then principal.name else "x") like "O*"',
    'principal.hasTag("stage")',
    'principal.hasTag("stage") && principal.getTag("stage") == "prod"',
    'principal has consumer && principal.consumer.tier == "gold"',
    'resource.hasTag("tier")',
    'context.region == "us-east-1"',
    "context has onlyLattice && context.onlyLattice",
    "context has resources && context.resources > 1",
    f'context has arns && context.arns.contains("{SUBNET.arn}")',
    'context has types && context.types.containsAny(["ec2:subnet"])',
    "context has connections && context.connections < 2",
    'principal == Account::"111111111111"',
    'principal in Account::"222222222222"',
    # It overflows, and so can't be evaluated.
    "context has connections && context.connections + 9223372036854775807 > 0",
    "true",
)


def _joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda each: f"!({each})"),
        st.tuples(inner, inner, inner).map(lambda parts: "(if {} then {} else {})".format(*parts)),
    )


conditions = st.recursive(st.sampled_from([f"({atom})" for atom in ATOMS]), _joined, max_leaves=6)

principals = st.sampled_from(
    [
        "principal",
        'principal == Account::"111111111111"',
        'principal in OrganizationalUnit::"ou-work"',
        'principal is Account in Organization::"o-abc123"',
        'principal in Account::"222222222222"',
    ]
)
actions = st.sampled_from(["action", 'action == Action::"accept"', 'action in [Action::"accept", Action::"reject"]'])


@st.composite
def statements(draw: st.DrawFn, effect: str | None = None) -> str:
    """Give a statement that the schema takes."""
    effect = effect or draw(st.sampled_from(["permit", "permit", "forbid"]))
    scope = f"{draw(principals)}, {draw(actions)}, resource"
    clauses = draw(st.lists(st.tuples(st.sampled_from(["when", "unless"]), conditions), max_size=2))
    # Of "associate" the context has less: the type checker wants to know which action it is.
    guard = " when { resource is ResourceShare || resource is EndpointService }"
    written = "".join(f" {kind} {{ {condition} }}" for kind, condition in clauses)
    return f"{effect}({scope}){guard}{written};"


policy_texts = st.lists(statements(), min_size=1, max_size=5)


def parsed(texts: list[str]) -> list[Policy]:
    return [parse_policy(f"policy-{number}", text) for number, text in enumerate(texts)]


def compiled(texts: list[str]) -> PolicySet:
    return PolicySet(parsed(texts))


tags = st.dictionaries(st.sampled_from(["stage", "tier"]), st.sampled_from(["prod", "test"]), max_size=2)
consumers = st.none() | st.builds(
    Consumer, tier=st.sampled_from(["gold", ""]), services=st.just(frozenset({"vpce-svc-1"}))
)
members = st.builds(
    OrganizationPlace,
    membership=st.just(Membership.MEMBER),
    organization_id=st.just("o-abc123"),
    units=st.sampled_from([(), ("ou-work",), ("ou-work", "ou-sand"), ("ou-sand",)]),
    name=st.sampled_from(["Orders", "Other"]),
    state=st.just("ACTIVE"),
    tags=tags,
)
outsiders = st.builds(OrganizationPlace, membership=st.just(Membership.OUTSIDER))
askers = st.builds(Asker, account_id=st.sampled_from(ACCOUNTS), place=members | outsiders, consumer=consumers)
regions = st.sampled_from(["us-east-1", "eu-west-1"])

shares = st.builds(
    ShareFacts,
    asker=askers,
    share_arn=st.just(SHARE_ARN),
    share_name=st.just("orders"),
    share_tags=tags,
    contents=st.sampled_from([(), (content(),), (content(), SUBNET), (SUBNET,)]),
    deadline=st.none(),
)
connections = st.builds(
    ConnectionFacts,
    asker=askers,
    service=st.builds(Service, id=st.just("vpce-svc-1"), tags=tags),
    region=regions,
    connections=st.integers(0, 3),
    connections_to_service=st.just(0),
)
all_known: st.SearchStrategy[ShareFacts | ConnectionFacts] = shares | connections
"""Facts of a request, with nothing unknown."""

REMOVABLE = (Fact.ORGANIZATION, Fact.ACCOUNT_TAGS, Fact.CONTENTS, Fact.RESOURCE_TAGS)


def without(facts: ShareFacts | ConnectionFacts, removed: frozenset[Fact]) -> ShareFacts | ConnectionFacts:
    """Give the facts as they are where AWS would not tell these."""
    place = facts.asker.place
    if Fact.ORGANIZATION in removed:
        place = OrganizationPlace(membership=Membership.UNKNOWN, tags=None)
    elif Fact.ACCOUNT_TAGS in removed:
        place = msgspec.structs.replace(place, tags=None)
    changes: dict[str, Any] = {"asker": msgspec.structs.replace(facts.asker, place=place)}
    if isinstance(facts, ShareFacts):
        changes |= {"contents": None} if Fact.CONTENTS in removed else {}
        changes |= {"share_tags": None} if Fact.RESOURCE_TAGS in removed else {}
    return msgspec.structs.replace(facts, **changes)
