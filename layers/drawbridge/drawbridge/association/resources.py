"""Shared resource configurations as VPC Lattice describes them to the account that they are shared with."""

from msgspec import Struct


class SharedConfiguration(Struct, frozen=True, kw_only=True, order=True):
    """A resource configuration of another account's."""

    name: str
    arn: str
    share_arn: str
    owner: str
    type: str
    protocol: str
    port_ranges: tuple[str, ...]
    custom_domain_name: str = ""
    domain_verified: bool = False
