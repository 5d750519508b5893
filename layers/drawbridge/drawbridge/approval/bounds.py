"""Bounds of a question, for its way through the workflow. Its fingerprint is of all that was asked."""

import msgspec

from drawbridge.approval import MORE, Line, Question
from drawbridge.bounds import fitting, shortened

_LINES_BYTES = 24_000
_TEXTS_BYTES = 12_000
_TEXT_BYTES = 2_000
_ABOUT_BYTES = 8_000
_BESIDES_BYTES = 12_000
_BESIDE_BYTES = 500
"""Of what a later question is only compared with: it is asked in full."""
_NOTE_BYTES = 200
"""Of the note that says how much was cut: so a question that was cut fits, and is not cut again."""


def within(question: Question) -> Question:
    """Return the question with as many lines and effects as there is room for; the last of each says what was cut."""
    replace = msgspec.structs.replace
    return replace(
        question,
        asked=replace(
            question.asked,
            lines=_lines(question.asked.lines),
            besides=_lines(question.asked.besides, _BESIDES_BYTES, _BESIDE_BYTES),
        ),
        about=_lines(question.about, _ABOUT_BYTES),
        effects=_texts(question.effects),
        changed=_texts(question.changed),
    )


def _lines(lines: tuple[Line, ...], most: int = _LINES_BYTES, longest: int = _TEXT_BYTES) -> tuple[Line, ...]:
    short = tuple(Line(each.label, shortened(each.text, longest)) for each in lines)
    if len(fitting(short, most)) == len(short):
        return short
    kept = fitting(short, most - _NOTE_BYTES)
    return (*kept, Line(MORE, f"{len(short) - len(kept)} more lines, for which there is no room here"))


def _texts(texts: tuple[str, ...]) -> tuple[str, ...]:
    short = tuple(shortened(each, _TEXT_BYTES) for each in texts)
    if len(fitting(short, _TEXTS_BYTES)) == len(short):
        return short
    kept = fitting(short, _TEXTS_BYTES - _NOTE_BYTES)
    return (*kept, f"And {len(short) - len(kept)} more, for which there is no room here.")
