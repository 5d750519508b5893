"""The version of this program."""

from importlib.metadata import PackageNotFoundError, version


def own_version() -> str:
    """Return the version that is installed; empty if none is, as in a checkout that was not set up."""
    try:
        return version("drawbridge")
    except PackageNotFoundError:
        return ""
