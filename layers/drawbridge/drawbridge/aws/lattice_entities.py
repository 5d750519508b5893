"""What VPC Lattice shows of resource configurations, service networks and services that others share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from drawbridge.arns import Arn
from drawbridge.aws.errors import translated
from drawbridge.errors import (
    AccessDeniedError,
    DrawbridgeError,
    GoneError,
    InvalidInputError,
    RefusedError,
    ThrottledError,
)
from drawbridge.lattice import NOT_VISIBLE, UNAVAILABLE, Entity, ResourceKind, Undescribed
from drawbridge.publication.named import NamedResource
from drawbridge.request.shares import SharedResource

if TYPE_CHECKING:
    from mypy_boto3_vpc_lattice import VPCLatticeClient

_KINDS = {
    "resourceconfiguration": ResourceKind.RESOURCE_CONFIGURATION,
    "servicenetwork": ResourceKind.SERVICE_NETWORK,
    "service": ResourceKind.SERVICE,
}
"""By the word that stands in their ARNs, and in RAM's types."""


_NEVER = frozenset({"CREATE_FAILED", "DELETE_IN_PROGRESS"})
"""Statuses that nothing usable comes of."""

_USABLE = frozenset({"ACTIVE", "UPDATE_FAILED", "DELETE_FAILED"})
"""After an update or a deletion that failed it is as it was before."""


class LatticeEntities:
    """Entities of other accounts, or of this one."""

    def __init__(self, lattice: VPCLatticeClient) -> None:
        self._lattice = lattice

    def describe(self, resources: Iterable[SharedResource]) -> list[Entity | Undescribed]:
        """Describe those of the resources that are VPC Lattice's; one that it does not describe stops no other.

        Raises:
            ThrottledError: VPC Lattice asks to be asked less often; that says nothing of any of them.
        """
        known = [(each, _KINDS.get(each.type.removeprefix("vpc-lattice:"))) for each in resources if each.is_lattice]
        return [self._describe(each.arn, each.share_arn, kind) for each, kind in known if kind is not None]

    def entity(self, arn: str) -> Entity | None:
        """Describe one by its ARN; ``None`` if it is not there, or AWS does not show it."""
        kind = _kind_of(arn)
        if kind is None:
            return None
        try:
            found = self._get(arn, kind)
        except (GoneError, AccessDeniedError):
            return None
        return _entity(found, arn, "", kind)

    def ask_for(self, arn: str) -> None:
        """Describe one by its ARN to know that it is there; what AWS answers instead is raised."""
        kind = _kind_of(arn)
        if kind is not None:
            self._get(arn, kind)

    def is_shared(self, arn: str) -> bool:
        # What is not shared any longer is denied, what was deleted is not found.
        return self.entity(arn) is not None

    def tags(self, arn: str) -> dict[str, str] | None:
        """Return the tags of a resource; ``None`` where AWS does not show them to whom it is shared with.

        Whether a share's permissions ever allow it, AWS documents nowhere.
        """
        try:
            with translated(f"ask for the tags of {arn}"):
                return dict(self._lattice.list_tags_for_resource(resourceArn=arn)["tags"])
        except (GoneError, AccessDeniedError):
            return None

    def named_in_network(self, network_arn: str, resource_arn: str) -> list[NamedResource]:
        """Return what a network leads to, with the names in VPCs that are associated with it.

        Of one resource, with the children of a group, or of one service; ``network_arn`` itself stands for all that is
        in it.
        """
        kind = _kind_of(resource_arn)
        only: dict[str, Any] = {} if resource_arn == network_arn else {"resourceConfigurationIdentifier": resource_arn}
        found: list[NamedResource] = []
        with translated(f"list what is in {network_arn}"):
            if kind is not ResourceKind.SERVICE:
                for page in self._lattice.get_paginator("list_service_network_resource_associations").paginate(
                    serviceNetworkIdentifier=network_arn, includeChildren=True, **only
                ):
                    found += [_resource_in(each) for each in page["items"]]
            if kind is not ResourceKind.RESOURCE_CONFIGURATION:
                only = {} if resource_arn == network_arn else {"serviceIdentifier": resource_arn}
                for services in self._lattice.get_paginator("list_service_network_service_associations").paginate(
                    serviceNetworkIdentifier=network_arn, **only
                ):
                    found += [_service_in(each) for each in services["items"]]
        return found

    def _describe(self, arn: str, share_arn: str, kind: ResourceKind) -> Entity | Undescribed:
        try:
            found = self._get(arn, kind)
        except ThrottledError:
            raise
        except RefusedError as error:
            return Undescribed(arn=arn, code=UNAVAILABLE, words=str(error))
        except DrawbridgeError as error:
            # What RAM lists may show here some seconds later; or it is denied, or gone, for good.
            return Undescribed(arn=arn, code=NOT_VISIBLE, words=str(error), may_pass=True)
        # A service network has no status.
        status = found.get("status", "ACTIVE")
        if status in _NEVER:
            words = ": ".join(filter(None, (f"its status is {status}", found.get("failureReason"))))
            return Undescribed(arn=arn, code=UNAVAILABLE, words=words)
        if status not in _USABLE:
            return Undescribed(arn=arn, code=NOT_VISIBLE, words=f"its status is {status}", may_pass=True)
        try:
            return _entity(found, arn, share_arn, kind)
        except (InvalidInputError, KeyError) as error:
            return Undescribed(arn=arn, code=UNAVAILABLE, words=f"AWS describes it incompletely: {error}")

    def _get(self, arn: str, kind: ResourceKind) -> Any:
        with translated(f"describe {arn}"):
            match kind:
                case ResourceKind.RESOURCE_CONFIGURATION:
                    return self._lattice.get_resource_configuration(resourceConfigurationIdentifier=arn)
                case ResourceKind.SERVICE_NETWORK:
                    return self._lattice.get_service_network(serviceNetworkIdentifier=arn)
                case ResourceKind.SERVICE:
                    return self._lattice.get_service(serviceIdentifier=arn)


def _kind_of(arn: str) -> ResourceKind | None:
    try:
        parsed = Arn.parse(arn)
    except InvalidInputError:
        return None
    return _KINDS.get(parsed.resource.partition("/")[0]) if parsed.service == "vpc-lattice" else None


def _entity(found: Any, arn: str, share_arn: str, kind: ResourceKind) -> Entity:
    configuration = kind is ResourceKind.RESOURCE_CONFIGURATION
    return Entity(
        name=found.get("name", ""),
        arn=arn,
        share_arn=share_arn,
        owner=Arn.parse(arn).account_id,
        kind=kind,
        type=found.get("type", "") if configuration else kind.upper().replace("-", "_"),
        protocol=found.get("protocol", ""),
        port_ranges=tuple(found["portRanges"]) if "portRanges" in found else None if configuration else (),
        custom_domain_name=found.get("customDomainName") or "",
        domain_verified=_is_verified(found),
        group_id=found.get("resourceConfigurationGroupId", ""),
        allows_shareable_networks=found.get("allowAssociationToShareableServiceNetwork", False),
    )


def _is_verified(found: Any) -> bool | None:
    """Return whether AWS found that the domain is the provider's; ``None`` where it does not say."""
    status = found.get("domainVerificationStatus")
    if status is None:
        # Without a verification no domain is verified; of one that was begun, a missing status says nothing.
        begun = found.get("domainVerificationId") or found.get("domainVerificationArn")
        return None if begun else False
    return {"VERIFIED": True, "PENDING": False, "VERIFICATION_TIMED_OUT": False}.get(status)


def _resource_in(each: Any) -> NamedResource:
    name, private = each.get("dnsEntry") or {}, each.get("privateDnsEntry") or {}
    return NamedResource(
        association_id=each["id"],
        resource_arn=each["resourceConfigurationArn"],
        name=each.get("resourceConfigurationName", ""),
        accessible=each["status"] in {"ACTIVE", "PARTIAL"},
        dns_name=name.get("domainName", ""),
        hosted_zone_id=name.get("hostedZoneId", ""),
        private_dns_name=private.get("domainName"),
        private_hosted_zone_id=private.get("hostedZoneId"),
        failure=each.get("failureCode", ""),
    )


def _service_in(each: Any) -> NamedResource:
    name = each.get("dnsEntry") or {}
    return NamedResource(
        association_id=each["id"],
        resource_arn=each["serviceArn"],
        name=each.get("serviceName", ""),
        accessible=each["status"] == "ACTIVE",
        dns_name=name.get("domainName", ""),
        hosted_zone_id=name.get("hostedZoneId", ""),
        # Whoever offers the service looks after that name; Lattice does not.
        private_dns_name=each.get("customDomainName"),
    )
