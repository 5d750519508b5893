"""Answering many connections: those of one service share a call, and each has an outcome of its own."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.acceptance import Acceptance, AcceptanceResult, DecideAgain
from drawbridge.acceptance.accept import accept
from drawbridge.acceptance.answer_all import AnswerPorts, Outcome, answer_all
from drawbridge.acceptance.plan_answer import DecidedConnection
from drawbridge.decision import Accept, ActionableDecision, DecidedOn, Keep, Reject
from drawbridge.decision.facts import Consumer
from drawbridge.errors import (
    AccessDeniedError,
    DrawbridgeError,
    GoneError,
    NotReadyError,
    RefusedError,
    ThrottledError,
    UpstreamError,
)
from drawbridge.pacing.defaults import ACCEPT_CONNECTIONS, REJECT_CONNECTIONS
from drawbridge.request import EndpointConnectionRequest
from drawbridge.request.announced import WithdrawalCommand
from drawbridge.request.connections import ConnectionState
from tests.builders import CONSUMER, NOW, PROVIDER, SERVICE_ID, observed_request
from tests.fakes.acceptance import InMemoryConnections, InMemoryInvitationAnswers
from tests.fakes.consumers import InMemoryConsumerRegistry
from tests.fakes.ledger import InMemoryLedger

YES, NO, AS_IT_IS = Accept(()), Reject(()), Keep(())
ASKS = ConnectionState.PENDING_ACCEPTANCE
OTHER_SERVICE = "vpce-svc-0123456789abcdef1"
LATE = timedelta(seconds=61)


def asking(number: int, service_id: str = SERVICE_ID, *, kind: str = "vpce") -> EndpointConnectionRequest:
    return EndpointConnectionRequest(service_id=service_id, endpoint_id=f"{kind}-{number:017x}")


def decided(request: EndpointConnectionRequest, decision: ActionableDecision = YES, **on: Any) -> DecidedConnection:
    made_on = msgspec.structs.replace(DecidedOn(at=NOW, account_id=CONSUMER), **on)
    return DecidedConnection(request=request, decision=decision, on=made_on)


class Clock:
    """A time that passes while turns are waited for."""

    def __init__(self, *, each_turn: timedelta = timedelta()) -> None:
        self.now = NOW
        self.each_turn = each_turn
        self.turns: list[str] = []
        self.paused: list[str] = []

    def throttled(self, operation: str, error: ThrottledError) -> None:
        self.paused.append(operation)

    def reserve(self, operation: str, count: int) -> None:
        raise AssertionError("each list is answered by itself")

    def wait(self, operation: str) -> None:
        self.turns.append(operation)
        self.now += self.each_turn


def ports(
    connections: InMemoryConnections,
    registry: InMemoryConsumerRegistry | None = None,
    ledger: InMemoryLedger | None = None,
    clock: Clock | None = None,
) -> AnswerPorts:
    entries = (registry or InMemoryConsumerRegistry()).registered
    commands = ledger or InMemoryLedger()
    time = clock or Clock()
    return AnswerPorts(
        connections=connections,
        commanded=lambda ids: {each for each in ids if commands.is_commanded(each)},
        consumers=lambda ids: {each: entries[each] for each in ids if each in entries},
        now=lambda: time.now,
        pace=time,
    )


def results(outcomes: list[Outcome]) -> list[object]:
    return [each.result if isinstance(each, Acceptance) else type(each) for each in outcomes]


def test_connections_of_one_service_share_a_call_of_twenty_five_and_two_looks() -> None:
    asked = [asking(number) for number in range(60)]
    connections = InMemoryConnections(dict.fromkeys(asked, ASKS))
    clock = Clock()

    outcomes = answer_all([decided(each) for each in asked], ports(connections, clock=clock))

    assert results(outcomes) == [AcceptanceResult.ACCEPTED] * 60
    assert [len(ids) for _, _, ids in connections.calls] == [25, 25, 10]
    assert clock.turns == [ACCEPT_CONNECTIONS] * 3
    assert len(connections.looks) == 2


def test_each_service_each_answer_and_each_kind_has_a_call_of_its_own() -> None:
    yes, no, elsewhere = asking(1), asking(2), asking(3, OTHER_SERVICE)
    attachment = asking(4, kind="tgw-attach")
    connections = InMemoryConnections(dict.fromkeys((yes, no, elsewhere, attachment), ASKS))
    clock = Clock()

    outcomes = answer_all(
        [decided(yes), decided(no, NO), decided(elsewhere), decided(attachment)], ports(connections, clock=clock)
    )

    accepted, rejected = AcceptanceResult.ACCEPTED, AcceptanceResult.REJECTED
    assert results(outcomes) == [accepted, rejected, accepted, accepted]
    assert connections.calls == [
        (SERVICE_ID, True, [yes.endpoint_id]),
        (SERVICE_ID, False, [no.endpoint_id]),
        (OTHER_SERVICE, True, [elsewhere.endpoint_id]),
        (SERVICE_ID, True, [attachment.endpoint_id]),
    ]
    assert clock.turns == [ACCEPT_CONNECTIONS, REJECT_CONNECTIONS, ACCEPT_CONNECTIONS, ACCEPT_CONNECTIONS]


def test_what_needs_no_answer_takes_no_turn() -> None:
    live = asking(1)
    connections = InMemoryConnections({live: ConnectionState.AVAILABLE})
    clock = Clock()

    outcomes = answer_all([decided(live), decided(asking(2))], ports(connections, clock=clock))

    assert results(outcomes) == [AcceptanceResult.ACCEPTED, AcceptanceResult.WITHDRAWN]
    assert (connections.calls, clock.turns, len(connections.looks)) == ([], [], 1)


def test_nothing_is_asked_of_aws_where_there_is_nothing_to_answer() -> None:
    connections = InMemoryConnections({})

    assert answer_all([], ports(connections)) == []
    assert connections.looks == []


def test_of_a_list_that_is_done_in_part_each_has_its_own_outcome() -> None:
    asked = [asking(number) for number in range(3)]
    connections = InMemoryConnections(dict.fromkeys(asked, ASKS))
    connections.refused[asked[1].endpoint_id] = "InvalidState: not now"

    outcomes = answer_all([decided(each) for each in asked], ports(connections))

    assert results(outcomes) == [AcceptanceResult.ACCEPTED, NotReadyError, AcceptanceResult.ACCEPTED]
    assert "InvalidState: not now" in str(outcomes[1])


@pytest.mark.parametrize(
    ("error", "becomes"), [(RefusedError("malformed"), RefusedError), (GoneError("gone"), AcceptanceResult.WITHDRAWN)]
)
def test_a_list_that_is_refused_as_a_whole_falls_back_to_the_one_that_is_wrong(
    error: DrawbridgeError, becomes: object
) -> None:
    asked = [asking(number) for number in range(25)]
    connections = InMemoryConnections(dict.fromkeys(asked, ASKS))
    connections.broken[asked[7].endpoint_id] = error
    clock = Clock()

    outcomes = answer_all([decided(each) for each in asked], ports(connections, clock=clock))

    assert results(outcomes) == [becomes if place == 7 else AcceptanceResult.ACCEPTED for place in range(25)]
    assert len(connections.calls) == len(clock.turns) <= 11


@pytest.mark.parametrize("error", [ThrottledError("slower"), AccessDeniedError("no"), UpstreamError("down")])
def test_a_list_that_fails_as_a_whole_is_not_tried_in_parts(error: DrawbridgeError) -> None:
    asked = [asking(number) for number in range(3)]
    elsewhere = asking(4, OTHER_SERVICE)
    connections = InMemoryConnections(dict.fromkeys((*asked, elsewhere), ASKS))
    connections.broken[asked[1].endpoint_id] = error

    clock = Clock()

    outcomes = answer_all([decided(each) for each in (*asked, elsewhere)], ports(connections, clock=clock))

    assert outcomes[:3] == [error] * 3
    assert clock.paused == ([ACCEPT_CONNECTIONS] if isinstance(error, ThrottledError) else [])
    assert results(outcomes[3:]) == [AcceptanceResult.ACCEPTED]
    assert len(connections.calls) == 2


def test_what_was_done_by_a_call_that_failed_is_reported_as_done() -> None:
    class LosesAnswers(InMemoryConnections):
        def answer(self, service_id: str, endpoint_ids: list[str], *, accept: bool) -> dict[str, str]:
            super().answer(service_id, endpoint_ids, accept=accept)
            raise UpstreamError("the connection broke off")

    connections = LosesAnswers({asking(1): ASKS})

    assert results(answer_all([decided(asking(1))], ports(connections))) == [AcceptanceResult.ACCEPTED]


def test_who_is_shut_out_or_withdrawn_since_is_left_out_of_the_list_and_decided_again() -> None:
    asked = [asking(number) for number in range(4)]
    connections = InMemoryConnections(dict.fromkeys(asked, ASKS))
    registry = InMemoryConsumerRegistry(CONSUMER)
    registry.registered[PROVIDER] = Consumer(suspended_at=NOW)
    ledger = InMemoryLedger()
    ledger.claim(observed_request(request=asked[2]), 1, after=None)
    ledger.command_withdrawal(ledger.kept[asked[2].request_id], WithdrawalCommand(by="me", at=NOW))

    outcomes = answer_all(
        [decided(asked[0]), decided(asked[1], account_id=PROVIDER), decided(asked[2]), decided(asked[3])],
        ports(connections, registry, ledger),
    )

    accepted = AcceptanceResult.ACCEPTED
    assert results(outcomes) == [accepted, DecideAgain, DecideAgain, accepted]
    assert connections.calls == [(SERVICE_ID, True, [asked[0].endpoint_id, asked[3].endpoint_id])]


def test_a_decision_that_is_too_old_once_its_turn_has_come_is_made_again() -> None:
    asked = [asking(number) for number in range(50)]
    connections = InMemoryConnections(dict.fromkeys(asked, ASKS))
    clock = Clock(each_turn=timedelta(seconds=40))

    outcomes = answer_all([decided(each) for each in asked], ports(connections, clock=clock))

    assert results(outcomes) == [AcceptanceResult.ACCEPTED] * 25 + [DecideAgain] * 25
    assert [len(ids) for _, _, ids in connections.calls] == [25]


def test_what_a_person_let_in_while_a_rejection_waited_for_its_turn_is_not_cut() -> None:
    asked = asking(1)
    connections = InMemoryConnections({asked: ASKS})

    class Meanwhile(Clock):
        def wait(self, operation: str) -> None:
            self.now += timedelta(seconds=20)
            connections.there[asked] = ConnectionState.AVAILABLE

    assert results(answer_all([decided(asked, NO)], ports(connections, clock=Meanwhile()))) == [DecideAgain]
    assert connections.calls == []


@pytest.mark.parametrize(
    ("decision", "state", "result"),
    [
        (YES, ConnectionState.AVAILABLE, AcceptanceResult.ACCEPTED),
        (YES, ConnectionState.REJECTED, AcceptanceResult.REJECTED),
        (NO, ConnectionState.REJECTED, AcceptanceResult.REJECTED),
        (YES, None, AcceptanceResult.WITHDRAWN),
        (YES, ASKS, DecideAgain),
        (NO, ASKS, DecideAgain),
        (NO, ConnectionState.AVAILABLE, DecideAgain),
    ],
)
def test_an_old_decision_is_reported_if_it_may_have_been_done_and_is_never_done(
    decision: ActionableDecision, state: ConnectionState | None, result: object
) -> None:
    connections = InMemoryConnections({asking(1): state} if state else {})

    outcomes = answer_all([decided(asking(1), decision, at=NOW - LATE)], ports(connections))

    assert results(outcomes) == [result]
    assert connections.calls == []


@pytest.mark.parametrize("decision", [YES, AS_IT_IS])
def test_an_old_decision_on_what_was_live_already_answered_nothing_and_is_made_again(
    decision: ActionableDecision,
) -> None:
    connections = InMemoryConnections({asking(1): ConnectionState.AVAILABLE})

    outcomes = answer_all([decided(asking(1), decision, at=NOW - LATE, live=True)], ports(connections))

    assert results(outcomes) == [DecideAgain]


def test_of_two_decisions_on_one_connection_only_the_first_is_done() -> None:
    connections = InMemoryConnections({asking(1): ASKS})

    outcomes = answer_all([decided(asking(1)), decided(asking(1), NO)], ports(connections))

    assert results(outcomes) == [AcceptanceResult.ACCEPTED, NotReadyError]
    assert connections.calls == [(SERVICE_ID, True, [asking(1).endpoint_id])]


@pytest.mark.parametrize("broken", ["consumers", "commanded"])
def test_nothing_is_accepted_while_the_registry_or_the_ledger_can_not_be_read(broken: str) -> None:
    def fails(ids: Collection[str]) -> Any:
        raise UpstreamError("down")

    yes, no = asking(1), asking(2)
    connections = InMemoryConnections({yes: ASKS, no: ASKS})
    unread = msgspec.structs.replace(ports(connections), **{broken: fails})

    outcomes = answer_all([decided(yes), decided(no, NO)], unread)

    assert results(outcomes) == [UpstreamError, AcceptanceResult.REJECTED]
    assert connections.calls == [(SERVICE_ID, False, [no.endpoint_id])]


def test_what_can_not_be_looked_at_is_the_error_of_all() -> None:
    class Unseen(InMemoryConnections):
        def listed(self, endpoint_ids: Collection[str]) -> Any:
            raise ThrottledError("slower")

    connections = Unseen({})

    assert results(answer_all([decided(asking(1)), decided(asking(2))], ports(connections))) == [ThrottledError] * 2
    assert connections.calls == []


ACCOUNTS = (CONSUMER, PROVIDER, "")
CONNECTIONS = st.lists(
    st.tuples(
        st.sampled_from([SERVICE_ID, OTHER_SERVICE]),
        st.sampled_from(["vpce", "tgw-attach"]),
        st.sampled_from([None, *ConnectionState]),
        st.sampled_from([YES, NO, AS_IT_IS]),
        st.booleans(),
        st.sampled_from(ACCOUNTS),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
    max_size=8,
)


@given(drawn=CONNECTIONS, suspended=st.sampled_from(ACCOUNTS), registered=st.sampled_from(ACCOUNTS))
def test_many_come_to_what_each_alone_comes_to(drawn: list[Any], suspended: str, registered: str) -> None:
    def world() -> tuple[list[DecidedConnection], InMemoryConnections, InMemoryConsumerRegistry, InMemoryLedger]:
        asked, ledger = [], InMemoryLedger()
        connections = InMemoryConnections({})
        for number, (service, kind, state, decision, live, account, entry, commanded, refused) in enumerate(drawn):
            request = asking(number, service, kind=kind)
            asked.append(decided(request, decision, live=live, account_id=account, registered=entry))
            if state is not None:
                connections.there[request] = state
            if refused:
                connections.refused[request.endpoint_id] = "InvalidState: not now"
            if commanded:
                ledger.claim(observed_request(request=request), 1, after=None)
                ledger.command_withdrawal(ledger.kept[request.request_id], WithdrawalCommand(by="me", at=NOW))
        registry = InMemoryConsumerRegistry(registered)
        registry.registered[suspended] = Consumer(suspended_at=NOW)
        return asked, connections, registry, ledger

    asked, connections, registry, ledger = world()
    together = answer_all(asked, ports(connections, registry, ledger))
    _, apart, registry, ledger = world()
    alone = [_alone(each, apart, registry, ledger, NOW) for each in asked]

    assert [_told(each) for each in together] == [_told(each) for each in alone]
    assert connections.there == apart.there


def _alone(
    each: DecidedConnection,
    connections: InMemoryConnections,
    registry: InMemoryConsumerRegistry,
    ledger: InMemoryLedger,
    now: datetime,
) -> Outcome:
    try:
        return accept(
            each.request,
            each.decision,
            each.on,
            InMemoryInvitationAnswers(None),
            connections,
            commands=ledger,
            consumers=lambda: registry,
            now=now,
        )
    except DrawbridgeError as error:
        return error


def _told(outcome: Outcome) -> object:
    return (type(outcome), str(outcome)) if isinstance(outcome, DrawbridgeError) else outcome


def test_what_there_is_no_time_to_wait_for_is_told_when_to_come_again() -> None:
    class Late(Clock):
        def wait(self, operation: str) -> None:
            raise ThrottledError("not until 12:00:00 UTC", after=40.0)

    connections = InMemoryConnections({asking(1): ASKS})

    (outcome,) = answer_all([decided(asking(1))], ports(connections, clock=Late()))

    assert isinstance(outcome, ThrottledError)
    assert (outcome.after, connections.calls) == (40.0, [])
