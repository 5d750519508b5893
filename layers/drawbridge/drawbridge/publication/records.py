"""Records of ours in hosted zones, compared with what a zone has by now."""

from collections.abc import Iterable
from typing import Protocol

from drawbridge.publication import PointedRecord


class RecordsThere(Protocol):
    """What the hosted zones have right now, each listed once a look."""

    def leads_to(self, zone_id: str, name: str) -> str:
        """Give where a name leads; empty if there is no record of type A of that name, or no such zone."""
        ...


def moved(records: Iterable[PointedRecord], there: RecordsThere) -> list[tuple[str, str, str]]:
    """Give the records that do not lead where they were pointed, each with where it leads by now."""
    return [
        (each.zone_id, each.name, now)
        for each in records
        if (now := there.leads_to(each.zone_id, each.name)) != each.dns_name
    ]
