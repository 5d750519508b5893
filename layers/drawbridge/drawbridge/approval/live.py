"""The lines of a question about what is live: since when it is, what is new in it, and what a denial leads to."""

from collections.abc import Iterator

from drawbridge.approval import IF_DENIED, LIVE, NEW, Line
from drawbridge.decision.facts import ConnectionFacts, Facts, ShareFacts
from drawbridge.decision.let_in import RECOVERED, LetIn
from drawbridge.decision.live import is_live, was_let_in
from drawbridge.request import is_attachment, what_connects

_MOST_NEW = 30
"""Of what is new in a share: how much is listed one by one."""


def lines_of_live(facts: Facts, let_in: LetIn | None) -> tuple[Line, ...]:
    """Return these lines; none if it is not live."""
    return tuple(_lines(facts, let_in)) if is_live(facts) else ()


def _lines(facts: Facts, let_in: LetIn | None) -> Iterator[Line]:
    if isinstance(facts, ConnectionFacts):
        yield Line(LIVE, f"The connection is open, {_since(facts, let_in)}.")
    elif let_in is not None:
        yield Line(LIVE, f"The share was let in {_when(let_in)}; what is connected of it stays connected.")
        yield from _new(facts, let_in)
    if was_let_in(facts, let_in):
        yield Line(
            IF_DENIED,
            "It stays, and nothing is cut at once: what policies alone would not let in is announced first.",
        )
    elif isinstance(facts, ConnectionFacts):
        yield Line(IF_DENIED, "It is cut at once: it came without acceptance, and was never let in.")


def _since(facts: ConnectionFacts, let_in: LetIn | None) -> str:
    if let_in is not None:
        return f"let in {_when(let_in)}"
    made = f"{facts.asked_at:%Y-%m-%d %H:%M} UTC" if facts.asked_at else "a time that AWS does not tell"
    article = "a" if is_attachment(facts.endpoint_id) else "an"
    return f"by {article} {what_connects(facts.endpoint_id)} that was made {made}"


def _when(let_in: LetIn) -> str:
    if any(reason.code == RECOVERED for reason in let_in.because):
        return "before this ledger began"
    by = ", ".join(dict.fromkeys(reason.source for reason in let_in.because if reason.source))
    return f"{let_in.at:%Y-%m-%d %H:%M} UTC{f' by {by}' if by else ''}"


def _new(facts: ShareFacts, let_in: LetIn) -> Iterator[Line]:
    if facts.contents is None:
        return
    if let_in.arns is None:
        if not let_in.covers(each.arn for each in facts.contents):
            yield Line(NEW, "It does not hold what was let in; what is new is not known.")
        return
    new = [each for each in facts.contents if each.arn not in {*let_in.arns}]
    for thing in new[:_MOST_NEW]:
        yield Line(NEW, f"{thing.type}: {thing.arn}")
    if len(new) > _MOST_NEW:
        yield Line(NEW, f"and {len(new) - _MOST_NEW} more")
