"""What people configure in Parameter Store: the last good version of it is what is in force."""

from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from drawbridge.errors import InvalidInputError

Thing = TypeVar("Thing")


class Parameter(Struct, frozen=True):
    """A parameter below a path; its name is the part that follows the path."""

    name: str
    value: str
    version: int


class Parameters(Protocol):
    """Parameter Store, as configuration needs it."""

    def below(self, path: str) -> Iterable[Parameter]:
        """Give all parameters below ``/{prefix}/config/{path}``, by name."""
        ...

    def earlier(self, path: str, name: str, *, than: int) -> Iterable[Parameter]:
        """Give the versions of a parameter before ``than`` that AWS still keeps (100 at most), newest first."""
        ...


class Broken(Struct, frozen=True):
    """A parameter that cannot take effect as it stands."""

    name: str
    reason: str
    in_force: int | None
    """The version that stays in force instead; ``None`` if no version ever was good."""


class InForce(Struct, Generic[Thing], frozen=True):
    """What is in force, by name, and what is not, with its reason."""

    things: tuple[Thing, ...]
    versions: tuple[tuple[str, int], ...]
    """The name and version of each parameter that ``things`` come from: equal as long as nothing changed."""
    broken: tuple[Broken, ...]


def in_force(parameters: Parameters, path: str, parse: Callable[[str, str], Thing]) -> InForce[Thing]:
    """Read what people configured below ``path``.

    ``parse`` gets a name and a text, and raises ``InvalidInputError`` for what cannot take effect; then the newest
    earlier version that parses stays in force, and nothing else is stopped. AWS keeps the versions, so there is no
    store of our own that could be wrong about which one was the last good one.
    """
    things: list[Thing] = []
    versions: list[tuple[str, int]] = []
    broken: list[Broken] = []
    for parameter in sorted(parameters.below(path), key=lambda parameter: parameter.name):
        try:
            thing = parse(parameter.name, parameter.value)
        except InvalidInputError as error:
            good = _last_good(parameters, path, parameter, parse)
            broken.append(Broken(parameter.name, str(error), good[1] if good else None))
            if good:
                things.append(good[0])
                versions.append((parameter.name, good[1]))
        else:
            things.append(thing)
            versions.append((parameter.name, parameter.version))
    return InForce(tuple(things), tuple(versions), tuple(broken))


def _last_good(
    parameters: Parameters, path: str, broken: Parameter, parse: Callable[[str, str], Thing]
) -> tuple[Thing, int] | None:
    for earlier in parameters.earlier(path, broken.name, than=broken.version):
        try:
            return parse(broken.name, earlier.value), earlier.version
        except InvalidInputError:
            continue
    return None
