"""VPC Lattice's resource configurations, as the account sees them that they are shared with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from drawbridge.arns import Arn
from drawbridge.association.resources import SharedConfiguration
from drawbridge.aws.errors import translated
from drawbridge.errors import AccessDeniedError, GoneError, NotReadyError
from drawbridge.request.shares import SharedResource

if TYPE_CHECKING:
    from mypy_boto3_vpc_lattice import VPCLatticeClient

_TYPE = "vpc-lattice:resourceconfiguration"


class ResourceConfigurations:
    """Resource configurations of other accounts."""

    def __init__(self, lattice: VPCLatticeClient) -> None:
        self._lattice = lattice

    def describe(self, resources: Iterable[SharedResource]) -> list[SharedConfiguration]:
        """Describe those of the resources that are resource configurations.

        Raises:
            NotReadyError: RAM lists one that VPC Lattice does not show yet, or that is still being made.
        """
        return [self._describe(resource) for resource in resources if resource.type == _TYPE]

    def is_shared(self, arn: str) -> bool:
        try:
            with translated(f"look for {arn}"):
                self._lattice.get_resource_configuration(resourceConfigurationIdentifier=arn)
        except (GoneError, AccessDeniedError):
            # What is not shared any longer is denied, what was deleted is not found.
            return False
        return True

    def tags(self, arn: str) -> dict[str, str] | None:
        """Give the tags of a resource; ``None`` where AWS does not show them to whom it is shared with.

        Whether a share's permissions ever allow it, AWS documents nowhere.
        """
        try:
            with translated(f"ask for the tags of {arn}"):
                return dict(self._lattice.list_tags_for_resource(resourceArn=arn)["tags"])
        except (GoneError, AccessDeniedError):
            return None

    def _describe(self, resource: SharedResource) -> SharedConfiguration:
        try:
            with translated(f"describe {resource.arn}"):
                found = self._lattice.get_resource_configuration(resourceConfigurationIdentifier=resource.arn)
        except (GoneError, AccessDeniedError) as error:
            raise NotReadyError(f"{resource.arn} is listed as shared and not to be seen yet") from error
        if found["status"].endswith("_IN_PROGRESS"):
            raise NotReadyError(f"{resource.arn} is {found['status']}")
        return SharedConfiguration(
            name=found["name"],
            arn=resource.arn,
            share_arn=resource.share_arn,
            owner=Arn.parse(resource.arn).account_id,
            type=found["type"],
            protocol=found.get("protocol", ""),
            port_ranges=tuple(found.get("portRanges", ())),
            custom_domain_name=found.get("customDomainName", ""),
            domain_verified=found.get("domainVerificationStatus") == "VERIFIED",
        )
