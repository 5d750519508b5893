"""What is connected: it lapses only if it is refused for certain, whatever is unknown of it."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.decision import Accept, AskApprover
from drawbridge.decision.decide import MOST_REASONS, decide, may_associate
from drawbridge.decision.facts import (
    ConnectionFacts,
    Consumer,
    EvaluationTime,
    Fact,
    Facts,
    Membership,
    OrganizationPlace,
    Requester,
    ResourceFacts,
    ShareFacts,
)
from drawbridge.decision.lapse import permission_of, permission_to_associate
from drawbridge.decision.let_in import APPROVED, LetIn
from drawbridge.decision.permission import Lapsed, Permission, PermissionUnknown, Permitted
from drawbridge.decision.policies import InvalidPolicyError, parse_policy
from drawbridge.request.shares import Content
from drawbridge.status import Reason
from tests.builders import (
    EVALUATION_TIME,
    NOW,
    PROVIDER,
    RESOURCE_ARN,
    STRANGER,
    connection_facts,
    requester,
    resource_facts,
    share_facts,
)
from tests.unit.policies import REMOVABLE, compiled, connections, members, outsiders, shares, statements, tags, without

SUBNET_ARN = "arn:aws:ec2:us-east-1:111111111111:subnet/subnet-0123456789abcdef0"
ACCEPT = 'permit(principal, action == Action::"accept", resource)'
ASK = 'permit(principal, action == Action::"askApprover", resource)'
REJECT = 'permit(principal, action == Action::"reject", resource);'
FORBID = "forbid(principal, action, resource)"
OURS = "when { principal.ownOrganization }"
ELSEWHERE = 'when { context.region == "eu-west-1" }'
HERE = 'when { context.region == "us-east-1" }'
OVERFLOW = "when { context has connections && context.connections + 9223372036854775807 > 0 }"
SANDBOX = 'principal in OrganizationalUnit::"ou-sandbox"'
SOMEBODY = connection_facts(requester(STRANGER, Membership.UNKNOWN), connections=1)
"""Nobody knows whether the account is in our organization."""
OUTSIDER = connection_facts(requester(STRANGER, Membership.OUTSIDER), connections=1)
"""All is known of it."""


APPROVED_ONCE = LetIn(at=NOW, because=(Reason(APPROVED, "looks fine", source="U0ALICE"),))
UNKNOWN_THEN = LetIn(at=NOW, because=(), unknown=tuple(SOMEBODY.unknown))
"""What is unknown was so when it was let in."""
BY_POLICY = LetIn(at=NOW, because=(Reason("policy", "it was let in", source="let-in"),))


def permission(*texts: str, facts: Facts = SOMEBODY) -> Permission:
    return permission_of(facts, APPROVED_ONCE, compiled([*texts]), EVALUATION_TIME)


def lapsed(*texts: str, facts: Facts = SOMEBODY) -> Lapsed:
    found = permission(*texts, facts=facts)
    assert isinstance(found, Lapsed)
    return found


@pytest.mark.parametrize(
    "texts",
    [
        [f"{ACCEPT};"],
        [f"{ASK};"],
        [f"{ASK};", REJECT],
        [f"{ASK};", 'forbid(principal, action == Action::"accept", resource);'],
        [f"{ACCEPT};", f'@urgent("true") {FORBID} {ELSEWHERE};'],
        [f"{ACCEPT} {OVERFLOW};", f"{ASK};"],
    ],
)
def test_what_was_approved_is_permitted_as_long_as_it_would_be_accepted_or_asked_about(texts: list[str]) -> None:
    assert permission(*texts) == Permitted()


@pytest.mark.parametrize("let_in", [BY_POLICY, None])
@pytest.mark.parametrize(
    ("texts", "forbidden"),
    [([f"{ASK};"], False), ([f"{ASK};", 'forbid(principal, action == Action::"accept", resource);'], True)],
)
def test_what_nobody_approved_lapses_if_a_person_would_have_to_be_asked(
    texts: list[str], forbidden: bool, let_in: LetIn | None
) -> None:
    found = permission_of(OUTSIDER, let_in, compiled(texts), EVALUATION_TIME)

    assert isinstance(found, Lapsed)
    assert (found.forbidden, found.urgent) == (forbidden, False)
    assert {*found.because} == {*decide(OUTSIDER, compiled(texts), EVALUATION_TIME).because}


def test_a_forbid_that_stands_is_named_first() -> None:
    texts = [f"{ASK};", 'forbid(principal, action == Action::"accept", resource);']

    found = permission_of(OUTSIDER, BY_POLICY, compiled(texts), EVALUATION_TIME)

    assert isinstance(found, Lapsed)
    assert [reason.source for reason in found.because] == ["policy-1", "policy-0"]


def test_whether_a_person_would_be_asked_is_no_doubt_about_what_nobody_approved() -> None:
    texts = [f"{ASK} {OURS};", 'forbid(principal, action == Action::"accept", resource);']

    assert isinstance(permission_of(SOMEBODY, BY_POLICY, compiled(texts), EVALUATION_TIME), Lapsed)
    assert isinstance(permission(*texts), PermissionUnknown)


def test_what_was_unknown_when_it_was_let_in_did_not_let_it_in_and_holds_nothing_up() -> None:
    own, elsewhere = f"{ACCEPT} {OURS};", f"{ACCEPT} {ELSEWHERE};"
    policies = compiled([own, elsewhere])

    found = permission_of(SOMEBODY, UNKNOWN_THEN, policies, EVALUATION_TIME)

    assert found == Lapsed(because=decide(SOMEBODY, policies, EVALUATION_TIME).because, urgent=False, forbidden=False)
    known_then = msgspec.structs.replace(UNKNOWN_THEN, unknown=())
    assert isinstance(permission_of(SOMEBODY, known_then, policies, EVALUATION_TIME), PermissionUnknown)
    not_kept = msgspec.structs.replace(UNKNOWN_THEN, unknown=None)
    assert isinstance(permission_of(SOMEBODY, not_kept, policies, EVALUATION_TIME), PermissionUnknown)


@pytest.mark.parametrize(
    ("forbid", "stated"),
    [
        (f'forbid(principal == Account::"{STRANGER}", action, resource);', True),
        (f"{FORBID} unless {{ principal has consumer }};", False),
        (f"{FORBID} unless {{ principal.ownOrganization }};", False),
    ],
)
def test_a_forbid_that_goes_by_a_fact_may_have_begun_to_apply_without_anybody_having_written_it(
    forbid: str, stated: bool
) -> None:
    found = permission_of(OUTSIDER, BY_POLICY, compiled([f"{ACCEPT};", forbid]), EVALUATION_TIME)

    assert isinstance(found, Lapsed)
    assert (found.forbidden, found.stated) == (True, stated)


@pytest.mark.parametrize("forbid", [f"{FORBID} {OURS};", f'@urgent("true") forbid({SANDBOX}, action, resource);'])
def test_a_forbid_that_may_not_apply_takes_nothing_down_whenever_that_was_unknown(forbid: str) -> None:
    policies = compiled([f"{ACCEPT};", forbid])

    found = permission_of(SOMEBODY, UNKNOWN_THEN, policies, EVALUATION_TIME)

    assert isinstance(found, PermissionUnknown)


def test_of_a_share_that_has_grown_what_was_let_in_is_judged_and_not_what_came_later() -> None:
    small, large = Content(RESOURCE_ARN, "vpc-lattice:ResourceConfiguration"), Content(SUBNET_ARN, "ec2:Subnet")
    grown = share_facts(contents=(small, large))
    let_in = msgspec.structs.replace(BY_POLICY, arns=(RESOURCE_ARN,))
    condition = "context has onlyLattice && context.onlyLattice"
    only_lattice = compiled([f"{ACCEPT} when {{ {condition} }};"])

    assert permission_of(grown, let_in, only_lattice, EVALUATION_TIME) == Permitted()
    assert isinstance(permission_of(grown, None, only_lattice, EVALUATION_TIME), Lapsed)
    # Too much was let in to be kept one by one: then it is judged as it is.
    too_much = msgspec.structs.replace(BY_POLICY, arns=None)
    assert isinstance(permission_of(grown, too_much, only_lattice, EVALUATION_TIME), Lapsed)


@pytest.mark.parametrize("facts", [SOMEBODY, OUTSIDER])
@pytest.mark.parametrize(
    ("texts", "forbidden"),
    [
        ([f"{ACCEPT} {ELSEWHERE};"], False),
        ([REJECT], False),
        ([f"{ACCEPT};", f"{FORBID};"], True),
        ([f"{ACCEPT} {OURS};", f"{FORBID};"], True),
        ([f"{ACCEPT} {OURS};", f"{FORBID};", REJECT], True),
        ([f"{ACCEPT};", f"{FORBID};", f"{FORBID} {OVERFLOW};"], True),
        ([f"{ACCEPT};", f"{FORBID};", f"{FORBID} {OURS};"], True),
        ([f"{ACCEPT};", 'forbid(principal, action == Action::"accept", resource);'], True),
        ([f"{ACCEPT} {OURS};", 'forbid(principal, action in [Action::"accept", Action::"reject"], resource);'], True),
        (
            [
                f"{ACCEPT} {OURS};",
                f"{ASK} {OURS};",
                'forbid(principal, action in [Action::"accept", Action::"askApprover"], resource);',
            ],
            True,
        ),
        # It forbids to turn anybody away, and nobody to be let in.
        ([f"{ACCEPT} {ELSEWHERE};", 'forbid(principal, action == Action::"reject", resource);'], False),
        # What is unknown matters to neither of the two.
        ([f"{ACCEPT} {ELSEWHERE};", f'permit(principal, action == Action::"reject", resource) {OURS};'], False),
        ([f"{ACCEPT} {ELSEWHERE};", f'forbid({SANDBOX}, action == Action::"associate", resource);'], False),
    ],
)
def test_what_no_unknown_fact_could_let_in_has_lapsed(texts: list[str], forbidden: bool, facts: Facts) -> None:
    found = lapsed(*texts, facts=facts)

    assert (found.forbidden, found.urgent) == (forbidden, False)
    assert {*found.because} == {*decide(facts, compiled(texts), EVALUATION_TIME).because}


@pytest.mark.parametrize(
    "texts",
    [
        [f"{ACCEPT} {OURS};"],
        [f"{ACCEPT} {OURS};", REJECT],
        [f"{ASK} {OURS};"],
        # Not accepted for certain, and yet a person might have to be asked.
        [f"{ASK} {OURS};", 'forbid(principal, action == Action::"accept", resource);'],
        [f"{ASK} {OURS};", 'forbid(principal, action in [Action::"accept", Action::"reject"], resource);'],
        [f'permit(principal, action in [Action::"reject", Action::"askApprover"], resource) {OURS};'],
        [f"permit(principal, action, resource) {OURS};"],
        [f'permit({SANDBOX}, action == Action::"accept", resource);'],
        # A forbid that may apply forbids, and may not apply.
        [f"{ACCEPT};", f"{FORBID} {OURS};"],
        [f"{ACCEPT};", f"forbid({SANDBOX}, action, resource);"],
        [f"{ACCEPT};", f'@urgent("true") {FORBID} unless {{ principal.ownOrganization }};'],
        # That of the permit is known, not that of the forbid.
        [f"{ACCEPT} {HERE};", f"{FORBID} {OURS};"],
        # There is one that stands, but it does not apply.
        [f"{ACCEPT} {OURS};", f"{FORBID} {ELSEWHERE};"],
    ],
)
def test_what_an_unknown_fact_could_let_in_is_not_known_and_says_why_it_is_refused(texts: list[str]) -> None:
    because = decide(SOMEBODY, compiled(texts), EVALUATION_TIME).because

    assert permission(*texts) == PermissionUnknown(because)
    assert "facts-unavailable" in {reason.code for reason in because} or REJECT in texts
    assert not isinstance(permission(*texts, facts=OUTSIDER), PermissionUnknown)


@pytest.mark.parametrize(
    "texts",
    [
        [f"{ACCEPT} {OVERFLOW};"],
        [f"{ASK} {OVERFLOW};"],
        [f"{ACCEPT};", f"{FORBID} {OVERFLOW};"],
        [f"{ASK} {OVERFLOW};", 'forbid(principal, action == Action::"accept", resource);'],
    ],
)
def test_what_could_not_be_evaluated_is_not_known(texts: list[str]) -> None:
    assert isinstance(permission(*texts, facts=OUTSIDER), PermissionUnknown)


def test_facts_that_policies_can_t_be_asked_on_take_nothing_down() -> None:
    too_many = msgspec.structs.replace(OUTSIDER, connections=2**63)

    assert isinstance(permission(f'@urgent("true") {FORBID};', facts=too_many), PermissionUnknown)


URGENT = f'@id("leaked") @urgent("true") {FORBID};'


def test_an_urgent_forbid_that_stands_is_told() -> None:
    found = lapsed(f"{ACCEPT};", URGENT)

    assert (found.urgent, found.forbidden) == (True, True)
    assert "leaked" in {reason.source for reason in found.because}


@pytest.mark.parametrize(
    "urgent",
    [
        f'@urgent("true") {FORBID} {OURS};',
        f'@urgent("true") forbid({SANDBOX}, action, resource);',
        f'@urgent("true") {FORBID} {ELSEWHERE};',
        '@urgent("true") forbid(principal, action == Action::"reject", resource);',
        f'@urgent("true") {FORBID} {OVERFLOW};',
    ],
)
def test_an_urgent_forbid_that_might_not_apply_or_is_about_something_else_hurries_nothing(urgent: str) -> None:
    found = lapsed(f"{ACCEPT};", f"{FORBID};", urgent)

    assert (found.urgent, found.forbidden) == (False, True)


def test_an_urgent_forbid_is_named_however_many_others_there_are() -> None:
    others = [f'@reason("{number}") {FORBID};' for number in range(2 * MOST_REASONS)]

    found = lapsed(*others, URGENT.replace("leaked", "~last"))

    assert found.urgent
    assert found.because[0].source == "~last"
    assert len(found.because) < 2 * MOST_REASONS


def test_policies_that_go_by_the_clock_are_asked_as_of_the_time_that_is_given() -> None:
    by_day = compiled([f"{ACCEPT} when {{ context.local.hour < 18 }};"])

    assert permission_of(OUTSIDER, APPROVED_ONCE, by_day, EVALUATION_TIME) == Permitted()
    assert isinstance(permission_of(OUTSIDER, APPROVED_ONCE, by_day, EvaluationTime(NOW.replace(hour=20))), Lapsed)


ASSOCIATE = 'permit(principal, action == Action::"associate", resource)'
OPEN = 'when { resource.hasTag("open") }'
UNTAGGED = resource_facts(requester(PROVIDER, Membership.OUTSIDER))
"""AWS does not show its tags."""


@pytest.mark.parametrize(
    ("texts", "expected", "urgent", "forbidden"),
    [
        ([f"{ASSOCIATE};"], Permitted, False, False),
        ([f"{ASSOCIATE};", f"{FORBID} {ELSEWHERE};"], Permitted, False, False),
        ([f"{ACCEPT};"], Lapsed, False, False),
        ([f"{ACCEPT};", f"{ASK} {OURS};"], Lapsed, False, False),
        ([f"{ASSOCIATE} {ELSEWHERE};"], Lapsed, False, False),
        ([f"{ASSOCIATE} {OPEN};"], PermissionUnknown, False, False),
        ([f"{ASSOCIATE};", f"{FORBID} {OPEN};"], PermissionUnknown, False, False),
        ([f"{ASSOCIATE};", f"{FORBID} {OPEN};", f"{FORBID};"], Lapsed, False, True),
        ([f"{ASSOCIATE} {OPEN};", f"{FORBID} {HERE};"], Lapsed, False, True),
        ([f"{ASSOCIATE};", URGENT], Lapsed, True, True),
        ([f"{ASSOCIATE};", f"{FORBID};", f'@urgent("true") {FORBID} {OPEN};'], Lapsed, False, True),
        # What is unknown matters to another action only.
        (
            [f"{ASSOCIATE} {ELSEWHERE};", f'permit(principal, action == Action::"accept", resource) {OPEN};'],
            Lapsed,
            0,
            0,
        ),
        (
            [f"{ASSOCIATE} {ELSEWHERE};", '@urgent("true") forbid(principal, action == Action::"accept", resource);'],
            Lapsed,
            0,
            0,
        ),
    ],
)
def test_what_is_associated_lapses_by_the_one_action_that_it_is_about(
    texts: list[str], expected: type[Permission], urgent: bool, forbidden: bool
) -> None:
    policies = compiled(texts)

    found = permission_to_associate(UNTAGGED, policies, EVALUATION_TIME)

    assert isinstance(found, expected)
    if isinstance(found, Lapsed):
        assert (found.urgent, found.forbidden) == (urgent, forbidden)
    if not isinstance(found, Permitted):
        assert {*found.because} == {*may_associate(UNTAGGED, policies, EVALUATION_TIME)[1]}


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        (f"@urgent {FORBID};", 'write @urgent("true")'),
        (f'@urgent("") {FORBID};', 'write @urgent("true")'),
        (f'@urgent("false") {FORBID};', 'write @urgent("true")'),
        (f'@urgent("True") {FORBID};', 'write @urgent("true")'),
        (f'@urgent("true") {ACCEPT} {HERE};', "only a forbid"),
        (f'@urgent("no") {ACCEPT} {HERE};', 'write @urgent("true")'),
    ],
)
def test_urgent_has_one_word_and_is_for_a_forbid_only(text: str, fix: str) -> None:
    with pytest.raises(InvalidPolicyError) as raised:
        parse_policy("hasty", f"{ASK};\n{text}")

    assert (raised.value.policy, raised.value.mistakes[0].line) == ("hasty", 2)
    assert "@urgent" in raised.value.mistakes[0].message
    assert fix in raised.value.mistakes[0].message


def test_a_statement_knows_whether_it_is_urgent() -> None:
    policy = parse_policy("several", f"{ASK};\n{FORBID} {ELSEWHERE};\n{URGENT}")

    assert [statement.is_urgent for statement in policy.statements] == [False, False, True]


def test_reasons_name_statements_as_far_as_a_policy_gave_them() -> None:
    policies = compiled([f'@id("may") {ACCEPT} {HERE};', f'@id("stop") {FORBID} {OURS};', URGENT])
    may, stop, leaked = (Reason("policy", "because", source=name) for name in ("may", "stop", "leaked"))
    others = (Reason("policy-error", "overflow", source="leaked"), Reason("denied", "by hand", source="leaked"))

    assert [policies.is_urgent(each) for each in ([may, stop], [may, leaked], others, [])] == [
        False,
        True,
        False,
        False,
    ]
    assert [policies.forbids(each) for each in ([may], [may, stop], [leaked], others)] == [False, True, True, False]
    assert policies.standing([may, stop, leaked, *others], frozenset()) == (stop, leaked)
    assert policies.standing([may, stop, leaked], frozenset({Fact.ORGANIZATION})) == (leaked,)


def urgently(statement: str, urgent: bool) -> str:
    return f'@urgent("true") {statement}' if urgent and statement.startswith("forbid") else statement


policy_texts = st.lists(st.builds(urgently, statements(), st.booleans()), min_size=1, max_size=5)
alike = st.tuples(shares, shares) | st.tuples(connections, connections)
"""Facts of two requests of a kind, with nothing unknown."""
removals = st.frozensets(st.sampled_from(REMOVABLE), min_size=1)


def filled(facts: Facts, other: Facts, removed: frozenset[Fact]) -> Facts:
    """Return the facts with those that were removed as they are of another request: what they might turn out to be."""
    who = msgspec.structs.replace(
        facts.requester,
        place=_place(facts.requester.place, other.requester.place, removed),
        consumer=_consumer(facts.requester.consumer, other.requester.consumer, removed),
    )
    match facts, other:
        case ShareFacts(), ShareFacts():
            of_share: dict[Fact, dict[str, Any]] = {
                Fact.CONTENTS: {"contents": other.contents},
                Fact.RESOURCE_TAGS: {"share_tags": other.share_tags},
                Fact.NAME: {"share_name": other.share_name},
            }
            return msgspec.structs.replace(facts, requester=who, **_taken(of_share, removed))
        case ConnectionFacts(), ConnectionFacts():
            of_service: dict[Fact, dict[str, Any]] = {
                Fact.RESOURCE_TAGS: {"tags": other.service.tags},
                Fact.NAME: {"name": other.service.name},
                Fact.ACCEPTANCE_REQUIRED: {"acceptance_required": other.service.acceptance_required},
                Fact.SERVICE_REGION: {"region": other.service.region},
            }
            service = msgspec.structs.replace(facts.service, **_taken(of_service, removed))
            of_endpoint: dict[Fact, dict[str, Any]] = {
                Fact.ENDPOINT_TYPE: {"endpoint_type": other.endpoint_type},
                Fact.REGION: {"region": other.region},
                Fact.IP_ADDRESS_TYPE: {"ip_address_type": other.ip_address_type},
                Fact.PAYER: {"payer": other.payer},
            }
            return msgspec.structs.replace(facts, requester=who, service=service, **_taken(of_endpoint, removed))
        case _:
            raise AssertionError("requests of two kinds")


def _place(place: OrganizationPlace, other: OrganizationPlace, removed: frozenset[Fact]) -> OrganizationPlace:
    if Fact.ORGANIZATION in removed:
        return other
    lacking: dict[Fact, dict[str, Any]] = {Fact.ACCOUNT_TAGS: {"tags": other.tags}}
    if place.membership is Membership.MEMBER:
        lacking |= {Fact.UNITS: {"units": other.units}, Fact.ACCOUNT_NAME: {"name": other.name or "Third"}}
    return msgspec.structs.replace(place, **_taken(lacking, removed))


def _consumer(consumer: Consumer | None, other: Consumer | None, removed: frozenset[Fact]) -> Consumer | None:
    # That the registry has an entry is known.
    return (other or Consumer(tier="silver")) if consumer is not None and Fact.CONSUMER in removed else consumer


def _taken(lacking: dict[Fact, dict[str, Any]], removed: frozenset[Fact]) -> dict[str, Any]:
    return {name: value for fact in removed & lacking.keys() for name, value in lacking[fact].items()}


@given(policy_texts, alike, removals)
def test_what_has_lapsed_has_lapsed_whatever_the_unknown_facts_turn_out_to_be(
    texts: list[str], requests: tuple[Facts, Facts], removed: frozenset[Fact]
) -> None:
    facts, other = requests
    less, policies = without(facts, removed), compiled(texts)
    found = permission_of(less, APPROVED_ONCE, policies, EVALUATION_TIME)

    for turned_out in (facts, filled(facts, other, removed)):
        assert without(turned_out, removed) == less
        known = permission_of(turned_out, APPROVED_ONCE, policies, EVALUATION_TIME)
        if isinstance(found, Lapsed):
            assert isinstance(known, Lapsed)
            # One that might not apply may turn out to: what stands then is more, never less.
            assert known.urgent >= found.urgent
            assert known.forbidden >= found.forbidden


@given(policy_texts, alike, st.frozensets(st.sampled_from(REMOVABLE)))
def test_only_what_is_neither_accepted_nor_asked_about_lapses_and_only_a_forbid_that_is_named_hurries(
    texts: list[str], requests: tuple[Facts, Facts], removed: frozenset[Fact]
) -> None:
    facts, policies = without(requests[0], removed), compiled(texts)
    found = permission_of(facts, APPROVED_ONCE, policies, EVALUATION_TIME)

    let_in = isinstance(decide(facts, policies, EVALUATION_TIME), Accept | AskApprover)
    assert isinstance(found, Permitted) is let_in
    if isinstance(found, Lapsed) and found.urgent:
        assert policies.is_urgent(found.because)
        assert found.forbidden
        assert any(text.startswith('@urgent("true") forbid') for text in texts)
    if isinstance(found, Lapsed) and found.forbidden:
        assert policies.forbids(found.because)


evaluable = policy_texts.map(lambda texts: [text for text in texts if "9223372036854775807" not in text])


@given(evaluable, alike)
def test_where_all_is_known_and_can_be_evaluated_the_answer_is_known(
    texts: list[str], requests: tuple[Facts, Facts]
) -> None:
    assert not isinstance(
        permission_of(requests[0], APPROVED_ONCE, compiled(texts), EVALUATION_TIME), PermissionUnknown
    )


_CONDITIONS = st.sampled_from(
    [
        "principal.ownOrganization",
        'principal in OrganizationalUnit::"ou-work"',
        'principal.hasTag("stage")',
        'resource.name like "orders-*"',
        'resource.protocol == "TCP"',
        'resource.type == "SINGLE"',
        'resource.portRanges.contains("5432")',
        "resource.domainVerified",
        'resource.hasTag("stage")',
        'context has alias && context.alias like "orders.*"',
        'context.mode == "resource-endpoint"',
        "true",
    ]
)


@st.composite
def association_texts(draw: st.DrawFn) -> str:
    effect, word = draw(st.sampled_from(["permit", "forbid"])), draw(st.sampled_from(["when", "unless"]))
    scope = draw(st.sampled_from(["principal", 'principal in OrganizationalUnit::"ou-work"']))
    joined = f" {draw(st.sampled_from(['&&', '||']))} ".join(
        f"({each})" for each in draw(st.lists(_CONDITIONS, min_size=1, max_size=2))
    )
    action = 'action in [Action::"associate"]'
    return urgently(f"{effect}({scope}, {action}, resource) {word} {{ {joined} }};", draw(st.booleans()))


resources = st.builds(
    ResourceFacts,
    requester=st.builds(Requester, account_id=st.just(PROVIDER), place=members | outsiders),
    arn=st.just(UNTAGGED.arn),
    name=st.sampled_from(["orders-db", "payroll"]),
    type=st.sampled_from(["SINGLE", "GROUP"]),
    protocol=st.sampled_from(["TCP", "TCP_UDP"]),
    port_ranges=st.sampled_from([("5432",), ("80", "443")]),
    domain_verified=st.booleans(),
    tags=tags,
    alias=st.sampled_from(["", "orders.corp.example", "other.corp.example"]),
)
BLANK: dict[str, object] = {
    "name": "",
    "type": "",
    "protocol": "",
    "port_ranges": None,
    "domain_verified": None,
    "tags": None,
    "alias": None,
}


@given(
    st.lists(association_texts(), min_size=1, max_size=4),
    resources,
    resources,
    st.frozensets(st.sampled_from(["requester", *sorted(BLANK)]), min_size=1),
)
def test_what_is_associated_has_lapsed_only_if_it_has_whatever_the_unknown_facts_turn_out_to_be(
    texts: list[str], facts: ResourceFacts, other: ResourceFacts, removed: frozenset[str]
) -> None:
    blank = BLANK | {"requester": requester(PROVIDER, Membership.UNKNOWN)}
    less = msgspec.structs.replace(facts, **{name: blank[name] for name in removed})
    policies = compiled(texts)
    found = permission_to_associate(less, policies, EVALUATION_TIME)

    for turned_out in (facts, msgspec.structs.replace(facts, **{name: getattr(other, name) for name in removed})):
        known = permission_to_associate(turned_out, policies, EVALUATION_TIME)
        if isinstance(found, Lapsed):
            assert isinstance(known, Lapsed)
            # One that might not apply may turn out to: what stands then is more, never less.
            assert known.urgent >= found.urgent
            assert known.forbidden >= found.forbidden
