"""How an execution of the workflow ended, as Step Functions tells it: for those that did not record it themselves."""

from msgspec import Struct


class Ending(Struct, frozen=True, kw_only=True):
    """The end of an execution."""

    status: str
    """``FAILED``, ``TIMED_OUT``, ``ABORTED``, or ``SUCCEEDED``, which an attempt that has not settled can't have."""
    error: str = ""
    cause: str = ""
