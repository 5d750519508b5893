"""Explanations: what each action comes to, and a suggested next step that really helps."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.decision.cedar import Action, PolicySet
from drawbridge.decision.facts import (
    ConnectionFacts,
    Consumer,
    Membership,
    OrganizationPlace,
    Requester,
    ResourceFacts,
    Service,
    ShareFacts,
)
from drawbridge.lattice import ResourceKind
from drawbridge.status import Reason
from drawbridge_cli.cases import outcome_for
from drawbridge_cli.documents import AnyFacts
from drawbridge_cli.explanation import Explanation, explain, lines_of, permit_for, what_to_do
from drawbridge_cli.reason_codes import ADVICE
from tests.builders import (
    CONSUMER,
    ENDPOINT_ID,
    EVALUATION_TIME,
    PROVIDER,
    RESOURCE_ARN,
    SERVICE_ID,
    SHARE_ARN,
    connection_facts,
    requester,
    resource_facts,
    share_facts,
)
from tests.cli.made import DEFAULTS, EVERYTHING, FORBID, PERMIT, policies

OVERFLOWS = " when { context has connections && context.connections + 9223372036854775807 > 0 };"
CONNECTED = connection_facts(connections=1)
"""A condition on it that overflows can't be evaluated."""


def explained(facts: AnyFacts, *texts: str, defaults: bool = False) -> Explanation:
    named = {f"policy-{number}": text for number, text in enumerate(texts)}
    return explain(facts, policies(named | (DEFAULTS if defaults else {})), EVALUATION_TIME)


def answers(explanation: Explanation) -> dict[str, str]:
    return {each.action: each.answer for each in explanation.considered}


def test_each_action_is_explained_in_the_order_in_which_it_is_asked_for() -> None:
    explanation = explained(connection_facts(), defaults=True)

    assert list(answers(explanation).items()) == [
        ("accept", "not permitted"),
        ("askApprover", "permitted"),
        ("reject", "not permitted"),
    ]
    assert explanation.outcome == "askApprover"
    assert explanation.considered[1].because == explanation.because


def test_a_resource_is_only_asked_about_association() -> None:
    explanation = explained(resource_facts(), defaults=True)

    assert answers(explanation) == {"associate": "permitted"}
    assert explanation.outcome == "associate"


def test_what_a_forbid_stands_against_is_forbidden_by_it() -> None:
    explanation = explained(connection_facts(), PERMIT, FORBID)

    assert answers(explanation) == {"accept": "forbidden", "askApprover": "forbidden", "reject": "forbidden"}
    assert explanation.considered[0].because == (Reason("policy", "no more of them", source="policy-1"),)
    assert explanation.outcome == "hold"


def test_a_forbid_that_cannot_be_evaluated_leaves_it_in_doubt() -> None:
    explanation = explained(CONNECTED, PERMIT, FORBID.replace(";", OVERFLOWS))

    assert answers(explanation)["accept"] == "in doubt"
    (error,) = explanation.considered[0].because
    assert (error.code, error.source) == ("policy-error", "policy-1")
    assert explanation.outcome == "hold"


def test_a_permit_that_cannot_be_evaluated_leaves_nothing_in_doubt() -> None:
    explanation = explained(CONNECTED, PERMIT.replace(";", OVERFLOWS))

    assert answers(explanation)["accept"] == "not permitted"
    assert [reason.code for reason in explanation.considered[0].because] == ["policy-error"]
    assert permit_for(CONNECTED) in what_to_do(explanation)


def test_what_is_unknown_is_named_where_a_statement_speaks_of_it() -> None:
    silent, speaking = explained(connection_facts(), PERMIT), explained(connection_facts(), defaults=True)

    assert silent.unavailable == ()
    assert [reason.code for reason in speaking.unavailable] == ["facts-unavailable"]
    assert "own-organization" in speaking.unavailable[0].text


def test_facts_and_policies_are_shown_with_it() -> None:
    explanation = explained(connection_facts(), PERMIT)

    assert explanation.facts == connection_facts()
    assert explanation.policies == policies({"policy-0": PERMIT}).version


def test_a_forbid_cannot_be_outvoted() -> None:
    for text in (FORBID, FORBID.replace(";", OVERFLOWS)):
        todo = what_to_do(explained(CONNECTED, PERMIT, text))
        assert todo == "A forbid can't be outvoted: change the policy that forbids it, or leave it held."
    accept_only = FORBID.replace("action,", 'action == Action::"accept",')

    asks = explained(connection_facts(), accept_only, defaults=True)

    assert asks.outcome == "askApprover"
    assert what_to_do(asks).startswith("A forbid can't be outvoted")


def test_what_needs_unknown_facts_may_be_let_in_once_they_are_known() -> None:
    own = DEFAULTS["own-organization"]

    todo = what_to_do(explained(connection_facts(), own))

    assert todo == f"Something is unknown: {ADVICE['facts-unavailable'].to_do}."


@pytest.mark.parametrize(
    ("consumer", "code", "to_do"),
    [
        (
            Consumer(suspended_at=EVALUATION_TIME.now),
            "consumer-suspended",
            f"resume the consumer, or leave it held.\n  drawbridge consumers resume {CONSUMER}",
        ),
        (
            Consumer(proof_required=True),
            "consumer-unproved",
            f"give the consumer a challenge, which it answers.\n  drawbridge consumers challenge {CONSUMER}",
        ),
    ],
)
def test_no_policy_lets_in_who_is_suspended_or_unproved(consumer: Consumer, code: str, to_do: str) -> None:
    who = Requester(account_id=CONSUMER, consumer=consumer)

    explanation = explained(connection_facts(who), PERMIT)
    live = explained(connection_facts(who, live=True), PERMIT)

    assert (explanation.outcome, [each.code for each in explanation.because]) == ("hold", [code])
    # What the policies would make of it is told besides.
    assert answers(explanation)["accept"] == "permitted"
    assert what_to_do(explanation, is_held=True) == f"No policy lets it in: {to_do}"
    assert (live.outcome, what_to_do(live)) == ("accept", "")


@pytest.mark.parametrize(
    "facts", [connection_facts(), share_facts(), resource_facts()], ids=["connection", "share", "resource"]
)
def test_what_nothing_permits_may_be_let_in_by_a_policy(facts: AnyFacts) -> None:
    todo = what_to_do(explained(facts), is_held=True)

    assert todo == f"To let in just this, write a policy:\n  {permit_for(facts)}"


def test_what_a_person_decides_may_be_let_in_by_a_policy() -> None:
    todo = what_to_do(explained(connection_facts(), defaults=True))

    assert todo == f"A person has to decide. To let it in unasked, write a policy:\n  {permit_for(connection_facts())}"


def test_what_is_let_in_needs_nothing_more() -> None:
    accepted = explained(connection_facts(), PERMIT)

    assert what_to_do(accepted) == ""
    held = what_to_do(accepted, is_held=True)
    assert held == "The policies let it go on by now: the next sweep starts another attempt."


def test_a_policy_is_written_as_people_write_it() -> None:
    connection, share, resource = (permit_for(facts) for facts in (connection_facts(), share_facts(), resource_facts()))

    assert connection == (
        f'permit(principal == Account::"{CONSUMER}", action == Action::"accept", '
        f'resource == EndpointService::"{SERVICE_ID}");'
    )
    assert share == (
        f'permit(principal == Account::"{PROVIDER}", action == Action::"accept", '
        f'resource == ResourceShare::"{SHARE_ARN}");'
    )
    assert resource == (
        f'permit(principal == Account::"{PROVIDER}", action == Action::"associate", '
        f'resource == ResourceConfiguration::"{RESOURCE_ARN}");'
    )


_words = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
_tags = st.none() | st.dictionaries(_words, _words, max_size=2)
_places = st.builds(
    OrganizationPlace,
    membership=st.sampled_from(Membership),
    organization_id=_words,
    units=st.just(("ou-work", "ou-prod")),
    name=_words,
    tags=_tags,
)
_askers = st.builds(Requester, account_id=st.from_regex(r"[0-9]{12}", fullmatch=True), place=_places)
_one_line = _words.filter(lambda text: "\n" not in text)
_facts: st.SearchStrategy[AnyFacts] = st.one_of(
    st.builds(ConnectionFacts, requester=_askers, service=st.builds(Service, id=_words, name=_words), region=_words),
    st.builds(
        ShareFacts,
        requester=_askers,
        share_arn=_one_line.map(lambda text: f"{SHARE_ARN}{text}"),
        share_name=_words,
        share_tags=_tags,
        contents=st.none(),
    ),
    st.builds(
        ResourceFacts,
        requester=_askers,
        resource_kind=st.sampled_from(ResourceKind),
        arn=_one_line.map(lambda text: f"{RESOURCE_ARN}{text}"),
        name=_words,
        tags=_tags,
        share_arn=st.just(SHARE_ARN),
    ),
)


def _let_in(facts: AnyFacts, by: PolicySet) -> bool:
    return outcome_for(facts, by, EVALUATION_TIME).outcome in {"accept", "associate"}


def _other_digit(account_id: str) -> str:
    return f"{account_id[:-1]}{(int(account_id[-1]) + 1) % 10}"


@given(_facts)
def test_the_policy_that_is_suggested_lets_in_just_this(facts: AnyFacts) -> None:
    by = policies({"told": permit_for(facts)})
    changes: list[dict[str, Any]] = [
        {"requester": msgspec.structs.replace(facts.requester, account_id=_other_digit(facts.requester.account_id))}
    ]
    match facts:
        case ConnectionFacts(service=service):
            changes.append({"service": msgspec.structs.replace(service, id=f"{service.id}2")})
        case ShareFacts():
            changes.append({"share_arn": f"{facts.share_arn}2"})
        case ResourceFacts():
            changes.append({"arn": f"{facts.arn}2"})

    assert not _let_in(facts, policies({}))
    assert _let_in(facts, by)
    assert [change for change in changes if _let_in(msgspec.structs.replace(facts, **change), by)] == []


@given(_facts)
def test_the_policy_that_is_suggested_can_be_shown(facts: AnyFacts) -> None:
    assert permit_for(facts).isprintable()


def test_the_policy_that_is_suggested_lets_a_connection_in_and_none_of_its_shares() -> None:
    by = policies({"told": permit_for(connection_facts())})

    assert not _let_in(share_facts(requester(CONSUMER)), by)
    assert _let_in(connection_facts(endpoint_id=ENDPOINT_ID[:-1] + "d"), by)
    assert by.ask(Action.REJECT, connection_facts(), EVALUATION_TIME).permitted is False


def test_reasons_are_named_by_the_statement_that_they_come_from_or_by_their_code() -> None:
    because = (Reason("policy", "no more of them", source="block"), Reason("no-policy-permits", "none permits it"))

    assert lines_of(because) == ["block: no more of them [policy]", "none permits it [no-policy-permits]"]


def test_everything_is_explained_as_it_is_decided() -> None:
    for facts in (connection_facts(), share_facts(), resource_facts()):
        explanation = explained(facts, EVERYTHING, defaults=True)
        came = outcome_for(facts, policies(DEFAULTS | {"policy-0": EVERYTHING}), EVALUATION_TIME)

        assert (explanation.outcome, explanation.because) == (came.outcome, came.because)
