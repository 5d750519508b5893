"""How long AWS takes over what it does not do at once, in seconds of the local AWS's clock."""

from __future__ import annotations

from typing import Final

import msgspec

from local_aws.http.control_input import Seconds

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR


class Timings(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """Durations that AWS publishes are AWS's; the others are short, so that nobody relies on there being none."""

    share_visible: Seconds = 2.0
    """From acceptance, or association inside an organization, to what the principal can list (field: a few seconds)."""
    share_gone: Seconds = 2.0
    invitation_lattice: Seconds = 12 * HOUR
    invitation_listed_types: Seconds = 7 * DAY
    invitation_purged: Seconds = 7 * DAY
    """After its end an invitation can be read that long; then its ARN is unknown."""
    deleted_share_listed: Seconds = 2 * HOUR
    endpoint_available: Seconds = 6.0
    endpoint_dns_entry: Seconds = 3.0
    """After available: names of Resource endpoints lag behind the state."""
    endpoint_deleted: Seconds = 4.0
    deleted_endpoint_listed: Seconds = HOUR
    connection_accepted: Seconds = 4.0
    connection_named: Seconds = 0.0
    """From an Interface endpoint being asked for to its having names; AWS documents no delay."""
    notification_sent: Seconds = 1.0
    lattice_created: Seconds = 2.0
    lattice_deleted: Seconds = 2.0
    lattice_children: Seconds = 3.0
    """From an ARN's configuration being active to the children that it gets by itself."""
    domain_looked_up: Seconds = 5.0
    """Between the first looks for a domain's TXT record; later ones are rarer."""
    domain_timed_out: Seconds = 3 * DAY
    """AWS documents that a verification times out, and not when."""
    parameter_name_free: Seconds = 30.0
    """After a parameter was deleted its name can't be had again that long."""
    records_in_sync: Seconds = 5.0
    """From a change of records to its being INSYNC: generally within 60 seconds on AWS."""
    trail_event: Seconds = 3.0
    """CloudTrail's own delay is typically minutes."""


timings: Final = Timings()
