"""Names as AWS gives them."""

from msgspec import Struct


class NamedResource(Struct, frozen=True, kw_only=True):
    """What is reached by an endpoint or a service network, with the names that AWS gives it there."""

    association_id: str
    resource_arn: str
    name: str = ""
    """As its owner calls it, where AWS lists that."""
    group_arn: str = ""
    """The group that a child is in, where AWS lists that."""
    accessible: bool
    dns_name: str
    """Empty until AWS gives one, which is some time after the attachment is available."""
    hosted_zone_id: str
    private_dns_name: str | None = None
    private_hosted_zone_id: str | None = None
    failure: str = ""

    @property
    def is_usable(self) -> bool:
        return self.accessible and bool(self.dns_name)
