"""``drawbridge consumers challenge`` and ``proof``: an account is asked for proof, and its answer taken at the desk."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from drawbridge.decision.registration import Registration, check_account_id
from drawbridge.errors import InvalidInputError
from drawbridge.intake.ownership.challenge import Provider, new_challenge
from drawbridge.intake.ownership.proof import LARGEST_DOCUMENT, ProofRefusedError, read_answer
from drawbridge.intake.ownership.prove import prove
from drawbridge_cli.command_lines import command, told_with
from drawbridge_cli.commanding import tell_to_sweep
from drawbridge_cli.options import Account, Json
from drawbridge_cli.screen import complain, say, show_json
from drawbridge_cli.stack import Stack


def now() -> datetime:
    return datetime.now(UTC)


def challenge(context: typer.Context, account: Account, as_json: Json = False) -> None:
    """Ask an account that has to prove itself for proof, with a new challenge. Exit code 1: it is not registered."""
    stack: Stack = context.obj
    check_account_id(account)
    stack.check_that_it_knows("proofs of ownership")
    entry = _entry(stack, account)
    if not entry.consumer.proof_required:
        raise InvalidInputError(f"ACCOUNT: {account} has to prove nothing: its entry does not ask for proof")
    made = new_challenge(_provider(stack), account)
    if not stack.challenges.ask(account, made.text):
        complain(f"{account}: somebody else has removed it just now")
        raise typer.Exit(1)
    url = stack.proof_url
    if as_json:
        proved_at = entry.consumer.proved_at
        show_json({"account_id": account, "challenge": made.text, "url": url, "proved_at": proved_at})
        return
    # Without the options that lead to this stack, which the customer does not have.
    say(f"Have somebody run this with credentials of {account}:")
    say()
    with told_with(()):
        say(f"    {command('prove', '--challenge', made.text, '--url', url)}")
    say()
    say("It is no secret, and can be answered once. Another challenge takes its place.")


def proof(
    context: typer.Context,
    account: Account,
    file: Annotated[Path, typer.Option(help="The file that the account's proof was written to.", metavar="FILE")],
    as_json: Json = False,
) -> None:
    """Take an account's answer to its challenge from a file. Exit code 1: it proves nothing."""
    stack: Stack = context.obj
    check_account_id(account)
    document, provider = _read(file), _provider(stack)
    try:
        answered = read_answer(document, provider, now()).challenge
        if answered.account_id != account:
            raise InvalidInputError(f"{file}: it is of account {answered.account_id}, not of {account}")
        proved = prove(document, provider, stack.challenges, stack.identities, now)
    except ProofRefusedError as refused:
        complain(f"{file}: {refused} ({refused.code})")
        raise typer.Exit(1) from refused
    if as_json:
        show_json({"account_id": proved.account_id, "proved_by": proved.by, "proved_at": proved.at})
    else:
        say(f"proved  {account}, by {proved.by}", "good")
    tell_to_sweep(stack)


def _entry(stack: Stack, account: str) -> Registration:
    entry = stack.consumers.registration(account)
    if entry is None:
        complain(f"{account} is not registered; {command('consumers', 'add', account)} registers it")
        raise typer.Exit(1)
    return entry


def _provider(stack: Stack) -> Provider:
    return Provider(prefix=stack.prefix, account_id=stack.place.account_id, region=stack.place.region)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST_DOCUMENT + 1)
    except OSError as error:
        raise InvalidInputError(f"--file: {file}: {error.strerror}") from error
