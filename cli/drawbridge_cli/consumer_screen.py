"""Entries of the registry, as people and programs read them."""

from datetime import datetime
from typing import Any

from drawbridge.decision.consumer_standing import Standing, standing_of
from drawbridge.decision.registration import Registration
from drawbridge.legible import legible
from drawbridge_cli.command_lines import command
from drawbridge_cli.screen import say

COLUMNS = ("account", "tier", "services", "name", "since", "standing", "notes")

_LONGEST = 2000


def cells(entry: Registration) -> tuple[str, ...]:
    """Return what a list of consumers shows of an entry, in the order of ``COLUMNS``."""
    consumer = entry.consumer
    return (
        legible(entry.account_id),
        legible(consumer.tier),
        legible(" ".join(sorted(consumer.services)), _LONGEST),
        legible(consumer.name),
        _time(consumer.since),
        standing_of(consumer),
        legible(consumer.notes, _LONGEST),
    )


def show_entry(entry: Registration) -> None:
    """Print an entry: what every one has, and of the rest what is there."""
    for name, text in zip(COLUMNS, cells(entry), strict=True):
        say(f"{name:<9} {text}")
    for name, text in _besides(entry).items():
        if text:
            say(f"{name:<9} {text}")


def _besides(entry: Registration) -> dict[str, str]:
    consumer = entry.consumer
    return {
        "principal": legible(" ".join(sorted(consumer.principals)), _LONGEST),
        "suspended": _suspended(entry),
        "proof": _proof(entry),
        "changed": _time(entry.changed_at),
        "unknown": ", ".join(unreadable(entry)),
    }


def unreadable(entry: Registration) -> tuple[str, ...]:
    """Return the fields of an entry that can't be read."""
    return tuple(sorted({*entry.consumer.unreadable, *entry.unreadable}))


def _suspended(entry: Registration) -> str:
    consumer = entry.consumer
    if not consumer.is_suspended:
        return ""
    return f"since {_time(consumer.suspended_at)}" if consumer.suspended_at else "since when can't be read"


def _proof(entry: Registration) -> str:
    consumer = entry.consumer
    if consumer.proved_at is not None:
        by = f" by {legible(entry.proved_by, _LONGEST)}" if entry.proved_by else ""
        return f"given {_time(consumer.proved_at)}{by}"
    if not consumer.proof_required:
        return ""
    return "required, asked for and not given yet" if entry.challenge else "required, and not given yet"


def say_what_it_means(entry: Registration) -> None:
    """Say what follows from how an account stands, and what ends it; nothing of one that is in force."""
    match standing_of(entry.consumer):
        case Standing.SUSPENDED:
            resume = command("consumers", "resume", entry.account_id)
            say(f"nothing new of it is let in; what is connected stays, and the shares that it is in; {resume} ends it")
            say(
                "from the next sweep on it can't find the services that were offered to it: making new endpoints "
                "fails; what others than Drawbridge have allowed it stays"
            )
        case Standing.UNPROVED:
            challenge = command("consumers", "challenge", entry.account_id)
            say(f"nothing is offered to it or let in until it has proved who it is; {challenge} begins that")
        case _:
            pass


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""


def entry_document(entry: Registration) -> dict[str, Any]:
    """Return an entry for programs."""
    consumer = entry.consumer
    return {
        "account_id": entry.account_id,
        "tier": consumer.tier,
        "services": sorted(consumer.services),
        "name": consumer.name,
        "notes": consumer.notes,
        "since": consumer.since,
        "principals": sorted(consumer.principals),
        "standing": standing_of(consumer),
        "suspended_at": consumer.suspended_at,
        "proof_required": consumer.proof_required,
        "proved_at": consumer.proved_at,
        "proved_by": entry.proved_by,
        "challenge": entry.challenge,
        "changed_at": entry.changed_at,
        "unreadable": unreadable(entry),
    }
