"""The console as HTML: the templates in ``page/``, and what can be done with its buttons."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from local_aws.console.inventory import Inventory
from local_aws.fault_injection.faults import faults
from local_aws.slack import PREFIX as SLACK
from local_aws.slack import workspace
from local_aws.time.activity import in_flight
from local_aws.time.clock import clock

_FOLDER = Path(__file__).with_name("page")
STYLES = {name: (_FOLDER / name).read_text(encoding="utf-8") for name in ("look.css", "page.css")}
SCRIPT = (_FOLDER / "page.js").read_text(encoding="utf-8")

# Whatever accounts have written, the browser runs only the page's own script and loads nothing else.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

FAULTS: dict[str, dict[str, Any]] = {
    "Lose all events": {"events": {"drop": 1.0}},
    "Deliver each twice": {"events": {"duplicate": 1.0}},
    "Events late, out of order": {"events": {"delay": 30.0, "reorder": True}},
    "Throttle 1 call in 5": {"calls": [{"operation": "*:*", "fault": "throttle", "probability": 0.2}]},
    "Break 1 call in 10": {"calls": [{"operation": "*:*", "fault": "error", "probability": 0.1}]},
    "Kill functions, 1 call in 20": {"calls": [{"operation": "*:*", "fault": "kill-after", "probability": 0.05}]},
}
"""The faults that have a button, each added to those in force."""

ADVANCES = {"1 min": 60, "10 min": 600, "1 h": 3600, "12 h": 43_200, "1 day": 86_400, "1 week": 604_800}
SPEEDS = (1, 10, 60, 600, 3600)

_GOOD = frozenset({"available", "active", "succeeded", "create_complete", "update_complete", "accessible", "delivered"})
_BAD = frozenset({"rejected", "timed_out", "aborted", "expired", "lost"})
_BAD_ENDS = ("failed", "rollback_complete")
_OVER = frozenset({"deleted"})


def tone(state: str) -> str:
    """Return how a state is shown: ``good``, ``bad``, ``aside``, or ``busy`` for what will change by itself."""
    word = state.lower()
    if word in _GOOD:
        return "good"
    if word in _BAD or word.endswith(_BAD_ENDS) or word.startswith("dropped"):
        return "bad"
    return "aside" if word in _OVER else "busy"


def _legible(text: str) -> str:
    """Return a text with what nobody sees, or what turns the text around, as its code point."""
    if text.isascii() and text.isprintable():
        # As nearly all is, each second.
        return text
    return "".join(
        each if each == "\n" or unicodedata.category(each)[0] not in "CZ" or each == " " else f"⟨U+{ord(each):04X}⟩"
        for each in text
    )


def _seconds(moment: datetime) -> float:
    return round(moment.timestamp(), 3)


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _took(seconds: float) -> str:
    if seconds < 60:  # noqa: PLR2004 - as a clock has it
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def _last(arn: str) -> str:
    """Return the name at the end of an ARN; whatever is none stays as it is."""
    return arn.rpartition(":")[2].rpartition("/")[2] if arn.startswith("arn:") else arn


def _local(arn: str) -> str:
    """Return what an ARN names, without the partition, service, Region and account."""
    return arn.split(":", 5)[-1] if arn.startswith("arn:") else arn


# Each template is read and compiled when it is first used.
_TEMPLATES = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=lambda value: _legible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value,
)
_TEMPLATES.filters.update(
    tone=tone,
    seconds=_seconds,
    minute=_minute,
    took=_took,
    last=_last,
    local=_local,
    json=json.dumps,
)


class Console:
    """The page, of all accounts or of one, with the parameters below a prefix."""

    def __init__(self, root: str, *, account_id: str = "", prefix: str = "") -> None:
        self._root = root
        self._account_id = account_id
        self._prefix = prefix

    def whole(self) -> str:
        return self._render("whole.html")

    def sections(self) -> str:
        """Return the sections that the script replaces while they change."""
        return self._render("sections.html")

    def _render(self, template: str) -> str:
        inventory = Inventory(self._account_id)
        in_force = faults.describe()
        slack_faults = {name: value for name, value in workspace.faults.describe().items() if value}
        return _TEMPLATES.get_template(template).render(
            root=self._root,
            slack=SLACK,
            account=self._account_id,
            prefix=self._prefix,
            clock=clock,
            now=clock.now(),
            busy=in_flight(),
            accounts=inventory.accounts(),
            runs=inventory.runs(),
            parameters=inventory.parameters(self._prefix),
            links=inventory.links(),
            events=inventory.events(),
            operations=inventory.operations(),
            event_faults={name: value for name, value in in_force["events"].items() if value},
            call_faults=in_force["calls"],
            slack_faults=slack_faults,
            fault_buttons=FAULTS,
            advances=ADVANCES,
            speeds=SPEEDS,
        )
