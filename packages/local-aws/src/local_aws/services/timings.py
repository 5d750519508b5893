"""The durations of AWS's delayed effects, in seconds of the local AWS's clock."""

from __future__ import annotations

from typing import Final

import msgspec

from local_aws.http.control_input import Seconds

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR


class Timings(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """Published durations are AWS's; the others are short, so that nobody relies on immediate effects."""

    share_visible: Seconds = 2.0
    """From acceptance, or association inside an organization, until the principal can list it (observed: seconds)."""
    share_gone: Seconds = 2.0
    association_settled: Seconds = 1.0
    """From an association until it can be ended, be it by an invitation or not. That it takes a while was seen on AWS
    (github.com/hashicorp/terraform-provider-aws, issue 13458), not how long."""
    disassociated_listed: Seconds = 2 * HOUR
    """How long what was in a share is listed as ``DISASSOCIATED``: AWS documents neither. That it is listed was seen
    (github.com/hashicorp/terraform-provider-aws, issue 35296)."""
    invitation_lattice: Seconds = 12 * HOUR
    invitation_listed_types: Seconds = 7 * DAY
    invitation_purged: Seconds = 7 * DAY
    """How long an invitation can be read after its end; then its ARN is unknown."""
    deleted_share_listed: Seconds = 2 * HOUR
    endpoint_available: Seconds = 6.0
    endpoint_dns_entry: Seconds = 3.0
    """After ``available``: names of Resource endpoints lag behind the state."""
    endpoint_deleted: Seconds = 4.0
    deleted_endpoint_listed: Seconds = HOUR
    connection_accepted: Seconds = 4.0
    connection_rejected: Seconds = 4.0
    """Of a connection that was accepted; a request is rejected at once. AWS documents neither."""
    connection_named: Seconds = 0.0
    """From the creation of an Interface endpoint until it has names; AWS documents no delay."""
    notification_sent: Seconds = 1.0
    lattice_created: Seconds = 2.0
    lattice_deleted: Seconds = 2.0
    lattice_children: Seconds = 3.0
    """From an ARN's configuration being active until its managed children are created."""
    domain_looked_up: Seconds = 5.0
    """Between the first lookups of a domain's TXT record; later ones are rarer."""
    domain_timed_out: Seconds = 3 * DAY
    """AWS documents that a verification times out, but not when."""
    parameter_name_free: Seconds = 30.0
    """How long the name of a deleted parameter can't be used again."""
    records_in_sync: Seconds = 5.0
    """From a change of records until it is INSYNC: generally within 60 seconds on AWS."""
    noisy_tenant: Seconds = 300.0
    """From the last time that a tenant of a fair queue was noisy until it is quiet (SQS developer guide)."""
    trail_event: Seconds = 3.0
    """CloudTrail's own delay is typically minutes."""


timings: Final = Timings()
