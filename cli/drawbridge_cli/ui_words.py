"""The words of the page of ``drawbridge ui``: those of ``drawbridge status``, and the tone of each."""

from collections.abc import Mapping
from typing import Any

from drawbridge.status import Status
from drawbridge_cli.status import KINDS
from drawbridge_cli.status_screen import MARKS, QUOTAS, SINCE, TITLES, TURNS, UNTIL
from drawbridge_cli.turns import WhoseTurn
from drawbridge_cli.urgency import Urgency

TONES = {"bad": "bad", "good": "good", "aside": "", "doubtful": "doubt"}
"""The classes of look.css, by the marks of the terminal."""

_OF_STATUSES: Mapping[Status, str] = {
    Status.AVAILABLE: "good",
    Status.FAILED: "bad",
    Status.HELD: "doubt",
    Status.WAITING_FOR_APPROVAL: "doubt",
    Status.PENDING: "busy",
    Status.ACCEPTED: "busy",
    Status.ASSOCIATING: "busy",
    Status.WITHDRAWING: "busy",
}
"""Of the rest there is nothing to see to."""


def words_document() -> dict[str, Any]:
    """Return how statuses, urgencies, turns and times are told, by the values that the other documents have."""
    return {
        "urgencies": {
            each: {
                "title": TITLES[each],
                "tone": "busy" if each is Urgency.UNDER_WAY else TONES[MARKS.get(each, "doubtful")],
                "needs_somebody": each.needs_somebody,
                "since": SINCE.get(each, "since {}").removeprefix("and "),
            }
            for each in Urgency
        },
        "statuses": {each: _OF_STATUSES.get(each, "") for each in Status},
        "quotas": {
            "reached" if is_reached else "near": {
                "title": title,
                "tone": TONES[mark],
                "turn": TURNS[WhoseTurn.OPERATOR],
            }
            for is_reached, (title, mark) in QUOTAS.items()
        },
        "turns": TURNS,
        "until": UNTIL,
        "kinds": KINDS,
    }
