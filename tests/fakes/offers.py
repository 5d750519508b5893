"""What is offered, in memory.

``aws.service_permissions``, ``aws.offered_shares``, ``aws.offers_table``, ``aws.resource_associations`` and
``aws.removed_consumers`` have AWS keep it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from drawbridge.decision.facts import Consumer
from drawbridge.decision.registration import Registration
from drawbridge.errors import DrawbridgeError, GoneError, NotReadyError, ThrottledError
from drawbridge.intake.disassociation.associations import ConsumerAssociation
from drawbridge.intake.notices.offer_event import OfferAnnouncement
from drawbridge.intake.offering.offers import (
    Allowed,
    AllowedPrincipal,
    OfferedShare,
    OfferRecord,
    PartlyRefusedError,
    PrincipalStatus,
    SharePrincipal,
)
from drawbridge.request.connections import ManagedService
from tests.builders import NOW
from tests.fakes.interruptions import Interruptions


class InMemoryServicePermissions:
    """The permissions of services; of one that has none of its own here, nobody has ever heard."""

    def __init__(self, interruptions: Interruptions, owner: str = "drawbridge") -> None:
        self._interruptions = interruptions
        self._owner = owner
        self.permissions: dict[str, dict[str, AllowedPrincipal]] = {}
        self.refused: set[str] = set()
        """Principals that EC2 takes for none."""
        self.throttled: set[str] = set()
        """Services that can't be listed."""
        self.on_allow: Callable[[], None] = lambda: None
        """What happens elsewhere while principals are being allowed."""
        self.left_out: set[str] = set()
        """Principals that a listing leaves out."""
        self.gives_ids = True
        """Whether a permission that is allowed has an id, by which it could be tagged."""
        self.room = 1_000
        self.says_what_is_added = True
        self.asked: list[int] = []
        """How many were to be allowed, each time."""
        self.shows = True
        """Whether what is allowed is listed at once."""
        self._hidden: set[str] = set()

    def allowed(self, service_id: str) -> list[AllowedPrincipal]:
        if service_id in self.throttled:
            raise ThrottledError(service_id)
        hidden, self._hidden = self._hidden, set()
        return [each for arn, each in self._of(service_id).items() if arn not in hidden | self.left_out]

    def allow(self, service_id: str, principals: Sequence[str]) -> Allowed:
        self.asked.append(len(principals))
        there = self._of(service_id).keys()
        accepted = [each for each in principals if each not in self.refused]
        is_full = len(there | {*accepted}) > self.room
        taken = accepted[: max(0, self.room - len(there))] if is_full else accepted
        added = frozenset(taken) - self._of(service_id).keys()
        self._interruptions.before_write()
        for arn in taken:
            permission_id = f"vpce-svc-perm-{arn}" if self.gives_ids else ""
            self._of(service_id).setdefault(arn, AllowedPrincipal(arn=arn, permission_id=permission_id, owner=None))
        self._hidden = set() if self.shows else {*taken}
        self.on_allow()
        wrong = sorted({*principals} - {*taken})
        code = "VpcEndpointServicePermissionLimitExceeded" if is_full else "InvalidPrincipal"
        refusal = PartlyRefusedError(f"{code}: {', '.join(wrong[:5])}", wrong, is_full=is_full) if wrong else None
        return Allowed(added=added if self.says_what_is_added else None, refusal=refusal)

    def disallow(self, service_id: str, principals: Sequence[str]) -> None:
        self._interruptions.before_write()
        for each in principals:
            self._of(service_id).pop(each, None)

    def mark(self, permission_ids: Sequence[str]) -> None:
        self._interruptions.before_write()
        for of_service in self.permissions.values():
            for arn, each in of_service.items():
                if each.permission_id in permission_ids:
                    of_service[arn] = msgspec.structs.replace(each, owner=self._owner)

    def _of(self, service_id: str) -> dict[str, AllowedPrincipal]:
        if service_id not in self.permissions:
            raise GoneError(service_id)
        return self.permissions[service_id]


class InMemoryOfferedShares:
    """Shares of this account that are offers, and who is in them."""

    def __init__(self, interruptions: Interruptions) -> None:
        self._interruptions = interruptions
        self.shares: list[OfferedShare] = []
        self.members: dict[str, dict[str, PrincipalStatus]] = {}
        self.refused: set[str] = set()
        self.room = 10_000
        self.busy: set[str] = set()
        """Accounts that RAM is not through with."""
        self.left_out: set[str] = set()
        """Accounts that a listing leaves out."""
        self.invited: list[tuple[str, str]] = []
        """Who was put into what, each time."""
        self.held: dict[str, set[str]] = {}
        """What each share holds."""
        self.taken_out: set[str] = set()
        """What shares held until not long ago."""
        self.holders_left_out: set[str] = set()
        """Shares that the listing of what holds a resource leaves out."""
        self.outsiders: set[str] = set()
        """Accounts outside of the organization: all others are in the share without an invitation."""
        self.listed_late: set[str] = set()
        """Principals that one of RAM's listings still has, though they are out."""
        self.since: dict[tuple[str, str], datetime] = {}
        """When who was put into what."""
        self.now: Callable[[], datetime] = lambda: NOW

    def offered(self) -> list[OfferedShare]:
        return self.shares

    def principals(self, share_arn: str) -> list[SharePrincipal]:
        if share_arn not in self.members:
            raise GoneError(share_arn)
        return [
            SharePrincipal(
                principal=each,
                status=status,
                since=self.since.get((share_arn, each)),
            )
            for each, status in self.members[share_arn].items()
            if each not in self.left_out
        ]

    def resources(self, share_arn: str) -> dict[str, bool]:
        if share_arn not in self.members:
            raise GoneError(share_arn)
        return dict.fromkeys(self.taken_out, False) | dict.fromkeys(self.held.get(share_arn, ()), True)

    def holders(self, resource_arn: str) -> frozenset[str]:
        found = {share for share, held in self.held.items() if resource_arn in held}
        return frozenset(found - self.holders_left_out)

    def listed_principals(self, resource_arn: str) -> list[tuple[str, str]]:
        return [
            (share, principal)
            for share, held in self.held.items()
            if resource_arn in held
            for principal, status in self.members.get(share, {}).items()
            if status.is_in_share or principal in self.listed_late
        ]

    def associate(self, share_arn: str, account_ids: Sequence[str]) -> None:
        self._interruptions.before_write()
        for each in account_ids:
            there = self.members[share_arn].get(each)
            has_room = sum(status.is_in_share for status in self.members[share_arn].values()) < self.room
            if each not in self.refused | self.busy and has_room and (there is None or not there.is_in_share):
                is_invited = each in self.outsiders
                self.members[share_arn][each] = (
                    PrincipalStatus.ASSOCIATING if is_invited else PrincipalStatus.ASSOCIATED
                )
                self.invited.append((share_arn, each))
                self.since[share_arn, each] = self.now()
        if not self.busy.isdisjoint(account_ids):
            raise NotReadyError(f"InvalidStateTransitionException: {', '.join(sorted(self.busy))}")
        missing = [each for each in account_ids if each not in self.members[share_arn]]
        if without := [each for each in missing if each not in self.refused | self.busy]:
            words = f"ResourceShareLimitExceededException: the limit of {self.room}"
            raise PartlyRefusedError(words, without, is_full=True)
        if refused := [each for each in account_ids if each in self.refused and not self._is_in(share_arn, each)]:
            raise PartlyRefusedError(f"OperationNotPermitted: {', '.join(sorted(refused))}", refused)

    def _is_in(self, share_arn: str, account_id: str) -> bool:
        found = self.members[share_arn].get(account_id)
        return found is not None and found.is_in_share

    def disassociate(self, share_arn: str, account_ids: Sequence[str]) -> None:
        self._interruptions.before_write()
        for each in account_ids:
            if each in self.members[share_arn]:
                self.members[share_arn][each] = PrincipalStatus.DISASSOCIATED


class InMemoryOfferRecords:
    """The table of what is offered."""

    def __init__(self, interruptions: Interruptions) -> None:
        self._interruptions = interruptions
        self.records: dict[tuple[str, str], OfferRecord] = {}
        self.left: dict[str, int] = {}

    def of(self, target: str) -> dict[str, OfferRecord]:
        return {principal: each for (of, principal), each in self.records.items() if of == target}

    def one(self, target: str, principal: str) -> OfferRecord | None:
        return self.records.get((target, principal))

    def targets(self) -> frozenset[str]:
        return frozenset(target for target, _ in self.records)

    def left_out(self) -> dict[str, int]:
        return dict(self.left)

    def note_left_out(self, sweeps: Mapping[str, int]) -> None:
        self._interruptions.before_write()
        self.left = {**sweeps}

    def note(self, records: Collection[OfferRecord], *, after: Collection[OfferRecord]) -> list[OfferRecord]:
        if records:
            self._interruptions.before_write()
        read = {(each.target, each.principal): _state(each) for each in after}
        written = [each for each in records if self._now(each) == read.get((each.target, each.principal))]
        self.records |= {(each.target, each.principal): each for each in written}
        return written

    def _now(self, record: OfferRecord) -> object:
        found = self.records.get((record.target, record.principal))
        return None if found is None else _state(found)

    def drop(self, records: Collection[OfferRecord]) -> None:
        if records:
            self._interruptions.before_write()
        for each in records:
            found = self.records.get((each.target, each.principal))
            if found is not None and _state(found) == _state(each):
                del self.records[each.target, each.principal]


def _state(record: OfferRecord) -> object:
    return record.offered_at, record.is_confirmed, record.refused_at, record.leaving, record.notice


class InMemoryOfferBus:
    """What is on the bus of shares that accounts are offered."""

    def __init__(self, interruptions: Interruptions) -> None:
        self._interruptions = interruptions
        self.put: list[OfferAnnouncement] = []
        self.not_taken: set[str] = set()
        """Accounts of which EventBridge takes no event."""

    def announce_offers(self, announcements: Sequence[OfferAnnouncement]) -> frozenset[str]:
        if announcements:
            self._interruptions.before_write()
        taken = [each for each in announcements if each.change.account_id not in self.not_taken]
        self.put += taken
        return frozenset(each.change.id for each in taken)


class InMemoryConsumers:
    """The registry, which is listed, and read by keys."""

    def __init__(self) -> None:
        self.registered: dict[str, Consumer] = {}
        self.left_out: set[str] = set()
        """Accounts that a listing leaves out."""
        self.is_throttled = False
        self.on_read: Callable[[], None] = lambda: None
        """What happens elsewhere while entries are read by their keys."""

    def all(self) -> Iterable[Registration]:
        if self.is_throttled:
            raise ThrottledError("registry")
        return [each for account, each in self._entries().items() if account not in self.left_out]

    def entries(self, account_ids: Collection[str]) -> dict[str, Registration]:
        self.on_read()
        return {account: each for account, each in self._entries().items() if account in account_ids}

    def _entries(self) -> dict[str, Registration]:
        return {each: Registration(account_id=each, consumer=consumer) for each, consumer in self.registered.items()}


class InMemoryOfferedServices:
    """This account's managed services."""

    def __init__(self) -> None:
        self.services: list[ManagedService] = []

    def managed(self) -> list[ManagedService]:
        return self.services


class StatedQuotas:
    """Service Quotas, with the values that it is told; without any it has none of the account's own."""

    def __init__(self) -> None:
        self.own: dict[str, dict[str, int]] = {}
        self.error: DrawbridgeError | None = None
        self.asked: list[str] = []

    def values(self, service: str) -> dict[str, int]:
        self.asked.append(service)
        if self.error is not None:
            raise self.error
        return self.own.get(service, {})


class InMemoryAssociations:
    """What consumers have associated with this account's resource configurations."""

    def __init__(self, interruptions: Interruptions) -> None:
        self._interruptions = interruptions
        self.there: list[ConsumerAssociation] = []
        self.refusing: dict[str, DrawbridgeError] = {}
        """What is raised where an association is to be deleted, by its id; or one of a resource listed, by its ARN."""
        self.left_out: set[str] = set()
        """Ids that a listing leaves out."""
        self.owned: set[str] = set()
        """This account's resource configurations."""
        self.listed = 0
        """How many times those of a resource configuration were listed."""

    def configurations(self) -> frozenset[str]:
        return frozenset(self.owned)

    def of(self, resource_arn: str) -> list[ConsumerAssociation]:
        self.listed += 1
        if resource_arn in self.refusing:
            raise self.refusing[resource_arn]
        return [each for each in self.there if each.resource_arn == resource_arn and each.id not in self.left_out]

    def delete(self, association: ConsumerAssociation) -> None:
        self._interruptions.before_write()
        if association.id in self.refusing:
            raise self.refusing[association.id]
        if association not in self.there:
            raise GoneError(association.id)
        self.there.remove(association)
