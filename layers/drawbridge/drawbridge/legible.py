"""Text from others, made safe to show: what people read is what was written, on one line, and nothing else.

A share's or an account's name may hold what changes the direction of the text after it, what nobody sees, a line that
looks like one of ours, or a hundred accents on one letter. What is not plainly visible is written as its code point,
``⟨U+202E⟩``, as Unicode writes it, in brackets that are escaped where a text has one itself. Two texts never look the
same, apart from letters that resemble each other: what is a Latin and what a Cyrillic letter is for the reader to see.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterator

LONGEST = 400
"""Characters of a name or a sentence, if nobody says otherwise."""
_LONGEST_NAME = 200
"""Characters of a name beside its id."""

_MOST_MARKS = 3
"""Combining marks on one letter: languages need no more, and a flood of them covers the lines around it."""

_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U0001d159\U0001d173-\U0001d17a\U000e0100-\U000e01ef]"
)
"""What Unicode calls a letter, a mark or a symbol, and nobody sees: fillers, blanks, selectors of variants."""

_OPEN, _CLOSE = "⟨", "⟩"

_QUOTES = frozenset('“”"')
_WORD = re.compile("[A-Za-z0-9_.:/@+-]+")
"""What needs no quotes to end where it ends: ASCII, since other letters look like commas and equals signs."""

_PLAIN = re.compile("(?:[!-~]+(?: [!-~]+)*)?")
"""What is shown as it is, as nearly all is."""


def legible(text: str, most: int = LONGEST) -> str:
    """Return a text as people may be shown it: printable characters on one line, of ``most`` characters at most.

    Runs of spaces are written with their number, ``⟨12 spaces⟩``, and so are those at either end. A text that was cut
    says so in the same form: ``⟨… 123 more⟩``.
    """
    if len(text) <= most and _PLAIN.fullmatch(text):
        return text
    return _fitting(text, _parts(text), most)


def quoted(text: str, most: int = LONGEST) -> str:
    """Return a text in quotes, legible: whatever it says, it does not end them."""
    parts = ((_escaped(part) if part in _QUOTES else part, length) for part, length in _parts(text))
    return f"“{_fitting(text, parts, most)}”"


def word(text: str, most: int = LONGEST) -> str:
    """Return a text as a word among ours, legible: in quotes unless it is one plainly, so that it adds no other."""
    return text if len(text) <= most and _WORD.fullmatch(text) else quoted(text, most)


def name_and_id(name: str, identifier: str) -> str:
    """Return what something is called before its id, legible; the id alone where it has no name."""
    return f"{quoted(name, _LONGEST_NAME)} ({legible(identifier)})" if name else legible(identifier)


def printable(line: str) -> str:
    """Return a line of ours, whatever is in it, without what would steer a terminal; spaces and line breaks stay.

    The last guard of a screen: what others wrote is to be ``legible`` before it gets into a line.
    """
    return "".join(each if each == "\n" or _is_plain(each) else _escaped(each) for each in line)


def on_one_line(words: str) -> str:
    """Return an error's words with escapes, as Python writes them, for what in them nobody sees.

    For errors that quote what others wrote, and are made ``legible`` where they are told: done twice, that would escape
    its own brackets.
    """
    return "".join(each if _is_plain(each) else each.encode("unicode_escape").decode() for each in words)


def _fitting(text: str, all_parts: Iterator[tuple[str, int]], most: int) -> str:
    """Return the parts of a text if there is room for them, and else as many as there is."""
    shown = read = 0
    parts: list[tuple[str, int]] = []
    for part, length in all_parts:
        if shown + len(part) > most:
            return _cut(parts, len(text) - read, most)
        parts.append((part, length))
        shown += len(part)
        read += length
    return "".join(part for part, _ in parts)


def _cut(parts: list[tuple[str, int]], left: int, most: int) -> str:
    """Return as many parts as leave room for the ending, which says how many characters of the text are left out."""
    shown = sum(len(part) for part, _ in parts)
    while True:
        ending = f"{_OPEN}… {left} more{_CLOSE}"
        if shown + len(ending) <= most or not parts:
            return "".join(part for part, _ in parts) + ending
        part, length = parts.pop()
        shown -= len(part)
        left += length


def _parts(text: str) -> Iterator[tuple[str, int]]:
    """Yield each part as it is shown, with how many characters of the text it stands for."""
    place, last = 0, len(text)
    marks, before = 0, ""
    for is_space, run in itertools.groupby(text, lambda each: each == " "):
        if is_space:
            length = len([*run])
            inside = place > 0 and place + length < last
            yield (" " if inside else f"{_OPEN}space{_CLOSE}") if length == 1 else _spaces(length), length
            place += length
            before = ""
            continue
        for each in run:
            marks = marks + 1 if unicodedata.combining(each) or unicodedata.category(each)[0] == "M" else 0
            plain = _is_plain(each) and each != _OPEN and (each.isascii() or _stands_apart(each, before, marks))
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


def _spaces(length: int) -> str:
    return f"{_OPEN}{length} spaces{_CLOSE}"


def _escaped(each: str) -> str:
    return f"{_OPEN}U+{ord(each):04X}{_CLOSE}"
