"""What is called for: by what people shared, bound and permitted, and by AWS's word on what is in effect."""

from collections.abc import Iterable, Iterator
from enum import IntEnum, auto

from tests.system.model.asks import Ask
from tests.system.model.homes import Home, Place
from tests.system.model.lapses import Standing


class Call(IntEnum):
    """Whether something is called for."""

    NO = auto()
    MAYBE = auto()
    """A change came while Drawbridge was at work: it may have been before or after it."""
    YES = auto()


def calls(home: Home, shares: Iterable[Ask], resources: dict[str, tuple[str, str]], now: float) -> dict[Place, Call]:
    """Return what is called for, where bindings want it; all else is not.

    It is as long as any share in effect calls for it. ``resources`` gives names and owners by ARN.
    """
    of_home = [ask for ask in shares if ask.home is home]
    return {
        place: max((_call(ask, *resources[place.resource], now) for ask in of_home), default=Call.NO)
        for place in home.places(resources)
    }


def unless_rival(home: Home, place: Place, name: str, call: Call) -> Call:
    """Return the call, open where another binding has the alias: then nothing is made, and what is made stays."""
    return min(call, Call.MAYBE) if home.rivals(home.bindings[place.binding], name) else call


def wanted(home: Home, ask: Ask, names: Iterable[str]) -> Iterator[str]:
    """Yield those of a share's resources that a binding has connected somewhere."""
    for name in names:
        bindings = (each for each in home.bindings.values() if each.matches(ask.requester.account_id, name))
        if any(home.vpcs_of(each) for each in bindings):
            yield name


def _call(ask: Ask, name: str, owner: str, now: float) -> Call:
    if not ask.in_effect or ask.requester.account_id != owner or name not in ask.names:
        return Call.NO
    standing = ask.standing(now)
    if standing is Standing.GOES or name not in ask.covered:
        return Call.NO
    is_certain = standing is Standing.STAYS and name in ask.let_in_for_certain
    return Call.YES if is_certain else Call.MAYBE
