"""``drawbridge prove``: a consumer proves to a provider that an account is its own. It needs no stack."""

import http.client
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from msgspec import Struct

from drawbridge.errors import InvalidInputError, UpstreamError
from drawbridge.intake.ownership.challenge import Challenge, parse_challenge
from drawbridge.intake.ownership.proof import LONGEST_LIFE
from drawbridge.legible import legible
from drawbridge.parsing import UnreadableError, read_json
from drawbridge_cli.options import Json
from drawbridge_cli.proof_signing import signed_document
from drawbridge_cli.screen import complain, say, show_json
from drawbridge_cli.stack import Stack

_SECONDS = 30
_LARGEST = 65_536
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def prove(
    context: typer.Context,
    challenge: Annotated[str, typer.Option(help="What the provider gave you, drawbridge-…", metavar="TEXT")],
    url: Annotated[str, typer.Option(help="Where the provider takes proofs: send it there.", metavar="URL")] = "",
    output: Annotated[
        Path | None, typer.Option(help="Write it to this file instead, to be handed over.", metavar="FILE")
    ] = None,
    sts_region: Annotated[
        str, typer.Option(help="Region whose STS vouches for you; else the provider's.", metavar="REGION")
    ] = "",
    as_json: Json = False,
) -> None:
    """Prove to a provider that this account is yours. It needs AWS credentials, and no stack.

    The credentials may be of whatever rights. What it makes is good for 15 minutes, once, and for this provider alone;
    it gives the provider no access. Exit code 1: the provider does not take it.
    """
    asked = _asked(challenge)
    if bool(url) == (output is not None):
        raise InvalidInputError("--url: give either --url URL, to send it, or --output FILE, to hand it over yourself")
    if url:
        _check(url)
    if sts_region and sts_region not in asked.provider.sts_hosts:
        raise InvalidInputError(f"--sts-region: the provider takes {' or '.join(sorted(asked.provider.sts_hosts))}")
    stack: Stack = context.obj
    where = sts_region or asked.provider.region
    caller = _caller(stack.in_region(where), asked)
    document = signed_document(asked, stack.credentials(), caller.at, where)
    until = caller.at + LONGEST_LIFE
    shown = {"account_id": asked.account_id, "signed_by": caller.arn, "valid_until": until.isoformat()}
    if output is not None:
        _write(output, document)
        if as_json:
            show_json(shown | {"file": str(output)})
        else:
            say(f"written  {output}", "good")
            say(f"It proves to {_named(asked)}, and to nobody else, that {asked.account_id} is yours.")
            say(f"It is good once, until {until:%H:%M} UTC; hand it over as you would a password.")
        return
    answer = _sent(url, document)
    if as_json:
        show_json(shown | {"proved": answer})
    else:
        say(f"proved  {asked.account_id} is yours, to {_named(asked)}", "good")


class _Caller(Struct, frozen=True):
    arn: str
    at: datetime
    """The time by AWS's clock."""


def _asked(text: str) -> Challenge:
    try:
        return parse_challenge(text.strip())
    except InvalidInputError as error:
        raise InvalidInputError(f"--{error}") from error


def _named(challenge: Challenge) -> str:
    of = challenge.provider
    return f"{of.prefix} of account {of.account_id} in {of.region}"


def _caller(stack: Stack, asked: Challenge) -> _Caller:
    """Return who calls, if it is of the account that is asked."""
    identity: Any = stack.identity()
    if identity["Account"] != asked.account_id:
        raise InvalidInputError(
            f"--challenge: it is for account {asked.account_id}, and these credentials are of {identity['Account']} "
            f"({identity['Arn']}); name others with --profile"
        )
    dated = identity["ResponseMetadata"].get("HTTPHeaders", {}).get("date", "")
    try:
        return _Caller(str(identity["Arn"]), parsedate_to_datetime(dated).astimezone(UTC))
    except (TypeError, ValueError):
        return _Caller(str(identity["Arn"]), datetime.now(UTC))


def _check(url: str) -> None:
    """Refuse to send a proof where others could read it."""
    try:
        parts = urlsplit(url)
        # A port that is none is found when it is read.
        is_usable = bool(parts.hostname) and parts.username is None and (parts.port or 1) > 0
        is_private = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)
    except ValueError:
        is_usable = is_private = False
    if not (is_usable and is_private and url.isascii() and url.isprintable() and " " not in url):
        raise InvalidInputError(f"--url: {url[:200]!r} is no https://… address")


def _write(file: Path, document: str) -> None:
    """Write a document; a new file can be read by its owner alone."""
    try:
        file.touch(mode=0o600)
        file.write_text(document, encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(f"--output: {file}: {error.strerror}") from error


def _sent(url: str, document: str) -> dict[str, Any]:
    """Send a proof, and return the provider's answer; end the command if it is refused."""
    status, body = _post(url, document.encode())
    try:
        answer = read_json(body, dict[str, Any])
    except UnreadableError as error:
        words = f"answered with status {status}, and not as Drawbridge does; is it the ProofUrl?"
        raise UpstreamError(f"{url}: {words}") from error
    if status == http.client.OK:
        return answer
    message = legible(str(answer.get("message", "")), 500)
    if status in {http.client.BAD_REQUEST, http.client.FORBIDDEN} and "error" in answer:
        complain(f"the provider does not take it: {message} ({legible(str(answer['error']), 60)})")
        raise typer.Exit(1)
    raise UpstreamError(f"{url}: answered with status {status}: {message}")


def _post(url: str, body: bytes) -> tuple[int, bytes]:
    """Post to an address, without following it elsewhere."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=_SECONDS)
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(parts.netloc, timeout=_SECONDS, context=ssl.create_default_context())
    try:
        target = parts.path or "/"
        connection.request("POST", f"{target}?{parts.query}" if parts.query else target, body, _HEADERS)
        response = connection.getresponse()
        return response.status, response.read(_LARGEST)
    except (OSError, http.client.HTTPException) as error:
        raise UpstreamError(f"{url}: it can't be reached: {error}") from error
    finally:
        connection.close()


_HEADERS = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "drawbridge"}
