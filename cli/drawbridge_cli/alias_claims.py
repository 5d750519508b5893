"""Finding bindings that can claim the same name of our own in one hosted zone."""

import string
from collections.abc import Iterator, Sequence
from itertools import combinations

from msgspec import Struct

from drawbridge.association.binding import Binding, VpcTag

_IN_LABEL = frozenset(string.ascii_lowercase + string.digits + "-_")
_ANY = None
"""The token for any number of characters inside a label."""

Token = frozenset[str] | None
"""The characters that are possible at one place, or ``_ANY``."""


class Claim(Struct, frozen=True):
    """Two bindings that can claim the same name."""

    first: str
    second: str
    zone: str
    names: tuple[str, str]
    """As the bindings write them."""

    def __str__(self) -> str:
        mine, theirs = self.names
        return f"its alias {mine} in {self.zone} can be the same name as {theirs} of {self.first}"


def claims_among(bindings: Sequence[Binding]) -> Iterator[Claim]:
    """Yield the pairs of bindings whose aliases can be the same name, depending on what they match."""
    for one, other in combinations(sorted(bindings, key=lambda binding: binding.name), 2):
        first, second = one.attach.alias, other.attach.alias
        if first is None or second is None or first.zone != second.zone:
            continue
        if _overlap(_tokens(one), _tokens(other)):
            yield Claim(one.name, other.name, first.zone, (second.name, first.name))


def _tokens(binding: Binding) -> tuple[Token, ...]:
    """Return the alias as a pattern: where a resource's name goes, what the binding matches of it."""
    attach = binding.attach
    assert attach.alias is not None  # noqa: S101 - only such come here
    vpc = "vpc-*" if isinstance(attach.vpc, VpcTag) or attach.vpc is None else attach.vpc
    tokens: list[Token] = []
    rest = attach.alias.name
    while rest:
        if rest.startswith("{resource}"):
            tokens += _of_glob(binding.match.resource.lower())
            rest = rest.removeprefix("{resource}")
        elif rest.startswith("{vpc}"):
            tokens += _of_glob(vpc)
            rest = rest.removeprefix("{vpc}")
        else:
            tokens.append(frozenset(rest[0]))
            rest = rest[1:]
    return tuple(tokens)


def _of_glob(glob: str) -> Iterator[Token]:
    place = 0
    while place < len(glob):
        each = glob[place]
        end = glob.find("]", place + 2) if each == "[" else -1
        if each == "*":
            yield _ANY
        elif each == "?" or end > 0:
            # A set of characters is taken for any character: rather one claim too many.
            yield _IN_LABEL
            place = max(place, end)
        else:
            yield frozenset(each)
        place += 1


def _overlap(one: tuple[Token, ...], other: tuple[Token, ...]) -> bool:
    """Return whether some name fits both patterns; for each pair of their ends, from the last tokens to the first."""
    after = [all(each is _ANY for each in other[there:]) for there in range(len(other) + 1)]
    for first in reversed(one):
        now = [after[-1] and first is _ANY]
        for there in range(len(other) - 1, -1, -1):
            second = other[there]
            # Any number of characters is none, or one more of those that the other pattern has there.
            if first is _ANY and second is _ANY:
                fits = after[there] or now[0]
            elif first is _ANY:
                fits = after[there] or (now[0] and _in_label(second))
            elif second is _ANY:
                fits = now[0] or (after[there] and _in_label(first))
            else:
                fits = after[there + 1] and _common(first, second)
            now.insert(0, fits)
        after = now
    return after[0]


def _in_label(token: Token) -> bool:
    return _common(token, _IN_LABEL)


def _common(one: Token, other: Token) -> bool:
    return one is _ANY or other is _ANY or bool(one & other)
