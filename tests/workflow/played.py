"""The onboarding workflow, run on the local AWS's Step Functions with functions that are played.

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

from drawbridge.acceptance import Acceptance, DecideAgain, Result
from drawbridge.association import Associated, Plan
from drawbridge.aws.workflow import OnboardingWorkflow
from drawbridge.decision import Accept, DecidedOn, Decision
from drawbridge.decision.grounds import Grounds
from drawbridge.decision.let_in import LetIn
from drawbridge.publication import Publication
from drawbridge.record import Outcome
from drawbridge.record.outcome import outcome_of
from drawbridge.request import Request, WorkflowInput
from drawbridge.status import Reason, Status
from functions.accept_request import app as accept_request
from functions.associate_resource import app as associate_resource
from functions.plan_associations import app as plan_associations
from functions.publish_dns import app as publish_dns
from functions.record_outcome import app as record_outcome
from local_aws.clock import clock
from tests.builders import NOW, SHARE, share_facts, wanted, workflow_input
from tests.local_aws.workflow_runs import ROLE, Function, FunctionError, Json, until, waits
from tests.workflow.definition import DEFINITION, RESOURCES, attribute_of

WHY = (Reason("policy", "A policy says so.", source="some-policy"),)
YES = Accept(WHY)
LET_IN = Acceptance(Result.ACCEPTED)
ON = DecidedOn(at=NOW, contents="these", state="so")
OUTDATED = DecideAgain((Reason("decided-again", "It was decided long ago."),))
GROUNDS = Grounds(
    outcome="accept",
    at=NOW,
    zone="UTC",
    policies="version",
    determined_by=("some-policy@1",),
    facts=share_facts(),
    fingerprint="0" * 64,
)
NOTHING = Plan(associations=(), refused=(), state="state", wanted="bindings")


@dataclass(frozen=True)
class Script:
    """What the functions answer."""

    decision: Decision = YES
    permitted: str = "policies"
    grounds: Grounds | None = GROUNDS
    on: DecidedOn = ON
    let_in: LetIn | None = None
    acceptance: Acceptance = LET_IN
    decides_again: int = 0
    """How often acceptance finds that what was decided on is not so any more, before it gives its answer."""
    plan: Plan = NOTHING
    fails: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Errors that a function raises before it works, one a call; of an association, ``function resource``."""
    words: str = "{} says no"
    """What each error says, of the function or association that raises it."""
    trace: tuple[str, ...] = ()
    """The stack that each error comes with."""


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

    @property
    def statuses(self) -> list[Status]:
        return [outcome.status for outcome in self.outcomes]

    def functions(self) -> dict[str, Function]:
        """Give the functions by the names of their folders."""
        script = self.script
        return {
            "decide_request": self._played(
                "decide_request",
                WorkflowInput,
                lambda step: {
                    "decision": script.decision,
                    "permitted": script.permitted,
                    "grounds": script.grounds,
                    "question": None,
                    "wait": None,
                    "on": script.on,
                    "let_in": script.let_in,
                },
            ),
            "accept_request": self._played(
                "accept_request", accept_request.Step, lambda step: {"acceptance": self._accepted()}
            ),
            "plan_associations": self._played(
                "plan_associations", plan_associations.Step, lambda step: {"plan": script.plan}
            ),
            "associate_resource": self._played("associate_resource", associate_resource.Step, _associated),
            "publish_dns": self._played(
                "publish_dns",
                publish_dns.Association | publish_dns.Connection,
                lambda step: {"publication": _named(step)},
            ),
            "record_outcome": self._played("record_outcome", record_outcome.Step, self._recorded),
        }

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
            if isinstance(step, associate_resource.Step | publish_dns.Association):
                self._perhaps_fail(f"{name} {step.wanted.resource_name}")
            return msgspec.to_builtins(answer(step))

        return function

    def _perhaps_fail(self, name: str) -> None:
        errors = self.script.fails.get(name, ())
        if self.failed[name] < len(errors):
            error = errors[self.failed[name]]
            self.failed[name] += 1
            words = self.script.words.format(name)
            # In the order in which Lambda writes them.
            raise FunctionError({"errorMessage": words, "errorType": error, "stackTrace": list(self.script.trace)})

    def _recorded(self, step: record_outcome.Step) -> Json:
        outcome = outcome_of(step.progress)
        self.outcomes.append(outcome)
        return {"status": outcome.status, "settled": outcome.settled}


@dataclass(frozen=True)
class Stage:
    """The local AWS's Step Functions, and the functions that it invokes, by name."""

    sfn: Any
    known: dict[str, Function]

    def play(self, script: Script, request: Request = SHARE) -> tuple[Cast, Json]:
        """Run an attempt to its end; give what the functions saw, and the execution."""
        cast = Cast(script)
        self.known.update(cast.functions())
        machine = self.sfn.create_state_machine(name=uuid.uuid4().hex, definition=_definition(), roleArn=ROLE)
        attempt = workflow_input(request)
        assert OnboardingWorkflow(self.sfn, machine["stateMachineArn"]).start(attempt)
        (execution,) = self.sfn.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
        return cast, self._ended(execution["executionArn"])

    def _ended(self, arn: str) -> Json:
        def described() -> Json:
            told: Json = self.sfn.describe_execution(executionArn=arn)
            return told

        while described()["status"] == "RUNNING":
            until(lambda: described()["status"] != "RUNNING" or waits(arn))
            # The longest wait between two tries.
            clock.advance(60)
        return described()


def associations(*names: str) -> Plan:
    """Plan to associate resources of these names."""
    return Plan(
        associations=tuple(wanted(resource_name=name) for name in names), refused=(), state="state", wanted="bindings"
    )


def parameters(name: str) -> tuple[str, ...]:
    """Give the parameters that the played publication of a resource, or of a consumer, writes."""
    return (f"/{name}/dns-name", f"/{name}/connection")


def _associated(step: associate_resource.Step) -> Json:
    return {"by": Associated(endpoint_id=f"vpce-{step.wanted.resource_name}")}


def _named(step: publish_dns.Association | publish_dns.Connection) -> Publication:
    match step:
        case publish_dns.Association(wanted, by):
            assert by.endpoint_id == f"vpce-{wanted.resource_name}"
            name = wanted.resource_name
        case publish_dns.Connection(request):
            name = request.endpoint_id
    return Publication(dns_name=f"{name}.example", parameters=parameters(name))


def _definition() -> str:
    """Give the definition with each function named after its folder."""
    text = json.dumps(DEFINITION)
    given = RESOURCES["OnboardingStateMachine"]["Properties"]["DefinitionSubstitutions"]
    for substitution, arn in given.items():
        folder = RESOURCES[attribute_of(arn)]["Properties"]["CodeUri"].rstrip("/").rpartition("/")[2]
        text = text.replace(f"${{{substitution}}}", folder)
    return text
