"""Choosing the route of an API for a request.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

DEFAULT = "$default"


@dataclass(frozen=True)
class RouteMatch:
    """The route of a request, and the values of its path's variables."""

    route: Any
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return str(self.route.route_key)

    def source(self, method: str) -> str:
        """Return the end of the source ARN that a function's permission is checked against."""
        if self.key == DEFAULT:
            return DEFAULT
        return f"{method}{self.key.split(' ', 1)[1]}"


def choose(routes: Iterable[Any], method: str, path: str) -> RouteMatch | None:
    """Return the most specific route that matches: text before variables, a method before ANY."""
    found: list[tuple[tuple[tuple[int, ...], int], RouteMatch]] = []
    default: RouteMatch | None = None
    for route in routes:
        if route.route_key == DEFAULT:
            default = RouteMatch(route)
            continue
        route_method, _, pattern = route.route_key.partition(" ")
        parameters = _match(pattern, path) if route_method in {"ANY", method} else None
        if parameters is not None:
            found.append(((_generality(pattern), int(route_method == "ANY")), RouteMatch(route, parameters)))
    return min(found, key=lambda each: each[0])[1] if found else default


def _match(pattern: str, path: str) -> dict[str, str] | None:
    expected, actual = pattern.strip("/").split("/"), path.strip("/").split("/")
    parameters: dict[str, str] = {}
    for position, part in enumerate(expected):
        if part.startswith("{") and part.endswith("+}"):
            rest = "/".join(actual[position:])
            return {**parameters, part[1:-2]: rest} if rest else None
        if position >= len(actual):
            return None
        if part.startswith("{") and part.endswith("}"):
            parameters[part[1:-1]] = actual[position]
        elif part != actual[position]:
            return None
    return parameters if len(actual) == len(expected) else None


def _generality(pattern: str) -> tuple[int, ...]:
    return tuple((2 if part.endswith("+}") else 1) if part.startswith("{") else 0 for part in pattern.split("/"))
