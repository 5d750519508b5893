r"""Text from others, made safe to show: what people read is what was written, on one line, and nothing else.

A share's or an account's name may hold what changes the direction of the text after it, what nobody sees, a line that
looks like one of ours, or a hundred accents on one letter. What is not plainly visible is written as its code point,
``\u{202e}``, as Cedar and Rust write it. Two texts never look the same, apart from letters that resemble each other:
what is a Latin and what a Cyrillic letter is for the reader to see.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterator

LONGEST = 400
"""Characters of a name or a sentence, if nobody says otherwise."""

_MOST_MARKS = 3
"""Combining marks on one letter: languages need no more, and a flood of them covers the lines around it."""

_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U0001d159\U0001d173-\U0001d17a\U000e0100-\U000e01ef]"
)
"""What Unicode calls a letter, a mark or a symbol, and nobody sees: fillers, blanks, selectors of variants."""

_ESCAPE = "\\u{"

_PLAIN = re.compile(r"(?:[!-\[\]-~]+(?: [!-\[\]-~]+)*)?")
"""What is shown as it is, as nearly all is."""


def legible(text: str, most: int = LONGEST) -> str:
    r"""Return a text as people may be shown it: printable characters on one line, of ``most`` characters at most.

    Runs of spaces are written with their number, ``\u{20*12}``, and so are those at either end. A backslash that could
    be taken for one of ours is escaped as well, and a text that was cut says so in the same form: ``\u{... 123 more}``.
    """
    if len(text) <= most and _PLAIN.fullmatch(text):
        return text
    shown = 0
    parts: list[str] = []
    read = 0
    for part, length in _parts(text):
        if shown + len(part) > most:
            return _cut(parts, len(text) - read, most)
        parts.append(part)
        shown += len(part)
        read += length
    return "".join(parts)


def printable(line: str) -> str:
    """Return a line of ours, whatever is in it, without what would steer a terminal; spaces and line breaks stay.

    The last guard of a screen: what others wrote is to be ``legible`` before it gets into a line.
    """
    return "".join(each if each == "\n" or _is_plain(each) else _escaped(each) for each in line)


def _cut(parts: list[str], left: int, most: int) -> str:
    """Return as many parts as leave room for the ending, which says how many characters of the text are left out."""
    shown = sum(map(len, parts))
    while True:
        ending = f"{_ESCAPE}... {left} more}}"
        if shown + len(ending) <= most or not parts:
            return "".join(parts) + ending
        gone = parts.pop()
        shown -= len(gone)
        left += _length(gone)


def _length(part: str) -> int:
    """Return how many characters of the text a part stands for."""
    if not part.startswith(_ESCAPE):
        return 1
    _, many, times = part[len(_ESCAPE) : -1].partition("*")
    return int(times) if many else 1


def _parts(text: str) -> Iterator[tuple[str, int]]:
    """Yield each part as it is shown, with how many characters of the text it stands for."""
    place, last = 0, len(text)
    marks, before = 0, ""
    for is_space, run in itertools.groupby(text, lambda each: each == " "):
        if is_space:
            length = len([*run])
            inside = place > 0 and place + length < last
            yield (" " if inside else f"{_ESCAPE}20}}") if length == 1 else f"{_ESCAPE}20*{length}}}", length
            place += length
            before = ""
            continue
        for each in run:
            marks = marks + 1 if unicodedata.combining(each) or unicodedata.category(each)[0] == "M" else 0
            plain = _is_plain(each) and (each.isascii() or _stands_apart(each, before, marks))
            if each == "\\" and text.startswith(_ESCAPE, place):
                plain = False
            yield each if plain else _escaped(each), 1
            before = each if plain else ""
            place += 1


def _stands_apart(each: str, before: str, marks: int) -> bool:
    """Whether a character neither floods its letter nor makes, alone or with it, what can be written otherwise."""
    if marks > _MOST_MARKS or (marks and not before):
        return False
    return unicodedata.normalize("NFC", before + each) == before + each


def _is_plain(each: str) -> bool:
    return each.isprintable() and _INVISIBLE.match(each) is None


def _escaped(each: str) -> str:
    return f"{_ESCAPE}{ord(each):x}}}"
