"""Which of an API's routes a request takes.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

DEFAULT = "$default"


@dataclass(frozen=True)
class Taken:
    """The route that a request takes, and what its path's variables are."""

    route: Any
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return str(self.route.route_key)

    def source(self, method: str) -> str:
        """Name what is called, as the end of the ARN that a function's permission is held to."""
        if self.key == DEFAULT:
            return DEFAULT
        return f"{method}{self.key.split(' ', 1)[1]}"


def choose(routes: Iterable[Any], method: str, path: str) -> Taken | None:
    """Return the most specific route that matches; a variable is less so than text, ANY less than a method."""
    found: list[tuple[tuple[tuple[int, ...], int], Taken]] = []
    default: Taken | None = None
    for route in routes:
        if route.route_key == DEFAULT:
            default = Taken(route)
            continue
        wanted, _, pattern = route.route_key.partition(" ")
        parameters = _match(pattern, path) if wanted in {"ANY", method} else None
        if parameters is not None:
            found.append(((_vagueness(pattern), int(wanted == "ANY")), Taken(route, parameters)))
    return min(found, key=lambda each: each[0])[1] if found else default


def _match(pattern: str, path: str) -> dict[str, str] | None:
    wanted, given = pattern.strip("/").split("/"), path.strip("/").split("/")
    parameters: dict[str, str] = {}
    for place, part in enumerate(wanted):
        if part.startswith("{") and part.endswith("+}"):
            rest = "/".join(given[place:])
            return {**parameters, part[1:-2]: rest} if rest else None
        if place >= len(given):
            return None
        if part.startswith("{") and part.endswith("}"):
            parameters[part[1:-1]] = given[place]
        elif part != given[place]:
            return None
    return parameters if len(given) == len(wanted) else None


def _vagueness(pattern: str) -> tuple[int, ...]:
    return tuple((2 if part.endswith("+}") else 1) if part.startswith("{") else 0 for part in pattern.split("/"))
