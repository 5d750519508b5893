"""``drawbridge redrive``: what is in the dead-letter queues and why, and sending it again."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from drawbridge.errors import InvalidInputError
from drawbridge.legible import legible
from drawbridge_cli.dead_letter_queues import DeadLetterQueues, TakenLetters
from drawbridge_cli.dead_letters import (
    Again,
    DeadLetter,
    InvokeAgain,
    NotAgain,
    SendHint,
    SendRegistration,
    explained,
)
from drawbridge_cli.options import Json
from drawbridge_cli.screen import accounting, ask, check_that_nobody_is_asked, say, show_json
from drawbridge_cli.stack import Stack

_MOST_SHOWN = 20
_MOST = 200


class Fate(StrEnum):
    """What became of a dead letter."""

    KEPT = "kept"
    SENT = "sent"
    DISCARDED = "discarded"
    WOULD_BE_SENT = "would-be-sent"
    WOULD_BE_DISCARDED = "would-be-discarded"


def redrive(
    context: typer.Context,
    messages: Annotated[
        list[str] | None, typer.Argument(help="Ids of messages; else all that are shown.", metavar="[MESSAGE]...")
    ] = None,
    send: Annotated[bool, typer.Option("--send", help="Send them again where they came from.")] = False,
    discard: Annotated[bool, typer.Option("--discard", help="Delete them.")] = False,
    most: Annotated[int, typer.Option(min=1, max=_MOST, help="How many to look at.")] = _MOST_SHOWN,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and no more.")] = False,
    as_json: Json = False,
) -> None:
    """Show the dead letters: hints and events that came to nothing; send them again, or discard them.

    While they are shown nobody else sees them; Ctrl-C gives them back, too. Each is deleted only once it was sent:
    stopped in the middle, one is sent twice at worst, which does no harm. Exit code 1: there are dead letters left.
    """
    stack: Stack = context.obj
    if send and discard:
        raise InvalidInputError("redrive: say --send or --discard, and not both")
    acts = send or discard
    check_that_nobody_is_asked(as_json=as_json and acts, yes=yes, dry_run=dry_run)
    queues = DeadLetterQueues(stack)
    most = _MOST if messages else most
    with (
        accounting(lambda: "") as show,
        queues.received(most, to_decide=acts and not dry_run, show=show) as received,
    ):
        show("")
        letters = [explained(each, queues.targets, datetime.now(UTC)) for each in received.messages]
        chosen = _chosen(letters, messages)
        going = [each for each in chosen if discard or (send and not isinstance(each.again, NotAgain))]
        if not as_json:
            _show(stack, chosen, received)
        if going and acts and not dry_run and not yes:
            ask(_question(going, discard=discard))
        fates = _fates(queues, going, discard=discard, dry_run=dry_run)
    left = [each for each in letters if fates.get(each.message.message_id) not in {Fate.SENT, Fate.DISCARDED}]
    if as_json:
        documents = [_document(each, fates.get(each.message.message_id, Fate.KEPT)) for each in chosen]
        show_json({"stack": stack.name, "region": stack.region, "dead_letters": documents, "more": received.more})
    elif acts:
        _show_fates(chosen, fates)
    if left or received.more:
        raise typer.Exit(1)


def _chosen(letters: list[DeadLetter], messages: Collection[str] | None) -> list[DeadLetter]:
    if not messages:
        return letters
    unknown = sorted({*messages} - {each.message.message_id for each in letters})
    if unknown:
        raise InvalidInputError(
            f"MESSAGE: there is no dead letter {legible(unknown[0])} among those that were received; look again"
        )
    return [each for each in letters if each.message.message_id in messages]


def _fates(queues: DeadLetterQueues, going: list[DeadLetter], *, discard: bool, dry_run: bool) -> dict[str, Fate]:
    """Send or discard one after the other; a message is deleted once it was sent, and not before."""
    if dry_run:
        fate = Fate.WOULD_BE_DISCARDED if discard else Fate.WOULD_BE_SENT
        return {each.message.message_id: fate for each in going}
    fates: dict[str, Fate] = {}
    sent = ""

    def done() -> str:
        twice = f"; {sent} was sent, and is here still" if sent else ""
        return f"{len(fates)} of {len(going)} are done{twice}; the same command does the rest"

    with accounting(done) as show:
        for each in going:
            show(f"{len(fates)} of {len(going)} are done")
            if not discard and not isinstance(each.again, NotAgain):
                queues.send(each.again)
                sent = each.message.message_id
            queues.delete(each.message)
            fates[each.message.message_id] = Fate.DISCARDED if discard else Fate.SENT
            sent = ""
    return fates


def _question(going: list[DeadLetter], *, discard: bool) -> str:
    if discard:
        return f"Delete {len(going)} for good?"
    return f"Send {len(going)} again?"


def _show(stack: Stack, letters: Iterable[DeadLetter], received: TakenLetters) -> None:
    where = f"{stack.name} in {stack.region}"
    if not received.messages and not received.more:
        say(f"{where}: no dead letters", "good")
        return
    for each in letters:
        message = each.message
        since = f", of {message.sent_at:%Y-%m-%d %H:%M} UTC" if message.sent_at else ""
        say(f"{legible(message.message_id)}: {legible(each.what)}{since}", "title")
        say(f"  in: {message.source}")
        say(f"  why: {legible(each.reason, 1_000)}", "bad")
        say(f"  to do: {each.what_to_do}")
        say(f"  sent again: {_again(each.again)}", "doubtful" if isinstance(each.again, NotAgain) else "")
    if received.more:
        say(
            f"{where}: about {received.more} more; --most shows more at once, and some may be hidden for a moment",
            "aside",
        )


def _again(again: Again) -> str:
    match again:
        case SendHint():
            return "as a hint, to HintsQueue"
        case SendRegistration():
            return "as it came, to RegistrationsQueue"
        case InvokeAgain():
            return f"as an invocation of {again.function}"
        case NotAgain():
            return "not possible; --discard deletes it"


def _show_fates(letters: Iterable[DeadLetter], fates: dict[str, Fate]) -> None:
    for each in letters:
        fate = fates.get(each.message.message_id, Fate.KEPT)
        say(f"{legible(each.message.message_id)}: {fate}", "doubtful" if fate is Fate.KEPT else "good")


def _document(letter: DeadLetter, fate: Fate) -> dict[str, Any]:
    message = letter.message
    return {
        "message_id": message.message_id,
        "queue": message.source,
        "sent_at": message.sent_at,
        "what": letter.what,
        "reason": letter.reason,
        "what_to_do": letter.what_to_do,
        "sent_again": None if isinstance(letter.again, NotAgain) else _again(letter.again),
        "attributes": dict(message.attributes),
        "body": message.body,
        "result": fate,
    }
