"""Simulating: the requests of the ledger, decided again by the policies in force and by those that may come."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from drawbridge.decision import Because
from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.decision_record import DecisionRecord
from drawbridge.record.entry import Entry
from drawbridge.status import Status
from drawbridge_cli.cases import PolicyOutcome, outcome_for
from drawbridge_cli.share_changes import ShareChange


class DecisionChange(Struct, frozen=True, kw_only=True, rename="camel"):
    """An outcome that would change."""

    request_id: str
    account_id: str
    subject: str
    """The request's, or the ARN of a resource that a binding matches."""
    status: Status
    """The request's status: for one that is available, more is at stake."""
    now: str
    then: str
    why_now: Because
    why_then: Because


class Simulation(Struct, frozen=True, kw_only=True, rename="camel"):
    """The outcomes that requests have now and would have."""

    replayed: int
    """How many requests, and resources that bindings match, were decided again."""
    totals: dict[str, tuple[int, int]]
    """For each outcome, how many have it now and how many would."""
    changes: tuple[DecisionChange, ...]
    not_replayed: tuple[str, ...]
    """Requests whose facts the ledger does not keep."""
    shares: tuple[ShareChange, ...] | None = ()
    """What would become otherwise of accounts in offered shares; ``None`` where that can't be read."""


class _Question(Struct, frozen=True):
    subject: str
    now: PolicyOutcome
    then: PolicyOutcome


def simulate(entries: Iterable[Entry], now: PolicySet, then: PolicySet, since: datetime | None) -> Simulation:
    """Decide again the requests that were decided since then, each on its facts and as of its time."""
    totals: dict[str, Counter[str]] = {"now": Counter(), "then": Counter()}
    changes: list[DecisionChange] = []
    not_replayed: list[str] = []
    for entry in sorted(entries, key=lambda entry: entry.request_id):
        if entry.decision_record is None:
            if since is None or datetime.fromisoformat(entry.updated_at) >= since:
                not_replayed.append(entry.request_id)
            continue
        if since is not None and entry.decision_record.at < since:
            continue
        for question in (_request(entry.subject, entry.decision_record, now, then), *_resources(entry, now, then)):
            totals["now"][question.now.text] += 1
            totals["then"][question.then.text] += 1
            if question.now.text != question.then.text:
                changes.append(
                    DecisionChange(
                        request_id=entry.request_id,
                        account_id=entry.account_id,
                        subject=question.subject,
                        status=entry.status,
                        now=question.now.text,
                        then=question.then.text,
                        why_now=question.now.because,
                        why_then=question.then.because,
                    )
                )
    outcomes = sorted({*totals["now"], *totals["then"]})
    return Simulation(
        replayed=totals["now"].total(),
        totals={outcome: (totals["now"][outcome], totals["then"][outcome]) for outcome in outcomes},
        changes=tuple(changes),
        not_replayed=tuple(not_replayed),
    )


def _request(subject: str, decision_record: DecisionRecord, now: PolicySet, then: PolicySet) -> _Question:
    return _Question(
        subject,
        *(outcome_for(decision_record.facts, policies, decision_record.evaluation_time) for policies in (now, then)),
    )


def _resources(entry: Entry, now: PolicySet, then: PolicySet) -> list[_Question]:
    kept = entry.association_decision_record
    if kept is None:
        return []
    return [
        _Question(
            facts.arn,
            *(outcome_for(facts, policies, kept.evaluation_time) for policies in (now, then)),
        )
        for facts in kept.resources
    ]
