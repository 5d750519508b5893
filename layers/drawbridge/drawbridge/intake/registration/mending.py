"""What mends an entry of which something can't be read: a suspension and a proof have commands of their own."""

from collections.abc import Collection

from msgspec import Struct

_OF_PROOF = frozenset({"proved_at", "proved_by", "challenge"})
_OPTIONS = {"principals": ("--principal", "ARN"), "proof_required": ("--require-proof",)}
"""What ``consumers add --replace`` leaves as it is unless it is given."""


class Mending(Struct, frozen=True):
    """A command that writes fields of an entry anew."""

    words: tuple[str, ...]
    effect: str
    """What it does, as a sentence goes on after the command."""


def mending(account_id: str, unreadable: Collection[str]) -> tuple[Mending, ...]:
    """Return the commands that write all of these fields anew."""
    fields = {*unreadable}
    found: list[Mending] = []
    if "suspended_at" in fields:
        found.append(Mending(("consumers", "resume", account_id), "ends what counts as a suspension"))
    if fields & _OF_PROOF:
        found.append(Mending(("consumers", "challenge", account_id), "has it proved again"))
    if fields - {"suspended_at"} - _OF_PROOF:
        options = (word for field, words in _OPTIONS.items() if field in fields for word in words)
        add = ("consumers", "add", account_id, "--replace", "--service", "SERVICE", *options)
        found.append(Mending(add, "writes it anew, with all that it may reach"))
    return tuple(found)
