"""Deciding on many requests and answering the connections among them: whoever dies is followed without harm."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from drawbridge.acceptance import Acceptance, AcceptanceResult, DecideAgain
from drawbridge.acceptance.answer_all import Outcome as Answered
from drawbridge.acceptance.kept_answer import KeptAnswer
from drawbridge.approval import Approved
from drawbridge.approval.decide_all import DecidedRequest, RequestToDecide, Result
from drawbridge.decision import Accept, AskApprover, DecidedOn, Hold, Reject
from drawbridge.decision.facts import Consumer
from drawbridge.decision.let_in import LetIn
from drawbridge.errors import DrawbridgeError, ThrottledError, UpstreamError
from drawbridge.request import ExecutionInput
from drawbridge.request.connections import ConnectionState
from drawbridge.request.shares import InvitationStatus
from drawbridge.status import Reason, Status
from tests.builders import CONSUMER, NOW, SHARE, execution_input, invitation
from tests.fakes.interruptions import CrashError
from tests.unit.deciding import (
    ASKING,
    IN_FORCE,
    NOBODY,
    Flow,
)


def results(decided: list[Result]) -> list[object]:
    return [
        each.acceptance.result if isinstance(each, DecidedRequest) and each.acceptance else type(each)
        for each in decided
    ]


def kept(flow: Flow, place: int = 0, *, age: timedelta = timedelta(), **changes: Any) -> KeptAnswer:
    """Have an answer kept of an earlier try."""
    answer = KeptAnswer(
        decision=Accept((Reason("policy", "earlier", source="earlier"),)),
        on=DecidedOn(at=NOW - age, account_id=CONSUMER),
        let_in=LetIn(at=NOW, because=(Reason("policy", "earlier", source="earlier"),)),
    )
    answer = msgspec.structs.replace(answer, **changes)
    flow.attempts.answers[flow.executions[place].execution_name] = answer
    return answer


def test_what_is_decided_is_answered_and_recorded_in_one_go() -> None:
    flow = Flow()

    decided = flow.decide()

    assert results(decided) == [AcceptanceResult.ACCEPTED] * 3
    assert flow.statuses == [Status.ACCEPTED] * 3
    assert flow.invoked == [(3, True)]
    assert len(flow.answering.calls) == 1
    assert all(flow.ledger.let_in(each.request_id) for each in flow.requests)
    assert [each.status for each in flow.bus.announced] == [Status.ACCEPTED] * 3


def test_what_is_rejected_is_answered_too() -> None:
    flow = Flow(2)
    flow.world.policies = NOBODY

    assert results(flow.decide()) == [AcceptanceResult.REJECTED] * 2
    assert flow.statuses == [Status.REJECTED] * 2


def test_what_is_asked_or_held_or_a_share_s_is_only_decided() -> None:
    flow = Flow(1)
    flow.world.policies = ASKING
    flow.world.shares.invitation = invitation(InvitationStatus.PENDING)

    connection, share = flow.decide(RequestToDecide(flow.executions[0]), RequestToDecide(execution_input(SHARE)))

    assert isinstance(connection, DecidedRequest)
    assert isinstance(share, DecidedRequest)
    assert connection.decision.question is not None
    assert (connection.acceptance, share.acceptance, flow.invoked) == (None, None, [])
    assert flow.statuses == [Status.PENDING]


@pytest.mark.parametrize("writes", range(12))
def test_wherever_it_is_killed_no_connection_is_live_without_a_record_once_it_is_run_again(writes: int) -> None:
    flow = Flow()
    flow.interruptions.writes_until_crash = writes
    try:
        flow.decide()
    except CrashError:
        assert writes < 8
    else:
        assert writes >= 8
    # Nobody would be let in any more, and much later.
    flow.world.policies = NOBODY
    flow.now += timedelta(minutes=10)
    flow.interruptions.writes_until_crash = 1_000

    again = flow.decide()

    live = [flow.answering.there[each].is_live for each in flow.requests]
    assert [each is Status.ACCEPTED for each in flow.statuses] == live
    assert [bool(flow.ledger.let_in(each.request_id)) for each in flow.requests] == live
    assert results(again) == [AcceptanceResult.ACCEPTED if each else AcceptanceResult.REJECTED for each in live]
    assert {each.request_id for each in flow.bus.announced} == {each.request_id for each in flow.requests}


def test_what_was_answered_is_recorded_by_what_it_was_decided_by_however_long_ago() -> None:
    flow = Flow(1)
    answer = kept(flow, age=timedelta(hours=3))
    flow.answering.there[flow.requests[0]] = ConnectionState.AVAILABLE
    flow.world.policies = ASKING

    (decided,) = flow.decide()

    assert isinstance(decided, DecidedRequest)
    assert decided.decision.decision == answer.decision
    assert decided.decision.let_in == answer.let_in
    assert decided.acceptance == Acceptance(AcceptanceResult.ACCEPTED)
    assert flow.ledger.let_in(flow.requests[0].request_id) == answer.let_in
    assert flow.invoked == [(1, False)]


@pytest.mark.parametrize("age", [timedelta(), timedelta(minutes=5)])
def test_what_was_decided_and_not_answered_yet_is_decided_anew(age: timedelta) -> None:
    flow = Flow(1)
    kept(flow, age=age)
    flow.world.policies = NOBODY

    assert results(flow.decide()) == [AcceptanceResult.REJECTED]
    assert isinstance(flow.attempts.answers[flow.executions[0].execution_name].decision, Reject)


def test_what_is_decided_otherwise_than_to_answer_is_not_answered_as_it_was_decided_before() -> None:
    flow = Flow(1)
    kept(flow)
    flow.world.policies = ASKING
    (asked,) = flow.decide()
    # Whoever lets it in by hand meanwhile did not do so by a decision of ours.
    flow.answering.there[flow.requests[0]] = ConnectionState.AVAILABLE

    (again,) = flow.decide()

    assert isinstance(asked, DecidedRequest)
    assert isinstance(asked.decision.decision, AskApprover)
    assert isinstance(again, DecidedRequest)
    assert again.decision.let_in is None or again.decision.let_in.because != kept(flow).decision.because
    assert flow.invoked[0] == (1, False)


def test_who_is_suspended_right_before_it_is_answered_comes_again() -> None:
    flow = Flow(2)
    on_second_read = iter([{}, {CONSUMER: Consumer(suspended_at=NOW)}])
    flow.world.consumers = lambda account_ids: next(on_second_read)  # type: ignore[method-assign]  # a reading

    decided = flow.decide()

    assert results(decided) == [DecideAgain] * 2
    assert flow.answering.calls == []


def test_one_that_aws_does_not_take_is_the_error_of_that_one() -> None:
    flow = Flow()
    flow.answering.refused[flow.requests[1].endpoint_id] = "InvalidState: not now"

    first, second, third = flow.decide()

    assert results([first, third]) == [AcceptanceResult.ACCEPTED] * 2
    assert isinstance(second, DrawbridgeError)
    assert flow.statuses == [Status.ACCEPTED, Status.PENDING, Status.ACCEPTED]


@pytest.mark.parametrize("broken", ["kept_answers", "keep_answers"])
def test_nothing_is_answered_that_is_not_kept(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(these: object) -> Any:
        raise ThrottledError("slower")

    flow = Flow(2)
    flow.world.shares.invitation = invitation(InvitationStatus.PENDING)
    monkeypatch.setattr(flow.attempts, broken, fails)

    *connections, share = flow.decide(
        *(RequestToDecide(each) for each in flow.executions), RequestToDecide(execution_input(SHARE))
    )

    assert results(connections) == [ThrottledError] * 2
    assert isinstance(share, DecidedRequest)
    assert flow.answering.calls == []


def test_an_invocation_that_fails_is_the_error_of_all_that_it_was_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(executions: Sequence[ExecutionInput], *, may_answer: bool) -> list[Answered]:
        raise UpstreamError("the function was killed")

    flow = Flow(2)
    monkeypatch.setattr(flow, "answer", fails)

    assert results(flow.decide()) == [UpstreamError] * 2


def test_a_batch_of_nothing_calls_nothing() -> None:
    flow = Flow(0)

    assert flow.decide() == []
    assert flow.invoked == []


def test_a_request_that_is_held_is_not_answered() -> None:
    flow = Flow(1)
    flow.world.policies = IN_FORCE
    flow.world.entries = {CONSUMER: Consumer(suspended_at=NOW)}

    (held,) = flow.decide()

    assert isinstance(held, DecidedRequest)
    assert isinstance(held.decision.decision, Hold)
    assert flow.attempts.answers == {}


@pytest.mark.parametrize("writes", range(4))
def test_wherever_it_is_killed_an_approver_is_not_asked_again_about_what_was_answered(writes: int) -> None:
    flow = Flow(1)
    flow.world.policies = ASKING
    (first,) = flow.decide()
    assert isinstance(first, DecidedRequest)
    assert first.decision.question is not None
    approval = Approved(asked=first.decision.question.asked, by=("arn:aws:iam::999999999999:user/alice",))
    asked = RequestToDecide(flow.executions[0], approval)
    flow.interruptions.writes_until_crash = writes
    with pytest.raises(CrashError):
        flow.decide(asked)
    flow.interruptions.writes_until_crash = 1_000

    (again,) = flow.decide(asked)

    assert results([again]) == [AcceptanceResult.ACCEPTED]
    assert isinstance(again, DecidedRequest)
    assert again.decision.question is None
    assert flow.statuses == [Status.ACCEPTED]
