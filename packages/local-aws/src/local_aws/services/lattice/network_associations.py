"""What the three associations of a service network have in common: with resources, services and VPCs."""

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

_FAILURE = "The association could not be established."


@dataclass(kw_only=True)
class NetworkAssociation:
    """An association of a service network with something that may be another account's."""

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
    def owner_of_other(self) -> str:
        """The account that owns what the network is associated with."""
        raise NotImplementedError

    @property
    def shown_status(self) -> str:
        return self.status

    def arn(self, account_id: str) -> str:
        """Return the ARN as this account sees it.

        An association of something shared is there in both accounts; each sees its own id in the ARN:
        API reference, ListServiceNetworkServiceAssociations.
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

    def told_failure(self, *, reason: str) -> dict[str, Any]:
        """Return the failure, if there is one, under the name that the association's API has for it."""
        return {reason: self.failure, "failureCode": self.failure_code} if self.failure else {}

    def is_seen_by(self, account_id: str) -> bool:
        """Return whether the account may read it: owners of both sides, its creator, and the network's sharees."""
        return account_id in {self.creator, self.owner_of_other} or sees(account_id, self.network)

    def event_resource(self, account_id: str) -> tuple[str, str]:
        """Return the type and ARN that stand in the event to an account."""
        return f"AWS::VpcLattice::{self.name}", self.arn(account_id)

    def become(self, status: str) -> None:
        self.status, self.updated = status, clock.now()


_Kind = TypeVar("_Kind", bound=NetworkAssociation)


def find(call: ServiceCall, kept: dict[Any, _Kind], identifier: str, kind: str) -> _Kind:
    """Find an association by its id, or by an ARN of either account.

    Raises:
        AwsError: there is none that the caller can see.
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
    id_of_other: Callable[[_Kind], str],
) -> list[_Kind]:
    """Return the associations that the caller sees of a network, of what is on the other side, or of both.

    Raises:
        AwsError: the request names neither.
    """
    network, wanted = params.get("serviceNetworkIdentifier"), params.get(other)
    if not network and not wanted:
        raise invalid(f"Either serviceNetworkIdentifier or {other} is required.")
    return [
        each
        for each in all_kept
        if each.region == call.region
        and each.is_seen_by(call.account_id)
        and (not network or each.network.id == network.rpartition("/")[2])
        and (not wanted or id_of_other(each) == wanted.rpartition("/")[2])
    ]


def settle(call: ServiceCall, association: NetworkAssociation, then: Callable[[], None] | None = None) -> None:
    """Reach ACTIVE after a while, or the failure of what is in progress, where a fault wants that."""
    in_progress = association.status
    fails = faults.fails_later(f"{call.service}:{call.operation}", call.account_id)

    def reach() -> None:
        if association.status != in_progress:
            return
        if fails:
            association.failure = _FAILURE
            association.become(in_progress.replace("_IN_PROGRESS", "_FAILED"))
            return
        association.become("ACTIVE")
        if then:
            then()

    later(timings.lattice_created, reach)


def disassociate(
    call: ServiceCall, kept: dict[Any, Any], association: NetworkAssociation, then: Callable[[], None] | None = None
) -> dict[str, Any]:
    """Delete an association: either side's owner may, and who made it.

    Raises:
        AwsError: it is not the caller's to delete, or something else about it is in progress.
    """
    if call.account_id not in {association.creator, association.network.owner, association.owner_of_other}:
        raise AwsError("AccessDeniedException", f"{association.id} was associated by another account.")
    if association.status in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}:
        raise conflict(association.id, association.kind, f"{association.id} is in state {association.status}")
    if association.status != "DELETE_IN_PROGRESS":
        association.become("DELETE_IN_PROGRESS")
        _remove_later(call, kept, association, then)
        tell_of_end(call, association)
    return association.identity(call.account_id)


def _remove_later(
    call: ServiceCall, kept: dict[Any, Any], association: NetworkAssociation, then: Callable[[], None] | None
) -> None:
    fails = faults.fails_later(f"{call.service}:{call.operation}", call.account_id)

    def remove() -> None:
        if fails:
            association.failure = _FAILURE
            association.become("DELETE_FAILED")
            return
        kept.pop(association.id, None)
        if then:
            then()

    later(timings.lattice_deleted, remove)


def tell_of_start(call: ServiceCall, association: NetworkAssociation) -> None:
    """Let the owner of what is shared hear, through CloudTrail, what the caller has associated."""
    for owner in {association.network.owner, association.owner_of_other} - {call.account_id}:
        _tell(call, association, owner, f"Create{association.name}BySharee")


def tell_of_end(call: ServiceCall, association: NetworkAssociation) -> None:
    """Let the other account hear: as owner of what is shared if its creator deletes the association, else as creator.

    User guide of VPC Lattice, "Share your VPC Lattice entities", cross-account events.
    """
    if call.account_id != association.creator:
        _tell(call, association, association.creator, f"Delete{association.name}ByOwner")
        return
    for owner in {association.network.owner, association.owner_of_other} - {call.account_id}:
        _tell(call, association, owner, f"Delete{association.name}BySharee")


def _tell(call: ServiceCall, association: NetworkAssociation, account_id: str, event: str) -> None:
    kind, arn = association.event_resource(account_id)
    record_sharee(call, account_id, event, kind, arn)


def check_one_is_own(call: ServiceCall, network: ServiceNetwork, owner_of_other: str) -> None:
    """Refuse to associate two entities that are both shared with the caller.

    AWS documents the rule, not the error.
    """
    if call.account_id not in {network.owner, owner_of_other}:
        raise AwsError(
            "AccessDeniedException",
            f"{network.arn} can't be associated: the caller must own one of the two entities.",
        )


def already(association: NetworkAssociation, what: str) -> AwsError:
    message = f"An association between {association.network.id} and {what} already exists"
    return conflict(association.id, association.kind, message)
