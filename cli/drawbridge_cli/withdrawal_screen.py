"""Printing what would be taken down, and returning it as documents for programs."""

from typing import Any, assert_never

from drawbridge.legible import legible
from drawbridge.status import Reason
from drawbridge.withdrawal import ConnectionRemoval, NamesRemoval, ObjectRemoval, Removal
from drawbridge.withdrawal.steps import (
    AwaitGone,
    AwaitNames,
    DeleteObject,
    NotOurs,
    RejectConnection,
    TakeBackName,
    WithdrawalStep,
)
from drawbridge_cli.account_withdrawal import AccountWithdrawal
from drawbridge_cli.screen import say
from drawbridge_cli.step_documents import withdrawal_step_document

_LONGEST = 2000


def show_withdrawal(withdrawal: AccountWithdrawal) -> None:
    """Print what goes, why, and step by step; then what stays for now."""
    for shown, to_do in withdrawal.steps():
        removal = shown.removal
        say(f"- {legible(f'{_what(removal)}: {removal.why}', _LONGEST)} [{removal.cause}]", "bad")
        for step in to_do:
            sign, mark = _sign(step)
            say(f"    {sign} {legible(str(step), _LONGEST)}", mark)
    for reason in withdrawal.unconfirmed:
        say(f". stays for now: {legible(reason.text, _LONGEST)}", "doubtful")


def withdrawal_documents(withdrawal: AccountWithdrawal) -> dict[str, list[dict[str, Any]]]:
    """Return the same for programs."""
    return {
        "removals": [
            {
                "what": str(shown.removal),
                **_identity(shown.removal),
                "why": shown.removal.why,
                "cause": shown.removal.cause,
                "names": sorted(shown.paths),
                "steps": [withdrawal_step_document(step) for step in to_do],
            }
            for shown, to_do in withdrawal.steps()
        ],
        "unconfirmed": [_unconfirmed_document(reason) for reason in withdrawal.unconfirmed],
    }


def _what(removal: Removal) -> str:
    match removal:
        case ObjectRemoval(removed=removed):
            return f"{removed}, of binding {removed.binding}" if removed.binding else str(removed)
        case NamesRemoval(names=(published,)):
            return published.path
        case NamesRemoval(names=names):
            return f"{len(names)} names"
        case ConnectionRemoval():
            return str(removal)
        case _:
            assert_never(removal)


def _identity(removal: Removal) -> dict[str, str]:
    match removal:
        case ObjectRemoval(removed=removed):
            return {"kind": removed.kind, "id": removed.id}
        case NamesRemoval():
            return {"kind": "names", "id": ""}
        case ConnectionRemoval(endpoint_id=endpoint_id):
            return {"kind": "connection", "id": endpoint_id}
        case _:
            assert_never(removal)


def _unconfirmed_document(reason: Reason) -> dict[str, str]:
    return {"code": reason.code, "text": reason.text, "binding": reason.source}


def _sign(step: WithdrawalStep) -> tuple[str, str]:
    match step:
        case TakeBackName() | DeleteObject() | RejectConnection():
            return "-", "bad"
        case AwaitGone() | AwaitNames():
            return ".", "doubtful"
        case NotOurs():
            return "!", "bad"
        case _:
            assert_never(step)
