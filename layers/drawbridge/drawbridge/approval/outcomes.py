"""How a question ended, for people."""

from collections.abc import Callable

from drawbridge.approval import Approval, Approved, Denied, TimedOut
from drawbridge.legible import legible

LONGEST_REASON = 1000
"""Of a reason as it is shown; as it is written it has 500 characters at most."""


def outcome_text(approval: Approval | None, shown: Callable[[str], str] = str) -> str:
    """Return how a question ended; ``shown`` returns how a person, or their reason, is written."""
    match approval:
        case Approved(by=by, reason=reason):
            word = "approved"
        case Denied(by=by, reason=reason):
            word = "denied"
        case TimedOut():
            return "nobody answered in time."
        case _:
            return "it is over."
    why = f": {shown(legible(reason, LONGEST_REASON))}" if reason else "."
    return f"{word} by {' and '.join(map(shown, by))}{why}"


def sentence(text: str) -> str:
    """Return a text as a sentence of its own."""
    words = text.strip()
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".")
