"""Answers in pages, for the operations that botocore has no paginator for."""

from collections.abc import Callable, Iterator
from typing import Any


def pages(call: Callable[..., Any], marker: str = "nextToken", **parameters: Any) -> Iterator[Any]:
    """Yield page after page; ``marker`` is the field that says where the next one starts.

    An empty page that has a marker is not the last.
    """
    answer = call(**parameters)
    yield answer
    while answer.get(marker):
        answer = call(**parameters, **{marker: answer[marker]})
        yield answer
