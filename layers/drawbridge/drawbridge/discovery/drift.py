"""Drift: what was connected and is not any longer as it was left, found out by comparing what AWS lists."""

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

from drawbridge.association import Associated
from drawbridge.discovery.row import Row
from drawbridge.errors import DrawbridgeError, GoneError
from drawbridge.publication import PointedRecord, Way
from drawbridge.publication.named import NamedResource
from drawbridge.publication.snapshot import led_to, state_of
from drawbridge.request.digests import digest


class Drifted(Struct, frozen=True):
    """What a comparison of one row with what AWS lists came to."""

    digest: str
    """Of what has changed by now; empty if nothing has."""
    unknown: tuple[DrawbridgeError, ...] = ()
    """Why something could not be looked at: it has neither changed nor healed as far as anybody knows."""


class Listed(Protocol):
    """What AWS lists right now, each asked for once a look."""

    def security_groups(self, endpoint_id: str) -> frozenset[str] | None:
        """Give the groups of an endpoint; ``None`` if it is gone, or going."""
        ...

    def named(self, endpoint_id: str) -> list[NamedResource]: ...

    def named_in_network(self, network_arn: str, resource_arn: str) -> list[NamedResource]: ...

    def vpc_associations(self, network_arn: str) -> frozenset[str]:
        """Give the ids of a network's associations with VPCs."""
        ...

    def settings(self, by: Associated) -> str:
        """Give what ``settings_of`` tells of the endpoint, or of the VPC's association, as AWS lists it."""
        ...


class RecordsThere(Protocol):
    """What the hosted zones have right now, each listed once a look."""

    def leads_to(self, zone_id: str, name: str) -> str:
        """Give where a name leads; empty if there is no record of type A of that name, or no such zone."""
        ...


class Drift:
    """Compares what the ledger keeps with what AWS lists."""

    def __init__(self, listed: Listed, records: RecordsThere | None = None) -> None:
        """Without ``records``, nothing is compared of hosted zones."""
        self._listed = listed
        self._records = records

    def of(self, row: Row) -> Drifted:
        """Tell what has changed by now. What can't be looked at is unknown, and everything else is looked at."""
        changed: list[tuple[str, ...]] = []
        unknown: list[DrawbridgeError] = []
        for way in row.ways or ():
            for compared in (self._changed, self._moved):
                try:
                    changed += compared(way)
                except DrawbridgeError as error:
                    unknown.append(error)
        return Drifted(digest(sorted(changed)) if changed else "", tuple(unknown))

    def _changed(self, way: Way) -> list[tuple[str, ...]]:
        try:
            now = self._now(way)
        except GoneError:
            # AWS was asked for it by its ARN, and answered that there is no such thing.
            now = "gone"
        return [(way.name, now)] if now != way.state else []

    def _moved(self, way: Way) -> list[tuple[str, ...]]:
        return [*moved(way.records, self._records)] if self._records is not None else []

    def _now(self, way: Way) -> str:
        by = way.by
        if by.endpoint_id:
            groups = self._listed.security_groups(by.endpoint_id)
            if groups is None:
                return "gone"
            found = self._listed.named(by.endpoint_id)
            vpc = False
        else:
            groups = frozenset()
            found = self._listed.named_in_network(by.network_arn, way.resource_arn)
            vpc = by.vpc_association in self._listed.vpc_associations(by.network_arn)
        chosen = led_to(by, way.resource_arn, way.resource_kind, found, holds_others=way.holds_others)
        return state_of(chosen, groups, self._listed.settings(by) if by.settings else "", vpc=vpc)


def moved(records: Iterable[PointedRecord], there: RecordsThere) -> list[tuple[str, str, str]]:
    """Give the records that do not lead where they were pointed, each with where it leads by now."""
    return [
        (each.zone_id, each.name, now)
        for each in records
        if (now := there.leads_to(each.zone_id, each.name)) != each.dns_name
    ]
