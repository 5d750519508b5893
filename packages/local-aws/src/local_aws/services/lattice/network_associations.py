"""The common part of a service network's associations with resources, services and VPCs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from local_aws.fault_injection.faults import faults
from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.operations import ServiceCall
from local_aws.moto_extension.tables import later
from local_aws.services.cloudtrail.service_events import record_sharee
from local_aws.services.lattice.network_store import ServiceNetwork, sees
from local_aws.services.lattice.store import conflict, invalid, not_found
from local_aws.services.timings import timings
from local_aws.time.clock import clock

_NOT_MADE = "The association could not be established."
_NOT_DELETED = "The association could not be deleted."


@dataclass(kw_only=True)
class NetworkAssociation:
    """An association of a service network with an entity that may be another account's."""

    id: str
    creator: str
    region: str
    partition: str
    network: ServiceNetwork
    tags: dict[str, str]
    status: str = "CREATE_IN_PROGRESS"
    failure: str | None = None
    created: datetime = field(default_factory=clock.now)
    updated: datetime = field(default_factory=clock.now)

    kind: ClassVar[str]
    name: ClassVar[str]
    failure_code: ClassVar[str] = "InternalFailure"
    """AWS's model has a plain string here."""

    @property
    def other_owner(self) -> str:
        """The account that owns the entity on the other side."""
        raise NotImplementedError

    @property
    def shown_status(self) -> str:
        return self.status

    def arn(self, account_id: str) -> str:
        """Return the ARN as this account sees it.

        With a shared entity the association exists in both accounts; each sees its own account id in the ARN (API
        reference, ListServiceNetworkServiceAssociations).
        """
        return f"arn:{self.partition}:vpc-lattice:{self.region}:{account_id}:{self.name.lower()}/{self.id}"

    def identity(self, account_id: str) -> dict[str, Any]:
        return {"id": self.id, "arn": self.arn(account_id), "status": self.shown_status}

    def describe(self, account_id: str) -> dict[str, Any]:
        return self.identity(account_id) | {
            "createdBy": self.creator,
            "createdAt": self.created,
            "lastUpdatedAt": self.updated,
            "serviceNetworkId": self.network.id,
            "serviceNetworkArn": self.network.arn,
            "serviceNetworkName": self.network.name,
        }

    def failure_members(self, *, reason: str) -> dict[str, Any]:
        """Return the members for a failure, if there is one; ``reason`` is the API's name for the message."""
        return {reason: self.failure, "failureCode": self.failure_code} if self.failure else {}

    def is_seen_by(self, account_id: str) -> bool:
        """Return whether the account sees it: the owners of both sides, the creator, and the network's sharees do."""
        return account_id in {self.creator, self.other_owner} or sees(account_id, self.network)

    def event_resource(self, account_id: str) -> tuple[str, str]:
        """Return the resource type and ARN for an account's event."""
        return f"AWS::VpcLattice::{self.name}", self.arn(account_id)

    def become(self, status: str) -> None:
        self.status, self.updated = status, clock.now()


_Kind = TypeVar("_Kind", bound=NetworkAssociation)


def find(call: ServiceCall, kept: dict[Any, _Kind], identifier: str, kind: str) -> _Kind:
    """Return an association by its id, or by an ARN of either account.

    Raises:
        AwsError: the caller sees no such association.
    """
    found = kept.get(identifier.rpartition("/")[2])
    if found is None or found.region != call.region or not found.is_seen_by(call.account_id):
        raise not_found(identifier, kind)
    return found


def listed(
    call: ServiceCall,
    all_kept: Iterable[_Kind],
    params: dict[str, Any],
    other: str,
    other_id: Callable[[_Kind], str],
) -> list[_Kind]:
    """Return the associations that the caller sees of a network, of an entity on the other side, or of both.

    Raises:
        AwsError: the request names neither.
    """
    network, identifier = params.get("serviceNetworkIdentifier"), params.get(other)
    if not network and not identifier:
        raise invalid(f"Either serviceNetworkIdentifier or {other} is required.")
    return [
        each
        for each in all_kept
        if each.region == call.region
        and each.is_seen_by(call.account_id)
        and (not network or each.network.id == network.rpartition("/")[2])
        and (not identifier or other_id(each) == identifier.rpartition("/")[2])
    ]


def settle(call: ServiceCall, association: NetworkAssociation, then: Callable[[], None] | None = None) -> None:
    """Make the association ACTIVE after a while, or failed if a fault is injected."""
    in_progress = association.status
    fails = faults.fails_later(f"{call.service}:{call.operation}", call.account_id)

    def reach() -> None:
        if association.status != in_progress:
            return
        if fails:
            association.failure = _NOT_MADE
            association.become(in_progress.replace("_IN_PROGRESS", "_FAILED"))
            return
        association.become("ACTIVE")
        if then:
            then()

    later(timings.lattice_created, reach)


def disassociate(
    call: ServiceCall, kept: dict[Any, Any], association: NetworkAssociation, then: Callable[[], None] | None = None
) -> dict[str, Any]:
    """Delete an association for the owner of either side or for its creator.

    A deletion that failed can be tried again; one in progress stays as it is (API reference, the status in the answer).

    Raises:
        AwsError: the caller may not delete it, or it is being created or updated.
    """
    if call.account_id not in {association.creator, association.network.owner, association.other_owner}:
        raise AwsError("AccessDeniedException", f"{association.id} was associated by another account.")
    if association.status in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}:
        raise conflict(association.id, association.kind, f"{association.id} is in state {association.status}")
    if association.status != "DELETE_IN_PROGRESS":
        association.failure = None
        association.become("DELETE_IN_PROGRESS")
        _remove_later(call, kept, association, then)
        announce_end(call, association)
    return association.identity(call.account_id)


def _remove_later(
    call: ServiceCall, kept: dict[Any, Any], association: NetworkAssociation, then: Callable[[], None] | None
) -> None:
    fails = faults.fails_later(f"{call.service}:{call.operation}", call.account_id)

    def remove() -> None:
        if fails:
            association.failure = _NOT_DELETED
            association.become("DELETE_FAILED")
            return
        kept.pop(association.id, None)
        if then:
            then()

    later(timings.lattice_deleted, remove)


def announce_start(call: ServiceCall, association: NetworkAssociation) -> None:
    """Announce a sharee's association to the owner of the shared entity, through CloudTrail."""
    for owner in {association.network.owner, association.other_owner} - {call.account_id}:
        _record(call, association, owner, f"Create{association.name}BySharee")


def announce_end(call: ServiceCall, association: NetworkAssociation) -> None:
    """Announce a deletion to the other account: by the creator to the owner of the shared entity, or the reverse.

    VPC Lattice's user guide, "Share your VPC Lattice entities", cross-account events.
    """
    if call.account_id != association.creator:
        _record(call, association, association.creator, f"Delete{association.name}ByOwner")
        return
    for owner in {association.network.owner, association.other_owner} - {call.account_id}:
        _record(call, association, owner, f"Delete{association.name}BySharee")


def _record(call: ServiceCall, association: NetworkAssociation, account_id: str, event: str) -> None:
    kind, arn = association.event_resource(account_id)
    record_sharee(call, account_id, event, kind, arn)


def check_one_is_own(call: ServiceCall, network: ServiceNetwork, other_owner: str) -> None:
    """Refuse to associate two entities that are both shared with the caller.

    AWS documents the rule, not the error.
    """
    if call.account_id not in {network.owner, other_owner}:
        raise AwsError(
            "AccessDeniedException",
            f"{network.arn} can't be associated: the caller must own one of the two entities.",
        )


def already(association: NetworkAssociation, entity: str) -> AwsError:
    message = f"An association between {association.network.id} and {entity} already exists"
    return conflict(association.id, association.kind, message)
