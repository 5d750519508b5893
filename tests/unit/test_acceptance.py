"""Acceptance: read the state once more, then answer; what was answered already is only returned."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.acceptance import Acceptance, AcceptanceResult, DecideAgain
from drawbridge.acceptance.accept import WithdrawalCommands, accept
from drawbridge.acceptance.plan_answer import FRESH
from drawbridge.decision import Accept, ActionableDecision, DecidedOn, Keep, Reject
from drawbridge.decision.facts import Consumer
from drawbridge.errors import AccessDeniedError, GoneError, NotReadyError
from drawbridge.request import EndpointConnectionRequest, Request
from drawbridge.request.announced import WithdrawalCommand
from drawbridge.request.connections import ConnectionState
from drawbridge.request.fingerprints import contents_fingerprint
from drawbridge.request.shares import InvitationStatus
from tests.builders import (
    ATTACHMENT_ID,
    CONNECTION,
    CONSUMER,
    NOW,
    RESOURCE_ARN,
    SERVICE_ID,
    SHARE,
    invitation,
    observed_request,
)
from tests.fakes.acceptance import InMemoryConnectionAnswers, InMemoryInvitationAnswers
from tests.fakes.consumers import InMemoryConsumerRegistry
from tests.fakes.ledger import InMemoryLedger

YES = Accept(())
NO = Reject(())
AS_IT_IS = Keep(())
CONTENTS = contents_fingerprint([RESOURCE_ARN])


NOBODY = InMemoryConnectionAnswers(None)
NOTHING = InMemoryInvitationAnswers(None)
UNREGISTERED = InMemoryConsumerRegistry()
UNCOMMANDED = InMemoryLedger()


def decided(
    request: Request,
    decision: ActionableDecision,
    shares: InMemoryInvitationAnswers,
    connections: InMemoryConnectionAnswers,
    registry: InMemoryConsumerRegistry = UNREGISTERED,
    commands: WithdrawalCommands = UNCOMMANDED,
    **on: Any,
) -> Acceptance | DecideAgain:
    """Do what was decided just now, on what there is unless ``on`` says otherwise."""
    decided_on = DecidedOn(at=NOW, contents_fingerprint=CONTENTS if request is SHARE else "")
    if connections.now is not None:
        decided_on = msgspec.structs.replace(decided_on, live=connections.now.is_live)
    on_what = msgspec.structs.replace(decided_on, **on)
    return accept(
        request, decision, on_what, shares, connections, commands=commands, consumers=lambda: registry, now=NOW
    )


def done(
    request: Request,
    decision: ActionableDecision,
    shares: InMemoryInvitationAnswers,
    connections: InMemoryConnectionAnswers,
    **on: Any,
) -> Acceptance:
    acceptance = decided(request, decision, shares, connections, **on)
    assert isinstance(acceptance, Acceptance)
    return acceptance


@pytest.mark.parametrize(("verdict", "result"), [(YES, AcceptanceResult.ACCEPTED), (NO, AcceptanceResult.REJECTED)])
def test_a_pending_invitation_is_answered_once(verdict: Accept | Reject, result: AcceptanceResult) -> None:
    shares = InMemoryInvitationAnswers(InvitationStatus.PENDING)

    first = done(SHARE, verdict, shares, NOBODY)
    again = done(SHARE, verdict, shares, NOBODY)

    assert first.result is again.result is result
    assert shares.answers == [verdict is YES]


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (InvitationStatus.ACCEPTED, AcceptanceResult.ACCEPTED),
        (InvitationStatus.REJECTED, AcceptanceResult.REJECTED),
        (InvitationStatus.EXPIRED, AcceptanceResult.EXPIRED),
    ],
)
def test_trap_25_what_was_answered_meanwhile_is_returned_as_it_is(
    status: InvitationStatus, result: AcceptanceResult
) -> None:
    shares = InMemoryInvitationAnswers(status)

    assert done(SHARE, YES, shares, NOBODY).result is result
    assert shares.answers == []


def test_an_invitation_that_expired_meanwhile_says_what_its_provider_has_to_do() -> None:
    expired = invitation(InvitationStatus.EXPIRED)

    late = done(SHARE, YES, InMemoryInvitationAnswers(InvitationStatus.EXPIRED), NOBODY)

    assert late.because == (expired.why_expired(NOW),)


def test_trap_6_a_share_without_invitation_is_accepted_by_being_there() -> None:
    assert done(SHARE, YES, InMemoryInvitationAnswers(None, shared=True), NOBODY) == Acceptance(
        AcceptanceResult.ACCEPTED
    )


def test_a_share_that_is_gone_is_withdrawn() -> None:
    assert done(SHARE, YES, NOTHING, NOBODY).result is AcceptanceResult.WITHDRAWN


@pytest.mark.parametrize(
    "shares", [InMemoryInvitationAnswers(None, shared=True), InMemoryInvitationAnswers(InvitationStatus.ACCEPTED)]
)
def test_trap_5_rejecting_a_share_in_effect_says_that_nobody_can_leave_it(shares: InMemoryInvitationAnswers) -> None:
    acceptance = done(SHARE, NO, shares, NOBODY)

    assert acceptance.result is AcceptanceResult.REJECTED
    assert [reason.code for reason in acceptance.because] == ["cannot-leave"]


def test_an_invitation_that_stays_pending_is_tried_again_later() -> None:
    with pytest.raises(NotReadyError, match="still pending"):
        done(SHARE, YES, InMemoryInvitationAnswers(InvitationStatus.PENDING, never_answered=True), NOBODY)


@pytest.mark.parametrize(("verdict", "result"), [(YES, AcceptanceResult.ACCEPTED), (NO, AcceptanceResult.REJECTED)])
def test_a_pending_connection_is_answered_once(verdict: Accept | Reject, result: AcceptanceResult) -> None:
    connections = InMemoryConnectionAnswers(ConnectionState.PENDING_ACCEPTANCE)

    first = done(CONNECTION, verdict, NOTHING, connections)
    again = done(CONNECTION, verdict, NOTHING, connections, live=False)

    assert first.result is again.result is result
    assert connections.answers == [verdict is YES]


@pytest.mark.parametrize("state", [None, ConnectionState.DELETED])
def test_what_is_gone_is_told_as_what_it_was(state: ConnectionState | None) -> None:
    attachment = EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=ATTACHMENT_ID)

    told = [
        done(each, YES, NOTHING, InMemoryConnectionAnswers(state)).because[0].text for each in (CONNECTION, attachment)
    ]

    gone = state or "gone"
    assert told == [f"The consumer's endpoint is {gone}.", f"The consumer's transit gateway attachment is {gone}."]


def test_trap_10_an_answer_that_aws_did_not_take_is_no_success() -> None:
    with pytest.raises(NotReadyError, match="not now"):
        done(CONNECTION, YES, NOTHING, InMemoryConnectionAnswers(ConnectionState.PENDING_ACCEPTANCE, refuses=True))


def test_trap_32_a_connection_that_came_in_without_acceptance_is_accepted_already() -> None:
    connections = InMemoryConnectionAnswers(ConnectionState.AVAILABLE)

    assert done(CONNECTION, YES, NOTHING, connections).result is AcceptanceResult.ACCEPTED
    assert connections.answers == []


@pytest.mark.parametrize("state", [state for state in ConnectionState if state.is_open])
def test_a_connection_that_is_open_in_any_state_can_be_rejected(state: ConnectionState) -> None:
    assert done(CONNECTION, NO, NOTHING, InMemoryConnectionAnswers(state)).result is AcceptanceResult.REJECTED


@pytest.mark.parametrize("state", ConnectionState)
def test_what_was_to_be_rejected_is_never_reported_as_accepted(state: ConnectionState) -> None:
    try:
        acceptance = done(CONNECTION, NO, NOTHING, InMemoryConnectionAnswers(state))
    except NotReadyError:
        return
    assert acceptance.result is not AcceptanceResult.ACCEPTED


@pytest.mark.parametrize(
    ("state", "result"),
    [
        (None, AcceptanceResult.WITHDRAWN),
        (ConnectionState.DELETED, AcceptanceResult.WITHDRAWN),
        (ConnectionState.FAILED, AcceptanceResult.WITHDRAWN),
        (ConnectionState.EXPIRED, AcceptanceResult.EXPIRED),
        (ConnectionState.REJECTED, AcceptanceResult.REJECTED),
    ],
)
def test_a_connection_that_is_over_is_reported_as_it_is(
    state: ConnectionState | None, result: AcceptanceResult
) -> None:
    connections = InMemoryConnectionAnswers(state)

    assert done(CONNECTION, YES, NOTHING, connections).result is result
    assert connections.answers == []


def test_an_invitation_in_a_status_that_nobody_knows_is_neither_answered_nor_reported_as_over() -> None:
    shares = InMemoryInvitationAnswers(InvitationStatus.UNKNOWN)

    with pytest.raises(NotReadyError, match="nobody knew"):
        decided(SHARE, YES, shares, NOBODY)


@pytest.mark.parametrize("verdict", [YES, NO])
@pytest.mark.parametrize(
    "holds", [[], [RESOURCE_ARN, "arn:payroll"], ["arn:payroll"], AccessDeniedError("no"), GoneError("answered")]
)
def test_an_invitation_to_something_else_than_was_decided_on_is_decided_again(
    verdict: ActionableDecision, holds: list[str] | Exception
) -> None:
    shares = InMemoryInvitationAnswers(InvitationStatus.PENDING)
    shares.holds = holds

    assert isinstance(decided(SHARE, verdict, shares, NOBODY), DecideAgain)
    assert shares.answers == []


def test_an_invitation_that_aws_showed_nobody_is_answered_as_it_was_decided() -> None:
    shares = InMemoryInvitationAnswers(InvitationStatus.PENDING)
    shares.holds = AccessDeniedError("no")

    assert (
        done(SHARE, YES, shares, NOBODY, contents_fingerprint=contents_fingerprint(None)).result
        is AcceptanceResult.ACCEPTED
    )


@given(
    decision=st.sampled_from([YES, NO, AS_IT_IS]),
    seconds=st.integers(min_value=61, max_value=10**6),
    state=st.sampled_from(ConnectionState),
    live=st.booleans(),
)
def test_what_was_decided_longer_than_a_minute_ago_is_never_done(
    decision: ActionableDecision, seconds: int, state: ConnectionState, live: bool
) -> None:
    shares, connections = InMemoryInvitationAnswers(InvitationStatus.PENDING), InMemoryConnectionAnswers(state)
    on = DecidedOn(at=NOW, contents_fingerprint=CONTENTS, live=live)

    for request in (SHARE, CONNECTION):
        later = accept(
            request,
            decision,
            on,
            shares,
            connections,
            commands=UNCOMMANDED,
            consumers=lambda: UNREGISTERED,
            now=NOW + timedelta(seconds=seconds),
        )
        assert isinstance(later, DecideAgain)
    assert (shares.answers, connections.answers) == ([], [])


def test_what_was_decided_a_minute_ago_is_done() -> None:
    shares = InMemoryInvitationAnswers(InvitationStatus.PENDING)

    accept(
        SHARE,
        YES,
        DecidedOn(at=NOW, contents_fingerprint=CONTENTS),
        shares,
        NOBODY,
        commands=UNCOMMANDED,
        consumers=lambda: UNREGISTERED,
        now=NOW + FRESH,
    )

    assert shares.answers == [True]


@pytest.mark.parametrize("state", [state for state in ConnectionState if state.is_live])
def test_a_rejection_of_what_was_asked_for_never_cuts_what_was_let_in_since(state: ConnectionState) -> None:
    connections = InMemoryConnectionAnswers(state)

    assert isinstance(decided(CONNECTION, NO, NOTHING, connections, live=False), DecideAgain)
    assert connections.answers == []


@pytest.mark.parametrize("decision", [YES, NO, AS_IT_IS])
def test_what_was_decided_of_a_live_connection_is_not_done_to_one_that_asks(decision: ActionableDecision) -> None:
    connections = InMemoryConnectionAnswers(ConnectionState.PENDING_ACCEPTANCE)

    assert isinstance(decided(CONNECTION, decision, NOTHING, connections, live=True), DecideAgain)
    assert connections.answers == []


@pytest.mark.parametrize("state", [state for state in ConnectionState if state.is_live])
def test_what_somebody_accepted_by_hand_meanwhile_is_accepted(state: ConnectionState) -> None:
    connections = InMemoryConnectionAnswers(state)

    assert done(CONNECTION, YES, NOTHING, connections, live=False).result is AcceptanceResult.ACCEPTED
    assert connections.answers == []


@pytest.mark.parametrize("state", [state for state in ConnectionState if state is not ConnectionState.UNKNOWN])
def test_what_is_kept_is_never_answered(state: ConnectionState) -> None:
    connections = InMemoryConnectionAnswers(state)
    kept = decided(CONNECTION, AS_IT_IS, NOTHING, connections, live=True)

    assert connections.answers == []
    assert isinstance(kept, DecideAgain) == (state is ConnectionState.PENDING_ACCEPTANCE)
    if isinstance(kept, Acceptance):
        assert (kept.result is AcceptanceResult.ACCEPTED) == state.is_live


def test_a_share_that_is_kept_only_has_to_be_there() -> None:
    assert (
        done(SHARE, AS_IT_IS, InMemoryInvitationAnswers(None, shared=True), NOBODY).result is AcceptanceResult.ACCEPTED
    )
    assert done(SHARE, AS_IT_IS, NOTHING, NOBODY).result is AcceptanceResult.WITHDRAWN
    assert isinstance(
        decided(SHARE, AS_IT_IS, InMemoryInvitationAnswers(InvitationStatus.PENDING), NOBODY), DecideAgain
    )
    # Who leaves the organization that the share came by is invited to what is in effect.
    invited = InMemoryInvitationAnswers(InvitationStatus.PENDING, shared=True)
    assert done(SHARE, AS_IT_IS, invited, NOBODY).result is AcceptanceResult.ACCEPTED
    assert invited.answers == []


@pytest.mark.parametrize("decision", [YES, NO])
def test_what_was_decided_of_a_share_in_effect_is_no_answer_to_an_invitation(decision: ActionableDecision) -> None:
    shares = InMemoryInvitationAnswers(InvitationStatus.PENDING)

    assert isinstance(decided(SHARE, decision, shares, NOBODY, live=True), DecideAgain)
    assert shares.answers == []


SHUT_OUT = [
    pytest.param(Consumer(suspended_at=NOW), id="suspended"),
    pytest.param(Consumer(proof_required=True), id="unproved"),
    pytest.param(Consumer(unreadable=("suspended_at",)), id="unreadable"),
]


@pytest.mark.parametrize("account_id", [CONSUMER, ""], ids=["now", "by-an-earlier-version"])
@pytest.mark.parametrize("consumer", SHUT_OUT)
def test_who_is_shut_out_since_it_was_decided_is_not_accepted_but_decided_on_again(
    consumer: Consumer, account_id: str
) -> None:
    connections = InMemoryConnectionAnswers(ConnectionState.PENDING_ACCEPTANCE)
    registry = InMemoryConsumerRegistry(CONSUMER)
    registry.registered[CONSUMER] = consumer

    outcome = decided(CONNECTION, YES, NOTHING, connections, registry, account_id=account_id)

    assert isinstance(outcome, DecideAgain)
    assert connections.answers == []


@pytest.mark.parametrize(
    ("registered", "is_there", "answers"),
    [(True, False, []), (True, True, [True]), (False, False, [True]), (False, True, [True])],
)
def test_what_was_decided_as_a_registered_consumer_s_is_decided_again_once_the_entry_is_gone(
    registered: bool, is_there: bool, answers: list[bool]
) -> None:
    connections = InMemoryConnectionAnswers(ConnectionState.PENDING_ACCEPTANCE)
    registry = InMemoryConsumerRegistry(*([CONSUMER] if is_there else []))

    outcome = decided(CONNECTION, YES, NOTHING, connections, registry, account_id=CONSUMER, registered=registered)

    assert connections.answers == answers
    assert isinstance(outcome, DecideAgain) is not bool(answers)


def test_who_is_not_registered_any_longer_is_rejected_as_anybody() -> None:
    connections = InMemoryConnectionAnswers(ConnectionState.PENDING_ACCEPTANCE)

    decided(CONNECTION, NO, NOTHING, connections, account_id=CONSUMER, registered=True)

    assert connections.answers == [False]


def test_what_is_nobodys_as_far_as_aws_tells_is_not_accepted_yet() -> None:
    connections = InMemoryConnectionAnswers(ConnectionState.PENDING_ACCEPTANCE)
    connections.owned_by = ""

    with pytest.raises(NotReadyError, match="does not say whose"):
        decided(CONNECTION, YES, NOTHING, connections)
    assert connections.answers == []


@pytest.mark.parametrize("consumer", SHUT_OUT)
def test_who_is_shut_out_is_rejected_as_anybody(consumer: Consumer) -> None:
    connections = InMemoryConnectionAnswers(ConnectionState.PENDING_ACCEPTANCE)
    registry = InMemoryConsumerRegistry(CONSUMER)
    registry.registered[CONSUMER] = consumer

    outcome = decided(CONNECTION, NO, NOTHING, connections, registry, account_id=CONSUMER)

    assert outcome == Acceptance(AcceptanceResult.REJECTED)


@pytest.mark.parametrize("consumer", SHUT_OUT)
@pytest.mark.parametrize("decision", [YES, AS_IT_IS], ids=["accepted", "kept"])
def test_what_is_live_stays_as_it_is_whoever_is_shut_out_since(
    consumer: Consumer, decision: ActionableDecision
) -> None:
    connections = InMemoryConnectionAnswers(ConnectionState.AVAILABLE)
    registry = InMemoryConsumerRegistry(CONSUMER)
    registry.registered[CONSUMER] = consumer

    outcome = decided(CONNECTION, decision, NOTHING, connections, registry, account_id=CONSUMER)

    assert outcome == Acceptance(AcceptanceResult.ACCEPTED)


def test_whoever_is_in_force_is_accepted() -> None:
    connections = InMemoryConnectionAnswers(ConnectionState.PENDING_ACCEPTANCE)

    outcome = decided(CONNECTION, YES, NOTHING, connections, InMemoryConsumerRegistry(CONSUMER), account_id=CONSUMER)

    assert outcome == Acceptance(AcceptanceResult.ACCEPTED)


def commanded_ledger(request: Request) -> InMemoryLedger:
    ledger = InMemoryLedger()
    ledger.claim(observed_request(request=request), 1, after=None)
    assert ledger.command_withdrawal(ledger.kept[request.request_id], WithdrawalCommand(by="me", at=NOW))
    return ledger


@pytest.mark.parametrize("decision", [YES, NO], ids=["accepted", "rejected"])
def test_what_an_operator_had_withdrawn_since_it_was_decided_is_not_accepted(decision: ActionableDecision) -> None:
    shares = InMemoryInvitationAnswers(InvitationStatus.PENDING)
    connections = InMemoryConnectionAnswers(ConnectionState.PENDING_ACCEPTANCE)

    for request in (SHARE, CONNECTION):
        outcome = decided(request, decision, shares, connections, commands=commanded_ledger(request))
        assert isinstance(outcome, DecideAgain) is (decision is YES)

    assert (shares.answers, connections.answers) == (([], []) if decision is YES else ([False], [False]))


def test_what_was_accepted_before_an_operator_had_it_withdrawn_is_reported_as_it_is() -> None:
    shares = InMemoryInvitationAnswers(InvitationStatus.ACCEPTED, shared=True)
    connections = InMemoryConnectionAnswers(ConnectionState.AVAILABLE)

    for request in (SHARE, CONNECTION):
        outcome = decided(request, YES, shares, connections, commands=commanded_ledger(request))
        assert outcome == Acceptance(AcceptanceResult.ACCEPTED)
