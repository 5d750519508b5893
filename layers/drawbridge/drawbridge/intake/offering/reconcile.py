"""Reconciling offers: what a service allows, and who is in a share, with what the registry calls for."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, assert_never

from msgspec import Struct
from msgspec.structs import replace

from drawbridge.bounds import in_parts, shortened, some_of
from drawbridge.decision.facts import EvaluationTime
from drawbridge.decision.registration import CLOCKS_AHEAD, Registration
from drawbridge.errors import AccessDeniedError, GoneError, InvalidInputError, NotReadyError
from drawbridge.intake.offering.causes import CausesOfLeaving
from drawbridge.intake.offering.converged import Converged
from drawbridge.intake.offering.departures import Departures, Elsewhere, OtherShares, counts_for_cap
from drawbridge.intake.offering.desired import OfferRules, RegisteredEntries, Target, id_of
from drawbridge.intake.offering.leaving import Leaving, LeavingCause, leaving_after
from drawbridge.intake.offering.offers import (
    Allowed,
    OfferedShare,
    OfferedShares,
    OfferRecord,
    OfferRecords,
    PartlyDeniedError,
    PartlyRefusedError,
    ServicePermissions,
    is_share,
)
from drawbridge.intake.offering.quotas import what_to_do_about
from drawbridge.intake.offering.steps import (
    AddToShare,
    AllowPrincipals,
    AnnounceLeaving,
    ConfirmRecords,
    DisallowPrincipals,
    ForgetRecords,
    MarkPermissions,
    Offer,
    OfferPlan,
    RemoveForbidden,
    RemoveFromShare,
    Step,
    plan_for_service,
    plan_for_share,
)
from drawbridge.request.connections import ManagedService


class RegisteredConsumers(Protocol):
    """The registry of consumers."""

    def all(self) -> Iterable[Registration]: ...

    def entries(self, account_ids: Collection[str]) -> dict[str, Registration]:
        """Return the entries of accounts as they are now, read by their keys, by account."""
        ...


_AT_ONCE = 100
"""As many as the registry is asked for in one call."""

_WORDS_BYTES = 500
"""Of what AWS said, on record."""

Hurry = Callable[[], bool]
"""Whether there is no time for anything more in this sweep."""


def _at_leisure() -> bool:
    return False


class Gone(Struct, frozen=True, kw_only=True):
    """What is on record of a service or share that is gone, without those that have left the share."""

    records: Sequence[OfferRecord] = ()
    needless: Sequence[OfferRecord] = ()
    """Those of them that tell nothing any longer."""


class OfferReconciler:
    """Plans what is offered of a service or a share, and takes the steps.

    It may be broken off anywhere: what it adds is on record before AWS is asked, and what is on record and was not seen
    yet is ours. Two of them may be at work at once: a record is written only where it is as it was read.
    """

    def __init__(
        self,
        *,
        registry: RegisteredConsumers,
        permissions: ServicePermissions,
        shares: OfferedShares,
        records: OfferRecords,
        causes: CausesOfLeaving,
        rules: OfferRules,
        owner: str,
        cap: int,
        wait: timedelta,
    ) -> None:
        """``owner`` is the value of the ownership tag, the prefix.

        ``cap`` is how many accounts may leave shares in one sweep whom nobody had removed. What an account that leaves
        has associated stays for ``wait``, unless its removal was commanded.
        """
        self._registry = registry
        self._permissions = permissions
        self._shares = shares
        self._records = records
        self._causes = causes
        self._rules = rules
        self._owner = owner
        self._cap = cap
        self._wait = wait

    @property
    def why_nothing(self) -> str:
        """Why nothing is offered, whatever the registry has; empty if something is."""
        return self._rules.why_nothing

    def plan(self, target: Target, registry: RegisteredEntries, evaluation_time: EvaluationTime) -> OfferPlan:
        """Return what is to be done about a service or a share; nothing is done.

        Raises:
            GoneError: it does not exist any longer.
        """
        desired = self._rules.desired(target, registry.concerning(target), evaluation_time)
        records = self._records.of(id_of(target))
        match target:
            case ManagedService():
                allowed = self._permissions.allowed(target.service_id)
                return plan_for_service(
                    target.service_id, desired, allowed, records, evaluation_time.now, owner=self._owner
                )
            case OfferedShare():
                principals = self._shares.principals(target.arn)
                return plan_for_share(target, desired, principals, records, evaluation_time.now, wait=self._wait)
            case _:
                assert_never(target)

    def apply(
        self,
        step: Step,
        target: Target,
        evaluation_time: EvaluationTime,
        converged: Converged,
        is_late: Hurry = _at_leisure,
        *,
        departures: Departures | None = None,
    ) -> None:
        """Take one step; where many are to be added, only as many as there is time for.

        ``departures`` are those of the sweep; without, those of a step that takes back are all that there are.
        """
        match step:
            case AllowPrincipals():
                self._allow(step, target, evaluation_time, converged, is_late)
            case AddToShare():
                self._add(step, target, evaluation_time, converged, is_late)
            case DisallowPrincipals():
                self._take_back(step, target, evaluation_time, converged)
            case RemoveFromShare() | RemoveForbidden():
                self._take_out_of_share(step, target, departures, evaluation_time, converged)
            case AnnounceLeaving(records=records, planned_with=planned_with):
                noted = self._records.note(records, after=planned_with)
                converged.announced += (_announced(each) for each in noted)
            case MarkPermissions(permissions=permissions, records=records, planned_with=planned_with):
                self._permissions.mark([each.permission_id for each in permissions])
                self._records.note(records, after=planned_with)
            case ConfirmRecords(records=records, planned_with=planned_with):
                self._records.note(records, after=planned_with)
            case ForgetRecords(records=records):
                self._forget(records, target, evaluation_time)
            case _:
                assert_never(step)

    def _take_out_of_share(
        self,
        step: RemoveFromShare | RemoveForbidden,
        target: Target,
        departures: Departures | None,
        evaluation_time: EvaluationTime,
        converged: Converged,
    ) -> None:
        if departures is None:
            departures = self.departures([(target, step)], self._shares.offered(), evaluation_time)
        if isinstance(step, RemoveForbidden):
            self._take_forbidden_out(step, target, departures, evaluation_time, converged)
        else:
            self._take_out(step, target, departures, evaluation_time, converged)

    def departures(
        self,
        steps: Sequence[tuple[Target, RemoveFromShare | RemoveForbidden]],
        listed: Iterable[OfferedShare],
        evaluation_time: EvaluationTime,
    ) -> Departures:
        """Return who leaves shares by all these steps, once all was added; ``listed`` are all that are offers."""
        others = OtherShares(listed, self._shares, self._records, self._rules)
        entries = self._registry.entries({each.account_id for _, step in steps for each in step.offers})
        losing = defaultdict[str, list[Offer]](list)
        for target, step in steps:
            is_forbidden = isinstance(step, RemoveForbidden)
            there = [each for each in step.offers if each.principal not in step.out]
            there = [each for each in there if counts_for_cap(each, is_forbidden=is_forbidden)]
            if not is_forbidden:
                there = self._uncalled_for(there, target, entries, evaluation_time)
                elsewhere = others.of(step.share_arn, there, entries, evaluation_time)
                there = [each for each in there if each.account_id not in elsewhere.awaited.keys() | elsewhere.placed]
            losing[step.share_arn] += there
        commanded: dict[str, frozenset[str]] = {}
        if len({each.account_id for some in losing.values() for each in some}) > self._cap:
            commanded = {arn: self._commanded(some, entries, evaluation_time.now) for arn, some in losing.items()}
        uncommanded = {
            arn: frozenset(each.account_id for each in some) - commanded.get(arn, frozenset())
            for arn, some in losing.items()
        }
        return Departures(others=others, losing=uncommanded, commanded=commanded, cap=self._cap)

    def _commanded(self, losing: Sequence[Offer], entries: Mapping[str, Registration], now: datetime) -> frozenset[str]:
        """Return the accounts whose removal from the registry, by a command or an event, has them leave a share."""
        leaving = self._with_cause(losing, entries, now)
        return frozenset(
            each.account_id for _, each in leaving if each.leaving is not None and each.leaving.is_commanded
        )

    def of_gone(self, target_id: str, listed: Collection[str], now: datetime) -> Gone:
        """Return what was added to a service or share that is not looked after any longer, if AWS says it is gone.

        What was associated outlives a share: who was in it has left it once its entry goes, unless it is in one of
        those that are ``listed``.
        """
        try:
            if is_share(target_id):
                self._shares.principals(target_id)
            else:
                self._permissions.allowed(target_id)
        except GoneError:
            records = [*self._records.of(target_id).values()]
            return self._of_gone_share(records, listed, now) if is_share(target_id) else Gone(needless=records)
        return Gone()

    def _of_gone_share(self, records: Collection[OfferRecord], listed: Collection[str], now: datetime) -> Gone:
        on_record = {name for share in listed if is_share(share) for name in self._records.of(share)}
        inside = [each for each in records if not each.is_out]
        of_use = [each for each in inside if each.refused_at is None and each.principal not in on_record]
        entries = self._registry.entries({each.account_id for each in of_use})
        left = [Offer(each.principal, each.account_id, each) for each in of_use if each.account_id not in entries]
        self._left(self._begun_to_leave(left, {}, now), now)
        gone = [each for each in inside if each.principal not in {one.principal for one in left}]
        return Gone(records=gone, needless=[each for each in gone if each not in of_use])

    def _allow(
        self,
        step: AllowPrincipals,
        target: Target,
        evaluation_time: EvaluationTime,
        converged: Converged,
        is_late: Hurry,
    ) -> None:
        # A listing may have left out what somebody else allowed.
        already = {each.arn for each in self._permissions.allowed(step.service_id)}
        offers = [each for each in step.offers if each.is_begun or each.principal not in already]
        allow = partial(self._permissions.allow, step.service_id)
        added = self._added(offers, allow, target, evaluation_time, converged, is_late=is_late)
        if not added:
            return
        # Those that do not show yet are tagged by the next sweep: until then the record says whose they are.
        there = {each.arn: each for each in self._permissions.allowed(step.service_id)}
        seen = {each: there[each.principal] for each in added if each.principal in there}
        untagged = [each.permission_id for each in seen.values() if each.owner is None and each.permission_id]
        if untagged:
            self._permissions.mark(untagged)
        tagged = [
            each
            for each, found in seen.items()
            if found.owner == self._owner or (found.owner is None and found.permission_id)
        ]
        self._confirm(tagged, target, evaluation_time)
        converged.offered += (f"{step.service_id} to {each.principal}" for each in seen)

    def _add(
        self, step: AddToShare, target: Target, evaluation_time: EvaluationTime, converged: Converged, is_late: Hurry
    ) -> None:
        def add(account_ids: Sequence[str]) -> Allowed:
            try:
                self._shares.associate(step.share_arn, account_ids)
            except PartlyRefusedError as error:
                return Allowed(added=None, refusal=error)
            # RAM does not say who was in the share before.
            return Allowed(added=None)

        told = len(converged.failures)
        # A listing may have left out whom somebody else put in.
        already = self._in_share(step.share_arn)
        # Before the registry is asked for entries: a removal that comes later takes the entry that calls for it now.
        removals = self._causes.removals()
        offers = [
            replace(each, after_removal=removals.get(each.account_id))
            for each in step.offers
            if each.is_begun or each.principal not in already
        ]
        added = self._added(offers, add, target, evaluation_time, converged, is_late=is_late)
        if told != len(converged.failures):
            in_share = self._in_share(step.share_arn)
            added = [each for each in added if each.principal in in_share]
        # Whoever rejects the invitation before it is seen in the share has been invited all the same.
        self._confirm(added, target, evaluation_time)
        converged.offered += (f"{step.share_arn} to {each.principal}" for each in added)

    def _confirm(self, added: Collection[Offer], target: Target, evaluation_time: EvaluationTime) -> None:
        begun = [_record(target, each, evaluation_time.now) for each in added]
        confirmed = [replace(each, is_confirmed=True, refusals=0, leaving=None) for each in begun]
        self._records.note(confirmed, after=begun)

    def _in_share(self, share_arn: str) -> set[str]:
        return {each.principal for each in self._shares.principals(share_arn) if each.status.is_in_share}

    def _added(
        self,
        offers: Sequence[Offer],
        add: Callable[[Sequence[str]], Allowed],
        target: Target,
        evaluation_time: EvaluationTime,
        converged: Converged,
        *,
        is_late: Hurry,
    ) -> list[Offer]:
        """Have what the registry calls for right before added, as far as AWS does it; return what it calls for after.

        What AWS refuses is not among that, and is on record as refused; nor is what AWS says was there before, and so
        is somebody else's, which is on record no longer; nor what the role may not add. What was broken off stays on
        record as begun, and what is called for no longer too: the next plan takes it away, should it be there. So does
        who may have been in a share before: it may have something associated, and may be to stay, or too many to go.
        """
        target_id = id_of(target)
        record = partial(_record, target, now=evaluation_time.now)
        asked: list[Offer] = []
        for some in in_parts(offers, _AT_ONCE):
            if is_late():
                converged.left.add(target_id)
                break
            planned_with = [each.record for each in some if each.record is not None]
            begun = {each.principal for each in self._records.note([record(each) for each in some], after=planned_with)}
            if busy := [each for each in some if each.principal not in begun]:
                what = f"{len(busy)} principals, {busy[0].principal} among them"
                why = "what is on record of them has changed since it was read"
                converged.not_offered.append(f"{target_id} is not offered to {what}, until the next sweep: {why}")
            called_for = self._called_for([each for each in some if each.principal in begun], target, evaluation_time)
            if not called_for:
                continue
            try:
                answer = add([each.principal for each in called_for])
            except AccessDeniedError as error:
                # What somebody adds by hand now is not ours; but what was broken off before may be there.
                denied = error.denied if isinstance(error, PartlyDeniedError) else frozenset(begun)
                denied_now = [each for each in called_for if each.principal in denied and not each.is_begun]
                self._unbegin(denied_now, record)
                raise
            except NotReadyError as error:
                converged.failures.append(error)
                answer = Allowed(added=None)
            refused = answer.refusal.refused if answer.refusal else frozenset[str]()
            others = {each for each in called_for if _is_of_others(each, answer)}
            asked += (each for each in called_for if each.principal not in refused and each not in others)
            quota = str(answer.refusal) if answer.refusal and answer.refusal.is_full else ""
            turned_down = [each for each in called_for if each.principal in refused]
            self._records.note(
                [self._refused(each, target, evaluation_time.now, quota) for each in turned_down],
                after=[record(each) for each in turned_down],
            )
            self._records.drop([record(each) for each in others])
            if answer.refusal:
                to_do = f"; {what_to_do_about(target_id)}" if quota else ""
                why = f"not all can be offered {target_id}: {answer.refusal}{to_do}"
                converged.refused.append(InvalidInputError(why))
            if answer.refusal and answer.refusal.is_full:
                break
        after = self._called_for(asked, target, evaluation_time)
        staying = frozenset(after)
        gone_meanwhile = self._taken_back_now([each for each in asked if each not in staying], target)
        if gone_meanwhile:
            self._remove(gone_meanwhile, target)
            self._records.drop([record(each) for each in gone_meanwhile])
        return after

    def _refused(self, offer: Offer, target: Target, now: datetime, quota: str) -> OfferRecord:
        """Return the record of what AWS refuses; who may have been in a share before has left it, as of now."""
        refused = _record(target, offer, now, refused_at=now, quota=quota)
        if not _may_have_been_in(target, offer):
            return refused
        # Its cause is seen to once nothing calls for it any longer.
        left = _out(leaving_after(None, LeavingCause.NO_ENTRY, now, self._wait), now)
        return replace(refused, leaving=left)

    def _taken_back_now(self, uncalled_for: Sequence[Offer], target: Target) -> list[Offer]:
        """Return whom no plan has to weigh before it is taken away, and whom another sweep took out meanwhile."""
        weighed = {each.principal for each in uncalled_for if _may_have_been_in(target, each)}
        if weighed:
            weighed -= {name for name, each in self._records.of(id_of(target)).items() if each.is_out}
        return [each for each in uncalled_for if each.principal not in weighed]

    def _unbegin(self, offers: Sequence[Offer], record: Callable[[Offer], OfferRecord]) -> None:
        """Have records of what was begun and is not there as they were."""
        self._records.drop([record(each) for each in offers if each.record is None])
        before = {each: each.record for each in offers if each.record is not None}
        self._records.note([*before.values()], after=[record(each) for each in before])

    def _take_back(
        self,
        step: DisallowPrincipals,
        target: Target,
        evaluation_time: EvaluationTime,
        converged: Converged,
    ) -> None:
        """Take away what the registry, asked for just these accounts, does not call for."""
        entries = self._registry.entries({each.account_id for each in step.offers})
        self._remove_all(self._uncalled_for(step.offers, target, entries, evaluation_time), target, converged)

    def _take_out(
        self,
        step: RemoveFromShare,
        target: Target,
        departures: Departures,
        evaluation_time: EvaluationTime,
        converged: Converged,
    ) -> None:
        """Take out of a share whom the registry, asked for just these accounts, does not call for.

        Who is to be in another share, and is not yet, stays as long as that; and so do those that are too many.
        """
        entries = self._registry.entries({each.account_id for each in step.offers})
        uncalled_for = self._uncalled_for(step.offers, target, entries, evaluation_time)
        out = [each for each in uncalled_for if each.principal in step.out]
        going = [each for each in uncalled_for if each not in out]
        elsewhere = departures.others.of(step.share_arn, going, entries, evaluation_time)
        if elsewhere.awaited:
            accounts, others = sorted(elsewhere.awaited), sorted({*elsewhere.awaited.values()})
            converged.not_offered.append(
                f"{some_of(accounts)} stay in {step.share_arn} until they are in {', '.join(others)}, which has their "
                "tier, but for a day at most: it has not taken them yet, or they have not accepted its invitation"
            )
        awaited = {each: entries[each.account_id] for each in going if each.account_id in elsewhere.awaited}
        self._note_awaited(awaited, evaluation_time.now)
        going = [each for each in going if each.account_id not in elsewhere.awaited]
        held_back = departures.held_back(step.share_arn, going, step.recorded, entries, elsewhere.placed)
        if departures.is_over(step.share_arn, held_back, step.recorded):
            converged.too_many.append(_too_many(held_back, step, departures))
        going = [each for each in going if each not in held_back]
        _tell_given_up([each for each in going if each.account_id in elsewhere.given_up], elsewhere, step, converged)
        now = evaluation_time.now
        _tell_still_in(going, step.share_arn, now, converged)
        self._hold_back(self._with_cause(held_back, entries, now), converged)
        self._left(self._begun_to_leave(out, entries, now), now)
        self._left(self._removed_of(self._begun_to_leave(going, entries, now), target, converged), now)

    def _note_awaited(self, awaited: Mapping[Offer, Registration], now: datetime) -> None:
        """Note since when accounts stay in a share until another, of the tier of their entry, has taken them.

        While no policy is in force none takes anybody, and that does not count: they have a day from then on.
        """
        after: dict[OfferRecord, OfferRecord] = {}
        for offer, entry in awaited.items():
            before, tier = offer.record, entry.consumer.tier
            if before is None:
                continue
            if self._rules.why_nothing:
                after[before] = replace(before, awaited_since=None, awaited_tier="")
            elif before.awaited_since is None or before.awaited_tier != tier:
                after[before] = replace(before, awaited_since=now, awaited_tier=tier)
        changed = [each for each in after if after[each] != each]
        self._records.note([after[each] for each in changed], after=changed)

    def _remove_all(self, going: Sequence[Offer], target: Target, converged: Converged) -> None:
        """Take away offers, and forget them; what AWS does not take away stays on record."""
        gone = self._removed_of(going, target, converged)
        self._records.drop([each.record for each in gone if each.record is not None])

    def _removed_of(self, going: Sequence[Offer], target: Target, converged: Converged) -> list[Offer]:
        """Take away offers; return those that are."""
        if not going:
            return []
        kept: frozenset[str] = frozenset()
        try:
            self._remove(going, target)
        except PartlyRefusedError as error:
            kept = error.refused
            converged.refused.append(InvalidInputError(f"not all can be taken back of {id_of(target)}: {error}"))
        gone = [each for each in going if each.principal not in kept]
        converged.taken_back += (f"{id_of(target)} from {each.principal}" for each in gone)
        return gone

    def _begun_to_leave(
        self, going: Sequence[Offer], entries: Mapping[str, Registration], now: datetime
    ) -> list[Offer]:
        """Note why accounts leave a share, before they are taken out; return those of which that is on record.

        They are on record as begun. Killed before they are noted as out, nobody takes whoever comes back for one who
        rejected an invitation.
        """
        return self._begun(self._with_cause(going, entries, now))

    def _with_cause(
        self, going: Sequence[Offer], entries: Mapping[str, Registration], now: datetime
    ) -> list[tuple[Offer, OfferRecord]]:
        """Return accounts that leave a share, with the records that say why."""
        records = [each.record for each in going if each.record is not None]
        causes = self._causes.of(records, entries) if records else {}
        return [
            (each, replace(each.record, leaving=leaving_after(each.record.left_before, cause, now, self._wait)))
            for each in going
            if each.record is not None and (cause := causes[each.principal])
        ]

    def _begun(self, leaving: Iterable[tuple[Offer, OfferRecord]]) -> list[Offer]:
        return self._noted([(offer, replace(record, is_confirmed=False)) for offer, record in leaving])

    def _noted(self, leaving: Sequence[tuple[Offer, OfferRecord]]) -> list[Offer]:
        """Put accounts that leave on record; return those of which it is, each with its record."""
        before = [offer.record for offer, _ in leaving if offer.record is not None]
        written = self._records.note([record for _, record in leaving], after=before)
        noted = {each.principal: each for each in written}
        return [replace(offer, record=noted[offer.principal]) for offer, _ in leaving if offer.principal in noted]

    def _hold_back(self, leaving: Sequence[tuple[Offer, OfferRecord]], converged: Converged) -> None:
        """Note that accounts stay in a share, as too many would leave at once: an operator may let them go.

        One that a forbid has announced stays announced as it was.
        """
        new = [
            (offer, replace(each, leaving=replace(_announced_by_forbid(offer) or each.leaving, is_capped=True)))
            for offer, each in leaving
            if each.leaving is not None and not _is_held_back(offer)
        ]
        self._noted(new)
        converged.held_back += (f"{each.target}: {each.principal}" for _, each in leaving)

    def _take_forbidden_out(
        self,
        step: RemoveForbidden,
        target: Target,
        departures: Departures,
        evaluation_time: EvaluationTime,
        converged: Converged,
    ) -> None:
        """Take out of a share whom policies, by the registry asked for just these accounts, forbid to be in it."""
        now = evaluation_time.now
        entries = self._registry.entries({each.account_id for each in step.offers})
        forbidden = self._rules.desired(target, entries.values(), evaluation_time).forbidden
        going = [each for each in step.offers if each.account_id in forbidden]
        out = [each for each in going if each.principal in step.out]
        going = [each for each in going if each not in out]
        held_back = departures.forbidden_held_back(step.share_arn, going, step.recorded)
        self._hold_back([(each, each.record) for each in held_back if each.record is not None], converged)
        going = [each for each in going if each not in held_back]
        _tell_still_in(going, step.share_arn, now, converged)
        self._left(self._begun(_as_on_record(out)), now)
        self._left(self._removed_of(self._begun(_as_on_record(going)), target, converged), now)

    def _left(self, gone: Sequence[Offer], now: datetime) -> None:
        """Note that accounts are out of a share: what they have associated is seen to by ``leavers``."""
        records = [each.record for each in gone if each.record is not None]
        out = [
            replace(each, is_confirmed=True, leaving=_out(each.leaving, now))
            for each in records
            if each.leaving is not None
        ]
        self._records.note(out, after=records)

    def _remove(self, offers: Collection[Offer], target: Target) -> None:
        principals = [each.principal for each in offers]
        match target:
            case ManagedService():
                self._permissions.disallow(target.service_id, principals)
            case OfferedShare():
                self._shares.disassociate(target.arn, principals)
            case _:
                assert_never(target)

    def _forget(self, records: Collection[OfferRecord], target: Target, evaluation_time: EvaluationTime) -> None:
        """Forget what is not there, or not ours; but not when who is to be in a share after all was invited."""
        kept: set[str] = set()
        if isinstance(target, OfferedShare):
            offers = [Offer(each.principal, each.account_id) for each in records]
            kept = {each.principal for each in self._called_for(offers, target, evaluation_time)}
        self._records.drop([each for each in records if each.principal not in kept])

    def _called_for(self, offers: Collection[Offer], target: Target, evaluation_time: EvaluationTime) -> list[Offer]:
        """Return those of the offers that the registry calls for now."""
        if not offers:
            return []
        entries = self._registry.entries({each.account_id for each in offers})
        desired = self._rules.desired(target, entries.values(), evaluation_time)
        return [each for each in offers if desired.principals.get(each.principal) == each.account_id]

    def _uncalled_for(
        self,
        offers: Collection[Offer],
        target: Target,
        entries: Mapping[str, Registration],
        evaluation_time: EvaluationTime,
    ) -> list[Offer]:
        """Return those of the offers that the entries do not call for, as far as they can be read."""
        desired = self._rules.desired(target, entries.values(), evaluation_time)
        staying = desired.unchanged | desired.forbidden.keys()
        return [each for each in offers if each.principal not in desired.principals and each.account_id not in staying]


def _is_of_others(offer: Offer, answer: Allowed) -> bool:
    """Return whether it was there before it was asked for, so that somebody else has added it."""
    if answer.added is None or offer.is_begun or offer.principal in answer.added:
        return False
    return answer.refusal is None or offer.principal not in answer.refusal.refused


def _may_have_been_in(target: Target, offer: Offer) -> bool:
    """Return whether an account may have been in a share before it was put into it now."""
    if not isinstance(target, OfferedShare) or offer.record is None:
        return False
    return offer.record.refused_at is None or offer.record.leaving is not None


def _out(leaving: Leaving, now: datetime) -> Leaving:
    # Whom RAM did not take out, it was to take out at first.
    return replace(leaving, taken_out_at=leaving.taken_out_at or now, clear_since=None, is_capped=False)


def _as_on_record(offers: Iterable[Offer]) -> list[tuple[Offer, OfferRecord]]:
    return [(each, each.record) for each in offers if each.record is not None]


def _announced_by_forbid(offer: Offer) -> Leaving | None:
    before = offer.record.left_before if offer.record is not None else None
    return before if before is not None and before.cause is LeavingCause.FORBIDDEN else None


def _is_held_back(offer: Offer) -> bool:
    """Return whether it is on record that too many would leave."""
    leaving = offer.record.leaving if offer.record is not None else None
    return leaving is not None and leaving.is_capped


def _announced(record: OfferRecord) -> str:
    if record.leaving is None:
        return f"{record.target} from {record.principal}"
    due = record.leaving.announced.withdraw_after.isoformat(timespec="seconds")
    why = "; ".join(each.text for each in record.leaving.announced.reasons)
    return f"{record.target} from {record.principal} at {due}: {why}"


def _tell_given_up(going: Collection[Offer], elsewhere: Elsewhere, step: RemoveFromShare, converged: Converged) -> None:
    if not going:
        return
    accounts = sorted(each.account_id for each in going)
    others = ", ".join(sorted({elsewhere.given_up[each] for each in accounts}))
    converged.not_offered.append(
        f"{some_of(accounts)} leave {step.share_arn} though they are not in {others}, which has their tier: they are "
        "in another share of it, or were awaited there for a day"
    )


def _tell_still_in(going: Iterable[Offer], share_arn: str, now: datetime, converged: Converged) -> None:
    """Tell whom RAM was to take out before: at once it may be its listing that is behind, later it is a failure."""
    taken_out_at = {
        each.account_id: each.record.leaving.taken_out_at
        for each in going
        if each.record is not None and each.record.is_out and each.record.leaving is not None
    }
    if not taken_out_at:
        return
    first = min(filter(None, taken_out_at.values()))
    told = (
        f"{some_of(sorted(taken_out_at))} are in {share_arn} still, or again, though RAM took the call to take them "
        f"out, first at {first.isoformat(timespec='seconds')}: it is asked once more"
    )
    if now < first + CLOCKS_AHEAD:
        converged.not_offered.append(told)
    else:
        converged.failures.append(NotReadyError(told))


def _too_many(held_back: Sequence[Offer], step: RemoveFromShare, departures: Departures) -> InvalidInputError:
    tiers = sorted({each.record.tier for each in held_back if each.record is not None and each.record.tier})
    put_in = f" (they were put in as {', '.join(tiers)})" if tiers else ""
    return InvalidInputError(
        f"{len(held_back)} of {step.recorded} accounts would be taken out of {step.share_arn} at once, and "
        f"{len(departures.uncommanded)} out of all shares, whom nobody removed and who are in no share of their tier. "
        "None of these is, as what they have associated would be taken down. Whatever of it is a slip, put it right: "
        f"the share's tag, their tiers{put_in}, entries that are missing. If it is meant: an account goes at once that "
        "is off-boarded, by drawbridge consumers remove while it has an entry, and by the event Consumer Removed "
        f"anyway; all go by drawbridge withdraw --confirm, or with WithdrawCap ({departures.cap}) as high as that"
    )


def _record(
    target: Target, offer: Offer, now: datetime, *, refused_at: datetime | None = None, quota: str = ""
) -> OfferRecord:
    return OfferRecord(
        target=id_of(target),
        principal=offer.principal,
        account_id=offer.account_id,
        offered_at=now,
        refused_at=refused_at,
        quota=shortened(quota, _WORDS_BYTES),
        refusals=(offer.record.refusals if offer.record else 0) + (refused_at is not None),
        tier=target.tier if isinstance(target, OfferedShare) else "",
        after_removal=offer.after_removal,
        # Until it is seen in the share again, something may be associated from when it was in it before.
        leaving=offer.record.leaving if offer.record is not None else None,
        notice=offer.record.notice if offer.record is not None else None,
    )
