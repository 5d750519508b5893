"""The question that is asked: what it shows, until when it waits, and what makes it another one."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.approval import Options, Question
from drawbridge.approval.question import MARGIN, effects_of, options_of
from drawbridge.association.parse_binding import parse_binding
from drawbridge.decision import AskApprover
from drawbridge.decision.facts import Consumer, Facts, Membership, OrganizationPlace, Requester
from drawbridge.status import Reason
from tests.builders import (
    CONNECTION,
    CONSUMER,
    ENDPOINT_ID,
    EVALUATION_TIME,
    NOW,
    PROVIDER,
    RESOURCE_ARN,
    SERVICE_ID,
    SHARE_ARN,
    SUBNET,
    connection_facts,
    content,
    execution_input,
    requester,
    share_facts,
)
from tests.unit.approvals import WAIT, WHY, made
from tests.unit.policies import compiled

PROD = OrganizationPlace(name="prod")


def lines(facts: Facts) -> list[str]:
    return [f"{line.label}: {line.text}" for line in made(facts).asked.lines]


def test_a_question_says_who_asks_for_what_and_until_when() -> None:
    asked_question = made()

    assert (asked_question.request_id, asked_question.account_id, asked_question.title) == (
        execution_input().request_id,
        PROVIDER,
        "Resource share",
    )
    assert (asked_question.asked.asking, asked_question.asked.deadline) == ("1-1", NOW + WAIT)
    assert (asked_question.why, asked_question.effects, asked_question.changed) == (
        (WHY,),
        ("The share is accepted.",),
        (),
    )
    assert [line.label for line in asked_question.asked.lines] == [
        "Account",
        "Organization",
        "Consumer",
        "Share",
        "Holds",
    ]


def test_a_later_attempt_asks_under_its_own_number() -> None:
    assert made(request=execution_input(CONNECTION, 7)).asked.asking == "7-1"


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        (share_facts(), f"Account: {PROVIDER}"),
        (share_facts(Requester(account_id=PROVIDER, place=PROD)), f"Account: {PROVIDER} (prod)"),
        (share_facts(), "Organization: unknown: Organizations can't be asked"),
        (share_facts(requester(membership=Membership.OUTSIDER)), "Organization: not in our organization"),
        (share_facts(requester(membership=Membership.MEMBER, units=("ou-a",))), "Organization: o-abc123 / ou-a"),
        (share_facts(), "Consumer: not registered"),
        (share_facts(requester(services=frozenset())), "Consumer: registered, tier gold"),
        (share_facts(), f"Share: orders, {SHARE_ARN}"),
        (share_facts(share_name=""), f"Share: (no name), {SHARE_ARN}"),
        (share_facts(), f"Holds: vpc-lattice:resourceconfiguration: {RESOURCE_ARN}"),
        (share_facts(contents=()), "Holds: nothing yet"),
        (share_facts(contents=None), "Holds: unknown: AWS does not show it"),
        (share_facts(contents=tuple(content(f"{RESOURCE_ARN}{n}") for n in range(35))), "Holds: and 5 more"),
        (connection_facts(), f"Service: {SERVICE_ID}"),
        (connection_facts(), f"Endpoint: {ENDPOINT_ID}, Interface, in us-east-1"),
    ],
)  # fmt: skip
def test_the_facts_are_shown_as_a_person_reads_them(facts: Facts, line: str) -> None:
    assert line in lines(facts)


@pytest.mark.parametrize(
    ("left", "waits"),
    [(timedelta(hours=12), WAIT), (WAIT, WAIT - MARGIN), (timedelta(minutes=11), timedelta(minutes=1))],
)
def test_trap_4_a_question_ends_before_the_invitation_does_with_time_to_accept_it(
    left: timedelta, waits: timedelta
) -> None:
    assert made(share_facts(deadline=NOW + left)).asked.deadline == NOW + waits


@pytest.mark.parametrize("facts", [share_facts(deadline=None), connection_facts()])
def test_what_does_not_expire_waits_as_long_as_is_configured(facts: Facts) -> None:
    assert made(facts).asked.deadline == NOW + WAIT


@given(st.timedeltas(timedelta(hours=-20), timedelta(hours=20)), st.timedeltas(timedelta(hours=1), timedelta(days=7)))
def test_trap_4_no_question_outlives_an_invitation_or_the_wait(left: timedelta, wait: timedelta) -> None:
    end = made(share_facts(deadline=NOW + left), wait=wait).asked.deadline

    assert end <= min(NOW + left - MARGIN, NOW + wait)


@pytest.mark.parametrize(
    "other",
    [
        made(share_facts(requester("333333333333"))),
        made(share_facts(requester(membership=Membership.OUTSIDER))),
        made(share_facts(share_name="billing")),
        made(share_facts(share_tags={"a": "b"})),
        made(share_facts(contents=None)),
        made(share_facts(contents=(content(), SUBNET))),
        made(share_facts(deadline=NOW + timedelta(days=3))),
        made(share_facts(contents=tuple(content(f"{RESOURCE_ARN}{n}") for n in range(5000)))),
        made(decision=AskApprover((WHY, Reason("policy", "and another", source="x")))),
        made(decision=AskApprover((msgspec.structs.replace(WHY, text="other"),))),
        made(effects=["The share is accepted.", "And more."]),
        made(effects=[]),
        made(options=Options(sensitive=True)),
        made(options=Options(two_person=True)),
        made(options=Options(self_approval=True)),
    ],
    ids=range(15),
)
def test_trap_25_whatever_changes_makes_another_question(other: Question) -> None:
    assert other.asked.fingerprint != made().asked.fingerprint


@pytest.mark.parametrize(
    ("facts", "fingerprint"),
    [
        (share_facts(), "87e815999a1c440ce381345a31ee0e751d09c3cc28058aa650a9925f382f47a8"),
        (
            connection_facts(requester("333333333333", Membership.OUTSIDER, frozenset({"*"}))),
            "5626cd807696653aaf754c92f6c2712869536b5a80b7d4297181cda6c640cddc",
        ),
    ],
    ids=["share", "connection"],
)
def test_an_update_that_shows_it_otherwise_leaves_open_questions_as_they_are(facts: Facts, fingerprint: str) -> None:
    """These are as of before questions had sentences. A question whose fingerprint changes is asked again."""
    assert made(facts).asked.fingerprint == fingerprint


def test_what_is_wrong_with_a_broken_policy_makes_no_other_question_but_which_is_broken_does() -> None:
    def asked(text: str, policy: str) -> str:
        return made(decision=AskApprover((WHY, Reason("policy-broken", text, source=policy)))).asked.fingerprint

    assert asked("line 3: no", "mine") == asked("line 4: neither", "mine")
    assert len({asked("line 3: no", "mine"), asked("line 3: no", "another"), made().asked.fingerprint}) == 3


def test_trap_25_what_is_too_much_to_be_shown_counts_too() -> None:
    arns = [f"{RESOURCE_ARN}{n}" for n in range(5000)]
    many, others = (share_facts(contents=tuple(map(content, [*arns[:-1], last]))) for last in (arns[-1], "other"))

    assert made(many).asked.lines == made(others).asked.lines
    assert made(many).asked.fingerprint != made(others).asked.fingerprint


@given(st.integers(0, 100), st.integers(0, 100))
def test_how_many_connections_the_account_has_makes_no_other_question(connections: int, to_service: int) -> None:
    other = connection_facts(connections=connections, connections_to_service=to_service)

    assert made(other).asked.fingerprint == made(connection_facts()).asked.fingerprint


def test_the_order_of_tags_and_when_it_is_asked_make_no_other_question() -> None:
    one, other = (share_facts(share_tags=tags) for tags in ({"a": "1", "b": "2"}, {"b": "2", "a": "1"}))

    assert made(one).asked.fingerprint == made(other, now=NOW + timedelta(hours=1)).asked.fingerprint


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ([], Options()),
        ([set()], Options()),
        ([{"sensitive"}], Options(sensitive=True)),
        ([{"two-person", "self-approval"}], Options(two_person=True, self_approval=True)),
        ([{"self-approval"}, set()], Options()),
        ([{"self-approval"}, {"self-approval", "sensitive"}], Options(sensitive=True, self_approval=True)),
        ([{"two-person"}, {"sensitive"}], Options(sensitive=True, two_person=True)),
    ],
)
def test_where_policies_differ_the_stricter_way_counts(words: list[set[str]], options: Options) -> None:
    assert options_of([frozenset(each) for each in words]) == options


def test_what_a_policy_wants_is_read_from_what_asks_and_from_nothing_else() -> None:
    text = """
        @id("ask") @approval("sensitive, two-person") permit(principal, action == Action::"askApprover", resource);
        @id("other") @approval("self-approval") permit(
            principal == Account::"999999999999", action == Action::"askApprover", resource);
        @id("stop") @approval("self-approval") forbid(principal, action == Action::"accept", resource);
    """

    assert compiled([text]).approvals(share_facts(), EVALUATION_TIME) == (frozenset({"sensitive", "two-person"}),)


def test_what_would_happen_is_said_by_the_bindings_that_fit() -> None:
    attach = "attach: {mode: resource-endpoint, vpc: vpc-0123456789abcdef0}"
    bindings = [
        parse_binding("orders", f'match: {{provider: "{PROVIDER}", resource: "o*"}}\n{attach}'),
        parse_binding("tagged", 'attach: {mode: resource-endpoint, vpc: {tag: {b: "2", a: "1"}}}'),
        parse_binding("other", f'match: {{provider: "{CONSUMER}"}}\n{attach}'),
    ]

    effects = effects_of(share_facts(), bindings, "drawbridge")

    assert effects == [
        "The share is accepted, whole and for good: nobody can leave it.",
        (
            "Binding orders: resources that fit 'o*', by resource-endpoint, in vpc-0123456789abcdef0; "
            "published below /drawbridge/connections/orders/."
        ),
        (
            "Binding tagged: resources that fit '*', by resource-endpoint, in VPCs tagged a=1, b=2; "
            "published below /drawbridge/connections/tagged/."
        ),
    ]


def test_what_no_binding_matches_and_what_is_in_effect_already_is_said_to_be_so() -> None:
    assert effects_of(share_facts(deadline=None), [], "drawbridge") == [
        "The share is in effect already; what it holds may be associated.",
        "No binding wants anything of it: nothing is associated.",
    ]


def test_a_connection_is_shown_with_the_name_that_it_gets() -> None:
    effects = effects_of(connection_facts(requester(CONSUMER)), [], "drawbridge")

    path = f"/drawbridge/consumers/{CONSUMER}/{ENDPOINT_ID}/dns-name"
    assert effects == [f"The connection is accepted, and its name published at {path}."]


def test_a_registered_consumer_is_shown_by_name() -> None:
    who = msgspec.structs.replace(requester(CONSUMER), consumer=Consumer(name="Orders team"))

    assert "Consumer: Orders team, tier none" in lines(connection_facts(who))
