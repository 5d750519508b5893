"""What was let in: what it covers, what is kept of it, and what becomes of what is live."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.decision import Accept, AlreadyResolved, AskApprover, Decision, Hold, Keep, Reject
from drawbridge.decision.decision_record import DecisionRecord
from drawbridge.decision.facts import Fact, Facts, Membership, Service
from drawbridge.decision.let_in import (
    MOST_LET_IN,
    LetIn,
    decided_on,
    let_in_before,
    let_in_by,
)
from drawbridge.decision.live import approved_before, is_live, kept, was_let_in
from drawbridge.request.fingerprints import contents_fingerprint, share_fingerprint
from drawbridge.request.shares import Content
from drawbridge.status import Reason, Status
from tests.builders import (
    NOW,
    PROVIDER,
    RESOURCE_ARN,
    SERVICE_ID,
    SUBNET,
    connection_facts,
    content,
    requester,
    share_facts,
)

WHY = (Reason("policy", "because", source="p"),)
ALICE = Reason("approved", "Approved by U0ALICE", source="U0ALICE")
IN_EFFECT = share_facts(deadline=None)
GROWN = share_facts(deadline=None, contents=(content(), SUBNET))
LIVE = connection_facts(live=True)
OPEN_TO_ALL = Service(id=SERVICE_ID, acceptance_required=False)
ARNS = st.sets(st.text("abc", min_size=1, max_size=2), max_size=6)


def let_in(*because: Reason, facts: Facts = IN_EFFECT) -> LetIn:
    made = let_in_by(Accept(because), facts, None, NOW)
    assert made is not None
    return made


def holding(arns: set[str]) -> tuple[Content, ...]:
    return tuple(content(arn) for arn in sorted(arns))


@given(decided=ARNS, there=ARNS)
def test_nothing_is_covered_but_what_was_decided_on(decided: set[str], there: set[str]) -> None:
    kept_one_by_one = let_in(facts=share_facts(contents=holding(decided)))
    too_much = msgspec.structs.replace(kept_one_by_one, arns=None)

    assert kept_one_by_one.covered(there) == decided & there
    assert too_much.covered(there) == (there if there == decided else set())
    assert kept_one_by_one.covers(there) == (there <= decided)
    assert msgspec.json.decode(msgspec.json.encode(kept_one_by_one), type=LetIn) == kept_one_by_one


@pytest.mark.parametrize("number", [MOST_LET_IN, MOST_LET_IN + 1])
def test_what_is_too_much_to_be_kept_is_known_by_its_fingerprint_only(number: int) -> None:
    arns = {f"{RESOURCE_ARN}{each}" for each in range(number)}
    made = let_in(facts=share_facts(contents=holding(arns)))

    assert (made.arns is None) == (number > MOST_LET_IN)
    assert made.covered(arns) == arns
    assert made.covered({*arns, "another"}) == (arns if number <= MOST_LET_IN else set())


def test_long_names_are_too_much_as_well_as_many() -> None:
    arns = {f"{RESOURCE_ARN}{each:0900}" for each in range(100)}

    assert let_in(facts=share_facts(contents=holding(arns))).arns is None


def test_of_what_aws_did_not_show_nothing_was_let_in() -> None:
    unlisted = let_in(facts=share_facts(contents=None))

    assert unlisted.covered([RESOURCE_ARN]) == set()
    assert not unlisted.covers([RESOURCE_ARN])
    # The next sweep finds something else, and has it decided on.
    assert decided_on(share_facts(contents=None), NOW).observed_fingerprint != share_fingerprint([RESOURCE_ARN])
    assert decided_on(share_facts(contents=None, deadline=None), NOW).observed_fingerprint == ""


def test_a_decision_says_whether_it_is_on_a_registered_consumer() -> None:
    registered = connection_facts(requester(services=frozenset()))

    assert decided_on(registered, NOW).registered
    assert not decided_on(connection_facts(requester()), NOW).registered


def test_a_decision_is_made_on_all_that_a_share_holds_in_whatever_order() -> None:
    on = decided_on(share_facts(contents=(SUBNET, content())), NOW)

    assert on.contents_fingerprint == contents_fingerprint([RESOURCE_ARN, SUBNET.arn, SUBNET.arn])
    assert on.contents_fingerprint != decided_on(share_facts(), NOW).contents_fingerprint
    assert on.observed_fingerprint == share_fingerprint([RESOURCE_ARN, SUBNET.arn])
    assert (on.live, decided_on(GROWN, NOW).live, decided_on(LIVE, NOW).live) == (False, True, True)


@pytest.mark.parametrize("decision", [Reject(WHY), Hold(WHY), AskApprover(WHY), AlreadyResolved(Status.EXPIRED, WHY)])
@pytest.mark.parametrize("facts", [IN_EFFECT, LIVE])
def test_what_is_not_accepted_lets_nothing_in(decision: Decision, facts: Facts) -> None:
    assert let_in_by(decision, facts, None, NOW) is None


def test_a_live_connection_that_is_kept_is_adopted_once() -> None:
    adopted = let_in_by(Keep(WHY), LIVE, None, NOW)

    assert adopted is not None
    assert [reason.code for reason in adopted.because] == ["adopted"]
    assert let_in_by(Keep(WHY), LIVE, adopted, NOW) is None
    assert let_in_by(Keep(WHY), GROWN, let_in(), NOW) is None


@pytest.mark.parametrize("outcome", ["accept", "keep", "askApprover", "hold", "reject"])
def test_of_a_row_from_before_what_its_decision_record_accepted_was_let_in(outcome: str) -> None:
    decision_record = DecisionRecord(
        outcome=outcome, at=NOW, zone="UTC", policies="", determined_by=(), facts=share_facts(), fingerprint=""
    )

    before = let_in_before(decision_record, (ALICE,))

    assert (before is not None) == (outcome == "accept")
    assert let_in_before(None, ()) is None
    if before is not None:
        # Nobody knows what was unknown then.
        assert before == msgspec.structs.replace(let_in(ALICE), at=NOW, unknown=None)


def test_what_was_unknown_when_something_was_let_in_is_kept_with_it() -> None:
    unknown = share_facts(requester(PROVIDER, Membership.UNKNOWN))

    found = let_in_by(Accept(WHY), unknown, None, NOW)

    assert found is not None
    assert {*(found.unknown or ())} == unknown.unknown
    assert found.doubtful({Fact.ORGANIZATION, Fact.CONTENTS}) == {Fact.CONTENTS}


@pytest.mark.parametrize("decision", [Reject(WHY), Hold(WHY), AskApprover(WHY)])
@pytest.mark.parametrize(
    ("facts", "before"),
    [
        (IN_EFFECT, let_in()),
        (GROWN, let_in()),
        (LIVE, None),
        (LIVE, let_in(facts=LIVE)),
        (msgspec.structs.replace(LIVE, service=OPEN_TO_ALL), let_in(facts=LIVE)),
    ],
)
def test_what_is_live_and_was_let_in_is_kept_whatever_is_decided(
    decision: Decision, facts: Facts, before: LetIn | None
) -> None:
    stays = kept(decision, facts, before)

    assert isinstance(stays, Keep)
    assert stays.because[0].code == "kept"
    assert stays.because[-1] == WHY[0]
    assert ("approval-not-configured" in {each.code for each in stays.because}) == isinstance(decision, AskApprover)


@pytest.mark.parametrize("decision", [Hold(WHY), AskApprover(WHY), Accept(WHY), AlreadyResolved(Status.EXPIRED, WHY)])
@pytest.mark.parametrize(
    ("facts", "before"),
    [
        (share_facts(), None),
        (share_facts(), let_in()),
        (IN_EFFECT, None),
        (connection_facts(), None),
        (connection_facts(), let_in(facts=LIVE)),
        (msgspec.structs.replace(LIVE, service=OPEN_TO_ALL), None),
    ],
)
def test_what_is_not_live_or_was_never_let_in_stays_as_it_was_decided(
    decision: Decision, facts: Facts, before: LetIn | None
) -> None:
    assert kept(decision, facts, before) == decision


def test_what_is_asked_for_is_rejected_and_what_is_cut_although_it_was_live_says_so() -> None:
    cut = kept(Reject(WHY), msgspec.structs.replace(LIVE, service=OPEN_TO_ALL), None)

    assert kept(Reject(WHY), connection_facts(), None) == Reject(WHY)
    assert kept(Reject(WHY), IN_EFFECT, None) == Reject(WHY)
    assert isinstance(cut, Reject)
    assert [reason.code for reason in cut.because] == ["was-live", "policy"]


@pytest.mark.parametrize(
    ("facts", "before", "accepted"),
    [
        (IN_EFFECT, let_in(ALICE), True),
        (share_facts(deadline=None, contents=()), let_in(ALICE), True),
        (LIVE, let_in(ALICE, facts=LIVE), True),
        (IN_EFFECT, let_in(*WHY), False),
        (GROWN, let_in(ALICE), False),
        (share_facts(deadline=None, contents=None), let_in(ALICE), False),
        (share_facts(), let_in(ALICE), False),
        (connection_facts(), let_in(ALICE, facts=LIVE), False),
        (IN_EFFECT, None, False),
    ],
)
def test_an_approval_stands_for_what_was_approved_and_is_in_effect(
    facts: Facts, before: LetIn | None, accepted: bool
) -> None:
    decision = approved_before(AskApprover(WHY), facts, before)

    assert decision == (Accept((ALICE, *WHY)) if accepted else AskApprover(WHY))


@pytest.mark.parametrize("decision", [Reject(WHY), Hold(WHY), Accept(WHY)])
def test_an_approval_stands_against_nothing_but_a_question(decision: Decision) -> None:
    assert approved_before(decision, IN_EFFECT, let_in(ALICE)) == decision


def test_what_is_not_live_has_the_fingerprint_that_it_always_had() -> None:
    assert b"live" not in msgspec.json.encode(connection_facts())
    assert b"askedAt" not in msgspec.json.encode(connection_facts())
    assert not is_live(connection_facts())
    assert not was_let_in(connection_facts(), None)


def test_a_share_of_lattice_s_resources_only_has_the_state_that_it_always_had() -> None:
    arns: Any = [RESOURCE_ARN, f"{RESOURCE_ARN}0"]

    assert share_fingerprint(reversed(arns)) == "ef7b0bd59b84e803"


def test_what_a_share_holds_makes_one_state_however_often_a_listing_repeats_it() -> None:
    facts = share_facts(contents=(content(),))

    assert decided_on(facts, NOW).observed_fingerprint == share_fingerprint([content().arn] * 2)
