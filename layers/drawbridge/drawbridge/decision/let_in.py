"""What was let in: kept in the ledger for as long as it is in effect; later decisions go by it."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Protocol

import msgspec
from msgspec import Struct

from drawbridge.decision import Accept, Because, DecidedOn, Decision, Keep
from drawbridge.decision.decision_record import DecisionRecord
from drawbridge.decision.facts import ConnectionFacts, Fact, Facts, ShareFacts
from drawbridge.request.fingerprints import contents_fingerprint, share_fingerprint
from drawbridge.status import Reason

MOST_LET_IN = 500
"""ARNs of a share that are kept one by one: it may hold 5,000, and the workflow passes them on."""

_MOST_CHARACTERS = 64 * 1024
"""Of these ARNs together: some kinds of resources have names of a thousand characters."""

APPROVED = "approved"
"""The code of the reason that names the person who approved."""

ADOPTED = "adopted"
"""The code of the reason that it was live before it was decided on here."""

RECOVERED = "recovered"
"""The code of the reason that it was connected under an earlier ledger, which is lost with the name of who approved."""

DENIED = "denied"
"""The code of the reason that names the person who denied."""

APPROVAL_TIMED_OUT = "approval-timed-out"
"""The code of the reason that nobody answered until the deadline."""

APPROVAL_NOT_CONFIGURED = "approval-not-configured"
"""The code of the reason that policies ask for an approver, and there is no way to ask one."""

AWAITS_QUESTION_SLOT = "too-many-questions"
"""The code of the reason for which a request is held until another question of the same account is closed."""

TOO_LATE_TO_ASK = "deadline-passed"
"""The code of the reason that an invitation expires before anybody could answer, or has expired."""

UNAPPROVED = frozenset({DENIED, APPROVAL_TIMED_OUT, APPROVAL_NOT_CONFIGURED, AWAITS_QUESTION_SLOT, TOO_LATE_TO_ASK})
"""Codes of the reasons that policies ask for a person's approval which nobody has given."""

NOT_MANAGED = "service-not-managed"
"""The code of the reason that a service is not managed: what was let in to it stays known for when it is again."""


class LetIn(Struct, frozen=True, kw_only=True, rename="camel"):
    """What was let in, when and why."""

    at: datetime
    because: Because
    contents_fingerprint: str = msgspec.field(default="", name="contents")
    """The fingerprint of what the share held when it was decided on; empty for a connection."""
    arns: tuple[str, ...] | None = ()
    """What it held, of every AWS service; ``None`` if it was too much to be kept."""
    unknown: tuple[Fact, ...] | None = None
    """The facts that were unknown then, and so did not let it in; ``None`` if that was not kept."""

    @property
    def approved(self) -> bool:
        """Whether a person approved it, as far as is known: of what was recovered nobody is asked again."""
        return is_approved(self.because)

    def doubtful(self, unknown: Iterable[Fact]) -> frozenset[Fact]:
        """Return which unknown facts may have been known when it was let in."""
        return frozenset(unknown).difference(self.unknown or ())

    def covers(self, arns: Iterable[str]) -> bool:
        """Return whether all of the ARNs were let in."""
        there = set(arns)
        return contents_fingerprint(there) == self.contents_fingerprint or (
            self.arns is not None and there <= {*self.arns}
        )

    def covered(self, arns: Iterable[str]) -> frozenset[str]:
        """Return those of the ARNs that were let in. If they were too many to be kept: all, or none if any differs."""
        there = frozenset(arns)
        if self.covers(there):
            return there
        return there & {*(self.arns or ())}


def is_approved(because: Iterable[Reason]) -> bool:
    """Return whether these are the reasons of what a person approved, or may have approved under an earlier ledger."""
    return any(reason.code in {APPROVED, RECOVERED} for reason in because)


class LetInRecords(Protocol):
    """The ledger's record of what was let in."""

    def let_in(self, request_id: str) -> LetIn | None: ...


def decided_on(facts: Facts, at: datetime) -> DecidedOn:
    """Return the time and fingerprints of the facts that a decision is made on."""
    if isinstance(facts, ConnectionFacts):
        requester = facts.requester
        is_registered = requester.consumer is not None
        return DecidedOn(at=at, live=facts.live, account_id=requester.account_id, registered=is_registered)
    arns = _arns(facts)
    live = facts.deadline is None
    # If AWS does not show what a share in effect holds, the next sweep starts another attempt for what it observes.
    unobserved = "" if live else "unknown"
    return DecidedOn(
        at=at,
        contents_fingerprint=contents_fingerprint(arns),
        observed_fingerprint=unobserved if arns is None else share_fingerprint(arns),
        live=live,
    )


def let_in_by(
    decision: Decision, facts: Facts, recorded: LetIn | None, at: datetime, *, earlier: LetIn | None = None
) -> LetIn | None:
    """Return what is let in once the decision is carried out; ``None`` if that stays as it is.

    ``recorded`` is what the ledger says was let in, ``earlier`` what was under an earlier one.
    """
    match decision:
        case Accept(because):
            return _let_in(facts, because, at)
        case Keep() if recorded is None and earlier is not None:
            return earlier
        case Keep() if recorded is None and isinstance(facts, ConnectionFacts):
            adopted = Reason(ADOPTED, "It was live before it was decided on here: somebody else let it in.")
            return LetIn(at=at, because=(adopted,))
        case _:
            return None


def let_in_earlier(facts: Facts, connected: Collection[str], at: datetime) -> LetIn | None:
    """Return what was let in under an earlier ledger, of which this is ``connected``; ``None`` if nothing is.

    ``connected`` has ARNs of what a share holds, or the endpoint's id. What else the share holds was not let in, as far
    as is known.
    """
    if not connected:
        return None
    text = "Drawbridge had connected it before this ledger began, which does not say who let it in."
    because = (Reason(RECOVERED, text),)
    if isinstance(facts, ConnectionFacts):
        return LetIn(at=at, because=because)
    return LetIn(at=at, because=because, contents_fingerprint=contents_fingerprint(connected), arns=_few(connected))


def let_in_before(decision_record: DecisionRecord | None, because: Because) -> LetIn | None:
    """Return what was let in by an earlier version of Drawbridge, which kept only the record of its decision."""
    if decision_record is None or decision_record.outcome != "accept":
        return None
    let_in = _let_in(decision_record.facts, because, decision_record.at)
    # Of what is not in that record nobody knows whether it was unknown.
    return msgspec.structs.replace(let_in, unknown=None)


def _let_in(facts: Facts, because: Because, at: datetime) -> LetIn:
    unknown = tuple(sorted(facts.unknown))
    if isinstance(facts, ConnectionFacts):
        return LetIn(at=at, because=because, unknown=unknown)
    arns = _arns(facts)
    if arns is None:
        # Whatever it turns out to hold was not let in.
        return LetIn(at=at, because=because, contents_fingerprint=contents_fingerprint(None), unknown=unknown)
    return LetIn(
        at=at, because=because, contents_fingerprint=contents_fingerprint(arns), arns=_few(arns), unknown=unknown
    )


def _few(arns: Collection[str]) -> tuple[str, ...] | None:
    """Return the ARNs in order; ``None`` if they are too much to be kept."""
    few = len(arns) <= MOST_LET_IN and sum(map(len, arns)) <= _MOST_CHARACTERS
    return tuple(sorted(arns)) if few else None


def _arns(facts: ShareFacts) -> frozenset[str] | None:
    return None if facts.contents is None else frozenset(each.arn for each in facts.contents)
