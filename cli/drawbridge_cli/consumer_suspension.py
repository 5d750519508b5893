"""``drawbridge consumers suspend`` and ``resume``: the door is shut, and opened again; what is connected stays."""

from datetime import UTC, datetime

import typer

from drawbridge.decision.registration import Registration, check_account_id
from drawbridge_cli.commanding import tell_to_sweep
from drawbridge_cli.consumer_screen import entry_document, say_what_it_means
from drawbridge_cli.options import Account, Json
from drawbridge_cli.screen import complain, say, show_json
from drawbridge_cli.stack import Stack


def suspend(context: typer.Context, account: Account, as_json: Json = False) -> None:
    """Let nothing new of an account in, until it is resumed. What is connected stays. Exit code 1: not registered."""
    stack: Stack = context.obj
    stack.check_that_it_knows("suspensions")
    is_done = stack.consumers.suspend(account, datetime.now(UTC))
    entry = _registered(stack, account)
    if entry.consumer.is_suspended:
        _show(entry, "suspended", is_done=is_done, as_json=as_json)
    else:
        complain(f"{account}: somebody else has resumed it just now")
    tell_to_sweep(stack)
    if not entry.consumer.is_suspended:
        raise typer.Exit(1)


def resume(context: typer.Context, account: Account, as_json: Json = False) -> None:
    """End an account's suspension: what it asks for is decided on again. Exit code 1: not registered."""
    stack: Stack = context.obj
    stack.check_that_it_knows("suspensions")
    is_done = stack.consumers.resume(account)
    entry = _registered(stack, account)
    if entry.consumer.is_suspended:
        complain(f"{account}: somebody else has suspended it just now")
    else:
        _show(entry, "resumed", is_done=is_done, as_json=as_json)
    tell_to_sweep(stack)
    if entry.consumer.is_suspended:
        raise typer.Exit(1)


def _registered(stack: Stack, account: str) -> Registration:
    entry = stack.consumers.registration(account)
    if entry is None:
        # What somebody registered by hand under another key can be suspended all the same.
        check_account_id(account)
        complain(f"{account} is not registered")
        raise typer.Exit(1)
    return entry


def _show(entry: Registration, word: str, *, is_done: bool, as_json: bool) -> None:
    if as_json:
        show_json({"consumer": entry_document(entry), "changed": is_done})
        return
    was_so = "is suspended already" if entry.consumer.is_suspended else "is not suspended"
    if is_done:
        say(f"{word}  {entry.account_id}", "good")
    else:
        say(f"{entry.account_id} {was_so}")
    say_what_it_means(entry)
