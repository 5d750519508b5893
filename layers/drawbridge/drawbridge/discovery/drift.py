"""Drift: what is connected and not any longer as it was left, found by comparing it with what AWS lists."""

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

from drawbridge.association import MadeAttachment
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.errors import DrawbridgeError, GoneError
from drawbridge.publication import AttachmentSnapshot, PointedRecord
from drawbridge.publication.named import NamedResource
from drawbridge.publication.snapshot import attachment_fingerprint, names_of_resource
from drawbridge.request.fingerprints import fingerprint


class DriftReport(Struct, frozen=True):
    """The result of comparing one row with what AWS lists."""

    drift_fingerprint: str
    """Of what has changed by now; empty if nothing has."""
    unknown: tuple[DrawbridgeError, ...] = ()
    """Why something could not be compared: whether it has changed or healed is not known."""


class ListedAttachments(Protocol):
    """Attachments as AWS lists them now, each asked for once a sweep."""

    def security_groups(self, endpoint_id: str) -> frozenset[str] | None:
        """Return the groups of an endpoint; ``None`` if it is gone, or going."""
        ...

    def named(self, endpoint_id: str) -> list[NamedResource]: ...

    def named_in_network(self, network_arn: str, resource_arn: str) -> list[NamedResource]: ...

    def vpc_associations(self, network_arn: str) -> frozenset[str]:
        """Return the ids of a network's associations with VPCs."""
        ...

    def settings(self, made: MadeAttachment) -> str:
        """Return what ``settings_of`` gives for the endpoint or the VPC's association that AWS lists."""
        ...


class ListedRecords(Protocol):
    """The records of hosted zones, each zone listed once a sweep."""

    def leads_to(self, zone_id: str, name: str) -> str:
        """Return the target of the A record of that name; empty if there is no such record or zone."""
        ...


class DriftDetector:
    """Compares what the ledger keeps with what AWS lists."""

    def __init__(self, listed: ListedAttachments, records: ListedRecords | None = None) -> None:
        """Without ``records``, hosted zones are not compared."""
        self._listed = listed
        self._records = records

    def detect(self, row: LedgerRow) -> DriftReport:
        """Return what has changed by now. What can't be listed is unknown, and everything else is compared."""
        changed: list[tuple[str, ...]] = []
        unknown: list[DrawbridgeError] = []
        for snapshot in row.attachments or ():
            if not snapshot.observed_fingerprint:
                # Nobody knows how it was left.
                continue
            for compared in (self._changed, self._moved):
                try:
                    changed += compared(snapshot)
                except DrawbridgeError as error:
                    unknown.append(error)
        return DriftReport(fingerprint(sorted(changed)) if changed else "", tuple(unknown))

    def _changed(self, snapshot: AttachmentSnapshot) -> list[tuple[str, ...]]:
        try:
            now = self._state_now(snapshot)
        except GoneError:
            # AWS was asked for it by its ARN, and answered that there is no such thing.
            now = "gone"
        return [(snapshot.name, now)] if now != snapshot.observed_fingerprint else []

    def _moved(self, snapshot: AttachmentSnapshot) -> list[tuple[str, ...]]:
        return [*moved_records(snapshot.records, self._records)] if self._records is not None else []

    def _state_now(self, snapshot: AttachmentSnapshot) -> str:
        made = snapshot.made
        if made.endpoint_id:
            groups = self._listed.security_groups(made.endpoint_id)
            if groups is None:
                return "gone"
            found = self._listed.named(made.endpoint_id)
            vpc = False
        else:
            groups = frozenset()
            found = self._listed.named_in_network(made.network_arn, snapshot.resource_arn)
            vpc = made.vpc_association in self._listed.vpc_associations(made.network_arn)
        chosen = names_of_resource(
            made, snapshot.resource_arn, snapshot.resource_kind, found, holds_others=snapshot.holds_others
        )
        return attachment_fingerprint(chosen, groups, self._listed.settings(made) if made.settings else "", vpc=vpc)


def moved_records(records: Iterable[PointedRecord], listed: ListedRecords) -> list[tuple[str, str, str]]:
    """Return the records that do not lead where they were pointed, each with where it leads by now."""
    return [
        (each.zone_id, each.name, now)
        for each in records
        if (now := listed.leads_to(each.zone_id, each.name)) != each.dns_name
    ]
