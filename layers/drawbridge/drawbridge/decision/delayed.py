"""Delayed requests: what a permit lets in only some time after it was first permitted."""

from datetime import datetime, timedelta
from typing import assert_never

from drawbridge.decision import Accept, Decision, Delay, Delayed, Keep
from drawbridge.decision.delay import delay_text
from drawbridge.decision.facts import ConnectionFacts, Facts, ShareFacts
from drawbridge.decision.let_in import LetIn
from drawbridge.decision.live import is_live, was_let_in
from drawbridge.request.fingerprints import contents_fingerprint, fingerprint
from drawbridge.status import Reason

DELAYED = "delayed"
"""The code of the reason that it is permitted, and let in later."""


def delayed_by(decision: Decision) -> timedelta | None:
    """Return how long after it was first permitted a request is let in; ``None`` if at once, or not at all."""
    return decision.delay if isinstance(decision, Accept) else None


def unless_delayed(
    decision: Decision, facts: Facts, let_in: LetIn | None, recorded: Delayed | None, now: datetime
) -> Decision:
    """Return ``Delay`` instead of ``Accept`` until its delay is over, or ``Keep`` for what a share holds already.

    ``recorded`` is the delay that the ledger has. It counts on only for what is permitted still as it was seen when it
    began: of anything else the delay begins now.
    """
    delay = delayed_by(decision)
    if delay is None or _is_in_already(facts, let_in):
        return decision
    of = _fingerprint(facts)
    # A time that is still to come was written by hand, or by a clock that was wrong.
    since = recorded.since if recorded is not None and recorded.of == of and recorded.since <= now else now
    delayed = Delayed(of=of, since=since, until=since + delay)
    if now >= delayed.until:
        return decision
    because = (_reason(delayed, delay, facts), *decision.because)
    if was_let_in(facts, let_in):
        return Keep(because, delayed)
    return Delay(because, delayed)


def _is_in_already(facts: Facts, let_in: LetIn | None) -> bool:
    """Return whether there is nothing to wait for: it is open, or a share in effect holds only what was let in."""
    if isinstance(facts, ConnectionFacts):
        return facts.live
    if not is_live(facts) or let_in is None or facts.contents is None:
        return False
    return let_in.covers(each.arn for each in facts.contents)


def _fingerprint(facts: Facts) -> str:
    """Return a fingerprint of what would be let in: of anything else a delay begins anew."""
    match facts:
        case ShareFacts():
            arns = None if facts.contents is None else [each.arn for each in facts.contents]
            return fingerprint(facts.requester.account_id, contents_fingerprint(arns))
        case ConnectionFacts():
            return fingerprint(facts.requester.account_id, facts.service.id)
        case _:
            assert_never(facts)


def _reason(delayed: Delayed, delay: timedelta, facts: Facts) -> Reason:
    permitted = f"It is permitted since {delayed.since:%Y-%m-%d %H:%M:%S} UTC, and let in {delay_text(delay)} later"
    text = f"{permitted}, at {delayed.until:%Y-%m-%d %H:%M:%S} UTC, if it is permitted still."
    if isinstance(facts, ShareFacts) and facts.deadline is not None and facts.deadline <= delayed.until:
        text += f" Its invitation expires before that, at {facts.deadline:%Y-%m-%d %H:%M} UTC: shorten the @delay."
    return Reason(DELAYED, text)
