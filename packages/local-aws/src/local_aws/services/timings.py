"""How long AWS takes over what it does not do at once, in seconds of the local AWS's clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR


@dataclass
class Timings:
    """Durations that AWS publishes are AWS's; the others are short, so that nobody relies on there being none."""

    share_visible: float = 2.0
    """From acceptance, or association inside an organization, to what the principal can list (field: a few seconds)."""
    share_gone: float = 2.0
    invitation_lattice: float = 12 * HOUR
    invitation_listed_types: float = 7 * DAY
    invitation_purged: float = 7 * DAY
    """After its end an invitation can be read that long; then its ARN is unknown."""
    deleted_share_listed: float = 2 * HOUR
    endpoint_available: float = 6.0
    endpoint_dns_entry: float = 3.0
    """After available: names of Resource endpoints lag behind the state."""
    endpoint_deleted: float = 4.0
    deleted_endpoint_listed: float = HOUR
    connection_accepted: float = 4.0
    connection_named: float = 0.0
    """From an Interface endpoint being asked for to its having names; AWS documents no delay."""
    notification_sent: float = 1.0
    lattice_created: float = 2.0
    lattice_deleted: float = 2.0
    lattice_children: float = 3.0
    """From an ARN's configuration being active to the children that it gets by itself."""
    domain_looked_up: float = 5.0
    """Between the first looks for a domain's TXT record; later ones are rarer."""
    domain_timed_out: float = 3 * DAY
    """AWS documents that a verification times out, and not when."""
    parameter_name_free: float = 30.0
    """After a parameter was deleted its name can't be had again that long."""
    records_in_sync: float = 5.0
    """From a change of records to its being INSYNC: generally within 60 seconds on AWS."""
    trail_event: float = 3.0
    """CloudTrail's own delay is typically minutes."""


timings: Final = Timings()
