"""Reasons as people are told them, wherever that is."""

import msgspec

from drawbridge.legible import legible
from drawbridge.status import Reason

_LONGEST = 4000


def reason_text(reason: Reason) -> str:
    """Return a reason whole: what it comes from, unless its text begins with that, the text, and the code."""
    of = f"{reason.source}: " if reason.source and not reason.text.startswith(f"{reason.source} ") else ""
    return as_recorded(f"{of}{reason.text} [{reason.code}]")


def as_recorded(text: str) -> str:
    """Return what was made legible when it was recorded or told, unless somebody wrote the row by hand."""
    return text.replace("\n", "⟨U+000A⟩")


def made_legible(reason: Reason) -> Reason:
    """Return a reason that is decided only now, and was never recorded, as it can be told."""
    return msgspec.structs.replace(reason, text=legible(reason.text, _LONGEST), source=legible(reason.source))
