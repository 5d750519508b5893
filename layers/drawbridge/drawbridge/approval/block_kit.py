"""Block Kit, as far as messages need it: what they are put together of, within Slack's limits.

Labels and titles are ours, in bold. Whatever else there is to say stands in ``plain_text``, in which Slack makes no
mention, no link and no format of anything.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from drawbridge.legible import printable

Block = dict[str, Any]
TextObject = dict[str, Any]
Row = tuple[str, TextObject]
"""A label, and the value beside it."""

LONGEST_VALUE = 1500
"""Characters of a value beside its label, of which Slack takes 2,000."""

_LONGEST_PERSON = 200
_SECTION = 2900
"""Characters of a section's text, of which Slack takes 3,000."""
_ROWS_OF_SECTION = 5
"""Of two fields each: Slack takes ten."""
_LABEL = re.compile("[A-Za-z][A-Za-z ]{0,40}")
_USER = re.compile("[UW][A-Z0-9]{2,20}")


def within(most: int, lines: Iterable[str], *, told_by: str) -> Iterator[str]:
    """Yield the lines that fit into ``most`` characters; the last counts the others, which a command tells."""
    left_out = 0
    for line in lines:
        most -= len(line) + 1
        if most >= 0:
            yield line
        else:
            left_out += 1
    if left_out:
        yield f"and {left_out} more lines: {told_by} tells all"


def beginning(most: int, lines: Iterable[str], *, told_by: str) -> Iterator[str]:
    """Yield the lines that fit into ``most`` characters, of a list whose length is said elsewhere."""
    for line in lines:
        most -= len(line) + 1
        if most < 0:
            yield f"and more, for which there is no room here: {told_by} tells all"
            return
        yield line


def one_line(text: str) -> str:
    """Return a text whose parts are legible already on one line."""
    return " ".join(printable(text).split())


def literal(text: str) -> TextObject:
    """Return a text that is shown as it is, whoever wrote it. Slack takes none that is empty."""
    return {"type": "plain_text", "text": text or "-", "emoji": False}


def ours(text: str) -> TextObject:
    """Return a text of ours in Slack's mrkdwn."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def mention_of(user: str) -> str:
    """Return the mention of a user of Slack, by their id; empty for whatever is none."""
    return f"<@{user}>" if _USER.fullmatch(user) else ""


def person(by: str) -> TextObject:
    """Return somebody by the name that Slack has for them, or by the ARN of who answered on the command line."""
    mention = mention_of(by)
    return ours(mention) if mention else literal(one_line(by)[:_LONGEST_PERSON])


def value(text: str) -> TextObject:
    """Return a text whose parts are legible as a value: on one line, and cut to what there is room for."""
    return literal(one_line(text)[:LONGEST_VALUE])


def time(at: datetime) -> str:
    """Return a time in Slack's mrkdwn, which shows it in each reader's time zone."""
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} at {{time}}|{at:%Y-%m-%d %H:%M} UTC>"


def people(label: str, those: Iterable[str]) -> Iterator[Row]:
    """Yield a row for each of these people."""
    for place, each in enumerate(those):
        yield (label if place == 0 else "and", person(each))


def rows(all_rows: Iterable[Row]) -> list[Block]:
    """Put values beside their labels, into as few sections as they fit in."""
    fields = [[_bold(label), text] for label, text in all_rows]
    parts = [fields[begin : begin + _ROWS_OF_SECTION] for begin in range(0, len(fields), _ROWS_OF_SECTION)]
    return [{"type": "section", "fields": [text for row in part for text in row]} for part in parts]


def listing(title: str, lines: Iterable[str]) -> list[Block]:
    """Put lines below a title, each after a bullet; no lines, no title."""
    found = [f"• {line}" for line in lines]
    return [title_block(title), *sections(found)] if found else []


def sections(lines: Iterable[str]) -> list[Block]:
    """Put lines into as few sections as they fit in."""
    texts = [""]
    for line in lines:
        if len(texts[-1]) + len(line) + 1 > _SECTION:
            texts.append("")
        texts[-1] += f"{line}\n"
    return [plain(text.rstrip("\n")) for text in texts]


def header(text: str) -> Block:
    return {"type": "header", "text": literal(text[:150])}


def title_block(text: str) -> Block:
    return {"type": "section", "text": _bold(text)}


def plain(text: str) -> Block:
    return {"type": "section", "text": literal(text)}


def context(text: str) -> Block:
    return {"type": "context", "elements": [ours(text)]}


def _bold(label: str) -> TextObject:
    return ours(f"*{label}*") if _LABEL.fullmatch(label) else literal(label[:LONGEST_VALUE])
