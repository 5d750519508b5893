"""What people configure in Parameter Store; the last good version of it is in force."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from drawbridge.errors import InvalidInputError

Thing = TypeVar("Thing")


class ConfigurationParameter(Struct, frozen=True):
    """A parameter below a path, named by the part that follows the path."""

    name: str
    value: str
    version: int
    modified: datetime = datetime.min.replace(tzinfo=UTC)
    """When this version was written."""


class Parameters(Protocol):
    """Parameter Store, as configuration needs it."""

    def below(self, path: str) -> Iterable[ConfigurationParameter]:
        """Return all parameters below ``/{prefix}/config/{path}``, by name."""
        ...

    def earlier(self, path: str, name: str, *, than: int) -> Iterable[ConfigurationParameter]:
        """Return the versions of a parameter before ``than`` that AWS still keeps (100 at most), newest first."""
        ...


class Broken(Struct, frozen=True):
    """A parameter that cannot take effect as it stands."""

    name: str
    reason: str
    in_force: int | None
    """The version that stays in force instead; ``None`` if no version ever was good."""


class InForce(Struct, Generic[Thing], frozen=True):
    """What is in force, and which parameters are not, with the reasons."""

    things: tuple[Thing, ...]
    versions: tuple[tuple[str, int], ...]
    """The name and version of each parameter that ``things`` come from: equal as long as nothing changed."""
    broken: tuple[Broken, ...]


class Conflict(Struct, frozen=True):
    """Things that are each good alone and can't be in force together."""

    blame: Mapping[str, str]
    """For each parameter that could yield, by its name, the reason for it to be out of force."""


class _Chosen(Struct, Generic[Thing], frozen=True):
    thing: Thing
    version: int
    modified: datetime


def in_force(
    parameters: Parameters,
    path: str,
    parse: Callable[[str, str], Thing],
    conflict_among: Callable[[Sequence[Thing]], Conflict | None] = lambda things: None,
) -> InForce[Thing]:
    """Read what people configured below ``path``.

    ``parse`` gets a name and a text, and raises ``InvalidInputError`` for what cannot take effect; then the newest
    earlier version that parses stays in force, and nothing else is stopped. Of things in conflict the one that was
    written last is taken back in the same way, until there is no conflict. AWS keeps the versions, so there is no
    store of our own that could be wrong about which one was the last good one.
    """
    chosen: dict[str, _Chosen[Thing]] = {}
    broken: dict[str, str] = {}
    read = {parameter.name: parameter for parameter in parameters.below(path)}
    for name, parameter in sorted(read.items()):
        try:
            chosen[name] = _Chosen(parse(name, parameter.value), parameter.version, parameter.modified)
        except InvalidInputError as error:
            broken[name] = str(error)
            _take_back(chosen, parameters, path, parameter, parse)
    while (conflict := conflict_among([each.thing for _, each in sorted(chosen.items())])) is not None:
        last = max(conflict.blame, key=lambda name: (chosen[name].modified, name))
        broken.setdefault(last, conflict.blame[last])
        refused = chosen.pop(last)
        _take_back(chosen, parameters, path, ConfigurationParameter(last, "", refused.version), parse)
    in_order = sorted(chosen.items())
    return InForce(
        tuple(each.thing for _, each in in_order),
        tuple((name, each.version) for name, each in in_order),
        tuple(
            Broken(name, reason, chosen[name].version if name in chosen else None)
            for name, reason in sorted(broken.items())
        ),
    )


def _take_back(
    chosen: dict[str, _Chosen[Thing]],
    parameters: Parameters,
    path: str,
    refused: ConfigurationParameter,
    parse: Callable[[str, str], Thing],
) -> None:
    """Choose the newest good version before the refused one, if there is any."""
    for earlier in parameters.earlier(path, refused.name, than=refused.version):
        try:
            thing = parse(refused.name, earlier.value)
        except InvalidInputError:
            continue
        chosen[refused.name] = _Chosen(thing, earlier.version, earlier.modified)
        return
