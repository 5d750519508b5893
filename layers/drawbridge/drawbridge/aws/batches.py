"""Many things in few calls, where AWS refuses a whole call for one of them."""

import re
from collections.abc import Callable, Iterator, Sequence

from drawbridge.errors import NotReadyError, QuotaExceededError, RefusedError

_MOST_REFUSED = 5
"""So many are found out, each of which may take a dozen calls. Where there are more, it may be all of them."""

Do = Callable[[list[str]], object]


def in_batches(do: Do, values: Sequence[str], *, most: int) -> None:
    """Do something with all values, ``most`` in one call. What is wrong with some of them does not keep out the others.

    Where AWS refuses a call, those that its words name are left out; where they name none, or all, the call is halved.

    Raises:
        RefusedError: AWS refuses some, or there is no room for more; the first of its refusals. Where it refused but a
            few, all the others are done.
        NotReadyError: the same, where AWS has not finished with some yet.
    """
    refusals: list[RefusedError | NotReadyError] = []
    waiting = [[*values[start : start + most]] for start in range(0, len(values), most)]
    while waiting and len(refusals) < _MOST_REFUSED:
        batch = waiting.pop(0)
        try:
            do(batch)
        except QuotaExceededError as error:
            if len(batch) == 1:
                raise RefusedError(str(error)) from error
            waiting[:0] = _halves(batch)
        except (RefusedError, NotReadyError) as error:
            named = [each for each in batch if _names(str(error), each)]
            if len(batch) == 1:
                refusals.append(error)
            elif 0 < len(named) < len(batch):
                refusals += [error] * len(named)
                waiting.insert(0, [each for each in batch if each not in named])
            else:
                waiting[:0] = _halves(batch)
    if refusals:
        raise refusals[0]


def _halves(batch: list[str]) -> Iterator[list[str]]:
    middle = len(batch) // 2
    yield batch[:middle]
    yield batch[middle:]


def _names(words: str, value: str) -> bool:
    """Return whether the words have the value, and not as a part of another."""
    return re.search(rf"(?<![\w/:-]){re.escape(value)}(?![\w/:-])", words) is not None
