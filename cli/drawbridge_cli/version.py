"""The version of this program."""


def own_version() -> str:
    """Return the version that is installed; empty if none is, as in a checkout that was not set up."""
    # It takes as long as a third of all that a help text takes.
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        return version("drawbridge")
    except PackageNotFoundError:
        return ""
