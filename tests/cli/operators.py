"""People who operate a stack with the command line, and what came of their commands."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.decision_record import AssociationDecisionRecord
from drawbridge.decision.facts import EvaluationTime, Facts
from drawbridge.hint import EVERYTHING, HintSource
from drawbridge.record import Outcome
from drawbridge.record.record import status_change
from drawbridge.status import Reason, Status
from local_aws.testing.clock import clock
from local_aws.testing.faults import CallFault, EventFaults, Injected, faults
from local_stack.stack import deploy_stack
from scenarios.people import Person
from tests.builders import execution_input, observed_request, told
from tests.cli.made import recorded_decision, request_of

_numbers = itertools.count(547000000000)


SWEEP_COMMANDED = told(EVERYTHING, HintSource.COMMAND)
"""What the hint of a command has swept, that does not wait for it."""


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Drawbridge = Callable[..., Ended]
"""Runs a command: its arguments, and as ``typed`` what is typed when it asks."""


class Operator(Person):
    """Somebody with full access to an account of their own."""

    def __init__(self, url: str) -> None:
        super().__init__(url, str(next(_numbers)), "operator")

    def deploy(self) -> None:
        """Deploy the stack, and keep it from sweeping: what a test enters stays as it is."""
        clock.set_speed(1)
        with faults.injected(events=EventFaults(drop=1.0)):
            deploy_stack(self.account_id)
        self.stop_sweeping()
        functions = self.client("lambda")
        for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
            functions.delete_event_source_mapping(UUID=mapping["UUID"])

    def table(self, output: str) -> Any:
        return self.resource("dynamodb").Table(self.output(output))

    def hints(self) -> list[str]:
        """Take the hints that commands have put on the queue."""
        sqs, url = self.client("sqs"), self.output("HintsQueueUrl")
        taken: list[str] = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                taken.append(message["Body"])
        return [body for body in taken if json.loads(body)["source"] == "drawbridge.command"]

    def policies(self) -> dict[str, str]:
        """Return the policies as they stand in Parameter Store."""
        return {each["Name"].rpartition("/")[2]: each["Value"] for each in self._policies()}

    def versions(self) -> dict[str, int]:
        return {each["Name"].rpartition("/")[2]: each["Version"] for each in self._policies()}

    def forget_policies(self, keep: Collection[str]) -> None:
        forgotten = [each["Name"] for each in self._policies() if each["Name"].rpartition("/")[2] not in keep]
        for name in forgotten:
            self.client("ssm").delete_parameter(Name=name)
        if forgotten:
            # Until then no parameter can have one of these names.
            clock.advance(30)

    def _policies(self) -> list[dict[str, Any]]:
        pages = self.client("ssm").get_paginator("get_parameters_by_path").paginate(Path="/drawbridge/config/policies")
        return [each for page in pages for each in page["Parameters"]]


@dataclass(frozen=True)
class Decided:
    """A request that has been decided, for the ledger."""

    facts: Facts
    status: Status
    at: datetime
    association_decision_record: AssociationDecisionRecord | None = None
    by: PolicySet | None = None

    def enter(self, table: Any) -> str:
        """Enter it as the workflow does; give its id."""
        ledger = LedgerTable(table, now=lambda: self.at)
        request = request_of(self.facts)
        ledger.claim(observed_request(request=request, account_id=self.facts.requester.account_id), 1, after=None)
        outcome = Outcome(
            status=self.status,
            reasons=(Reason("policy", "as it was decided", source="then"),),
            settled=True,
            decision_record=recorded_decision(self.facts, self.by, EvaluationTime(self.at)),
            association_decision_record=self.association_decision_record,
        )
        assert ledger.change_status(status_change(execution_input(request), outcome), outcome)
        return request.request_id


def now() -> datetime:
    return datetime.now(UTC)


def denied(operation: str, account_id: str) -> AbstractContextManager[Injected]:
    """Have AWS deny an account a call."""
    return faults.injected(CallFault(operation, "error", code="AccessDeniedException", account=account_id))
