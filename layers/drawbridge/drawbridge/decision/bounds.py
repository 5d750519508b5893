"""Bounds of a decision, for its way through the workflow and for the ledger's row."""

from collections.abc import Iterator
from typing import TypeVar, assert_never

import msgspec

from drawbridge.bounds import DECISION_RECORD_BYTES, fitting, shortened, size_of
from drawbridge.decision import Because, Decision
from drawbridge.decision.decision_record import DecisionRecord
from drawbridge.decision.facts import ConnectionFacts, Facts, Requester, ShareFacts
from drawbridge.status import Reason

REASONS_BYTES = 20_000
_REASON_BYTES = 800

_Decision = TypeVar("_Decision", bound=Decision)


def decision_within(decision: _Decision) -> _Decision:
    """Return the decision with as many reasons, and as much of each, as fit; the last counts the others."""
    return msgspec.structs.replace(decision, because=_reasons_within(decision.because))


def decision_record_within(decision_record: DecisionRecord) -> DecisionRecord | None:
    """Return the record as it can be kept: a fact without room becomes unknown, as a whole; ``None`` if nothing fits.

    Half of the facts would be taken for all of them by whoever decides again.
    """
    for facts in _ever_less(decision_record.facts):
        kept = decision_record.keeping(facts)
        if size_of(kept) <= DECISION_RECORD_BYTES:
            return kept
    return None


def _reasons_within(because: Because) -> Because:
    words = [msgspec.structs.replace(each, text=shortened(each.text, _REASON_BYTES)) for each in because]
    kept = fitting(words, REASONS_BYTES)
    if len(kept) == len(words):
        return kept
    return (*kept, Reason("more", f"and {len(words) - len(kept)} more"))


def _ever_less(facts: Facts) -> Iterator[Facts]:
    yield facts
    replace = msgspec.structs.replace
    if isinstance(facts, ShareFacts):
        facts = replace(facts, contents=None)
        yield facts
    facts = replace(facts, requester=_without_tags(facts.requester))
    yield facts
    match facts:
        case ShareFacts():
            yield replace(facts, share_tags=None)
        case ConnectionFacts():
            # The tags of a service of ours are never unknown.
            return
        case _:
            assert_never(facts)


def _without_tags(requester: Requester) -> Requester:
    return msgspec.structs.replace(requester, place=msgspec.structs.replace(requester.place, tags=None))
