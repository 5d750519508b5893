"""Drift: how an attachment was left, compared with what AWS lists by now."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from drawbridge.association import MadeAttachment
from drawbridge.discovery.drift import DriftDetector
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.errors import AccessDeniedError, DrawbridgeError, GoneError, ThrottledError
from drawbridge.publication import AttachmentSnapshot, PointedRecord
from drawbridge.publication.named import NamedResource
from drawbridge.publication.snapshot import names_of_resource, snapshot_of
from drawbridge.status import Status
from tests.builders import RESOURCE_ARN, SHARE, desired, row
from tests.fakes.listed_attachments import InMemoryListedAttachments, InMemoryListedRecords

NETWORK = "arn:aws:vpc-lattice:us-east-1:222222222222:servicenetwork/sn-0123456789abcdef0"
BY_ENDPOINT = MadeAttachment(endpoint_id="vpce-1", security_group_ids=("sg-1",))
WITH_SETTINGS = MadeAttachment(endpoint_id="vpce-1", security_group_ids=("sg-1",), settings="verified")
BY_NETWORK = MadeAttachment(network_arn=NETWORK, resource_association="snra-1", vpc_association="snva-1")


def named(arn: str = RESOURCE_ARN, name: str = "a name", **changes: Any) -> NamedResource:
    fields: dict[str, Any] = {
        "association_id": "vpce-rsc-asc-1",
        "resource_arn": arn,
        "accessible": True,
        "dns_name": name,
        "hosted_zone_id": "Z1",
    }
    return NamedResource(**(fields | changes))


def listing() -> InMemoryListedAttachments:
    """Return what AWS lists of attachments that are as they were left."""
    return InMemoryListedAttachments(endpoint_id="vpce-1", resource_arn=RESOURCE_ARN, found=[named()])


def left(by: MadeAttachment, **changes: Any) -> LedgerRow:
    """Return a row of which the ledger keeps how it was left: with one name."""
    attachment = snapshot_of(desired(**changes), by, [named()])
    return row(Status.AVAILABLE, request=SHARE, attachments=(attachment,))


@pytest.mark.parametrize("by", [BY_ENDPOINT, BY_NETWORK, WITH_SETTINGS])
def test_what_is_as_it_was_left_has_not_drifted(by: MadeAttachment) -> None:
    assert DriftDetector(listing()).detect(left(by)).drift_fingerprint == ""


@pytest.mark.parametrize(
    ("by", "changes"),
    [
        (BY_ENDPOINT, {"groups": None}),
        (BY_ENDPOINT, {"groups": frozenset({"sg-1", "sg-2"})}),
        (BY_ENDPOINT, {"found": []}),
        (BY_ENDPOINT, {"found": [named(name="another name")]}),
        (BY_ENDPOINT, {"found": [named(accessible=False)]}),
        (BY_ENDPOINT, {"found": [named(private_dns_name="db.vendor.example")]}),
        (WITH_SETTINGS, {"left_with": "all"}),
        (WITH_SETTINGS, {"left_with": ""}),
        (BY_NETWORK, {"found": []}),
        (BY_NETWORK, {"vpcs": frozenset()}),
    ],
)
def test_whatever_differs_is_drift_and_two_differences_are_two_drifts(
    by: MadeAttachment, changes: dict[str, Any]
) -> None:
    listed, other = listing(), listing()
    for name, value in changes.items():
        setattr(listed, name, value)
    other.found = [named(name="something else")]

    drift = DriftDetector(listed).detect(left(by)).drift_fingerprint

    assert drift != ""
    assert drift == DriftDetector(listed).detect(left(by)).drift_fingerprint
    assert drift != DriftDetector(other).detect(left(by)).drift_fingerprint


def test_what_nobody_knows_how_it_was_left_has_not_drifted() -> None:
    (attachment,) = left(BY_ENDPOINT).attachments or ()
    found = msgspec.structs.replace(attachment, observed_fingerprint="")

    report = DriftDetector(listing()).detect(row(Status.AVAILABLE, request=SHARE, attachments=(found,)))

    assert (report.drift_fingerprint, report.unknown) == ("", ())


def test_what_else_an_endpoint_leads_to_is_no_drift() -> None:
    listed = listing()
    listed.found.append(named(RESOURCE_ARN + "0"))

    assert DriftDetector(listed).detect(left(BY_ENDPOINT)).drift_fingerprint == ""


def test_what_comes_into_a_group_is_drift() -> None:
    group = desired(resource_type="GROUP")
    one = named(RESOURCE_ARN + "1", group_arn=RESOURCE_ARN)
    attachment = snapshot_of(group, BY_ENDPOINT, [one])
    kept = row(Status.AVAILABLE, request=SHARE, attachments=(attachment,))
    listed = listing()
    listed.found = [one, named(RESOURCE_ARN + "9", group_arn="another group")]
    assert DriftDetector(listed).detect(kept).drift_fingerprint == ""

    listed.found.append(named(RESOURCE_ARN + "2", group_arn=RESOURCE_ARN))

    assert DriftDetector(listed).detect(kept).drift_fingerprint != ""


def test_of_a_group_in_a_network_its_own_association_has_no_name() -> None:
    group = desired(resource_type="GROUP")
    found = [named(name=""), named(RESOURCE_ARN + "1")]

    chosen = names_of_resource(BY_NETWORK, group.resource.arn, group.resource.kind, found, holds_others=True)

    assert [each.resource_arn for each in chosen] == [RESOURCE_ARN + "1"]


@pytest.mark.parametrize("attachments", [None, ()])
def test_what_was_never_left_has_not_drifted(attachments: tuple[AttachmentSnapshot, ...] | None) -> None:
    assert (
        DriftDetector(listing()).detect(row(Status.AVAILABLE, request=SHARE, attachments=attachments)).drift_fingerprint
        == ""
    )


def records(**led: str) -> InMemoryListedRecords:
    return InMemoryListedRecords("Z1", led)


def pointed() -> LedgerRow:
    attachment = snapshot_of(desired(), BY_ENDPOINT, [named()])
    records = (PointedRecord(zone_id="Z1", name="db", dns_name="a name"),)
    return row(Status.AVAILABLE, attachments=(msgspec.structs.replace(attachment, records=records),))


def test_a_record_that_leads_elsewhere_or_is_gone_is_drift_of_its_own() -> None:
    found = [
        DriftDetector(listing(), records(**led)).detect(pointed()).drift_fingerprint
        for led in ({"db": "a name"}, {"db": "elsewhere"}, {})
    ]

    assert found[0] == ""
    assert len({*found}) == 3


def test_what_an_earlier_version_left_without_records_has_not_drifted() -> None:
    assert DriftDetector(listing(), records()).detect(left(BY_ENDPOINT)).drift_fingerprint == ""


def test_what_the_version_before_left_has_not_drifted_because_more_is_compared_now() -> None:
    listed = listing()
    listed.left_with = "all"

    assert DriftDetector(listed, records()).detect(left(BY_ENDPOINT)).drift_fingerprint == ""


OTHER = NETWORK[:-1] + "1"
DENIED = AccessDeniedError(f"list what is in {OTHER}: AccessDeniedException: no")


def left_by_two(listed: InMemoryListedAttachments, error: DrawbridgeError) -> LedgerRow:
    """Return a row with an attachment by each of two networks, the first of which AWS does not list by now."""
    listed.failing[OTHER] = error
    by_other = MadeAttachment(network_arn=OTHER, resource_association="snra-2", vpc_association="snva-1")
    attachments = [snapshot_of(desired(), by, [named()]) for by in (by_other, BY_NETWORK)]
    return row(Status.AVAILABLE, request=SHARE, attachments=tuple(attachments))


@pytest.mark.parametrize("error", [DENIED, ThrottledError(OTHER)])
def test_a_network_that_can_not_be_listed_is_unknown_and_never_gone(error: DrawbridgeError) -> None:
    listed = listing()

    drifted = DriftDetector(listed).detect(left_by_two(listed, error))

    assert (drifted.drift_fingerprint, drifted.unknown) == ("", (error,))


def test_what_else_there_is_of_a_row_is_compared_although_a_network_is_denied() -> None:
    listed = listing()
    kept = left_by_two(listed, DENIED)
    listed.found = []

    drifted = DriftDetector(listed).detect(kept)

    assert drifted.drift_fingerprint != ""
    assert drifted.unknown == (DENIED,)


def test_a_network_that_aws_says_is_not_there_is_drift() -> None:
    listed = listing()

    drifted = DriftDetector(listed).detect(left_by_two(listed, GoneError(OTHER)))

    assert drifted.drift_fingerprint != ""
    assert drifted.unknown == ()


def test_a_zone_that_is_denied_hides_no_drift_of_the_attachment_itself() -> None:
    class Denied:
        def leads_to(self, zone_id: str, name: str) -> str:
            raise AccessDeniedError(zone_id)

    listed = listing()
    listed.found = []

    drifted = DriftDetector(listed, Denied()).detect(pointed())

    assert drifted.drift_fingerprint == DriftDetector(listed, records(db="a name")).detect(pointed()).drift_fingerprint
    assert [str(each) for each in drifted.unknown] == ["Z1"]
