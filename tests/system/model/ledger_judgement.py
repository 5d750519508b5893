"""What the ledger must say once everything has come to rest."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from tests.system.model.asks import Ask
from tests.system.model.calls import wanted
from tests.system.model.homes import Home
from tests.system.model.lapses import Standing
from tests.system.model.rest import Rest

Row = dict[str, Any]

FINAL = frozenset({"ACCEPTED", "AVAILABLE", "HELD", "REJECTED", "EXPIRED", "WITHDRAWN"})

_CONNECTED = frozenset({"ACCEPTED", "ASSOCIATING", "AVAILABLE"})
_OF_REFUSALS = frozenset({"GoneError", "RefusedError", "AccessDeniedError"})


def is_final(home: Home, row: Row) -> bool:
    """Return whether a request is not on its way any more, nor about to be tried again."""
    status = row["status"]["S"]
    failed_rightly = (status == "FAILED" and _failed_rightly(home, row)) or (
        status in {"FAILED", "WITHDRAWING"} and _lacks_tags_rightly(home, row)
    )
    return bool(row["settled"]["BOOL"]) and (status in FINAL or failed_rightly)


def judge_ledger(home: Home, ledger: Iterable[Row]) -> Iterator[str]:
    for subject, count in Counter(row["subject"]["S"] for row in ledger).items():
        if count > 1:
            yield f"{subject} is in the ledger {count} times"
    for row in ledger:
        if not is_final(home, row):
            yield f"{row['subject']['S']} is {row['status']['S']}, settled: {row['settled']['BOOL']}"


def judge_row(ask: Ask, row: Row | None, rest: Rest) -> Iterator[str]:
    """Yield what the row of a request says wrongly: whether it is connected, and when that is taken down."""
    status = row["status"]["S"] if row else "not there"
    if ask.is_over:
        if status in _CONNECTED:
            yield f"{ask.subject} is over, and {status} in the ledger"
        yield from _judge_mark(ask, row, expected=False)
        return
    standing = ask.standing(rest.now)
    is_live = ask.in_effect if ask.is_share else rest.states[ask.subject] == "available"
    if not is_live or standing is Standing.EITHER:
        return
    if standing is Standing.GOES:
        if status in _CONNECTED and _is_connected_for_certain(ask):
            yield f"{ask.subject} is not permitted any longer, its time is over, and it is {status}"
        yield from _judge_mark(ask, row, expected=False)
        return
    is_lapsing = ask.lapse is not None and not ask.lapse.is_interrupted
    if not is_lapsing or _is_connected_for_certain(ask):
        yield from _judge_mark(ask, row, expected=is_lapsing)


def _judge_mark(ask: Ask, row: Row | None, *, expected: bool) -> Iterator[str]:
    after = (row or {}).get("withdraw_after", {}).get("S", "")
    if bool(after) is not expected:
        yield f"{ask.subject} is {'not ' if expected else ''}announced to be taken down {after}: {ask.lapse}"
    elif after and ask.lapse and not ask.lapse.may_be_due(datetime.fromisoformat(after).timestamp()):
        yield f"{ask.subject} is to be taken down {after}, which is not a week after {ask.lapse}"


def _is_connected_for_certain(ask: Ask) -> bool:
    return not ask.is_share or any(wanted(ask.home, ask, ask.let_in_for_certain))


def _failed_rightly(home: Home, row: Row) -> bool:
    """Return whether it failed for what Drawbridge must not overwrite, which stays so until somebody sees to it."""
    codes = {each["M"]["code"]["S"] for each in row["reasons"]["L"]}
    # Failures have the names of errors; these may be those of refusals beside them, too.
    errors = {code for code in codes if code[:1].isupper() or code == "no-outcome"} - _OF_REFUSALS
    return bool(home.squatted or home.zone) and errors == {"ConflictError"}


def _lacks_tags_rightly(home: Home, row: Row) -> bool:
    """Return whether something was not taken down because somebody took its tags, until somebody sees to it."""
    texts = [each["M"]["text"]["S"] for each in row["reasons"]["L"] if each["M"]["code"]["S"] == "not-withdrawn"]
    ids = [each.endpoint_id for each in home.stripped] + [*home.released]
    return bool(texts) and all("OwnershipLostError" in each and any(one in each for one in ids) for each in texts)
