"""Reviewing: deciding again, by the policies in force, on the facts that the ledger keeps."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime

import msgspec
from msgspec import UNSET

from drawbridge.association.refusals import NOT_PERMITTED
from drawbridge.configuration import InForce
from drawbridge.decision import Accept, AskApprover
from drawbridge.decision.consumer_standing import standing_of
from drawbridge.decision.decide import may_associate
from drawbridge.decision.decide_again import decide_again, outcome_name
from drawbridge.decision.decision_record import DecisionRecord
from drawbridge.decision.facts import ConnectionFacts, EvaluationTime, Fact, Requester, ResourceFacts, ShareFacts
from drawbridge.decision.gather import ConsumerRegistry, contents_of
from drawbridge.decision.in_force import PATH as POLICIES
from drawbridge.decision.in_force import compiled, is_whole
from drawbridge.decision.lapse import permission_of, permission_to_associate
from drawbridge.decision.let_in import ADOPTED, RECOVERED, UNAPPROVED, LetIn, is_approved, let_in_before
from drawbridge.decision.permission import Lapsed, PermissionUnknown
from drawbridge.decision.policies import Policy
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.review import Lapse, Review, ReviewOpen
from drawbridge.request.shares import SharedResource
from drawbridge.status import Reason

_WHOLE = ("", "")
"""Stands for the whole request, where others are named by binding and resource."""


class PolicyReviewer:
    """Decides again on the facts that the ledger keeps, and on contents as they are now where it keeps none.

    It asks AWS for nothing but the registry's entry, and for a policy that let something in and is not listed.
    """

    def __init__(
        self,
        policies: InForce[Policy],
        registry: ConsumerRegistry,
        is_written: Callable[[str, str], bool],
    ) -> None:
        """``is_written`` asks Parameter Store for one parameter, by the path below ours and its name."""
        self._policies = compiled(policies)
        self._is_whole = is_whole(policies)
        self._listed = {each.name for each in policies.things} | {each.name for each in policies.broken}
        self._registry = registry
        self._is_written = is_written

    @property
    def is_whole(self) -> bool:
        """Whether each policy is in force in some version; else nothing lapses because nothing permits it."""
        return self._is_whole

    def goes_by_the_clock(self) -> bool:
        """Return whether a policy refers to the time."""
        return bool(self._policies.referring_to(Fact.TIME))

    def decides_otherwise(self, row: LedgerRow, now: datetime) -> bool:
        """Return whether the policies decide otherwise now only because time has passed."""
        decision_record = row.decision_record
        if decision_record is None or not self.goes_by_the_clock():
            return False
        # Where facts were too many to be kept, deciding on those that were kept may have another outcome at any time.
        # What is delayed is permitted.
        outcome = "accept" if decision_record.outcome == "delay" else decision_record.outcome
        as_it_was = outcome_name(decide_again(decision_record, self._policies)) == outcome
        by_now = decide_again(decision_record, self._policies, EvaluationTime(now, decision_record.zone))
        return as_it_was and outcome_name(by_now) != outcome

    def review(self, row: LedgerRow, contents: Collection[SharedResource]) -> Review | ReviewOpen:
        """Review what was let in, as of the time of its decision; ``contents`` is what the share holds now.

        Raises:
            DrawbridgeError: Parameter Store can't be asked for a policy that let it in and that it did not list.
        """
        decision_record = row.decision_record
        if decision_record is None:
            return ReviewOpen("the ledger keeps no facts of the decision")
        decision_record = self._as_now(decision_record, contents)
        not_accepted = [*self._not_accepted(decision_record, row)]
        unkept = (fact for fact in decision_record.unkept if fact in decision_record.facts.unknown)
        missing = [fact for fact in unkept if self._policies.referring_to(fact)]
        if not_accepted and missing:
            return ReviewOpen(f"there was no room for facts that policies go by: {', '.join(missing)}")
        lost = [*not_accepted, *self._not_associated(row)]
        if lost and (unlisted := self._unlisted_policy(decision_record, row)) is not None:
            return ReviewOpen(f"Parameter Store did not list policy {unlisted}, which is there")
        if not lost:
            return Review(permitted=True)
        found = dict(self._permissions(decision_record, row))
        lapses = tuple(Lapse(binding=of[0], resource_arn=of[1], lapsed=each) for of, each in found.items() if each)
        undecided = tuple(of for of, each in found.items() if each is None)
        return Review(permitted=False, reasons=tuple(lost), lapses=lapses, undecided=undecided)

    def lets_in_now(self, row: LedgerRow, contents: Collection[SharedResource]) -> bool:
        """Return whether what was withdrawn would be let in again; or a person asked again, if one approved it once."""
        decision_record = row.decision_record
        if decision_record is None:
            return False
        as_now = self._as_now(decision_record, contents)
        # What was live when it was decided on is withdrawn by now, and would be new.
        if isinstance(as_now.facts, ConnectionFacts) and standing_of(as_now.facts.requester.consumer).shuts_out:
            return False
        decision = decide_again(as_now, self._policies)
        approved = is_approved(row.decided_by)
        return isinstance(decision, Accept) or (approved and isinstance(decision, AskApprover))

    def _not_accepted(self, decision_record: DecisionRecord, row: LedgerRow) -> Iterator[Reason]:
        decision = decide_again(decision_record, self._policies)
        if isinstance(decision, Accept):
            return
        if isinstance(decision, AskApprover):
            if _approved(row):
                return
            # The reason is then that nobody approved: who denied, or why nobody was heard.
            yield from (reason for reason in row.kept if reason.code in UNAPPROVED)
        yield from decision.because

    def _not_associated(self, row: LedgerRow) -> Iterator[Reason]:
        for facts, evaluation_time in self._associated(row):
            permitted, because = may_associate(facts, self._policies, evaluation_time)
            if not permitted:
                why = "; ".join(reason.text for reason in because)
                yield Reason(NOT_PERMITTED, f"{facts.name}: {why}", source=facts.binding)

    def _permissions(
        self, decision_record: DecisionRecord, row: LedgerRow
    ) -> Iterator[tuple[tuple[str, str], Lapsed | None]]:
        """Yield what is refused for certain, by binding and resource; with ``None`` where that is not known."""
        let_in = row.let_in if row.let_in is not UNSET else let_in_before(decision_record, row.decided_by)
        evaluation_time = decision_record.evaluation_time
        of_request = permission_of(decision_record.facts, let_in, self._policies, evaluation_time)
        if isinstance(of_request, Lapsed) and self._takes_down(of_request, row):
            yield _WHOLE, of_request
            return
        if isinstance(of_request, PermissionUnknown):
            yield _WHOLE, None
        for facts, evaluation_time in self._associated(row):
            permission = permission_to_associate(facts, self._policies, evaluation_time)
            if isinstance(permission, Lapsed) and self._takes_down(permission, row):
                yield (facts.binding, facts.arn), permission
            elif isinstance(permission, PermissionUnknown):
                yield (facts.binding, facts.arn), None

    def _takes_down(self, lapsed: Lapsed, row: LedgerRow) -> bool:
        """Return whether something is taken down for it.

        That nothing permits it is no reason where a policy may be missing, nor for what was live before it was decided
        on here: that was never let in by a policy.
        """
        return lapsed.forbidden or (self._is_whole and not _adopted(row))

    def _associated(self, row: LedgerRow) -> Iterator[tuple[ResourceFacts, EvaluationTime]]:
        """Yield the facts, as registered now, of what is associated, each with the time of its decision."""
        record = row.association_decision_record
        if record is None:
            return
        attached = {(each.binding, each.resource_arn) for each in row.attachments or ()}
        for facts in record.resources:
            # An earlier version kept no snapshots.
            if row.attachments is None or (facts.binding, facts.arn) in attached:
                facts_now = msgspec.structs.replace(facts, requester=self._as_registered(facts.requester))
                yield facts_now, record.evaluation_time

    def _unlisted_policy(self, decision_record: DecisionRecord, row: LedgerRow) -> str | None:
        """Return a policy that determined the decisions and is there, although it is not listed; ``None`` if none is.

        A listing that was cut short must not look like a policy that somebody deleted.
        """
        determined_by = {each.partition("@")[0] for each in decision_record.determined_by} | row.permitted_by
        unlisted = sorted(determined_by - self._listed)
        return next((name for name in unlisted if self._is_written(POLICIES, name)), None)

    def _as_now(self, decision_record: DecisionRecord, contents: Collection[SharedResource]) -> DecisionRecord:
        """Return the record with the registry's entry as it is now, and with what the share holds if that lacks."""
        decision_record = _with_contents(decision_record, contents)
        requester = self._as_registered(decision_record.facts.requester)
        facts = msgspec.structs.replace(decision_record.facts, requester=requester)
        return msgspec.structs.replace(decision_record, facts=facts)

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
    return is_approved(because)


def _adopted(row: LedgerRow) -> bool:
    """Whether it was live before it was decided on here, so that no policy in force ever let it in.

    So is what was recovered, unless policies had asked about it: then it counts as approved.
    """
    codes = {reason.code for reason in row.let_in.because} if isinstance(row.let_in, LetIn) else set[str]()
    return ADOPTED in codes or (RECOVERED in codes and bool(row.kept))
