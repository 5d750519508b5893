"""Each port is asked what it promises twice: of its fake, and of its adapter on the local AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest

Kind = TypeVar("Kind")


def either(request: pytest.FixtureRequest, fake: Callable[[], Kind], adapter: Callable[[], Kind]) -> Kind:
    """Return what a fixture with ``IMPLEMENTATIONS`` as its parameters is asked for."""
    return {"fake": fake, "adapter": adapter}[request.param]()


IMPLEMENTATIONS = ("fake", "adapter")
