"""What a binding attaches in each mode, and what of it is published."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode

from scenarios.people import Person
from tests.system.conftest import World

MODES = ("resource-endpoint", "service-network", "service-network-endpoint")


def attach(mode: str, kind: str, name: str, vpc: str) -> dict[str, Any]:
    """Return what a binding says: a network of its own for each, unless a network is what is shared."""
    own = {} if mode == "resource-endpoint" or kind == "service network" else {"name": f"net-{name}", "create": True}
    return {"mode": mode, "vpc": vpc} | ({"serviceNetwork": own} if own else {})


def published(consumer: Person, binding: str) -> dict[str, str]:
    """Return what is published for a binding: by resource, the plain name of those that have their JSON too."""
    path = f"/drawbridge/connections/{binding}/"
    there = dict(consumer.published())
    return {
        name.removeprefix(path).removesuffix("/dns-name"): value
        for name, value in there.items()
        if name.startswith(path)
        and name.endswith("/dns-name")
        and f"{name.removesuffix('/dns-name')}/connection" in there
    }


def resolves(world: World, vpc: str, name: str) -> str | None:
    """Return the ARN that a client in the VPC gets to by a name; ``None`` if it does not resolve there."""
    try:
        return str(world.control(f"resolve?{urlencode({'vpc': vpc, 'name': name})}")["arn"])
    except HTTPError as error:
        if error.code == HTTPStatus.NOT_FOUND:
            return None
        raise


def document(consumer: Person, binding: str, resource: str) -> dict[str, Any]:
    return dict(json.loads(consumer.parameter(f"/drawbridge/connections/{binding}/{resource}/connection") or "{}"))
