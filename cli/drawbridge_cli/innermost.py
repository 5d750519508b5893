"""The innermost message of an error: each that passes one on puts it into JSON of its own."""

import re

import msgspec

from drawbridge.legible import printable
from drawbridge.parsing import UnreadableError, read_json
from drawbridge.status import Reason

_NAME = re.compile(r'"(?:errorType|Error)"\s*:\s*"([A-Za-z][A-Za-z0-9_.]{0,120})"')
_MESSAGE = re.compile(
    r'"(?:errorMessage|ErrorMessage|Cause)"\s*:\s*"((?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})+)'
)
"""A message may have been cut short, and its JSON with it."""

_DEEPEST = 10
"""Errors that pass one another on: more are none of ours."""


def innermost(reason: Reason) -> Reason:
    """Return a reason with the innermost message of its text, after what stands before it, and that error's name."""
    before, _, _ = reason.text.partition("{")
    name, text = "", reason.text
    for _ in range(_DEEPEST):
        found = _MESSAGE.search(text)
        if found is None:
            break
        named = _NAME.search(text[: found.start()]) or _NAME.search(text[found.end() :])
        name = named.group(1) if named else name
        text = _unescaped(found.group(1))
    if text == reason.text or not text.strip():
        return reason
    # It was legible as JSON, which wrote what is not so with a backslash.
    text = printable(" ".join(text.splitlines()))
    if _is_error(reason.code):
        return msgspec.structs.replace(reason, code=name or reason.code, text=f"{before}{text}")
    return msgspec.structs.replace(reason, text=f"{before}{name}: {text}" if name else f"{before}{text}")


def _is_error(code: str) -> bool:
    """Whether a code is an error's name, or says that an execution has ended with one."""
    return code[:1].isupper() or code.startswith("execution-")


def _unescaped(message: str) -> str:
    try:
        return read_json(f'"{message}"', str)
    except UnreadableError:
        # Cut between the two halves of one character.
        return message
