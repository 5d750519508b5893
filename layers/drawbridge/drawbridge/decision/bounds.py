"""What of a decision there is room for on its way through the workflow and in the ledger's row."""

from collections.abc import Iterator
from typing import TypeVar, assert_never

import msgspec

from drawbridge.bounds import GROUNDS_BYTES, fitting, shortened, size_of
from drawbridge.decision import Because, Decision
from drawbridge.decision.facts import Asker, ConnectionFacts, Facts, ShareFacts
from drawbridge.decision.grounds import Grounds
from drawbridge.status import Reason

REASONS_BYTES = 20_000
_REASON_BYTES = 800

_Decision = TypeVar("_Decision", bound=Decision)


def decision_within(decision: _Decision) -> _Decision:
    """Give the decision with as many reasons, in as many words, as there is room for; the last says what was cut."""
    return msgspec.structs.replace(decision, because=_reasons_within(decision.because))


def grounds_within(grounds: Grounds) -> Grounds | None:
    """Give the grounds as they can be kept: what there is no room for is unknown, never cut short; ``None`` if all is.

    Half of the facts would be taken for all of them by whoever decides again.
    """
    for facts in _ever_less(grounds.facts):
        told = grounds.keeping(facts)
        if size_of(told) <= GROUNDS_BYTES:
            return told
    return None


def _reasons_within(because: Because) -> Because:
    words = [msgspec.structs.replace(each, text=shortened(each.text, _REASON_BYTES)) for each in because]
    told = fitting(words, REASONS_BYTES)
    if len(told) == len(words):
        return told
    return (*told, Reason("more", f"and {len(words) - len(told)} more"))


def _ever_less(facts: Facts) -> Iterator[Facts]:
    yield facts
    replace = msgspec.structs.replace
    if isinstance(facts, ShareFacts):
        facts = replace(facts, contents=None)
        yield facts
    facts = replace(facts, asker=_without_tags(facts.asker))
    yield facts
    match facts:
        case ShareFacts():
            yield replace(facts, share_tags=None)
        case ConnectionFacts():
            # Those of a service of ours are never unknown.
            return
        case _:
            assert_never(facts)


def _without_tags(asker: Asker) -> Asker:
    return msgspec.structs.replace(asker, place=msgspec.structs.replace(asker.place, tags=None))
