"""What holds for the log of every function, seen to in each of its tests."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from drawbridge.observability import logger
from tests.functions.invocations import OF_ONE_REQUEST

OF_NO_REQUEST = {"refused", "not read", "alarm told"}
"""What is logged before a function knows which request it is about, or of what is about none."""


def is_of_a_request(line: dict[str, Any]) -> bool:
    # A click that is none, such as a form that was closed.
    return line["message"] not in OF_NO_REQUEST and line.get("result") != "nothing"


class Lines(logging.Handler):
    """Keeps the lines of invocations as they get into the log, where a query finds their fields."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.kept.append(json.loads(logger.registered_formatter.format(record)))


@pytest.fixture(autouse=True)
def lines(request: pytest.FixtureRequest) -> Iterator[Lines]:
    """See that each line of a function that works on one request carries its id."""
    lines, log = Lines(), logging.getLogger(logger.service)
    log.addHandler(lines)
    yield lines
    log.removeHandler(lines)
    if request.path.stem.removeprefix("test_") in OF_ONE_REQUEST:
        assert [line for line in lines.kept if is_of_a_request(line) and not line.get("request_id")] == []
