"""Reviewing: deciding again, by the policies in force, on the facts that the ledger keeps."""

from collections.abc import Collection, Iterator
from datetime import datetime

import msgspec

from drawbridge.decision import Accept, AskApprover
from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.decide import may_associate
from drawbridge.decision.decide_again import decide_again, outcome_name
from drawbridge.decision.decision_record import DecisionRecord
from drawbridge.decision.facts import EvaluationTime, Fact, Requester, ShareFacts
from drawbridge.decision.gather import ConsumerRegistry, contents_of
from drawbridge.decision.let_in import APPROVED, DENIED
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.review import Review, ReviewOpen
from drawbridge.request.shares import SharedResource
from drawbridge.status import Reason

_UNAPPROVED = frozenset({DENIED, "approval-timed-out"})


class PolicyReviewer:
    """Decides again on the facts that the ledger keeps, and on contents as they are now where it keeps none.

    It asks AWS for nothing but the registry's entry.
    """

    def __init__(self, policies: PolicySet, registry: ConsumerRegistry) -> None:
        self._policies = policies
        self._registry = registry

    def goes_by_the_clock(self) -> bool:
        """Return whether a policy refers to the time."""
        return bool(self._policies.referring_to(Fact.TIME))

    def decides_otherwise(self, row: LedgerRow, now: datetime) -> bool:
        """Return whether the policies decide otherwise now only because time has passed."""
        decision_record = row.decision_record
        if decision_record is None or not self.goes_by_the_clock():
            return False
        # Where facts were too many to be kept, deciding on those that were kept may have another outcome at any time.
        as_it_was = outcome_name(decide_again(decision_record, self._policies)) == decision_record.outcome
        by_now = decide_again(decision_record, self._policies, EvaluationTime(now, decision_record.zone))
        return as_it_was and outcome_name(by_now) != decision_record.outcome

    def review(self, row: LedgerRow, contents: Collection[SharedResource]) -> Review | ReviewOpen:
        """Review what was let in, as of the time of its decision; ``contents`` is what the share holds now."""
        decision_record = row.decision_record
        if decision_record is None:
            return ReviewOpen("the ledger keeps no facts of the decision")
        decision_record = _with_contents(decision_record, contents)
        not_accepted = [*self._not_accepted(decision_record, row)]
        unkept = (fact for fact in decision_record.unkept if fact in decision_record.facts.unknown)
        missing = [fact for fact in unkept if self._policies.referring_to(fact)]
        if not_accepted and missing:
            return ReviewOpen(f"there was no room for facts that policies go by: {', '.join(missing)}")
        lost = [*not_accepted, *self._not_associated(row)]
        return Review(not lost, tuple(lost))

    def _not_accepted(self, decision_record: DecisionRecord, row: LedgerRow) -> Iterator[Reason]:
        facts = msgspec.structs.replace(
            decision_record.facts, requester=self._as_registered(decision_record.facts.requester)
        )
        decision = decide_again(msgspec.structs.replace(decision_record, facts=facts), self._policies)
        if isinstance(decision, Accept):
            return
        if isinstance(decision, AskApprover):
            if _approved(row):
                return
            # The reason is then whoever was asked and did not approve.
            yield from (reason for reason in row.kept if reason.code in _UNAPPROVED)
        yield from decision.because

    def _not_associated(self, row: LedgerRow) -> Iterator[Reason]:
        record = row.association_decision_record
        if record is None:
            return
        for facts in record.resources:
            facts_now = msgspec.structs.replace(facts, requester=self._as_registered(facts.requester))
            permitted, because = may_associate(facts_now, self._policies, record.evaluation_time)
            if not permitted:
                why = "; ".join(reason.text for reason in because)
                yield Reason("association-not-permitted", f"{facts.name}: {why}", source=facts.binding)

    def _as_registered(self, requester: Requester) -> Requester:
        return msgspec.structs.replace(requester, consumer=self._registry.consumer(requester.account_id))


def _with_contents(decision_record: DecisionRecord, contents: Collection[SharedResource]) -> DecisionRecord:
    """Fill in what a share holds if it was not kept: had it changed since, another attempt would have decided on it."""
    facts = decision_record.facts
    if not isinstance(facts, ShareFacts) or facts.contents is not None or not contents:
        return decision_record
    return msgspec.structs.replace(
        decision_record, facts=msgspec.structs.replace(facts, contents=contents_of(contents))
    )


def _approved(row: LedgerRow) -> bool:
    """Whether a person approved what is connected, which holds as long as the policies would ask."""
    if row.kept:
        return False
    # Rows of earlier versions have only the reasons of their decision.
    because = row.let_in.because if row.let_in else row.decided_by
    return any(reason.code == APPROVED for reason in because)
