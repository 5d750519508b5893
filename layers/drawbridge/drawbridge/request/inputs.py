"""Inputs: what a plan rests on beside the share's contents and the configuration, as digests that a look compares."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from drawbridge.parsing import UnreadableError, read_json


class Inputs(Struct, frozen=True, kw_only=True):
    """A digest for each kind of input; an empty one says nothing, and differs from nothing."""

    resources: str = ""
    """Of what VPC Lattice lists of that which the share holds."""
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

    @classmethod
    def read(cls, text: str) -> Inputs:
        """Read what the ledger keeps; nothing of what another version of Drawbridge wrote."""
        try:
            return read_json(text, cls) if text else cls()
        except UnreadableError:
            return cls()

    def written(self) -> str:
        """Give it as the ledger keeps it; empty if it says nothing."""
        return "" if self == Inputs() else msgspec.json.encode(self).decode()

    def changed_since(self, before: Inputs) -> tuple[str, ...]:
        """Name the kinds that differ, of those that both say something of."""
        now, then = msgspec.structs.asdict(self), msgspec.structs.asdict(before)
        return tuple(kind for kind, value in now.items() if value and then[kind] and value != then[kind])
