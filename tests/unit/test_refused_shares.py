"""Which shares in effect call for nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec
import pytest

from drawbridge.association import MadeAttachment
from drawbridge.decision.let_in import LetIn
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.refused_shares import refused_shares, unless_claimed
from drawbridge.lattice import ResourceKind
from drawbridge.publication import AttachmentSnapshot
from drawbridge.request import ResourceShareRequest
from drawbridge.request.announced import WithdrawalCommand
from drawbridge.request.shares import SharedResource
from drawbridge.status import Status
from drawbridge.withdrawal import Cause
from drawbridge.withdrawal.called_for import NotCalledFor, NotKnown
from tests.builders import NOW, PROVIDER, RESOURCE_ARN, SHARE_ARN, row, shared_resource

LET_IN = LetIn(at=NOW, because=())
COMMAND = WithdrawalCommand(by="arn:aws:iam::222222222222:user/ops", at=NOW)
SHARE = ResourceShareRequest(share_arn=SHARE_ARN)


def share_row(status: Status, *, let_in: LetIn | msgspec.UnsetType | None = None, **changes: object) -> LedgerRow:
    return row(status, request=SHARE, account_id=PROVIDER, let_in=let_in, **changes)


def nothing_listed(share_arn: str) -> list[SharedResource]:
    return []


class Rows:
    """The ledger's rows, all of them followed."""

    def __init__(self, *there: LedgerRow) -> None:
        self.there = there
        self.asked = 0

    def rows(self, request_ids: Collection[str]) -> Mapping[str, LedgerRow]:
        self.asked += 1
        return {each.request_id: each for each in self.there if each.request_id in request_ids}

    def followed(self) -> list[LedgerRow]:
        self.asked += 1
        return [*self.there]


@pytest.mark.parametrize(
    ("there", "cause"),
    [
        (share_row(Status.WITHDRAWN), Cause.NOT_PERMITTED),
        (share_row(Status.WITHDRAWING, let_in=LET_IN), Cause.NOT_PERMITTED),
        (share_row(Status.WITHDRAWING, let_in=LET_IN, settled=False), Cause.NOT_PERMITTED),
        (share_row(Status.HELD), Cause.NOT_PERMITTED),
        # Never let in: its first attempt said so, or waits for a person.
        (share_row(Status.HELD, let_in=msgspec.UNSET), Cause.NOT_PERMITTED),
        (share_row(Status.WAITING_FOR_APPROVAL, let_in=msgspec.UNSET, settled=False), Cause.NOT_PERMITTED),
        # Withdrawn, and decided on once more: by a person perhaps, for hours.
        (share_row(Status.PENDING, settled=False), Cause.NOT_PERMITTED),
        (share_row(Status.WAITING_FOR_APPROVAL, settled=False), Cause.NOT_PERMITTED),
        (share_row(Status.WITHDRAWN, commanded=COMMAND), Cause.COMMANDED),
        (share_row(Status.AVAILABLE, let_in=LET_IN, commanded=COMMAND), Cause.COMMANDED),
    ],
)
def test_what_is_not_let_in_or_withdrawn_calls_for_nothing(there: LedgerRow, cause: Cause) -> None:
    found = refused_shares([SHARE_ARN], Rows(there))

    assert {arn: each.cause for arn, each in found.items()} == {SHARE_ARN: cause}
    assert SHARE_ARN in found[SHARE_ARN].why


@pytest.mark.parametrize(
    "there",
    [
        share_row(Status.AVAILABLE, let_in=LET_IN),
        share_row(Status.ASSOCIATING, let_in=LET_IN, settled=False),
        # Kept, whatever policies say by now; or decided on again.
        share_row(Status.HELD, let_in=LET_IN),
        share_row(Status.PENDING, let_in=LET_IN, settled=False),
        # It may be let in already, and that is not recorded.
        share_row(Status.FAILED),
        share_row(Status.PENDING, let_in=msgspec.UNSET, settled=False),
        # An attempt is under way, and ends first.
        share_row(Status.ASSOCIATING, let_in=LET_IN, settled=False, commanded=COMMAND),
    ],
)
def test_what_is_let_in_or_may_be_calls_for_what_it_holds(there: LedgerRow) -> None:
    assert refused_shares([SHARE_ARN], Rows(there)) == {}


def test_a_share_that_the_ledger_does_not_know_calls_for_what_it_holds() -> None:
    assert refused_shares([SHARE_ARN], Rows()) == {}


def test_the_ledger_is_asked_for_nothing_where_nothing_is_shared() -> None:
    ledger = Rows()

    assert refused_shares([], ledger) == {}
    assert unless_claimed({}, ledger, nothing_listed) == {}
    assert ledger.asked == 0


HELD = NotCalledFor(Cause.NOT_PERMITTED, "refused")
ATTACHED = AttachmentSnapshot(
    name="orders/orders-db",
    resource_arn=RESOURCE_ARN,
    resource_kind=ResourceKind.RESOURCE_CONFIGURATION,
    holds_others=False,
    made=MadeAttachment(endpoint_id="vpce-1"),
    observed_fingerprint="",
)


@pytest.mark.parametrize(
    "other",
    [
        share_row(Status.AVAILABLE, let_in=LetIn(at=NOW, because=(), arns=(RESOURCE_ARN,))),
        # Too much was let in to be kept one by one, or an earlier version kept nothing.
        share_row(Status.AVAILABLE, let_in=LetIn(at=NOW, because=(), arns=None)),
        share_row(Status.AVAILABLE, let_in=msgspec.UNSET),
        share_row(Status.AVAILABLE, let_in=LET_IN, attachments=(ATTACHED,)),
        share_row(Status.FAILED, let_in=LET_IN, attachments=(ATTACHED,)),
    ],
)
def test_what_another_share_was_let_in_with_is_not_known_to_be_refused_whatever_a_listing_leaves_out(
    other: LedgerRow,
) -> None:
    (said,) = unless_claimed({RESOURCE_ARN: HELD}, Rows(other), nothing_listed).values()

    assert isinstance(said, NotKnown)
    assert SHARE_ARN in said.why


@pytest.mark.parametrize(
    "other",
    [
        share_row(Status.AVAILABLE, let_in=LetIn(at=NOW, because=(), arns=("arn:other",))),
        share_row(Status.WITHDRAWING, let_in=LET_IN, attachments=(ATTACHED,)),
        share_row(Status.AVAILABLE, let_in=LET_IN, attachments=(ATTACHED,), commanded=COMMAND),
        share_row(Status.HELD),
        row(Status.AVAILABLE, let_in=LetIn(at=NOW, because=(), arns=None)),
    ],
)
def test_what_no_other_share_was_let_in_with_is_refused(other: LedgerRow) -> None:
    assert unless_claimed({RESOURCE_ARN: HELD}, Rows(other), nothing_listed) == {RESOURCE_ARN: HELD}


TOO_MUCH = share_row(Status.AVAILABLE, let_in=LetIn(at=NOW, because=(), arns=None))


@pytest.mark.parametrize(("listed", "claimed"), [([], True), ([RESOURCE_ARN], True), (["arn:other"], False)])
def test_of_a_share_with_too_much_in_it_to_be_kept_aws_is_asked_once_more(listed: list[str], claimed: bool) -> None:
    (said,) = unless_claimed(
        {RESOURCE_ARN: HELD}, Rows(TOO_MUCH), lambda _: [shared_resource(arn) for arn in listed]
    ).values()

    assert isinstance(said, NotKnown) is claimed


def test_no_share_is_known_to_hold_what_another_account_owns() -> None:
    foreign = RESOURCE_ARN.replace("111111111111", "333333333333")

    assert unless_claimed({foreign: HELD}, Rows(TOO_MUCH), nothing_listed) == {foreign: HELD}
