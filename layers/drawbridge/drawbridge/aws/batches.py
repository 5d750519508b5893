"""Many things in few calls, where AWS refuses a whole call for one of them."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain

from drawbridge.bounds import in_parts
from drawbridge.errors import AccessDeniedError, NotReadyError, QuotaExceededError, RefusedError
from drawbridge.intake.offering.offers import PartlyDeniedError, PartlyRefusedError

Do = Callable[[list[str]], object]


def in_batches(do: Do, values: Sequence[str], *, most: int) -> None:
    """Do something with all values, ``most`` in one call. What is wrong with some of them does not keep out the others.

    Where AWS refuses a call, those that its words name are left out; where they name none, or all, the call is halved.
    So there are never more than two calls for each value, and some dozen for each that is refused.

    Raises:
        PartlyRefusedError: AWS refuses some, or there is no room for more; with the first of its refusals.
        PartlyDeniedError: the role may not do it; what was done before it was said so is.
        NotReadyError: AWS has not finished with some yet; all the others are done.
    """
    refused: dict[str, RefusedError] = {}
    unfinished: list[NotReadyError] = []
    waiting = [[*part] for part in in_parts(values, most)]
    while waiting:
        batch = waiting.pop(0)
        try:
            do(batch)
        except (AccessDeniedError, QuotaExceededError) as error:
            left = [*refused, *chain(batch, *waiting)]
            if isinstance(error, AccessDeniedError):
                raise PartlyDeniedError(str(error), left) from error
            if len(batch) == 1:
                raise PartlyRefusedError(str(error), left, is_full=True) from error
            waiting[:0] = halves(batch)
        except (RefusedError, NotReadyError) as error:
            named = _named(str(error), batch)
            if len(batch) > 1 and len(named) in {0, len(batch)}:
                waiting[:0] = halves(batch)
                continue
            wrong = batch if len(batch) == 1 else named
            if isinstance(error, RefusedError):
                refused |= dict.fromkeys(wrong, error)
            else:
                unfinished.append(error)
            if others := [each for each in batch if each not in wrong]:
                waiting.insert(0, others)
    _raise_first(refused, unfinished)


def _raise_first(refused: Mapping[str, RefusedError], unfinished: Sequence[NotReadyError]) -> None:
    if refused:
        raise PartlyRefusedError(str(next(iter(refused.values()))), refused)
    if unfinished:
        raise unfinished[0]


def halves(batch: list[str]) -> Iterator[list[str]]:
    middle = len(batch) // 2
    yield batch[:middle]
    yield batch[middle:]


def _named(words: str, values: Sequence[str]) -> list[str]:
    """Return those of the values that the words have, and not as a part of another: of two at one place, the longer."""
    any_of = "|".join(re.escape(each) for each in sorted(values, key=len, reverse=True))
    # Names of roles may have ``.``, ``=``, ``@`` and ``+`` in them; at their end, these are the sentence's. A comma may
    # be either, and is taken for the list's.
    found = {*re.findall(rf"(?<![\w/:-])(?:{any_of})(?![\w/:-]|[.=@+]+\w)", words)}
    return [each for each in values if each in found]
