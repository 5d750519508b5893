"""Question slots: so many questions of one account are open at once; the others are asked when one is closed."""

from __future__ import annotations

import pytest

from drawbridge.approval.question_slots import within_slots
from drawbridge.decision import Hold
from drawbridge.decision.let_in import AWAITS_QUESTION_SLOT
from drawbridge.discovery.free_question_slots import FreeQuestionSlots
from drawbridge.hint import CONNECTIONS
from drawbridge.request import EndpointConnectionRequest
from drawbridge.request.fingerprints import fingerprint
from drawbridge.status import Reason, Status
from tests.builders import NOW, PROVIDER, SERVICE_ID, question, row
from tests.fakes.question_slots import InMemoryQuestionSlots
from tests.unit.approvals import ASK
from tests.unit.discovering import World, connection

MOST = 5


def all_taken() -> InMemoryQuestionSlots:
    return InMemoryQuestionSlots({PROVIDER: [*"abcde"]})


def test_a_question_with_a_free_slot_is_asked() -> None:
    assert within_slots(ASK, question(), InMemoryQuestionSlots(), MOST) == (ASK, question())
    assert within_slots(ASK, None, all_taken(), MOST) == (ASK, None)


def test_a_question_without_a_free_slot_is_held_and_says_so() -> None:
    decision, asked = within_slots(ASK, question(), all_taken(), MOST)

    assert asked is None
    assert isinstance(decision, Hold)
    assert [reason.code for reason in decision.because] == ["too-many-questions", "policy"]
    assert f"5 questions of account {PROVIDER} are open" in decision.because[0].text


@pytest.mark.parametrize(("open_", "started"), [(5, 0), (4, 1), (3, 2), (0, 3)])
def test_as_many_are_started_as_there_are_slots(open_: int, started: int) -> None:
    world = World()
    world.services.listed_connections = [connection(endpoint_id=f"vpce-{number:017x}") for number in range(3 + open_)]
    for number, each in enumerate(world.services.listed_connections):
        request = EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=each.endpoint_id)
        status = Status.HELD if number < 3 else Status.WAITING_FOR_APPROVAL
        world.ledger.kept[request.request_id] = row(
            status,
            request=request,
            settled=status is Status.HELD,
            awaits_question_slot=status is Status.HELD,
            observed_fingerprint=fingerprint("open"),
            decision_fingerprint=world.fingerprints.decision_fingerprint(each.owner),
        )
        if status is Status.WAITING_FOR_APPROVAL:
            world.ask(request.request_id)
    # All of one account ask at the same time.
    world.services.listed_connections = [
        connection(endpoint_id=each.endpoint_id, owner=each.owner) for each in world.services.listed_connections
    ]
    world.fingerprints.counts = False

    assert len(world.sweeper().sweep(CONNECTIONS, NOW).started) == started


@pytest.mark.parametrize(("status", "next_"), [(Status.AVAILABLE, True), (Status.HELD, True), (Status.FAILED, False)])
def test_what_waits_for_a_slot_gets_it_unless_its_attempt_failed(status: Status, next_: bool) -> None:
    kept = row(status, settled=True, kept=(Reason(AWAITS_QUESTION_SLOT, "five are open"),))

    assert FreeQuestionSlots([], MOST).is_next(kept) is next_
