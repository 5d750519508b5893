"""Drift, as a look tells of it: what of a connection is not any longer as it was left, and what is not known."""

from msgspec import Struct

from drawbridge.errors import DrawbridgeError


class Drifted(Struct, frozen=True):
    """What a comparison of one row with what AWS lists came to."""

    digest: str
    """Of what has changed by now; empty if nothing has."""
    unknown: tuple[DrawbridgeError, ...] = ()
    """Why something could not be looked at: it has neither changed nor healed as far as anybody knows."""
