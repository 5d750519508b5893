"""A request as the ledger has it."""

from typing import Annotated

from msgspec import Meta, Struct

from drawbridge.request import Request
from drawbridge.status import Status


class Row(Struct, frozen=True, kw_only=True):
    """What the flow reads of a row; the ledger holds more, for people."""

    request: Request
    account_id: str
    status: Status
    attempt: Annotated[int, Meta(ge=1)]
    settled: bool
    """Whether the attempt has come to its end."""
    seen: str
    """A digest of what AWS listed when the attempt started, or of what the attempt itself made of it."""
    wanted: str
    permitted: str
    """Digests of the configuration that was in force when the attempt started."""
    updated_at: str
    """ISO 8601, UTC."""

    @property
    def request_id(self) -> str:
        return self.request.request_id
