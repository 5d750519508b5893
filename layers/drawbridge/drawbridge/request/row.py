"""A request as the ledger has it."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from drawbridge.request import Request
from drawbridge.request.shares import Matchable
from drawbridge.status import Reason, Status

SETTLED_FOR_NOW = frozenset({Status.HELD, Status.FAILED, Status.ACCEPTED})
"""A change of policy may still let it go on, and if the other side ends it, the ledger has to say so."""


def is_followed(status: Status, *, settled: bool) -> bool:
    """Tell whether AWS should still list what the request is about, so that its end is noticed."""
    return not settled or status in SETTLED_FOR_NOW


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
    failures: int = 0
    """Attempts that failed in a row."""
    incomplete: bool = False
    """Whether something was wanted and refused, which a change that no look shows may permit."""
    grounds: str = ""
    association_grounds: str = ""
    """What the decisions rested on, in JSON; empty if there was none yet."""
    matched: str = ""
    """A digest of the bindings that matched something of what the share held when it was planned."""
    contents: str = ""
    """What bindings can match of that, in JSON; empty or ``null`` if it is not known."""
    ways: str = ""
    """How the associations were left, in JSON."""
    drift: str = ""
    """A digest of the drift that the attempt was made for."""
    reviewed: str = ""
    """A digest of the policies and the registry's entry that the connection was last reviewed under."""
    no_longer_permitted: bool = False
    """What that review came to."""
    let_in: str = ""
    """What was let in, in JSON; empty if nothing was, or a version before kept only the grounds."""
    kept: tuple[Reason, ...] = ()
    """Why it would not have been let in when it was last decided on, of what is live and was kept."""
    decided_by: tuple[Reason, ...] = ()
    """What let it in or turned it away."""

    @property
    def request_id(self) -> str:
        return self.request.request_id

    def known_contents(self) -> tuple[Matchable, ...] | None:
        """Give what the share was last seen to hold; ``None`` if not all of it could be described, or ever was."""
        return msgspec.json.decode(self.contents, type=tuple[Matchable, ...] | None) if self.contents else None
