"""Where a service takes what its model forbids; each with the reason."""

from __future__ import annotations

from fnmatch import fnmatchcase

# (botocore's service, operation, path of the parameter, kind of constraint): why. ``*`` stands for any.
LENIENT: dict[tuple[str, str, str, str], str] = {}


def is_lenient(model: str, operation: str, path: str, kind: str) -> bool:
    """Tell whether AWS lets this pass."""
    asked = (model, operation, path, kind)
    return any(all(map(fnmatchcase, asked, each)) for each in LENIENT)
