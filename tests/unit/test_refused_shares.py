"""Which shares in effect call for nothing."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest

from drawbridge.decision.let_in import LetIn
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.refused_shares import refused_shares
from drawbridge.request import ResourceShareRequest
from drawbridge.request.announced import WithdrawalCommand
from drawbridge.status import Status
from drawbridge.withdrawal import Cause
from tests.builders import NOW, SHARE_ARN, row

LET_IN = LetIn(at=NOW, because=())
COMMAND = WithdrawalCommand(by="arn:aws:iam::222222222222:user/ops", at=NOW)
SHARE = ResourceShareRequest(share_arn=SHARE_ARN)


def share_row(status: Status, *, let_in: LetIn | msgspec.UnsetType | None = None, **changes: object) -> LedgerRow:
    return row(status, request=SHARE, let_in=let_in, **changes)


def rows_of(*there: LedgerRow) -> dict[str, LedgerRow]:
    return {each.request_id: each for each in there}


@pytest.mark.parametrize(
    ("there", "cause"),
    [
        (share_row(Status.WITHDRAWN), Cause.NOT_PERMITTED),
        (share_row(Status.WITHDRAWING, let_in=LET_IN), Cause.NOT_PERMITTED),
        (share_row(Status.WITHDRAWING, let_in=LET_IN, settled=False), Cause.NOT_PERMITTED),
        (share_row(Status.HELD), Cause.NOT_PERMITTED),
        # Withdrawn, and decided on once more: by a person perhaps, for hours.
        (share_row(Status.PENDING, settled=False), Cause.NOT_PERMITTED),
        (share_row(Status.WAITING_FOR_APPROVAL, settled=False), Cause.NOT_PERMITTED),
        (share_row(Status.WITHDRAWN, commanded=COMMAND), Cause.COMMANDED),
        (share_row(Status.AVAILABLE, let_in=LET_IN, commanded=COMMAND), Cause.COMMANDED),
    ],
)
def test_what_is_not_let_in_or_withdrawn_calls_for_nothing(there: LedgerRow, cause: Cause) -> None:
    found = refused_shares([SHARE_ARN], lambda _: rows_of(there))

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
    assert refused_shares([SHARE_ARN], lambda _: rows_of(there)) == {}


def test_a_share_that_the_ledger_does_not_know_calls_for_what_it_holds() -> None:
    assert refused_shares([SHARE_ARN], lambda _: {}) == {}


def test_without_shares_the_ledger_is_not_asked() -> None:
    def unasked(_: list[str]) -> Mapping[str, LedgerRow]:
        raise AssertionError

    assert refused_shares([], unasked) == {}
