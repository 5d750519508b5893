"""Reviewing: what the policies in force make of the facts that the ledger keeps."""

from collections.abc import Collection, Iterator
from datetime import datetime

import msgspec

from drawbridge.decision import Accept, AskApprover
from drawbridge.decision.again import decide_again, outcome_of
from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.decide import may_associate
from drawbridge.decision.facts import Asker, Fact, Moment, ShareFacts
from drawbridge.decision.gather import Registry, contents_of
from drawbridge.decision.grounds import Grounds
from drawbridge.decision.let_in import APPROVED, DENIED
from drawbridge.discovery.review import Review, ReviewOpen
from drawbridge.discovery.row import Row
from drawbridge.request.shares import SharedResource
from drawbridge.status import Reason

_UNAPPROVED = frozenset({DENIED, "approval-timed-out"})


class PolicyReviewer:
    """Decides again on the facts that the ledger keeps, and on contents as they are now where it keeps none.

    It asks AWS for nothing but the registry's entry.
    """

    def __init__(self, policies: PolicySet, registry: Registry) -> None:
        self._policies = policies
        self._registry = registry

    def goes_by_the_clock(self) -> bool:
        """Tell whether policies may decide otherwise only because time has passed."""
        return bool(self._policies.speaking_of(Fact.TIME))

    def decides_otherwise(self, row: Row, now: datetime) -> bool:
        """Tell whether the policies decide otherwise by now, only because time has passed."""
        grounds = row.grounds
        if grounds is None or not self.goes_by_the_clock():
            return False
        # Where facts were too many to be kept, what is kept does not tell how it was decided, nor how it would be.
        as_it_was = outcome_of(decide_again(grounds, self._policies)) == grounds.outcome
        by_now = decide_again(grounds, self._policies, Moment(now, grounds.zone))
        return as_it_was and outcome_of(by_now) != grounds.outcome

    def review(self, row: Row, held: Collection[SharedResource]) -> Review | ReviewOpen:
        """Review what was let in, as of when it was decided; ``held`` is what the share holds now."""
        grounds = row.grounds
        if grounds is None:
            return ReviewOpen("the ledger keeps no facts of the decision")
        grounds = _with_contents(grounds, held)
        not_accepted = [*self._not_accepted(grounds, row)]
        unkept = (fact for fact in grounds.unkept if fact in grounds.facts.unknown)
        missing = [fact for fact in unkept if self._policies.speaking_of(fact)]
        if not_accepted and missing:
            return ReviewOpen(f"there was no room for facts that policies go by: {', '.join(missing)}")
        lost = [*not_accepted, *self._not_associated(row)]
        return Review(not lost, tuple(lost))

    def _not_accepted(self, grounds: Grounds, row: Row) -> Iterator[Reason]:
        facts = msgspec.structs.replace(grounds.facts, asker=self._as_registered(grounds.facts.asker))
        decision = decide_again(msgspec.structs.replace(grounds, facts=facts), self._policies)
        if isinstance(decision, Accept):
            return
        if isinstance(decision, AskApprover):
            if _approved(row):
                return
            # Whoever was asked and did not approve is why.
            yield from (reason for reason in row.kept if reason.code in _UNAPPROVED)
        yield from decision.because

    def _not_associated(self, row: Row) -> Iterator[Reason]:
        kept = row.association_grounds
        if kept is None:
            return
        for facts in kept.resources:
            facts_now = msgspec.structs.replace(facts, asker=self._as_registered(facts.asker))
            permitted, because = may_associate(facts_now, self._policies, kept.moment)
            if not permitted:
                why = "; ".join(reason.text for reason in because)
                yield Reason("association-not-permitted", f"{facts.name}: {why}", source=facts.binding)

    def _as_registered(self, asker: Asker) -> Asker:
        return msgspec.structs.replace(asker, consumer=self._registry.consumer(asker.account_id))


def _with_contents(grounds: Grounds, held: Collection[SharedResource]) -> Grounds:
    """Fill in what a share holds where it is not kept: had that changed since, another attempt would decide on it."""
    facts = grounds.facts
    if not isinstance(facts, ShareFacts) or facts.contents is not None or not held:
        return grounds
    return msgspec.structs.replace(grounds, facts=msgspec.structs.replace(facts, contents=contents_of(held)))


def _approved(row: Row) -> bool:
    """Whether a person approved what is connected: as long as policies would ask, that stands."""
    if row.kept:
        return False
    # Rows from before say only by what they were decided.
    because = row.let_in.because if row.let_in else row.decided_by
    return any(reason.code == APPROVED for reason in because)
