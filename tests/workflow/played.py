"""The workflows, run on the local AWS's Step Functions with functions that are played.

Each played function reads its input as the function's own door reads it, and answers in the door's form: what the
definition hands from one to the other is the real thing.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from drawbridge.acceptance import Acceptance, AcceptanceResult, DecideAgain
from drawbridge.association import MadeAttachment, Plan
from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.aws.state_machine import StateMachine
from drawbridge.aws.task_callback import TaskCallback
from drawbridge.decision import Accept, DecidedOn, Decision, Keep, Reject
from drawbridge.decision.decision_record import DecisionRecord
from drawbridge.decision.let_in import LetIn
from drawbridge.pacing.defaults import CREATE_ENDPOINT, DELETE_ENDPOINTS
from drawbridge.pacing.task import Message, parse
from drawbridge.pacing.turn import AwaitTurn, Turn
from drawbridge.publication import Publication
from drawbridge.record import Outcome
from drawbridge.record.attempt import AssociationFailed, RemovalFailed, failed_removal, outcome_of_report
from drawbridge.record.outcome import Accepted, Ended, Failure, Published, Refused, outcome_of
from drawbridge.record.publish_tasks import PublishAssociation, PublishConnection, PublishTask
from drawbridge.request import EndpointConnectionRequest, ExecutionInput, Request
from drawbridge.status import Reason, Status
from drawbridge.withdrawal import NOTHING as NOTHING_GOES
from drawbridge.withdrawal import Cause, ObjectRemoval, StaysAfterAll, WithdrawalPlan, Withdrawn
from functions.accept_request import app as accept_request
from functions.associate_resource import app as associate_resource
from functions.decide_request import app as decide_request
from functions.plan_associations import app as plan_associations
from functions.plan_withdrawal import app as plan_withdrawal
from functions.record_outcome import app as record_outcome
from functions.withdraw_attachment import app as withdraw_attachment
from local_aws.testing.accounts import Account
from local_aws.testing.clock import clock
from local_aws.testing.workflows import Function, FunctionError, is_waiting
from local_aws_tests.waiting import until
from tests.builders import NOW, RESOURCE_ARN, SHARE, VPC_ID, desired, execution_input, share_facts
from tests.fakes.attempts import InMemoryAttempts
from tests.fakes.ledger import InMemoryLedger
from tests.workflow.definition import CALLED_BY, DEFINITIONS, RESOURCES, Json, Workflow, attribute_of

WHY = (Reason("policy", "A policy says so.", source="some-policy"),)
YES = Accept(WHY)
LET_IN = Acceptance(AcceptanceResult.ACCEPTED)
ON = DecidedOn(at=NOW, contents_fingerprint="these", observed_fingerprint="so")
OUTDATED = DecideAgain((Reason("decided-again", "It was decided long ago."),))
DECISION_RECORD = DecisionRecord(
    outcome="accept",
    at=NOW,
    zone="UTC",
    policies="version",
    determined_by=("some-policy@1",),
    facts=share_facts(),
    fingerprint="0" * 64,
)
NOTHING = Plan(associations=(), refused=(), observed_fingerprint="state", bindings_fingerprint="bindings")

WAITED_FOR = {
    "NotReadyError",
    "SlotNotDueError",
    "ThrottledError",
    "Sandbox.Timedout",
    "Lambda.Unknown",
    "Runtime.ExitError",
}
"""Errors of a worker that leave its message in the queue, where it is received again."""


@dataclass(frozen=True)
class Script:
    """What the functions answer."""

    decision: Decision = YES
    permitted: str = "policies"
    decision_record: DecisionRecord | None = DECISION_RECORD
    on: DecidedOn = ON
    let_in: LetIn | None = None
    acceptance: Acceptance = LET_IN
    decides_again: int = 0
    """How often acceptance finds that the facts have changed since the decision, before it answers."""
    plan: Plan = NOTHING
    withdrawal: WithdrawalPlan = NOTHING_GOES
    listed_again: Reason | None = None
    """Why nothing is taken down of a request that was thought to be gone."""
    put_off: Mapping[str, int] = field(default_factory=dict)
    """How often an association has to be decided again before it is made, by the resource's name; or a removal, by what
    it is."""
    turns: Mapping[str, int] = field(default_factory=dict)
    """How many turns each awaits before it is made, or taken down."""
    refused_then: Mapping[str, Reason] = field(default_factory=dict)
    """The refusal when it is decided again, by the resource's name; otherwise it is desired as before."""
    fails: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Errors that a function raises before it works, one a call; of an association, ``function resource``."""
    words: str = "{} says no"
    """What each error says, of the function or association that raises it."""
    trace: tuple[str, ...] = ()
    """The stack that each error comes with."""
    children: int = 1
    """How many names each association publishes."""

    def publication(self, name: str) -> Publication:
        names = [name, *(f"{name}-{number}" for number in range(1, self.children))]
        names_written = tuple(each for one in names for each in parameters(one))
        return Publication(dns_name=f"{name}.example", parameters=names_written)


@dataclass
class Cast:
    """The functions as they are played, and what they were called with."""

    script: Script
    calls: list[str] = field(default_factory=list)
    """The functions called, in order."""
    steps: dict[str, Any] = field(default_factory=dict)
    """What each was called with last, as its door reads it."""
    outcomes: list[Outcome] = field(default_factory=list)
    """What was recorded, in order."""
    failed: Counter[str] = field(default_factory=Counter)
    decided_again: Counter[str] = field(default_factory=Counter)
    awaited: Counter[str] = field(default_factory=Counter)
    messages: list[Message[AwaitTurn]] = field(default_factory=list)
    """What was sent to the queue of turns, as its worker reads it."""
    attempts: InMemoryAttempts = field(default_factory=InMemoryAttempts)
    ledger: InMemoryLedger = field(default_factory=InMemoryLedger)

    @property
    def statuses(self) -> list[Status]:
        return [outcome.status for outcome in self.outcomes]

    def functions(self) -> dict[str, Function]:
        """Return the functions by the names of their folders."""
        script = self.script
        return {
            "decide_request": self._played(
                "decide_request",
                ExecutionInput,
                lambda step: {
                    "decision": script.decision,
                    "permitted": script.permitted,
                    "grounds": script.decision_record,
                    "question": None,
                    "wait": None,
                    "on": script.on,
                    "let_in": script.let_in,
                },
            ),
            "accept_request": self._played(
                "accept_request", accept_request.AcceptRequestInput, lambda step: {"acceptance": self._accepted()}
            ),
            "plan_associations": self._played(
                "plan_associations", plan_associations.PlanAssociationsInput, self._planned
            ),
            "associate_resource": self._played(
                "associate_resource", associate_resource.AssociateResourceInput, self._associated
            ),
            "plan_withdrawal": self._played(
                "plan_withdrawal", plan_withdrawal.PlanWithdrawalInput, self._withdrawal_planned
            ),
            "withdraw_attachment": self._played(
                "withdraw_attachment", withdraw_attachment.WithdrawAttachmentInput, self._withdrawn
            ),
            "record_outcome": self._played("record_outcome", record_outcome.RecordOutcomeInput, self._recorded),
        }

    def decide(self, body: str, callback: TaskCallback) -> None:
        """Do as the worker of the queue of decisions does: it waits for AWS, and has connections answered."""
        message = parse(body, decide_request.DecideTask)
        assert message.execution is not None
        step = msgspec.to_builtins(message.execution) | msgspec.to_builtins(message.input)
        while True:
            try:
                decided = self.functions()["decide_request"](step)
            except FunctionError as error:
                if error.payload["errorType"] in WAITED_FOR:
                    continue
                assert callback.fail(message.token, error.payload["errorType"], error.payload["errorMessage"])
                return
            assert callback.succeed(
                message.token, {"decided": decided, "accepted": self._answered_at_once(message.execution)}
            )
            return

    def _answered_at_once(self, execution: ExecutionInput) -> Json | None:
        """Answer a connection, and record it, as is done where it is decided on; nothing of a share."""
        script = self.script
        if not isinstance(execution.request, EndpointConnectionRequest):
            return None
        if not isinstance(script.decision, Accept | Reject | Keep):
            return None
        progress = Accepted(script.decision, script.acceptance, script.decision_record, script.let_in)
        self.outcomes.append(outcome_of(progress))
        return {"acceptance": msgspec.to_builtins(script.acceptance)}

    def _accepted(self) -> Acceptance | DecideAgain:
        if self.calls.count("accept_request") <= self.script.decides_again:
            return OUTDATED
        return self.script.acceptance

    def _played(self, name: str, form: Any, answer: Callable[[Any], Any]) -> Function:
        def function(event: Any) -> Any:
            self.calls.append(name)
            step = msgspec.convert(event, form)
            self.steps[name] = step
            self._perhaps_fail(name)
            if isinstance(step, associate_resource.AssociateResourceInput):
                self._perhaps_fail(f"{name} {self._name(step)}")
            if isinstance(step, withdraw_attachment.WithdrawAttachmentInput):
                self._perhaps_fail(f"{name} {self.attempts.planned_removal(step.execution, step.item).removal}")
            if isinstance(step, record_outcome.RecordOutcomeInput) and isinstance(
                step.progress, AssociationFailed | RemovalFailed
            ):
                self._perhaps_fail(f"{name} note")
            return msgspec.to_builtins(answer(step))

        return function

    def _awaits(self, name: str, turn: Turn | None) -> bool:
        """Return whether it waits for its turn: it has one then, which it keeps while it is decided again."""
        assert (turn is not None) is (self.awaited[name] > 0)
        if self.awaited[name] == self.script.turns.get(name, 0):
            return False
        self.awaited[name] += 1
        return True

    def give_turn(self, body: str, callback: TaskCallback) -> None:
        """Do as the worker of the queue does, to which it is nobody's turn later than at once."""
        self.calls.append("give_turns")
        message = parse(body, AwaitTurn)
        self.messages.append(message)
        try:
            self._perhaps_fail("give_turns")
        except FunctionError as error:
            assert callback.fail(message.token, error.payload["errorType"], error.payload["errorMessage"])
            return
        assert callback.succeed(message.token, Turn(message.input.of, NOW))

    def _perhaps_fail(self, name: str) -> None:
        errors = self.script.fails.get(name, ())
        if self.failed[name] < len(errors):
            error = errors[self.failed[name]]
            self.failed[name] += 1
            words = self.script.words.format(name)
            # In the order in which Lambda writes them.
            raise FunctionError({"errorMessage": words, "errorType": error, "stackTrace": list(self.script.trace)})

    def _name(self, step: associate_resource.AssociateResourceInput) -> str:
        return self.attempts.planned(step.execution, step.item).desired.resource.name

    def _planned(self, step: plan_associations.PlanAssociationsInput) -> Json:
        if step.item is None:
            removals = self.attempts.keep_withdrawal(step.execution, self.script.withdrawal)
            return {"items": self.attempts.keep_plan(step.execution, self.script.plan), "removals": removals}
        name = self.attempts.planned(step.execution, step.item).desired.resource.name
        self.decided_again[name] += 1
        if name in self.script.refused_then:
            self.attempts.keep_result(step.execution, step.item, Refused(self.script.refused_then[name]))
            return {"next": "refused"}
        return {"next": "associate"}

    def _associated(self, step: associate_resource.AssociateResourceInput) -> Json:
        name = self._name(step)
        if self._awaits(name, step.turn):
            return {"next": "await-turn", "by": AwaitTurn(CREATE_ENDPOINT)}
        if self.decided_again[name] < self.script.put_off.get(name, 0):
            return {"next": "decide-again", "by": None}
        return {"next": "publish", "by": MadeAttachment(endpoint_id=f"vpce-{name}")}

    def publish(self, body: str, callback: TaskCallback) -> None:
        """Do as the workers of the queues of names do: they wait for AWS, and record what became of a connection."""
        message: Message[PublishTask] = parse(body, PublishTask)  # type: ignore[arg-type]  # a union is no class
        execution = message.execution
        assert execution is not None
        while True:
            self.calls.append("publish_dns")
            self.steps["publish_dns"] = message.input
            try:
                self._perhaps_fail("publish_dns")
                self._publish(execution, message.input)
            except FunctionError as error:
                if error.payload["errorType"] in WAITED_FOR:
                    continue
                assert callback.fail(message.token, error.payload["errorType"], error.payload["errorMessage"])
                return
            assert callback.succeed(message.token, {})
            return

    def _publish(self, execution: ExecutionInput, of: PublishTask) -> None:
        match of:
            case PublishAssociation(item, made):
                name = self.attempts.planned(execution, item).desired.resource.name
                self._perhaps_fail(f"publish_dns {name}")
                assert made.endpoint_id == f"vpce-{name}"
                self.attempts.keep_result(execution, item, Published(self.script.publication(name)))
            case PublishConnection():
                assert isinstance(execution.request, EndpointConnectionRequest)
                publication = self.script.publication(execution.request.endpoint_id)
                self.outcomes.append(outcome_of(Ended((), (Published(publication),))))

    def _withdrawal_planned(self, step: plan_withdrawal.PlanWithdrawalInput) -> Json:
        if step.item is None:
            if self.script.listed_again is not None:
                return {"next": "listed-again", "because": self.script.listed_again}
            return {
                "next": "withdraw",
                "removals": self.attempts.keep_withdrawal(step.execution, self.script.withdrawal),
            }
        what = str(self.attempts.planned_removal(step.execution, step.item).removal)
        self.decided_again[what] += 1
        if what in self.script.refused_then:
            self.attempts.keep_removal_result(step.execution, step.item, StaysAfterAll(self.script.refused_then[what]))
            return {"next": "stays"}
        return {"next": "withdraw"}

    def _withdrawn(self, step: withdraw_attachment.WithdrawAttachmentInput) -> Json:
        what = str(self.attempts.planned_removal(step.execution, step.item).removal)
        if self._awaits(what, step.turn):
            return {"next": "await-turn", "by": AwaitTurn(DELETE_ENDPOINTS)}
        if self.decided_again[what] < self.script.put_off.get(what, 0):
            return {"next": "decide-again"}
        names_gone = parameters(what.partition(",")[0])
        self.attempts.keep_removal_result(step.execution, step.item, Withdrawn(what=what, parameters=names_gone))
        return {"next": "withdrawn"}

    def _recorded(self, step: record_outcome.RecordOutcomeInput) -> Json:
        match step.progress:
            case AssociationFailed(item=item, error=error):
                self.attempts.keep_result(step.execution, item, Failure(name="", error=error))
                return {}
            case RemovalFailed() as failed:
                result = failed_removal(failed, step.execution, self.attempts)
                self.attempts.keep_removal_result(step.execution, failed.item, result)
                return {}
            case progress:
                outcome = outcome_of_report(progress, step.execution, self.attempts, self.ledger)
        self.outcomes.append(outcome)
        return {"status": outcome.status, "settled": outcome.settled}


@dataclass(frozen=True)
class Stage:
    """The local AWS's Step Functions, and the functions that it invokes, by name."""

    somebody: Account
    known: dict[str, Function]

    @property
    def sfn(self) -> Any:
        return self.somebody.client("stepfunctions")

    def play(self, script: Script, request: Request = SHARE, workflow: Workflow = "onboarding") -> tuple[Cast, Json]:
        """Run an attempt to its end; return what the functions saw, and the execution."""
        cast = Cast(script)
        self.known.update(cast.functions())
        role = f"arn:aws:iam::{self.somebody.account_id}:role/onboarding"
        sqs = self.somebody.client("sqs")
        queues = {
            name: sqs.create_queue(QueueName=uuid.uuid4().hex)["QueueUrl"]
            for name in ("DecisionsQueueUrl", "TurnsQueueUrl", "NamesQueueUrl")
        }
        machine = self.sfn.create_state_machine(
            name=uuid.uuid4().hex, definition=_definition(workflow, queues), roleArn=role
        )
        attempt = execution_input(request)
        assert StateMachine(self.sfn, machine["stateMachineArn"]).start(attempt)
        (execution,) = self.sfn.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
        workers = {
            queues["DecisionsQueueUrl"]: cast.decide,
            queues["TurnsQueueUrl"]: cast.give_turn,
            queues["NamesQueueUrl"]: cast.publish,
        }
        return cast, self._ended(execution["executionArn"], lambda: self._work_off(workers))

    def _ended(self, arn: str, work_off: Callable[[], bool]) -> Json:
        def described() -> Json:
            names_written: Json = self.sfn.describe_execution(executionArn=arn)
            return names_written

        while described()["status"] == "RUNNING":
            until(lambda: described()["status"] != "RUNNING" or work_off() or is_waiting(arn))
            # The longest wait between two tries.
            clock.advance(60)
        return described()

    def _work_off(self, workers: Mapping[str, Callable[[str, TaskCallback], None]]) -> bool:
        """Work off the queues; return whether there was anything in one."""
        return any(self._work_off_queue(queue, work) for queue, work in workers.items())

    def _work_off_queue(self, queue: str, work: Callable[[str, TaskCallback], None]) -> bool:
        sqs = self.somebody.client("sqs")
        received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        for message in received:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            work(message["Body"], TaskCallback(self.sfn))
        return bool(received)


def associations(*names: str) -> Plan:
    """Plan to associate resources of these names."""
    return Plan(
        associations=tuple(desired(resource_name=name) for name in names),
        refused=(),
        observed_fingerprint="state",
        bindings_fingerprint="bindings",
    )


def removals(*ids: str) -> WithdrawalPlan:
    """Plan to take down endpoints of these ids."""
    endpoints = (
        OwnedObject(id=each, kind=OwnedKind.ENDPOINT, resource_arn=RESOURCE_ARN, vpc_id=VPC_ID) for each in ids
    )
    return WithdrawalPlan(
        removals=tuple(
            ObjectRemoval(removed=each, cause=Cause.BINDING, why="no binding wants it") for each in endpoints
        )
    )


def parameters(name: str) -> tuple[str, ...]:
    """Return the parameters that the played publication of a resource or a consumer writes, or a removal takes back."""
    return (f"/{name}/dns-name", f"/{name}/connection")


def _definition(workflow: Workflow, queues: Mapping[str, str]) -> str:
    """Return the definition with each function named after its folder."""
    text = json.dumps(DEFINITIONS[workflow]).replace("${LambdaInvoke}", "arn:aws:states:::lambda:invoke")
    text = text.replace("${SendMessage}", "arn:aws:states:::sqs:sendMessage")
    for name, url in queues.items():
        text = text.replace(f"${{{name}}}", url)
    for substitution, arn in CALLED_BY[workflow].items():
        folder = RESOURCES[attribute_of(arn)]["Properties"]["CodeUri"].rstrip("/").rpartition("/")[2]
        text = text.replace(f"${{{substitution}}}", folder)
    return text
