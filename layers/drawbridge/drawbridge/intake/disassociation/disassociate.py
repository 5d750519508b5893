"""Disassociating leavers: what they have associated is looked at, and deleted once it is due."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from msgspec import Struct

from drawbridge.bounds import turned
from drawbridge.decision.facts import EvaluationTime
from drawbridge.decision.registration import Registration
from drawbridge.errors import (
    AccessDeniedError,
    ConflictError,
    DrawbridgeError,
    GoneError,
    NotReadyError,
    ThrottledError,
)
from drawbridge.intake.disassociation.associations import ConsumerAssociation, ConsumerAssociations
from drawbridge.intake.disassociation.leavers import (
    ChangeRecord,
    ForgetLeaver,
    Leaver,
    ObservedResource,
    Reach,
    is_to_go,
    plan_for_records,
    plan_for_resource,
    with_causes,
)
from drawbridge.intake.offering.causes import CausesOfLeaving
from drawbridge.intake.offering.converged import Converged
from drawbridge.intake.offering.desired import DesiredOffers, OfferRules
from drawbridge.intake.offering.offers import OfferedShare, OfferedShares, OfferRecords, PrincipalStatus
from drawbridge.intake.offering.reconcile import Hurry, RegisteredConsumers


class SharesLeft(Struct, frozen=True):
    """The shares that accounts have left, as they are in one sweep."""

    offered: Mapping[str, OfferedShare]
    """Those that are offers, by their ARNs."""
    others: frozenset[str]
    """The ARNs of those that are none any longer, or are gone."""
    evaluation_time: EvaluationTime

    @property
    def arns(self) -> tuple[str, ...]:
        return (*sorted(self.offered), *sorted(self.others))


@dataclass
class _Look:
    """What one look at the resource configurations has found."""

    unfinished: set[tuple[str, str]] = field(default_factory=set)
    is_complete: bool = True
    told: set[type[DrawbridgeError]] = field(default_factory=set)

    def has_failed(self, error: DrawbridgeError, converged: Converged) -> None:
        """Note that something was not listed; of many that fail alike, one is told."""
        self.is_complete = False
        if type(error) not in self.told:
            converged.failures.append(error)
            self.told.add(type(error))


class LeaverReconciler:
    """Deletes what accounts that left offered shares have associated with this account's resource configurations.

    Each resource configuration is looked at right before what that leads to is deleted. It may be broken off anywhere:
    until nothing of an account is associated any longer, its record says that it leaves.
    """

    def __init__(
        self,
        *,
        registry: RegisteredConsumers,
        shares: OfferedShares,
        associations: ConsumerAssociations,
        records: OfferRecords,
        causes: CausesOfLeaving,
        rules: OfferRules,
        wait: timedelta,
        confirm_after: timedelta,
    ) -> None:
        self._registry = registry
        self._shares = shares
        self._associations = associations
        self._records = records
        self._causes = causes
        self._rules = rules
        self._wait = wait
        self._confirm_after = confirm_after

    def converge(self, shares: SharesLeft, converged: Converged, is_late: Hurry) -> None:
        """Delete what is due of those that left shares, and forget those of which nothing is associated."""
        now = shares.evaluation_time.now
        leavers: list[Leaver] = []
        for share_arn in shares.arns:
            try:
                leavers += (
                    each for each in self._left(share_arn, shares) if each.is_looked_at(now, self._confirm_after)
                )
            except DrawbridgeError as error:
                converged.failures.append(error)
        if not leavers:
            return
        look = _Look()
        self._look(leavers, shares, converged, look, is_late)
        steps = plan_for_records(leavers, look.unfinished, now, self._confirm_after, is_complete=look.is_complete)
        changes = [each for each in steps if isinstance(each, ChangeRecord)]
        self._records.note([each.record for each in changes], after=[each.before for each in changes])
        self._records.drop([each.record for each in steps if isinstance(each, ForgetLeaver)])

    def _left(self, share_arn: str, shares: SharesLeft) -> Iterator[Leaver]:
        """Note why accounts have left a share as it is by now; yield those that are not to be in it again."""
        left = [each for each in self._records.of(share_arn).values() if each.is_out]
        entries = self._registry.entries({each.account_id for each in left}) if left else {}
        desired = self._desired(share_arn, shares, entries)
        gone = [each for each in left if is_to_go(each, desired)]
        now = shares.evaluation_time.now
        current = with_causes(gone, self._causes.of(gone, entries), desired, now, self._wait)
        changed = [(before, after) for before, after in zip(gone, current, strict=True) if before != after]
        noted = self._records.note([after for _, after in changed], after=[before for before, _ in changed])
        # What another sweep has changed meanwhile is left to that.
        others = {each.principal for _, each in changed} - {each.principal for each in noted}
        for each in current:
            if each.leaving is not None and each.principal not in others:
                yield Leaver(each, each.leaving)

    def _desired(self, share_arn: str, shares: SharesLeft, entries: Mapping[str, Registration]) -> DesiredOffers:
        share = shares.offered.get(share_arn)
        if share is None:
            # Its tag may be back tomorrow: of who has an entry nothing changes.
            return DesiredOffers(principals={}, unchanged=frozenset(entries))
        return self._rules.desired(share, entries.values(), shares.evaluation_time)

    def _look(
        self, leavers: Collection[Leaver], shares: SharesLeft, converged: Converged, look: _Look, is_late: Hurry
    ) -> None:
        """Look at each resource configuration, beginning with any, and delete what is due."""
        now = shares.evaluation_time.now
        held = {each: self._held(each, converged, look) for each in sorted({each.record.target for each in leavers})}
        for arn in turned(sorted(self._associations.configurations()), now):
            if is_late():
                converged.left_out.update(held)
                look.is_complete = False
                return
            try:
                resource = self._observed(arn, held, leavers)
            except ThrottledError as error:
                look.has_failed(error, converged)
                return
            except DrawbridgeError as error:
                look.has_failed(error, converged)
                continue
            plan = plan_for_resource(resource, leavers, now)
            look.unfinished |= plan.unfinished
            converged.still_associated += map(str, plan.stays)
            for each in plan.deleting:
                if not self._delete(each, leavers, shares, converged):
                    look.is_complete = False
                    return
                if is_late():
                    converged.left_out.update(held)
                    look.is_complete = False
                    return

    def _held(self, share_arn: str, converged: Converged, look: _Look) -> Mapping[str, bool]:
        try:
            return self._shares.resources(share_arn)
        except GoneError:
            return {}
        except DrawbridgeError as error:
            look.has_failed(error, converged)
            return {}

    def _observed(
        self, arn: str, held: Mapping[str, Mapping[str, bool]], leavers: Iterable[Leaver]
    ) -> ObservedResource:
        accounts = {each.record.account_id for each in leavers}
        associations = tuple(
            each for each in self._associations.of(arn) if each.account_id in accounts or not each.account_id
        )
        if not associations:
            return ObservedResource(arn=arn)
        having = {share: of_share[arn] for share, of_share in held.items() if arn in of_share}
        reach = self._reach(arn, {share for share, has_it in having.items() if has_it})
        return ObservedResource(arn=arn, held_by=frozenset(having), associations=associations, reach=reach)

    def _reach(self, arn: str, holding: Collection[str]) -> Reach:
        """Return who may reach a resource, by two listings of RAM's; ``holding`` are shares that have it by a third."""
        holders = self._shares.holders(arn)
        if lacking := sorted({*holding} - holders):
            return Reach(unknown=f"RAM does not list {lacking[0]} among the shares that hold it")
        statuses = {holder: self._statuses(holder) for holder in sorted(holders)}
        found = [(holder, each, status) for holder, of in statuses.items() for each, status in of.items()]
        members = frozenset((holder, each) for holder, each, status in found if status is PrincipalStatus.ASSOCIATED)
        inside = {(holder, each) for holder, each, status in found if status.is_in_share}
        # One listing may be cut, or behind: whoever is in either may reach it, unless RAM says that it is out.
        listed = {
            (share, each)
            for share, each in self._shares.listed_principals(arn)
            if share not in statuses or each not in statuses[share]
        }
        return Reach(members, frozenset((inside | listed) - members))

    def _statuses(self, share_arn: str) -> Mapping[str, PrincipalStatus]:
        try:
            return {each.principal: each.status for each in self._shares.principals(share_arn)}
        except GoneError:
            return {}

    def _delete(
        self,
        association: ConsumerAssociation,
        leavers: Iterable[Leaver],
        shares: SharesLeft,
        converged: Converged,
    ) -> bool:
        """Delete an association, unless the registry has its account back by now; return whether to go on."""
        theirs = [each.record for each in leavers if each.record.account_id == association.account_id]
        entries = self._registry.entries({association.account_id})
        if not all(is_to_go(each, self._desired(each.target, shares, entries)) for each in theirs):
            return True
        try:
            self._associations.delete(association)
        except GoneError:
            pass
        except (ConflictError, NotReadyError) as error:
            converged.still_associated.append(f"{association}: it is tried again: {error}")
        except (AccessDeniedError, ThrottledError) as error:
            # The next call would be answered in the same way.
            converged.failures.append(error)
            return False
        except DrawbridgeError as error:
            converged.failures.append(error)
        else:
            converged.disassociated.append(str(association))
        return True
