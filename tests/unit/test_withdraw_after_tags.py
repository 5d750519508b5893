"""The tag that says when something is taken down: what carries it, and what is told to lose it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drawbridge.association import MadeAttachment
from drawbridge.discovery.announced import desired_tags, taggable_of
from drawbridge.discovery.announcements import BusAnnouncements
from drawbridge.discovery.decision_records import DecisionRecords
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.permission_watch import PermissionWatch
from drawbridge.lattice import ResourceKind
from drawbridge.publication import AttachmentSnapshot
from drawbridge.request import ResourceShareRequest
from drawbridge.request.announced import Announced
from drawbridge.status import Status
from tests.builders import CONSUMER, ENDPOINT_ID, NOW, RESOURCE_ARN, SHARE_ARN, row
from tests.fakes.ledger import InMemoryLedger
from tests.fakes.status_bus import InMemoryStatusBus
from tests.fakes.sweep_collaborators import StatedReviews
from tests.fakes.withdraw_after_tags import InMemoryWithdrawAfterTags

MARK = Announced(since=NOW, withdraw_after=NOW + timedelta(hours=4), forbidden=True)
WHEN = MARK.withdraw_after.isoformat(timespec="seconds")
STAYS, GONE = "vpce-0aaa", "vpce-0bbb"


def attachment(endpoint_id: str) -> AttachmentSnapshot:
    return AttachmentSnapshot(
        name=f"{endpoint_id}/db/vpc-1",
        resource_arn=RESOURCE_ARN,
        resource_kind=ResourceKind.RESOURCE_CONFIGURATION,
        holds_others=False,
        made=MadeAttachment(endpoint_id=endpoint_id),
        observed_fingerprint="as it was left",
    )


def share_row(*endpoint_ids: str, **changes: object) -> LedgerRow:
    share = ResourceShareRequest(share_arn=SHARE_ARN)
    attachments = tuple(attachment(each) for each in endpoint_ids)
    return row(Status.AVAILABLE, request=share, attachments=attachments, **changes)


@pytest.fixture
def tags() -> InMemoryWithdrawAfterTags:
    return InMemoryWithdrawAfterTags()


def told(there: LedgerRow, tags: InMemoryWithdrawAfterTags, *others: LedgerRow) -> None:
    ledger = InMemoryLedger()
    watch = PermissionWatch(
        StatedReviews(),
        ledger,
        DecisionRecords(ledger),
        BusAnnouncements(InMemoryStatusBus()),
        tags,
        withdraw_after=timedelta(hours=4),
        prefix="drawbridge",
        account_id=CONSUMER,
    )
    watch.load((there, *others))
    watch.tell(there)


def test_what_stands_no_longer_announced_loses_the_tag(tags: InMemoryWithdrawAfterTags) -> None:
    tags.there = {STAYS: WHEN}

    told(share_row(STAYS, tagged={STAYS: WHEN}), tags)

    assert (tags.there, tags.calls) == ({}, 1)


def test_what_was_taken_down_is_not_told_to_lose_its_tag(tags: InMemoryWithdrawAfterTags) -> None:
    """AWS shows no tags of what is gone: our role would be denied it."""
    tags.there = {STAYS: WHEN}

    told(share_row(STAYS, tagged={STAYS: WHEN, GONE: WHEN}), tags)

    assert (tags.there, tags.calls) == ({}, 1)


@pytest.mark.parametrize(
    "there",
    [share_row(STAYS, announced=(MARK,)), row(Status.AVAILABLE, announced=(MARK,))],
    ids=["share", "connection"],
)
def test_whatever_is_tagged_is_among_what_can_be(there: LedgerRow) -> None:
    tagged = desired_tags(there, prefix="drawbridge", account_id=CONSUMER)

    assert tagged
    assert tagged.keys() == taggable_of(there, prefix="drawbridge", account_id=CONSUMER)


def test_of_a_connection_what_each_type_of_endpoint_has_can_be_tagged() -> None:
    path = f"/drawbridge/consumers/{CONSUMER}/{ENDPOINT_ID}"

    found = taggable_of(row(Status.AVAILABLE), prefix="drawbridge", account_id=CONSUMER)

    assert found == {f"{path}/connection"}


def test_what_another_share_has_announced_and_this_one_keeps_loses_the_tag(tags: InMemoryWithdrawAfterTags) -> None:
    """The one that announced it is on its way out, and sees to no tag any longer."""
    tags.there = {STAYS: WHEN}
    here = share_row(STAYS)
    other = ResourceShareRequest(share_arn=f"{SHARE_ARN}-2")
    leaving = row(
        Status.WITHDRAWING, request=other, attachments=(attachment(STAYS),), announced=(MARK,), tagged={STAYS: WHEN}
    )

    told(here, tags, leaving)

    assert (tags.there, tags.calls) == ({}, 1)


def test_what_two_shares_announce_alike_is_tagged_once(tags: InMemoryWithdrawAfterTags) -> None:
    other = ResourceShareRequest(share_arn=f"{SHARE_ARN}-2")
    tagged = row(
        Status.AVAILABLE, request=other, attachments=(attachment(STAYS),), announced=(MARK,), tagged={STAYS: WHEN}
    )

    told(share_row(STAYS, announced=(MARK,)), tags, tagged)

    assert tags.calls == 0


def test_a_share_that_comes_to_hold_it_too_takes_the_tag_away(tags: InMemoryWithdrawAfterTags) -> None:
    told(share_row(STAYS, announced=(MARK,)), tags)
    assert tags.there.keys() == {STAYS}
    other = row(
        Status.AVAILABLE,
        request=ResourceShareRequest(share_arn=f"{SHARE_ARN}-2"),
        attachments=(attachment(STAYS),),
    )

    told(share_row(STAYS, announced=(MARK,), tagged=dict(tags.there)), tags, other)

    assert tags.there == {}
