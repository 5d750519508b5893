"""Pages of listings: opaque tokens, and now and then an empty page with a token."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

empty_pages = 0.125
"""The rate at which listings begin with an empty page, for those that may, such as RAM's."""

_filled: ContextVar[bool] = ContextVar("filled", default=False)

_chance = random.Random(20180101)  # noqa: S311 - which page is empty is no secret


class BadTokenError(ValueError):
    """A token that is not of this listing."""


def page(
    items: Sequence[Any], listing: str, token: str | None, size: int, *, may_be_empty: bool = False
) -> tuple[list[Any], str | None]:
    """Return a page of ``items`` and the next token; tokens are valid for one ``listing`` only.

    Raises:
        BadTokenError: the token is not of this listing.
    """
    start = 0 if token is None else _read(listing, token)
    if token is None and may_be_empty and items and begins_empty():
        return [], _write(listing, 0)
    end = start + size
    return list(items[start:end]), _write(listing, end) if end < len(items) else None


def begins_empty() -> bool:
    """Return at random whether a listing that may begin with an empty page does."""
    return not _filled.get() and _chance.random() < empty_pages


@contextmanager
def filled() -> Iterator[None]:
    """Keep the listings of this thread from beginning with an empty page while the block runs."""
    before = _filled.set(True)
    try:
        yield
    finally:
        _filled.reset(before)


def _write(listing: str, position: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([listing, position]).encode()).decode()


def _read(listing: str, token: str) -> int:
    try:
        token_listing, position = json.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError as error:
        raise BadTokenError(token) from error
    if token_listing != listing or not isinstance(position, int) or position < 0:
        raise BadTokenError(token)
    return position
