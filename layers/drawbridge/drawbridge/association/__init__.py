"""Association: which shared resource goes where, by the bindings, and the endpoint that makes it reachable."""

from msgspec import Struct

from drawbridge.decision.grounds import AssociationGrounds
from drawbridge.status import Reason


class WantedAssociation(Struct, frozen=True, kw_only=True, rename="camel"):
    """A shared resource that a binding wants in one VPC, and that policy allows there."""

    binding: str
    resource_name: str
    resource_arn: str
    share_arn: str
    provider: str
    protocol: str
    port_ranges: tuple[str, ...]
    mode: str
    vpc_id: str
    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]
    """None stands for the VPC's default group: that is what AWS takes."""
    private_dns: str
    per_vpc: bool
    """Whether the binding names its VPCs by tag, so that names are published for each."""

    @property
    def name(self) -> str:
        """How people call it: binding, resource and VPC."""
        return f"{self.binding}/{self.resource_name}/{self.vpc_id}"


class Plan(Struct, frozen=True, kw_only=True):
    """What is to be associated of one share, and what is wanted but refused."""

    associations: tuple[WantedAssociation, ...]
    refused: tuple[Reason, ...]
    broken: tuple[Reason, ...] = ()
    """Bindings that can't be read, and might have wanted something."""
    state: str
    """The digest of the share in effect that the plan was made from."""
    wanted: str
    """The digest of the bindings that the plan was made from."""
    grounds: AssociationGrounds | None = None
    """What the policy was asked about."""


class Endpoint(Struct, frozen=True, kw_only=True, rename="camel"):
    """The VPC endpoint that makes a resource reachable."""

    endpoint_id: str
