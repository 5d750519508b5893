"""The door of ``decide_request``: a request in, the decision out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from drawbridge.acceptance import DecideAgain
from drawbridge.approval import Approval
from drawbridge.approval.connected_earlier import ConnectedEarlier
from drawbridge.approval.decide_all import BatchPorts
from drawbridge.bootstrap import decide_request as wiring
from drawbridge.configuration import Broken, InForce
from drawbridge.decision import Accept, AlreadyResolved, Delayed
from drawbridge.decision.decide import MOST_REASONS
from drawbridge.decision.facts import Consumer, EvaluationTime, Facts, Membership, ShareFacts
from drawbridge.decision.in_force import decision_fingerprint
from drawbridge.decision.let_in import MOST_LET_IN, let_in_by
from drawbridge.decision.policies import Policy, parse_policy
from drawbridge.environment import Environment
from drawbridge.pacing.door import Outgoing
from drawbridge.pacing.door import Ports as DoorPorts
from drawbridge.publication.parameters import ObservedParameter
from drawbridge.request import ExecutionInput, Request
from drawbridge.request.announced import WithdrawalCommand
from drawbridge.request.connections import ConnectionState
from drawbridge.request.shares import InvitationStatus
from drawbridge.status import Reason, Status
from functions.decide_request import app
from tests.builders import (
    CONNECTION,
    CONSUMER,
    NOW,
    REPOSITORY,
    SHARE,
    SUBNET,
    connection_facts,
    content,
    execution_input,
    invitation,
    observed_request,
    requester,
    row,
    share_facts,
)
from tests.fakes.ledger import InMemoryLedger
from tests.fakes.owned_objects import InMemoryOwnedObjects
from tests.fakes.parameter_store import InMemoryPublicationStore
from tests.fakes.question_slots import InMemoryQuestionSlots
from tests.fakes.work_queue import InMemoryDeadLetters, InMemoryTasks, InMemoryWorkQueue
from tests.fakes.work_queue import World as TasksWorld
from tests.functions.invocations import invoke, refuses, step
from tests.unit.deciding import Flow, Reads, listed, ports

DEFAULTS: list[Path] = sorted((REPOSITORY / "policies").glob("*.cedar"))
STEP = step(request=SHARE, requestId=SHARE.request_id, attempt=1)
IN_FORCE = InForce[Policy](
    tuple(parse_policy(path.stem, path.read_text()) for path in DEFAULTS),
    tuple((path.stem, 1) for path in DEFAULTS),
    (Broken("mine", "line 3: no", None),),
)
Gathered = Callable[[Facts | AlreadyResolved], None]


class Gatherer:
    def __init__(self, facts: Facts | AlreadyResolved) -> None:
        self.facts = facts

    def gather(self, request: Request, now: datetime) -> Facts | AlreadyResolved:
        assert now.tzinfo is not None
        return self.facts


@pytest.fixture
def gathered(monkeypatch: pytest.MonkeyPatch) -> Gathered:
    """Return what is gathered of the request; the default policies are in force, and one is broken."""
    environment = Environment({"PREFIX": "drawbridge", "APPROVAL_HOURS": "1", "OPEN_QUESTIONS": "5"})
    monkeypatch.setattr(wiring, "environment", lambda: environment)
    monkeypatch.setattr(wiring, "policies", lambda: IN_FORCE)
    monkeypatch.setattr(wiring, "ledger", InMemoryLedger)
    monkeypatch.setattr(wiring, "connected_earlier", lambda: lambda request_id, facts: frozenset[str]())
    monkeypatch.setattr(wiring, "question_slots", InMemoryQuestionSlots)
    return lambda facts: monkeypatch.setattr(wiring, "gatherer", lambda: Gatherer(facts))


def test_a_share_is_decided_on_and_what_it_holds_is_handed_on(gathered: Gathered) -> None:
    gathered(share_facts(requester(membership=Membership.MEMBER), contents=(SUBNET, content())))

    answer = invoke(app.lambda_handler, STEP)

    assert answer["decision"]["outcome"] == "accept"
    assert [each["code"] for each in answer["decision"]["because"]] == ["policy", "policy-broken"]
    assert sorted(answer["let_in"]["arns"]) == sorted([SUBNET.arn, content().arn])
    assert answer["let_in"]["contents"] == answer["on"]["contents"]
    assert answer["on"]["at"] == answer["grounds"]["at"]


@pytest.mark.parametrize(
    ("facts", "outcome", "policies"),
    [
        (share_facts(requester(membership=Membership.MEMBER)), "accept", "own-organization"),
        (share_facts(), "askApprover", "ask-for-the-rest"),
        (AlreadyResolved(Status.EXPIRED, ()), None, ""),
    ],
)
def test_a_decision_is_counted_by_its_outcome_and_its_policies_are_in_the_log_alone(
    gathered: Gathered,
    facts: Facts | AlreadyResolved,
    outcome: str | None,
    policies: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "drawbridge")
    gathered(facts)

    invoke(app.lambda_handler, STEP)

    (logged,) = (vars(record)["policies"] for record in caplog.records if record.getMessage() == "decided")
    assert [each.partition("@")[0] for each in filter(None, logged.split(", "))] == ([policies] if policies else [])
    counted = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert [(each["outcome"], each["service"], each["Decisions"]) for each in counted] == (
        [(outcome, "drawbridge", [1.0])] if outcome else []
    )


def test_a_connection_is_decided_on_and_holds_nothing(gathered: Gathered) -> None:
    gathered(connection_facts(requester("222222222222", services=frozenset({"*"}))))

    answer = invoke(app.lambda_handler, step(request=CONNECTION, requestId="x", attempt=2))

    assert answer["decision"]["outcome"] == "accept"
    assert (answer["let_in"]["arns"], answer["on"]["live"]) == ([], False)


SHUT_OUT = [
    (Consumer(services=frozenset({"*"}), suspended_at=NOW), "consumer-suspended"),
    (Consumer(services=frozenset({"*"}), proof_required=True), "consumer-unproved"),
    (Consumer(services=frozenset({"*"}), unreadable=("suspended_at",)), "consumer-suspended"),
]


@pytest.mark.parametrize(("consumer", "code"), SHUT_OUT)
@pytest.mark.parametrize("membership", [Membership.MEMBER, Membership.OUTSIDER], ids=["accepted", "asked"])
def test_a_new_connection_of_who_is_suspended_or_unproved_is_held_whatever_policies_say(
    gathered: Gathered, consumer: Consumer, code: str, membership: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = Environment({"PREFIX": "drawbridge", "APPROVAL_HOURS": "1", "OPEN_QUESTIONS": "5", "SLACK_CHANNEL": "C0ASK"})
    monkeypatch.setattr(wiring, "environment", lambda: asks)
    facts = connection_facts(msgspec.structs.replace(requester(CONSUMER, membership), consumer=consumer))
    gathered(facts)

    answer = invoke(app.lambda_handler, step(request=CONNECTION, requestId=CONNECTION.request_id, attempt=1))

    assert answer["decision"]["outcome"] == "hold"
    assert [each["code"] for each in answer["decision"]["because"]] == [code]
    assert (answer["question"], answer["let_in"]) == (None, None)
    assert answer["permitted"] == decision_fingerprint(IN_FORCE, consumer)
    assert answer["grounds"]["outcome"] == "hold"


@pytest.mark.parametrize(("consumer", "code"), SHUT_OUT)
def test_an_approval_that_was_given_before_lets_nobody_in_who_is_suspended_or_unproved(
    gathered: Gathered, consumer: Consumer, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = Environment({"PREFIX": "drawbridge", "APPROVAL_HOURS": "1", "OPEN_QUESTIONS": "5", "SLACK_CHANNEL": "C0ASK"})
    monkeypatch.setattr(wiring, "environment", lambda: asks)
    monkeypatch.setattr(wiring, "bindings", tuple)
    fields = {"request": CONNECTION, "requestId": CONNECTION.request_id, "attempt": 1}
    gathered(connection_facts(requester(CONSUMER, Membership.OUTSIDER)))
    asked = invoke(app.lambda_handler, step(**fields))["question"]["asked"]
    approval = {"outcome": "approved", "asked": asked, "by": ["arn:aws:iam::111111111111:role/Approver"]}
    approved = invoke(app.lambda_handler, step(**fields, approval=approval))
    who = msgspec.structs.replace(requester(CONSUMER, Membership.OUTSIDER), consumer=consumer)
    gathered(connection_facts(who))

    answer = invoke(app.lambda_handler, step(**fields, approval=approval))

    assert approved["decision"]["outcome"] == "accept"
    assert answer["decision"]["outcome"] == "hold"
    assert [each["code"] for each in answer["decision"]["because"]] == [code]
    assert answer["question"] is None


@pytest.mark.parametrize(("consumer", "code"), SHUT_OUT)
def test_what_is_live_of_who_is_suspended_or_unproved_stays(gathered: Gathered, consumer: Consumer, code: str) -> None:
    who = msgspec.structs.replace(requester(CONSUMER, Membership.MEMBER), consumer=consumer)
    gathered(connection_facts(who, live=True))

    answer = invoke(app.lambda_handler, step(request=CONNECTION, requestId=CONNECTION.request_id, attempt=1))

    assert answer["decision"]["outcome"] == "accept"
    assert code not in json.dumps(answer)


@pytest.mark.parametrize(("consumer", "code"), SHUT_OUT)
def test_a_share_of_who_is_suspended_or_unproved_as_a_consumer_is_decided_on_as_any(
    gathered: Gathered, consumer: Consumer, code: str
) -> None:
    gathered(share_facts(msgspec.structs.replace(requester(membership=Membership.MEMBER), consumer=consumer)))

    answer = invoke(app.lambda_handler, STEP)

    assert answer["decision"]["outcome"] == "accept"
    assert code not in json.dumps(answer)


def test_what_a_broken_policy_might_have_said_is_reported_with_the_question(gathered: Gathered) -> None:
    gathered(share_facts())

    answer = invoke(app.lambda_handler, STEP)

    assert answer["decision"]["outcome"] == "askApprover"
    assert answer["decision"]["because"][-1] == {"code": "policy-broken", "text": "line 3: no", "source": "mine"}


def test_how_it_is_to_be_asked_is_read_from_all_that_ask_however_many(
    gathered: Gathered, monkeypatch: pytest.MonkeyPatch
) -> None:
    gathered(connection_facts())
    asking = 'permit(principal, action == Action::"askApprover", resource);'
    policies = [parse_policy(f"{number:02}", asking) for number in range(MOST_REASONS)]
    strict = parse_policy("last", f'@approval("two-person") {asking}')
    monkeypatch.setattr(wiring, "policies", lambda: InForce[Policy]((*policies, strict), (), ()))
    environment = Environment(
        {"PREFIX": "drawbridge", "SLACK_CHANNEL": "C0APPROVALS", "APPROVAL_HOURS": "1", "OPEN_QUESTIONS": "5"}
    )
    monkeypatch.setattr(wiring, "environment", lambda: environment)
    monkeypatch.setattr(wiring, "bindings", lambda: ())

    answer = invoke(app.lambda_handler, step(request=CONNECTION, requestId=CONNECTION.request_id, attempt=1))

    assert "last" not in {each.get("source") for each in answer["decision"]["because"]}
    assert answer["question"]["options"]["twoPerson"] is True


@pytest.mark.parametrize(
    "facts", [share_facts(), connection_facts(requester("222222222222", services=frozenset({"*"})))]
)
def test_what_the_decision_was_made_by_is_reported_as_discovery_sees_it(gathered: Gathered, facts: Facts) -> None:
    gathered(facts)

    answer = invoke(app.lambda_handler, STEP)

    other = msgspec.structs.replace(IN_FORCE, versions=())
    assert answer["permitted"] == decision_fingerprint(IN_FORCE, facts.requester.consumer)
    assert answer["permitted"] != decision_fingerprint(other, facts.requester.consumer)


def test_a_request_that_is_over_is_already_resolved(gathered: Gathered) -> None:
    gathered(AlreadyResolved(Status.EXPIRED, (Reason("deadline-passed", "late"),)))

    answer = invoke(app.lambda_handler, STEP)

    assert answer == {
        "decision": {
            "outcome": "moot",
            "status": "EXPIRED",
            "because": [{"code": "deadline-passed", "text": "late"}],
        },
        "permitted": "",
        "grounds": None,
        "question": None,
        "wait": None,
        "on": None,
        "let_in": None,
    }


def test_an_invitation_that_is_listed_no_longer_has_expired_by_the_deadline_in_the_row(
    gathered: Gathered, monkeypatch: pytest.MonkeyPatch
) -> None:
    gathered(AlreadyResolved(Status.WITHDRAWN, (Reason("gone", "Nothing is left."),)))
    ledger = InMemoryLedger()
    ledger.claim(observed_request(request=SHARE, deadline=NOW), 1, after=None)
    monkeypatch.setattr(wiring, "ledger", lambda: ledger)

    answer = invoke(app.lambda_handler, STEP)

    assert (answer["decision"]["status"], answer["decision"]["because"][0]["code"]) == ("EXPIRED", "deadline-passed")


@pytest.mark.parametrize(("commanded", "outcome"), [(False, "askApprover"), (True, "keep")])
def test_nobody_is_asked_about_what_an_operator_had_withdrawn(
    gathered: Gathered, monkeypatch: pytest.MonkeyPatch, commanded: bool, outcome: str
) -> None:
    gathered(connection_facts(live=True))
    environment = Environment(
        {"PREFIX": "drawbridge", "SLACK_CHANNEL": "C0APPROVALS", "APPROVAL_HOURS": "1", "OPEN_QUESTIONS": "5"}
    )
    ledger = InMemoryLedger()
    ledger.claim(observed_request(request=CONNECTION), 1, after=None)
    if commanded:
        command = WithdrawalCommand(by="arn:aws:iam::222222222222:user/ann", at=NOW)
        ledger.command_withdrawal(ledger.kept[CONNECTION.request_id], command)
    monkeypatch.setattr(wiring, "environment", lambda: environment)
    monkeypatch.setattr(wiring, "ledger", lambda: ledger)
    monkeypatch.setattr(wiring, "bindings", lambda: ())

    answer = invoke(app.lambda_handler, step(request=CONNECTION, requestId=CONNECTION.request_id, attempt=1))

    assert answer["decision"]["outcome"] == outcome
    assert (answer["question"] is None) is commanded


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        (share_facts(requester(membership=Membership.MEMBER)), "hold"),
        (share_facts(), "hold"),
        (connection_facts(requester(services=frozenset({"*"}))), "hold"),
        (connection_facts(requester(services=frozenset({"*"})), live=True), "keep"),
    ],
    ids=["permitted", "asked", "a connection", "live"],
)
def test_nothing_new_is_let_in_of_what_an_operator_had_withdrawn(
    gathered: Gathered, monkeypatch: pytest.MonkeyPatch, facts: Facts, outcome: str
) -> None:
    gathered(facts)
    request = SHARE if isinstance(facts, ShareFacts) else CONNECTION
    ledger = InMemoryLedger()
    ledger.claim(observed_request(request=request), 1, after=None)
    command = WithdrawalCommand(by="arn:aws:iam::222222222222:user/ann", at=NOW)
    ledger.command_withdrawal(ledger.kept[request.request_id], command)
    monkeypatch.setattr(wiring, "ledger", lambda: ledger)

    answer = invoke(app.lambda_handler, step(request=request, requestId=request.request_id, attempt=1))

    assert answer["decision"]["outcome"] == outcome
    assert "withdrawn-on-command" in [each["code"] for each in answer["decision"]["because"]]


def test_nobody_is_asked_about_what_was_connected_under_an_earlier_ledger(
    gathered: Gathered, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = connection_facts(live=True)
    gathered(facts)
    environment = Environment(
        {"PREFIX": "drawbridge", "SLACK_CHANNEL": "C0APPROVALS", "APPROVAL_HOURS": "1", "OPEN_QUESTIONS": "5"}
    )
    name = f"/drawbridge/consumers/{facts.requester.account_id}/{facts.endpoint_id}/connection"
    store = InMemoryPublicationStore(**{name: ObservedParameter(value="{}", subject=facts.endpoint_id)})
    find = ConnectedEarlier(
        InMemoryOwnedObjects,
        store,
        InMemoryLedger().resources_of_others,
        prefix="drawbridge",
        account_id="222222222222",
    )
    monkeypatch.setattr(wiring, "environment", lambda: environment)
    monkeypatch.setattr(wiring, "connected_earlier", lambda: find)

    answer = invoke(app.lambda_handler, step(request=CONNECTION, requestId=CONNECTION.request_id, attempt=1))

    assert (answer["decision"]["outcome"], answer["question"]) == ("accept", None)
    assert next(each["code"] for each in answer["let_in"]["because"]) == "recovered"


@pytest.mark.parametrize("held", [MOST_LET_IN, 5000])
def test_trap_21_of_a_large_share_no_more_is_handed_on_than_a_state_takes(gathered: Gathered, held: int) -> None:
    arns = [f"arn:aws:vpc-lattice:us-east-1:111111111111:resourceconfiguration/rcfg-{n:017x}" for n in range(5000)]
    gathered(share_facts(requester(membership=Membership.MEMBER), contents=tuple(content(arn) for arn in arns[:held])))

    answer = invoke(app.lambda_handler, STEP)

    assert (answer["let_in"]["arns"] is None) == (held > MOST_LET_IN)
    assert len(json.dumps(answer)) < 128 * 1024


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("request", ...),
        ("request.kind", "wish"),
        ("request.shareArn", ...),
        ("request.shareArn", "arn:aws:s3:::bucket"),
        ("requestId", ...),
        ("attempt", ...),
        ("attempt", 0),
        ("attempt", "1"),
    ],
)
def test_a_broken_step_is_refused_by_its_field(gathered: Gathered, path: str, value: object) -> None:
    gathered(share_facts())

    refuses(app.lambda_handler, STEP, path, value)


def test_the_step_is_what_an_execution_starts_with(gathered: Gathered) -> None:
    gathered(share_facts())

    assert step(input=execution_input())["input"] == STEP


def test_a_decision_is_as_old_as_the_policies_that_it_was_made_by(
    gathered: Gathered, monkeypatch: pytest.MonkeyPatch
) -> None:
    gathered(share_facts(requester(membership=Membership.MEMBER), contents=(content(),)))
    read_at: list[datetime] = []

    def policies() -> InForce[Policy]:
        read_at.append(datetime.now(UTC))
        return IN_FORCE

    monkeypatch.setattr(wiring, "policies", policies)

    answer = invoke(app.lambda_handler, STEP)

    assert datetime.fromisoformat(answer["on"]["at"]) <= read_at[0]


@pytest.mark.parametrize(("held", "outcome"), [(1, "accept"), (2, "keep")], ids=["as it was", "more by now"])
def test_what_was_connected_under_an_earlier_ledger_waits_for_no_delay(
    gathered: Gathered, monkeypatch: pytest.MonkeyPatch, held: int, outcome: str
) -> None:
    delayed = parse_policy("later", '@delay("15m") permit(principal, action == Action::"accept", resource);')
    monkeypatch.setattr(wiring, "policies", lambda: InForce[Policy]((delayed,), (("later", 1),), ()))
    connected = frozenset({content().arn})
    monkeypatch.setattr(wiring, "connected_earlier", lambda: lambda request_id, facts: connected)
    gathered(share_facts(deadline=None, contents=(content(), SUBNET)[:held]))

    answer = invoke(app.lambda_handler, STEP)

    assert answer["decision"]["outcome"] == outcome
    assert answer["let_in"]["arns"] == [content().arn]
    assert ("delayed" in answer["decision"]) is (outcome == "keep")


def test_what_a_policy_delays_is_permitted_now_and_let_in_by_a_later_attempt(
    gathered: Gathered, monkeypatch: pytest.MonkeyPatch
) -> None:
    delayed = parse_policy("later", '@delay("15m") permit(principal, action == Action::"accept", resource);')
    monkeypatch.setattr(wiring, "policies", lambda: InForce[Policy]((delayed,), (("later", 1),), ()))
    ledger = InMemoryLedger()
    monkeypatch.setattr(wiring, "ledger", lambda: ledger)
    gathered(connection_facts())
    fields = {"request": CONNECTION, "requestId": CONNECTION.request_id}

    first = invoke(app.lambda_handler, step(**fields, attempt=1))
    began = msgspec.convert(first["decision"]["delayed"], Delayed)
    earlier = msgspec.structs.replace(began, since=began.since - timedelta(minutes=15))
    ledger.kept[CONNECTION.request_id] = row(Status.PENDING, delayed=earlier)
    second = invoke(app.lambda_handler, step(**fields, attempt=2))

    assert first["decision"]["outcome"] == first["grounds"]["outcome"] == "delay"
    assert first["let_in"] is None
    assert [each["code"] for each in first["decision"]["because"]] == ["delayed", "policy"]
    assert began.until == began.since + timedelta(minutes=15)
    assert first["grounds"]["at"] == first["decision"]["delayed"]["since"]
    assert second["decision"]["outcome"] == second["grounds"]["outcome"] == "accept"
    assert second["let_in"] is not None


def test_what_was_let_in_of_a_share_stays_while_what_is_new_is_delayed(
    gathered: Gathered, monkeypatch: pytest.MonkeyPatch
) -> None:
    delayed = parse_policy("later", '@delay("15m") permit(principal, action == Action::"accept", resource);')
    monkeypatch.setattr(wiring, "policies", lambda: InForce[Policy]((delayed,), (("later", 1),), ()))
    ledger = InMemoryLedger()
    there = let_in_by(Accept(()), share_facts(deadline=None), None, NOW)
    ledger.kept[SHARE.request_id] = row(Status.AVAILABLE, request=SHARE, let_in=there)
    monkeypatch.setattr(wiring, "ledger", lambda: ledger)
    gathered(share_facts(deadline=None, contents=(content(), SUBNET)))

    answer = invoke(app.lambda_handler, STEP)

    assert answer["decision"]["outcome"] == "keep"
    assert answer["decision"]["delayed"]["since"] == answer["on"]["at"]
    assert answer["let_in"] is None


class Queue:
    """The queue of decisions, with the tasks that wait, and the world that they are decided in."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.scene = TasksWorld()
        self.queue, self.tasks = InMemoryWorkQueue(self.scene), InMemoryTasks(self.scene)
        self.flow = Flow(2)
        self.flow.world.there = [listed(each) for each in self.flow.requests]
        world = self.flow.world
        ports_of = BatchPorts(
            ports=ports(world),
            reads=Reads(world),
            ledger=self.flow.ledger,
            attempts=self.flow.attempts,
            answers=self.flow,
        )
        monkeypatch.setattr(app, "batch_ports", lambda: ports_of)
        monkeypatch.setattr(app, "evaluation_time", lambda: EvaluationTime(NOW, "UTC"))
        monkeypatch.setattr(app, "door_ports", self.ports)

    def ports(self, time_left: Callable[[], float]) -> DoorPorts:
        return DoorPorts(
            callback=self.tasks,
            queue=self.queue,
            dead_letters=lambda: InMemoryDeadLetters(self.scene),
            now=lambda: NOW,
            time_left=time_left,
        )

    def put(self, token: str, execution: ExecutionInput | None, approval: Approval | None = None) -> None:
        fields = {"execution": execution} if execution else {}
        body = step(form=1, token=token, since=NOW, input={"approval": approval}, **fields)
        self.queue.put(Outgoing(json.dumps(body)))

    def work_off(self) -> None:
        records = self.queue.received()
        self.queue.settle(records, invoke(app.lambda_handler, {"Records": records}))


def test_tasks_are_completed_with_the_decision_and_what_became_of_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = Queue(monkeypatch)
    queue.flow.world.shares.invitation = invitation(InvitationStatus.PENDING)
    for token, each in zip("ab", queue.flow.executions, strict=True):
        queue.put(token, each)
    queue.put("share", execution_input(SHARE))

    queue.work_off()

    outputs: dict[str, Any] = {token: msgspec.to_builtins(each) for token, each in queue.tasks.succeeded.items()}
    assert [outputs[each]["accepted"]["acceptance"]["result"] for each in "ab"] == ["accepted"] * 2
    assert [outputs[each]["decided"]["decision"]["outcome"] for each in ("a", "share")] == ["accept"] * 2
    assert outputs["share"]["accepted"] is None
    assert outputs["a"]["decided"]["on"]["account"] == CONSUMER
    assert queue.queue.messages == {}
    assert queue.flow.invoked == [(2, True)]


def test_what_is_to_be_decided_again_comes_again_and_what_is_broken_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue(monkeypatch)
    queue.flow.world.broken = {"owners"}
    queue.put("a", queue.flow.executions[0])
    queue.put("broken", None)

    queue.work_off()

    assert queue.tasks.succeeded == {}
    assert queue.tasks.failed == {"broken": ("InvalidInputError", "task: it is of no execution")}
    ((kept),) = queue.queue.messages.values()
    assert json.loads(kept.message.body)["looked"]["times"] == 1
    assert kept.message.delay > 0


def test_what_is_not_so_any_more_once_it_is_answered_comes_again_as_outdated(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue(monkeypatch)
    queue.put("a", queue.flow.executions[0])
    # EC2 lists it as live by now, to the one that answers.
    queue.flow.answering.there[queue.flow.requests[0]] = ConnectionState.REJECTED
    monkeypatch.setattr(
        queue.flow, "answer", lambda executions, may_answer: [DecideAgain((Reason("decided-again", "late"),))]
    )

    queue.work_off()

    assert (queue.tasks.succeeded, queue.tasks.failed) == ({}, {})
    assert len(queue.queue.messages) == 1
