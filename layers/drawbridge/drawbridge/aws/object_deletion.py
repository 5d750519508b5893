"""The objects that Drawbridge makes, asked for by their ids and deleted: EC2's endpoints, and VPC Lattice's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.aws.errors import error_for, translated
from drawbridge.aws.ownership import OWNER_TAG
from drawbridge.errors import AccessDeniedError, GoneError
from drawbridge.withdrawal.steps import GONE, ObjectState, ObservedObject

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_vpc_lattice import VPCLatticeClient


class ObjectDeletions:
    """Observes and deletes; the role lets only that be deleted that carries our tag."""

    def __init__(
        self, ec2: EC2Client, lattice: VPCLatticeClient, *, owner: str, deleting: EC2Client | None = None
    ) -> None:
        """Delete endpoints by a client of its own, which repeats no call, where each call waits for its turn."""
        self._ec2 = ec2
        self._deleting = deleting or ec2
        self._lattice = lattice
        self._owner = owner

    def observe(self, removed: OwnedObject) -> ObservedObject:
        """Return how far the object is from being gone, asked for by its id."""
        try:
            match removed.kind:
                case OwnedKind.ENDPOINT | OwnedKind.NETWORK_ENDPOINT:
                    return self._endpoint(removed.id)
                case OwnedKind.RESOURCE_ASSOCIATION | OwnedKind.VPC_ASSOCIATION | OwnedKind.SERVICE_NETWORK:
                    return self._of_lattice(removed)
                case _:
                    assert_never(removed.kind)
        except GoneError:
            return GONE

    def delete(self, removed: OwnedObject) -> None:
        """Have AWS delete the object.

        Raises:
            GoneError: it is not there any longer.
            ConflictError: something depends on it, or something else about it is in progress.
            AccessDeniedError: it does not carry our tag, or the role lacks something.
        """
        match removed.kind:
            case OwnedKind.ENDPOINT | OwnedKind.NETWORK_ENDPOINT:
                self._delete_endpoint(removed.id)
            case OwnedKind.RESOURCE_ASSOCIATION | OwnedKind.VPC_ASSOCIATION | OwnedKind.SERVICE_NETWORK:
                self._delete_of_lattice(removed)
            case _:
                assert_never(removed.kind)

    def _endpoint(self, endpoint_id: str) -> ObservedObject:
        with translated(f"look at {endpoint_id}"):
            found: Any = self._ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"]
        if not found:
            # EC2 answers with an error where there is none; an empty answer says nothing.
            return ObservedObject(state=ObjectState.DELETING)
        state = found[0]["State"].lower()
        if state == "deleted":
            return GONE
        if state == "deleting":
            return ObservedObject(state=ObjectState.DELETING)
        tags = {tag["Key"]: tag["Value"] for tag in found[0].get("Tags", [])}
        return ObservedObject(state=ObjectState.PRESENT, is_ours=tags.get(OWNER_TAG) == self._owner)

    def _of_lattice(self, removed: OwnedObject) -> ObservedObject:
        with translated(f"look at {removed.id}"):
            found = self._get(removed)
        # A service network has no status.
        status = found.get("status", "ACTIVE")
        if status == "DELETE_IN_PROGRESS":
            return ObservedObject(state=ObjectState.DELETING)
        words = (found.get("failureCode"), found.get("failureReason") or found.get("failureMessage"))
        failure = ": ".join(each for each in (status, *words) if each) if status == "DELETE_FAILED" else ""
        return ObservedObject(state=ObjectState.PRESENT, is_ours=self._is_ours(removed.arn), failure=failure)

    def _get(self, removed: OwnedObject) -> Any:
        lattice = self._lattice
        if removed.kind is OwnedKind.SERVICE_NETWORK:
            return lattice.get_service_network(serviceNetworkIdentifier=removed.arn)
        if removed.kind is OwnedKind.VPC_ASSOCIATION:
            return lattice.get_service_network_vpc_association(serviceNetworkVpcAssociationIdentifier=removed.id)
        if _is_of_service(removed):
            return lattice.get_service_network_service_association(
                serviceNetworkServiceAssociationIdentifier=removed.id
            )
        return lattice.get_service_network_resource_association(serviceNetworkResourceAssociationIdentifier=removed.id)

    def _is_ours(self, arn: str) -> bool:
        try:
            with translated(f"ask for the tags of {arn}"):
                tags = self._lattice.list_tags_for_resource(resourceArn=arn)["tags"]
        except AccessDeniedError:
            return False
        return tags.get(OWNER_TAG) == self._owner

    def _delete_endpoint(self, endpoint_id: str) -> None:
        doing = f"delete {endpoint_id}"
        with translated(doing):
            answer = self._deleting.delete_vpc_endpoints(VpcEndpointIds=[endpoint_id])
        # The call succeeds as a whole, and tells in its body what it did not do.
        for item in answer.get("Unsuccessful", []):
            error = item.get("Error", {})
            raise error_for(error.get("Code", ""))(f"{doing}: {error.get('Code')}: {error.get('Message')}")

    def _delete_of_lattice(self, removed: OwnedObject) -> None:
        lattice = self._lattice
        with translated(f"delete {removed.id}"):
            if removed.kind is OwnedKind.SERVICE_NETWORK:
                lattice.delete_service_network(serviceNetworkIdentifier=removed.arn)
            elif removed.kind is OwnedKind.VPC_ASSOCIATION:
                lattice.delete_service_network_vpc_association(serviceNetworkVpcAssociationIdentifier=removed.id)
            elif _is_of_service(removed):
                lattice.delete_service_network_service_association(
                    serviceNetworkServiceAssociationIdentifier=removed.id
                )
            else:
                lattice.delete_service_network_resource_association(
                    serviceNetworkResourceAssociationIdentifier=removed.id
                )


def _is_of_service(removed: OwnedObject) -> bool:
    return removed.id.startswith("snsa-")
