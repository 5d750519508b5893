"""Inputs: what a plan rests on besides contents and configuration, as fingerprints that a sweep compares."""

import msgspec
from msgspec import Struct


class PlanInputs(Struct, frozen=True, kw_only=True):
    """A fingerprint for each kind of input; an empty one says nothing, and differs from nothing."""

    resources: str = ""
    """Of what VPC Lattice lists of what the share holds."""
    vpcs: str = ""
    """Of the VPCs that bindings choose, and of the subnets that are chosen for them."""
    subnets: str = ""
    """Of those that bindings name."""
    security_groups: str = ""
    networks: str = ""
    """Of the service networks that bindings name."""
    hosted_zones: str = ""
    """Of those that bindings have an alias in."""
    room: str = ""
    """Of where a quota is reached."""

    def changed_since(self, before: "PlanInputs") -> tuple[str, ...]:
        """Return the kinds that differ, of those that both say something of."""
        now, then = msgspec.structs.asdict(self), msgspec.structs.asdict(before)
        return tuple(kind for kind, value in now.items() if value and then[kind] and value != then[kind])
