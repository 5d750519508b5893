"""The errors of a service's model by their codes, found once for each service."""

from __future__ import annotations

import functools
from typing import Any

from moto.core.errors import ErrorLookupFactory


@functools.cache
def keep_error_shapes() -> None:
    """Have moto keep them: it means to, but makes what keeps them anew for each error, and so reads the whole model."""
    factory: Any = ErrorLookupFactory
    # moto's models are one for each service, and stay.
    factory._create_error_lut = staticmethod(functools.cache(factory._create_error_lut))  # noqa: SLF001 - no other place
