"""Proving that somebody has credentials of an account, once for each challenge."""

import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from drawbridge.errors import DrawbridgeError
from drawbridge.intake.ownership.challenge import Provider
from drawbridge.intake.ownership.proof import ProofCode, ProofRefusedError, SignedCall, read_answer


class CallerIdentity(Struct, frozen=True, kw_only=True):
    """Who signed a request, as STS says it."""

    account_id: str
    arn: str


class SignatureRefusedError(DrawbridgeError):
    """STS does not take a request for signed, or not any longer; the message has its words."""


class CallerIdentities(Protocol):
    """STS, asked with a request that somebody else signed."""

    def caller(self, call: SignedCall) -> CallerIdentity:
        """Return who signed it.

        Raises:
            SignatureRefusedError: STS says that nobody did.
            UpstreamError: STS can't be reached, or does not answer as it should; it may pass.
        """
        ...


class Challenges(Protocol):
    """The registry, as far as challenges go."""

    def challenge(self, account_id: str) -> str | None:
        """Return the open challenge of an account, read consistently; ``None`` without one, or without an entry."""
        ...

    def prove(self, account_id: str, challenge: str, *, by: str, at: datetime) -> bool:
        """Record who proved it, and use up the challenge; ``False`` if it is another by now, or none."""
        ...


class Proved(Struct, frozen=True, kw_only=True):
    """An account that is proved to be whose it says."""

    account_id: str
    by: str
    """ARN of who signed."""
    at: datetime


def prove(
    document: bytes,
    provider: Provider,
    challenges: Challenges,
    identities: CallerIdentities,
    now: Callable[[], datetime],
) -> Proved:
    """Take the answer to a challenge, and record it.

    The order keeps strangers from what they should not have: what is wrong with the document alone is said without
    looking anything up; STS is asked only for who knows the challenge.

    Raises:
        ProofRefusedError: it proves nothing.
        UpstreamError: STS can't be reached; the same answer may be taken later, as long as it is valid.
    """
    answer = read_answer(document, provider, now())
    account_id, text = answer.challenge.account_id, answer.challenge.text
    kept = challenges.challenge(account_id)
    if kept is None or not hmac.compare_digest(kept.encode(), text.encode()):
        raise _no_challenge("the entry has another challenge" if kept else "there is no entry, or no challenge open")
    try:
        caller = identities.caller(answer.call)
    except SignatureRefusedError as refused:
        words = "STS does not take the url for signed by an account's credentials; sign anew"
        raise ProofRefusedError(ProofCode.SIGNATURE, words, str(refused)) from refused
    if caller.account_id != account_id:
        words = f"it is signed by account {caller.account_id}; the challenge is for {account_id}"
        raise ProofRefusedError(ProofCode.OTHER_ACCOUNT, words, caller.arn)
    at = now()
    if not challenges.prove(account_id, text, by=caller.arn, at=at):
        raise _no_challenge("the challenge was used, or changed, meanwhile")
    return Proved(account_id=account_id, by=caller.arn, at=at)


def _no_challenge(detail: str) -> ProofRefusedError:
    """Return the one refusal for all that the registry does not have as the answer says."""
    words = "this answers no open challenge of ours: each is used once; ask the provider for a new one"
    return ProofRefusedError(ProofCode.NO_CHALLENGE, words, detail)
