"""Shares that AWS RAM has in effect and that call for nothing: they are not let in, or were withdrawn."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol

from msgspec import UNSET

from drawbridge.arns import is_of
from drawbridge.decision.let_in import LetIn
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.request import ResourceShareRequest
from drawbridge.request.shares import SharedResource
from drawbridge.status import Status
from drawbridge.withdrawal import Cause
from drawbridge.withdrawal.called_for import NotCalledFor, NotKnown


class ShareRows(Protocol):
    """The ledger's rows of shares."""

    def rows(self, request_ids: Collection[str]) -> Mapping[str, LedgerRow]: ...

    def followed(self) -> list[LedgerRow]: ...


SharesContents = Callable[[str], Collection[SharedResource]]
"""Returns what AWS RAM lists of one share, by its ARN."""

_LET_IN = frozenset({Status.ACCEPTED, Status.ASSOCIATING, Status.AVAILABLE, Status.FAILED})
"""Statuses of what is let in, or may be: an attempt that failed may not have come to record it."""


def refused_shares(share_arns: Iterable[str], ledger: ShareRows) -> Mapping[str, NotCalledFor]:
    """Return those of the shares of which nothing is to be connected, and why what they hold is not called for.

    A share that the ledger does not know, whose row can't be read, or that was never decided on is none of them.
    """
    of_requests = {ResourceShareRequest(share_arn=each).request_id: each for each in share_arns}
    found = ledger.rows([*of_requests]) if of_requests else {}
    return {of_requests[name]: _why(row) for name, row in found.items() if _is_refused(row)}


def unless_claimed(
    held: Mapping[str, NotCalledFor], ledger: ShareRows, contents_of: SharesContents
) -> Mapping[str, NotCalledFor | NotKnown]:
    """Return what is said of resources that AWS lists in refused shares only, by their ARNs.

    It is not known where another share was let in with the resource: a listing may have left that share out, or what it
    holds, and AWS has yet to say of it by its id that it is gone.
    """
    let_in = [row for row in ledger.followed() if isinstance(row.request, ResourceShareRequest)] if held else []
    others = [row for row in let_in if row.is_connected and not _is_refused(row)]
    said: dict[str, NotCalledFor | NotKnown] = {}
    for arn, verdict in held.items():
        other = next((row for row in others if _claims(row, arn, contents_of)), None)
        said[arn] = verdict if other is None else NotKnown(f"{other.request.subject} was let in with {arn}")
    return said


def _claims(row: LedgerRow, arn: str, contents_of: SharesContents) -> bool:
    if any(each.resource_arn == arn for each in row.attachments or ()):
        return True
    if isinstance(row.let_in, LetIn) and row.let_in.arns is not None:
        return arn in row.let_in.arns
    # Too much was let in to be kept one by one, or an earlier version kept nothing. An empty answer says nothing.
    held = {each.arn for each in contents_of(row.request.subject)} if is_of(arn, row.account_id) else {""}
    return not held or arn in held


def _is_refused(row: LedgerRow) -> bool:
    if row.is_to_be_withdrawn or row.stays_withdrawn or row.status is Status.WITHDRAWING:
        return True
    if isinstance(row.let_in, LetIn) or row.is_connected or row.status in _LET_IN:
        return False
    # The first attempt has yet to decide, unless it asks a person.
    is_undecided = row.let_in is UNSET and not row.settled and row.status is not Status.WAITING_FOR_APPROVAL
    return not is_undecided


def _why(row: LedgerRow) -> NotCalledFor:
    cause = Cause.NOT_PERMITTED if row.commanded is None else Cause.COMMANDED
    return NotCalledFor(cause, f"{row.request.subject}, which holds it, is {row.status}")
