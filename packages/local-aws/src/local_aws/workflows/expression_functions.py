"""The functions that Step Functions adds to JSONata or changes in it."""

from __future__ import annotations

import hashlib
import json
import random
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from jsonata import DateTimeUtils

from local_aws.time.clock import clock

_ALGORITHMS = {
    "MD5": hashlib.md5,
    "SHA-1": hashlib.sha1,
    "SHA-256": hashlib.sha256,
    "SHA-384": hashlib.sha384,
    "SHA-512": hashlib.sha512,
}
_RANGE_LIMIT = 1000


def _partition(array: Any, size: Any) -> list[list[Any]]:
    if not isinstance(array, list) or not _whole(size) or size < 1:
        raise ValueError("$partition takes an array and a chunk size of 1 or more")
    return [array[start : start + size] for start in range(0, len(array), size)]


def _range(first: Any, last: Any, step: Any) -> list[int]:
    if not (_whole(first) and _whole(last) and _whole(step)) or step == 0:
        raise ValueError("$range takes three whole numbers, the third not 0")
    numbers = range(first, last + (1 if step > 0 else -1), step)
    if len(numbers) > _RANGE_LIMIT:
        raise ValueError(f"$range makes at most {_RANGE_LIMIT} numbers")
    return list(numbers)


def _hash(data: Any, algorithm: Any = "SHA-256") -> str:
    if not isinstance(algorithm, str) or algorithm not in _ALGORITHMS:
        raise ValueError(f"$hash knows {', '.join(_ALGORITHMS)}")
    text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
    return _ALGORITHMS[algorithm](text.encode()).hexdigest()


def _random(seed: Any = None) -> float:
    # The same seed must give the same number; nothing secret depends on it.
    return random.Random(seed).random()  # noqa: S311 - see above


def _parse(text: Any) -> Any:
    if not isinstance(text, str):
        raise TypeError("$parse takes a string")
    return json.loads(text)


def _now(picture: Any = None, timezone: Any = None) -> str:
    if picture is None and timezone is None:
        return timestamp(clock.now())
    return str(DateTimeUtils.format_datetime(_millis(), picture, timezone))


def _millis() -> int:
    return int(clock.time() * 1000)


def _eval(*_: Any) -> Any:
    raise ValueError("$eval is not there in Step Functions; $parse reads JSON")


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "partition": _partition,
    "range": _range,
    "hash": _hash,
    "random": _random,
    "uuid": lambda: str(uuid.uuid4()),
    "parse": _parse,
    "now": _now,
    "millis": _millis,
    "eval": _eval,
}


def timestamp(time: datetime) -> str:
    """Format a time as in the context object: with milliseconds and a Z."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _whole(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool)
