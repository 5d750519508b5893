"""Outstanding: which of the ledger's requests are not at rest, as a plan and the bindings show them."""

from collections.abc import Callable, Iterable
from datetime import datetime
from fnmatch import fnmatchcase

from msgspec import Struct

from drawbridge.association.binding import Binding
from drawbridge.decision.facts import ShareFacts
from drawbridge.legible import legible
from drawbridge.record.entry import Entry
from drawbridge.request import ResourceShareRequest
from drawbridge_cli.request_status import Known, RequestStatus
from drawbridge_cli.status_screen import by_urgency, standing
from drawbridge_cli.urgency import Urgency


class Outstanding(Struct, frozen=True, kw_only=True):
    """A request that is not at rest."""

    status: RequestStatus
    text: str
    """Which request it is, and how it stands."""
    is_share: bool
    share_name: str = ""
    """Empty where it is not known."""
    parts: tuple[str, ...] = ()
    """The bindings whose associations are announced to be taken down; none where all of it is."""

    def concerns(self, binding: Binding) -> bool:
        """Return whether it is a share that a binding may match something of; its name may not be known."""
        if not self.is_share or (self.parts and binding.name not in self.parts):
            return False
        if binding.name in self.status.bindings:
            return True
        if not self.share_name:
            return fnmatchcase(self.status.account_id, binding.match.provider)
        return binding.match.could_match(self.status.account_id, self.share_name)


_LEFT_OUT = frozenset({Urgency.CONNECTED, Urgency.ACCEPTED_ONLY, Urgency.IN_PART, Urgency.OVER})
"""What is at rest; and what is refused in part, of which a plan says what is refused, as things are now."""


def outstanding_among(
    known: Iterable[Known], entry_of: Callable[[str], Entry | None], now: datetime
) -> tuple[Outstanding, ...]:
    """Return what is not at rest, the most urgent first; ``entry_of`` returns a request with its decision record."""
    found = {each.status.request_id: each for each in known if each.status.urgency not in _LEFT_OUT}
    ordered = by_urgency([each.status for each in found.values()])
    return tuple(_outstanding(found[status.request_id], entry_of, now) for status in ordered)


def _outstanding(known: Known, entry_of: Callable[[str], Entry | None], now: datetime) -> Outstanding:
    status, announced = known.status, known.entry.announced
    is_share = isinstance(known.entry.request, ResourceShareRequest)
    in_part = status.urgency is Urgency.ANNOUNCED and not any(mark.is_whole for mark in announced)
    parts = tuple(sorted({mark.binding for mark in announced})) if in_part else ()
    share_name = _share_name(entry_of(status.request_id)) if is_share else ""
    named = f" ({legible(share_name)})" if share_name else ""
    of_parts = f": what {legible(' and '.join(parts))} has of it" if parts else ""
    return Outstanding(
        status=status,
        text=f"{legible(status.subject)}{named} of {legible(status.account_id)}{of_parts} {standing(status, now)}",
        is_share=is_share,
        share_name=share_name,
        parts=parts,
    )


def _share_name(entry: Entry | None) -> str:
    record = entry.decision_record if entry else None
    return record.facts.share_name if record and isinstance(record.facts, ShareFacts) else ""
