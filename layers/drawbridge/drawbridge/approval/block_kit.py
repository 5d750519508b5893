"""Block Kit, as far as messages need it: what they are put together of, within Slack's limits."""

from collections.abc import Iterable, Iterator
from typing import Any

from drawbridge.legible import printable

Block = dict[str, Any]

_SECTION = 2900
"""Characters of a section's text, of which Slack takes 3,000."""


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
        yield f"  and {left_out} more lines: {told_by} tells all"


def one_line(text: str) -> str:
    """Return a text whose parts are legible already on one line."""
    return " ".join(printable(text).split())


def sections(lines: Iterable[str]) -> list[Block]:
    """Put lines into as few sections as they fit in."""
    texts = [""]
    for line in lines:
        if len(texts[-1]) + len(line) + 1 > _SECTION:
            texts.append("")
        texts[-1] += f"{line}\n"
    return [plain(text.rstrip("\n")) for text in texts]


def header(text: str) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": text[:150], "emoji": False}}


def plain(text: str) -> Block:
    return {"type": "section", "text": {"type": "plain_text", "text": text, "emoji": False}}


def context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}
