"""JSON from outside: read into what is expected of it, or refused; whatever the text is, nothing else comes of it."""

from typing import TypeVar

import msgspec

from drawbridge.errors import InvalidInputError

Kind = TypeVar("Kind")


class UnreadableError(InvalidInputError):
    """A text is not what is expected of it; the message says where."""


def read_json(text: str | bytes, kind: type[Kind]) -> Kind:
    """Read JSON.

    Raises:
        UnreadableError: it is no JSON, another kind of thing, or nested as deep as nobody means it.
    """
    try:
        return msgspec.json.decode(text, type=kind)
    except RecursionError:
        # What nobody reads is passed over by recursion too. Not chained: a thousand frames help nobody.
        raise UnreadableError("JSON is nested too deep") from None
    except (msgspec.DecodeError, UnicodeError) as error:
        # A lone surrogate can't be written in UTF-8; the error would quote the whole text.
        words = str(error) if isinstance(error, msgspec.DecodeError) else "not UTF-8"
        raise UnreadableError(words) from error
