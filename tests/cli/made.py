"""Policies, files and rows of the ledger that the command line is tried on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.decide import decide
from drawbridge.decision.decide_again import decision_record_of
from drawbridge.decision.decision_record import DecisionRecord
from drawbridge.decision.facts import ConnectionFacts, EvaluationTime, Facts
from drawbridge.decision.policies import Policy, parse_policy
from drawbridge.record.entry import Entry
from drawbridge.request import EndpointConnectionRequest, Request, ResourceShareRequest, kind_of
from drawbridge.status import Status
from tests.builders import CONSUMER, EVALUATION_TIME, PROVIDER, REPOSITORY

PERMIT = f'permit(principal == Account::"{CONSUMER}", action == Action::"accept", resource);'
PERMIT_PROVIDER = f'permit(principal == Account::"{PROVIDER}", action == Action::"accept", resource);'
FORBID = f'@reason("no more of them") forbid(principal == Account::"{CONSUMER}", action, resource);'
EVERYTHING = 'permit(principal, action == Action::"accept", resource);'
DEFAULTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted((REPOSITORY / "policies").glob("*.cedar"))}


def parsed(named: Mapping[str, str]) -> tuple[Policy, ...]:
    return tuple(parse_policy(name, text) for name, text in named.items())


def policies(named: Mapping[str, str]) -> PolicySet:
    return PolicySet(parsed(named))


def folder_of(folder: Path, named: Mapping[str, str]) -> str:
    """Write policies as files in a folder; give its path as one types it."""
    folder.mkdir(exist_ok=True)
    for name, text in named.items():
        (folder / f"{name}.cedar").write_text(text, encoding="utf-8")
    return str(folder)


def document(path: Path, value: Any) -> Path:
    """Write a document as JSON, which is YAML too."""
    path.write_bytes(msgspec.json.encode(value))
    return path


def request_of(facts: Facts) -> Request:
    if isinstance(facts, ConnectionFacts):
        return EndpointConnectionRequest(service_id=facts.service.id, endpoint_id=facts.endpoint_id)
    return ResourceShareRequest(share_arn=facts.share_arn)


def recorded_decision(
    facts: Facts, by: PolicySet | None = None, evaluation_time: EvaluationTime = EVALUATION_TIME
) -> DecisionRecord:
    """Decide, and return the decision record."""
    decided_by = by or policies(DEFAULTS)
    return decision_record_of(facts, decide(facts, decided_by, evaluation_time), decided_by, evaluation_time, {})


def entry(facts: Facts, status: Status = Status.HELD, **changes: Any) -> Entry:
    """Return the ledger's row of a request that was decided on these facts."""
    request = request_of(facts)
    fields: dict[str, Any] = {
        "request": request,
        "request_id": request.request_id,
        "kind": kind_of(request),
        "subject": request.subject,
        "account_id": facts.requester.account_id,
        "status": status,
        "attempt": 1,
        "settled": True,
        "updated_at": EVALUATION_TIME.now.isoformat(),
        "decision_record": recorded_decision(facts),
    }
    return Entry(**(fields | changes))
