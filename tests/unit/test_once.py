"""Listings that are made once a sweep."""

import pytest

from drawbridge.aws.once import Once
from drawbridge.errors import AccessDeniedError


def test_what_is_listed_and_what_is_denied_is_asked_for_once() -> None:
    asked: list[str] = []

    def listing(key: str) -> str:
        asked.append(key)
        if key == "theirs":
            raise AccessDeniedError(key)
        return key

    once = Once(listing)

    for _ in range(2):
        assert once("ours") == "ours"
        with pytest.raises(AccessDeniedError):
            once("theirs")
    assert asked == ["ours", "theirs"]
