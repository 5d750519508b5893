"""Policies and facts of all sorts, for properties that must hold for every one of them."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from hypothesis import strategies as st

from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.facts import (
    ConnectionFacts,
    Consumer,
    Fact,
    Membership,
    OrganizationPlace,
    Requester,
    Service,
    ShareFacts,
)
from drawbridge.decision.policies import Policy, parse_policy
from tests.builders import NOW, SHARE_ARN, SUBNET, content

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
    "principal has consumer && principal.consumer.suspended",
    "principal has consumer && principal.consumer.proved",
    "(if principal has consumer then principal.consumer.suspended else true)",
    'resource.hasTag("tier")',
    '(if principal has consumer then principal.consumer.name else "x") like "O*"',
    'resource.name like "com.*"',
    "resource is EndpointService && resource.acceptanceRequired",
    'context has endpointType && context.endpointType == "GatewayLoadBalancer"',
    'context.region == "us-east-1"',
    "resource is EndpointService && resource.region == context.region",
    'context has ipAddressType && context.ipAddressType == "ipv4"',
    'context has payer && context.payer == "vpc-endpoint-account"',
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


def conditions_of(atoms: Iterable[str], *, most: int) -> st.SearchStrategy[str]:
    """Return conditions in which atoms are joined, as many as that at most."""
    return st.recursive(st.sampled_from([f"({atom})" for atom in atoms]), _joined, max_leaves=most)


def _joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda each: f"!({each})"),
        st.tuples(inner, inner, inner).map(lambda parts: "(if {} then {} else {})".format(*parts)),
    )


conditions = conditions_of(ATOMS, most=6)

principals = st.sampled_from(
    [
        "principal",
        'principal == Account::"111111111111"',
        'principal in OrganizationalUnit::"ou-work"',
        'principal is Account in Organization::"o-abc123"',
        'principal in Account::"222222222222"',
    ]
)
actions = st.sampled_from(
    [
        "action",
        'action == Action::"accept"',
        'action == Action::"askApprover"',
        'action in [Action::"accept", Action::"reject"]',
        'action in [Action::"accept", Action::"askApprover"]',
    ]
)


@st.composite
def statements(draw: st.DrawFn, effect: str | None = None) -> str:
    """Return a statement that the schema takes."""
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
    Consumer,
    tier=st.sampled_from(["gold", ""]),
    services=st.just(frozenset({"vpce-svc-1"})),
    suspended_at=st.none() | st.just(NOW),
    proof_required=st.booleans(),
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
requesters = st.builds(Requester, account_id=st.sampled_from(ACCOUNTS), place=members | outsiders, consumer=consumers)
regions = st.sampled_from(["us-east-1", "eu-west-1"])

shares = st.builds(
    ShareFacts,
    requester=requesters,
    share_arn=st.just(SHARE_ARN),
    share_name=st.sampled_from(["orders", "com.orders"]),
    share_tags=tags,
    contents=st.sampled_from([(), (content(),), (content(), SUBNET), (SUBNET,)]),
    deadline=st.none(),
)
connections = st.builds(
    ConnectionFacts,
    requester=requesters,
    service=st.builds(
        Service,
        id=st.just("vpce-svc-1"),
        name=st.sampled_from(["com.amazonaws.vpce.us-east-1.vpce-svc-1", "other"]),
        region=regions,
        acceptance_required=st.booleans(),
        tags=tags,
    ),
    endpoint_type=st.sampled_from(["Interface", "GatewayLoadBalancer", "TransitGatewayAttachment"]),
    region=regions,
    ip_address_type=st.sampled_from(["ipv4", "dualstack"]),
    payer=st.sampled_from(["vpc-endpoint-account", "vpc-endpoint-service-account"]),
    connections=st.integers(0, 3),
    connections_to_service=st.just(0),
)
all_known: st.SearchStrategy[ShareFacts | ConnectionFacts] = shares | connections
"""Facts of a request, with nothing unknown."""

REMOVABLE = tuple(
    fact
    for fact in Fact
    # The others are always known of a request, or are facts of a resource in a share.
    if fact not in {Fact.TIME, Fact.CONNECTIONS, Fact.TYPE, Fact.PROTOCOL, Fact.PORT_RANGES, Fact.DOMAIN_VERIFIED}
)


def without(facts: ShareFacts | ConnectionFacts, removed: frozenset[Fact]) -> ShareFacts | ConnectionFacts:
    """Return the facts as they would be if AWS left these out."""
    place = facts.requester.place
    if Fact.ORGANIZATION in removed:
        place = OrganizationPlace(membership=Membership.UNKNOWN, tags=None)
    else:
        lacking: dict[Fact, dict[str, Any]] = {
            Fact.ACCOUNT_TAGS: {"tags": None},
            Fact.UNITS: {"units": None},
            Fact.ACCOUNT_NAME: {"name": ""},
        }
        place = _lacking(place, lacking, removed)
    consumer = facts.requester.consumer
    if consumer is not None and Fact.CONSUMER in removed:
        consumer = Consumer(unreadable=("tier", "services", "name", "suspended_at"), proof_required=True)
    requester = msgspec.structs.replace(facts.requester, place=place, consumer=consumer)
    if isinstance(facts, ShareFacts):
        lacking = {
            Fact.CONTENTS: {"contents": None},
            Fact.RESOURCE_TAGS: {"share_tags": None},
            Fact.NAME: {"share_name": ""},
        }
        return msgspec.structs.replace(_lacking(facts, lacking, removed), requester=requester)
    of_service: dict[Fact, dict[str, Any]] = {
        Fact.RESOURCE_TAGS: {"tags": None},
        Fact.NAME: {"name": ""},
        Fact.ACCEPTANCE_REQUIRED: {"acceptance_required": None},
        Fact.SERVICE_REGION: {"region": ""},
    }
    lacking = {
        Fact.ENDPOINT_TYPE: {"endpoint_type": ""},
        Fact.REGION: {"region": ""},
        Fact.IP_ADDRESS_TYPE: {"ip_address_type": ""},
        Fact.PAYER: {"payer": ""},
    }
    service = _lacking(facts.service, of_service, removed)
    return msgspec.structs.replace(_lacking(facts, lacking, removed), requester=requester, service=service)


Replaced = TypeVar("Replaced", OrganizationPlace, ShareFacts, ConnectionFacts, Service)


def _lacking(facts: Replaced, lacking: Mapping[Fact, Mapping[str, Any]], removed: frozenset[Fact]) -> Replaced:
    for fact in removed & lacking.keys():
        facts = msgspec.structs.replace(facts, **lacking[fact])
    return facts
