"""VPC Lattice's service networks, and their associations with resources, services and VPCs."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from drawbridge.arns import is_of
from drawbridge.association import AttachedResource, NetworkRef, VpcAssociationSettings
from drawbridge.association.actions import CreateResourceAssociation, CreateVpcAssociation, UpdateVpcAssociation
from drawbridge.association.observed_attachment import (
    ObservedServiceNetwork,
    ResourceAssociation,
    ServiceNetworkVpcAssociation,
    State,
)
from drawbridge.aws.errors import denied_action, translated
from drawbridge.aws.ownership import OWNER_TAG
from drawbridge.aws.private_dns import PREFERENCES, names_of
from drawbridge.errors import AccessDeniedError, GoneError, RefusedError, UpstreamError
from drawbridge.lattice import PrivateDns, ResourceKind

if TYPE_CHECKING:
    from mypy_boto3_vpc_lattice import VPCLatticeClient

ATTEMPT_TAG = "drawbridge:attempt"

_STATES = {
    "ACTIVE": State.AVAILABLE,
    "PARTIAL": State.PARTIAL,
    "CREATE_IN_PROGRESS": State.PENDING,
    "UPDATE_IN_PROGRESS": State.PENDING,
    # What is being deleted still is in the way: it is waited for.
    "DELETE_IN_PROGRESS": State.PENDING,
    "DELETE_FAILED": State.FAILED,
    "CREATE_FAILED": State.FAILED,
    # It is as it was before.
    "UPDATE_FAILED": State.AVAILABLE,
}


def _state(status: str) -> State:
    # One that is new to us is waited for: taken for failed, the association would be taken out.
    return _STATES.get(status, State.PENDING)


class ServiceNetworks:
    """The networks that this account sees. What is listed once is kept: build it anew for each sweep or attempt."""

    def __init__(self, lattice: VPCLatticeClient, *, owner: str, account_id: str) -> None:
        self._lattice = lattice
        self._owner = owner
        self._account_id = account_id
        self._networks: dict[NetworkRef, ObservedServiceNetwork | None] = {}
        self._in_networks: dict[tuple[str, ResourceKind], dict[str, Any]] = {}
        self._of_vpcs: dict[str, ServiceNetworkVpcAssociation | None] = {}

    def network(self, ref: NetworkRef) -> ObservedServiceNetwork | None:
        """Find a network by id or ARN, or by its name among those of this account."""
        if ref not in self._networks:
            self._networks[ref] = self._find(ref)
        return self._networks[ref]

    def resource_association(
        self, network: ObservedServiceNetwork, resource: AttachedResource
    ) -> ResourceAssociation | None:
        """Return the network's association with the resource, whoever made it."""
        found = self._listed(network, resource.kind).get(resource.arn)
        if found is None:
            return None
        state = _state(found["status"])
        # Only of what failed it matters who made it, and when.
        tags = self._tags(found["arn"]) if state is State.FAILED else {}
        made = tags.get(ATTEMPT_TAG, "") if tags.get(OWNER_TAG) == self._owner else ""
        return ResourceAssociation(
            id=found["id"],
            state=state,
            private_dns=found.get("privateDnsEnabled", False),
            attempt=int(made) if made.isdecimal() else 0,
            failure=found.get("failureCode", ""),
        )

    def vpc_association(self, vpc_id: str) -> ServiceNetworkVpcAssociation | None:
        """Return the VPC's association with whichever network."""
        if vpc_id not in self._of_vpcs:
            with translated(f"list the service networks of {vpc_id}"):
                found = [
                    each
                    for page in self._lattice.get_paginator("list_service_network_vpc_associations").paginate(
                        vpcIdentifier=vpc_id
                    )
                    for each in page["items"]
                ]
            self._of_vpcs[vpc_id] = self._vpc_association(found[0]["id"]) if found else None
        return self._of_vpcs[vpc_id]

    def resources_in(self, network: ObservedServiceNetwork) -> int:
        return len(self._listed(network, ResourceKind.RESOURCE_CONFIGURATION))

    def vpcs_of(self, network: ObservedServiceNetwork) -> int:
        with translated(f"count the VPCs of {network.arn}"):
            return sum(
                len(page["items"])
                for page in self._lattice.get_paginator("list_service_network_vpc_associations").paginate(
                    serviceNetworkIdentifier=network.arn
                )
            )

    def create(self, name: str, client_token: str) -> ObservedServiceNetwork:
        """Make a network.

        Raises:
            ConflictError: there is one of that name.
        """
        with translated(f"create service network {name}"):
            made = self._lattice.create_service_network(
                name=name,
                authType="NONE",
                # What can be shared on takes no resource whose provider has not allowed that; it never changes.
                sharingConfig={"enabled": False},
                clientToken=client_token,
                tags={OWNER_TAG: self._owner},
            )
        return ObservedServiceNetwork(arn=made["arn"], name=made["name"])

    def create_resource_association(self, action: CreateResourceAssociation, client_token: str) -> ResourceAssociation:
        """Associate the network with the resource, or with the service.

        Raises:
            ConflictError: they are associated already.
            RefusedError: AWS does not associate these two.
        """
        try:
            return self._create_resource_association(action, client_token)
        except AccessDeniedError as error:
            raise AccessDeniedError(f"{error}; {_what_lacks(denied_action(str(error)))}") from error

    def _create_resource_association(self, action: CreateResourceAssociation, client_token: str) -> ResourceAssociation:
        network, resource, attempt = action.network, action.resource, action.attempt
        tags = {OWNER_TAG: self._owner, ATTEMPT_TAG: str(attempt)}
        with translated(f"associate {resource.arn} with {network.arn}"):
            if resource.kind is ResourceKind.SERVICE:
                served = self._lattice.create_service_network_service_association(
                    serviceNetworkIdentifier=network.arn,
                    serviceIdentifier=resource.arn,
                    clientToken=client_token,
                    tags=tags,
                )
                return ResourceAssociation(id=served["id"], state=_state(served["status"]), attempt=attempt)
            made = self._lattice.create_service_network_resource_association(
                serviceNetworkIdentifier=network.arn,
                resourceConfigurationIdentifier=resource.arn,
                privateDnsEnabled=action.private_dns,
                clientToken=client_token,
                tags=tags,
            )
        return ResourceAssociation(
            id=made["id"], state=_state(made["status"]), private_dns=action.private_dns, attempt=attempt
        )

    def delete_resource_association(self, association_id: str) -> None:
        """Delete the association with a resource or service; the role lets only those be deleted that carry our tag.

        Raises:
            GoneError: it is not there any longer.
        """
        with translated(f"delete {association_id}"):
            if association_id.startswith("snsa-"):
                self._lattice.delete_service_network_service_association(
                    serviceNetworkServiceAssociationIdentifier=association_id
                )
            else:
                self._lattice.delete_service_network_resource_association(
                    serviceNetworkResourceAssociationIdentifier=association_id
                )

    def create_vpc_association(self, action: CreateVpcAssociation, client_token: str) -> ServiceNetworkVpcAssociation:
        """Associate the network with the VPC.

        Raises:
            ConflictError: it is associated already, with this network or another one.
        """
        network = action.network
        # The VPC or a group may be what is not found: that says nothing of the request.
        with translated(f"associate {action.vpc_id} with {network.arn}", missing=RefusedError):
            made = self._lattice.create_service_network_vpc_association(
                serviceNetworkIdentifier=network.arn,
                vpcIdentifier=action.vpc_id,
                clientToken=client_token,
                tags={OWNER_TAG: self._owner},
                **_settings(action.settings),
            )
        return ServiceNetworkVpcAssociation.of_ours(made["id"], _state(made["status"]), network.arn, action.settings)

    def update_vpc_association(self, action: UpdateVpcAssociation) -> ServiceNetworkVpcAssociation:
        """Change the security groups and the private DNS of a VPC's association.

        Raises:
            ConflictError: something else about it is in progress.
        """
        there = action.association
        # What was deleted meanwhile is made anew by the next attempt.
        with translated(f"change {there.id}", missing=UpstreamError):
            changed = self._lattice.update_service_network_vpc_association(
                serviceNetworkVpcAssociationIdentifier=there.id, **_settings(action.settings)
            )
        return ServiceNetworkVpcAssociation.of_ours(
            there.id, _state(changed["status"]), there.network_arn, action.settings
        )

    def _find(self, ref: NetworkRef) -> ObservedServiceNetwork | None:
        identifier = ref.identifier or self._by_name.get(ref.name, "")
        if not identifier:
            return None
        try:
            with translated(f"look for service network {ref.label}"):
                found = self._lattice.get_service_network(serviceNetworkIdentifier=identifier)
        except (GoneError, AccessDeniedError):
            return None
        return ObservedServiceNetwork(
            arn=found["arn"], name=found["name"], shareable=found.get("sharingConfig", {}).get("enabled", True)
        )

    @cached_property
    def _by_name(self) -> dict[str, str]:
        """Return the networks of this account: one that is shared with it may have the same name."""
        with translated("list service networks"):
            return {
                each["name"]: each["arn"]
                for page in self._lattice.get_paginator("list_service_networks").paginate()
                for each in page["items"]
                if is_of(each["arn"], self._account_id)
            }

    def _listed(self, network: ObservedServiceNetwork, kind: ResourceKind) -> dict[str, Any]:
        key = (network.arn, kind)
        if key not in self._in_networks:
            self._in_networks[key] = self._list(network, kind)
        return self._in_networks[key]

    def _list(self, network: ObservedServiceNetwork, kind: ResourceKind) -> dict[str, Any]:
        by_service = kind is ResourceKind.SERVICE
        listing: Any = (
            self._lattice.get_paginator("list_service_network_service_associations")
            if by_service
            else self._lattice.get_paginator("list_service_network_resource_associations")
        )
        member = "serviceArn" if by_service else "resourceConfigurationArn"
        with translated(f"list what is in {network.arn}"):
            return {
                each[member]: each
                for page in listing.paginate(serviceNetworkIdentifier=network.arn)
                for each in page["items"]
                # What an AWS service made for itself is none of our business.
                if not each.get("isManagedAssociation")
            }

    def _vpc_association(self, association_id: str) -> ServiceNetworkVpcAssociation:
        with translated(f"look at {association_id}"):
            found = self._lattice.get_service_network_vpc_association(
                serviceNetworkVpcAssociationIdentifier=association_id
            )
        private_dns, domains = association_names(found)
        return ServiceNetworkVpcAssociation(
            id=found["id"],
            state=_state(found["status"]),
            network_arn=found["serviceNetworkArn"],
            security_group_ids=frozenset(found.get("securityGroupIds", ())),
            private_dns=private_dns,
            private_domains=domains,
            ours=self._tags(found["arn"]).get(OWNER_TAG) == self._owner,
            failure=" ".join(filter(None, (found.get("failureCode"), found.get("failureMessage")))),
        )

    def _tags(self, arn: str) -> dict[str, str]:
        """Return the tags; those of what another account made are not shown, and it is not ours."""
        try:
            with translated(f"ask for the tags of {arn}"):
                return dict(self._lattice.list_tags_for_resource(resourceArn=arn)["tags"])
        except (GoneError, AccessDeniedError):
            return {}


def _what_lacks(action: str) -> str:
    """Return what to do about a refusal, by the action that it names."""
    # VPC Lattice user guide, "Share your VPC Lattice entities": permissions of version 1 do not allow to associate.
    older = "the share is of an older kind: its provider has to update its permissions"
    if not action:
        return f"if this role may, {older}"
    if not action.startswith("vpc-lattice:CreateServiceNetwork"):
        return (
            f"this role lacks {action}, which AWS asks for beside: update the stack, and see what holds the role back"
        )
    return f"if this role may {action}, {older}"


def association_names(each: Any) -> tuple[PrivateDns, frozenset[str]]:
    """Read the private DNS of a VPC's association as VPC Lattice lists it."""
    options = each.get("dnsOptions") or {}
    return names_of(
        each.get("privateDnsEnabled"), options.get("privateDnsPreference"), options.get("privateDnsSpecifiedDomains")
    )


def _settings(desired: VpcAssociationSettings) -> dict[str, Any]:
    private_dns = desired.private_dns
    settings: dict[str, Any] = {"privateDnsEnabled": private_dns.enabled}
    if private_dns.enabled:
        settings["dnsOptions"] = {"privateDnsPreference": PREFERENCES[private_dns.preference]}
        if private_dns.domains:
            settings["dnsOptions"]["privateDnsSpecifiedDomains"] = list(private_dns.domains)
    if desired.security_group_ids:
        settings["securityGroupIds"] = list(desired.security_group_ids)
    return settings
