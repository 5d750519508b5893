"""The status that a request reached, for those who tell others."""

from collections.abc import Sequence

from msgspec import Struct

from drawbridge.request.announced import Announced
from drawbridge.status import Reason, Status


class StatusReached(Struct, frozen=True, kw_only=True):
    """The status that a request reached, as the ledger has it."""

    request_id: str
    status: Status
    attempt: int
    reasons: Sequence[Reason] = ()
    announced: tuple[Announced, ...] = ()
    """What of it is taken down although it is there, and when."""
