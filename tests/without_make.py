"""The environment of somebody who did not start the tests by make, whose own settings would have another make speak."""

import os

_OF_MAKE = frozenset({"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES"})


def environment_without_make() -> dict[str, str]:
    """Return this process's environment, without what make gives to the makes that it starts."""
    return {name: value for name, value in os.environ.items() if name not in _OF_MAKE}
