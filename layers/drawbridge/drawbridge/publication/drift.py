"""Drift: what was connected and is not any longer as it was left, found out by comparing what AWS lists."""

from collections.abc import Iterable
from typing import Protocol

from drawbridge.association import Associated, WantedAssociation
from drawbridge.decision.facts import ResourceKind
from drawbridge.errors import DrawbridgeError, GoneError
from drawbridge.parsing import UnreadableError, read_json
from drawbridge.publication import Way
from drawbridge.publication.named import NamedResource
from drawbridge.publication.records import RecordsThere, moved
from drawbridge.request.digests import digest
from drawbridge.request.drift import Drifted
from drawbridge.request.row import Row


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


def way_of(wanted: WantedAssociation, by: Associated, found: Iterable[NamedResource]) -> Way:
    """Note how an association is left: ``found`` is all that it leads to."""
    return Way(
        name=wanted.name,
        resource_arn=wanted.resource_arn,
        resource_kind=wanted.resource_kind,
        holds_others=wanted.holds_others,
        by=by,
        state=_state(found, frozenset(by.security_group_ids), by.settings, vpc=bool(by.vpc_association)),
    )


def led_to(
    by: Associated, resource_arn: str, kind: ResourceKind, found: Iterable[NamedResource], *, holds_others: bool
) -> list[NamedResource]:
    """Choose what belongs to one resource of all that an endpoint or a network leads to."""
    if kind is ResourceKind.SERVICE_NETWORK:
        # A group's association has no name: its children's have.
        return [each for each in found if by.endpoint_id or each.dns_name or each.failure]
    if not holds_others:
        return [each for each in found if each.resource_arn == resource_arn]
    if not by.endpoint_id:
        return [each for each in found if each.resource_arn != resource_arn]
    return [each for each in found if each.group_arn == resource_arn]


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
        for way in ways_of(row.ways):
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
        return _state(chosen, groups, self._listed.settings(by) if by.settings else "", vpc=vpc)


def ways_of(text: str) -> tuple[Way, ...]:
    """Read what the ledger keeps; nothing of what another version of Drawbridge wrote."""
    try:
        return read_json(text, tuple[Way, ...]) if text else ()
    except UnreadableError:
        return ()


def recorded_endpoints(text: str) -> dict[str, str]:
    """Give the endpoint of each association, by its name, of what the ledger keeps."""
    return {way.name: way.by.endpoint_id for way in ways_of(text) if way.by.endpoint_id}


def _state(found: Iterable[NamedResource], groups: frozenset[str], settings: str, *, vpc: bool) -> str:
    named = sorted((each.resource_arn, each.dns_name, each.accessible, each.private_dns_name) for each in found)
    # What the version before left is compared as that version did.
    return digest(named, sorted(groups), vpc, *([settings] if settings else []))
