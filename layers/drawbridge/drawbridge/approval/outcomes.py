"""How a question ended, for people."""

from drawbridge.approval import Approval, Approved, Denied, TimedOut
from drawbridge.legible import legible

LONGEST_REASON = 1000
"""Of a reason as it is shown; as it is written it has 500 characters at most."""


def outcome_text(approval: Approval | None) -> str:
    """Return how a question ended."""
    match approval:
        case Approved(by=by, reason=reason):
            word = "approved"
        case Denied(by=by, reason=reason):
            word = "denied"
        case TimedOut():
            return "nobody answered in time."
        case _:
            return "it is over."
    return f"{word} by {' and '.join(by)}{f': {legible(reason, LONGEST_REASON)}' if reason else '.'}"


def sentence(text: str) -> str:
    """Return a text as a sentence of its own."""
    words = text.strip()
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".")
