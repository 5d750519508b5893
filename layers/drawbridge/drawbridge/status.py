"""The status of a request, and the reasons for it."""

from enum import StrEnum

from msgspec import Struct


class Status(StrEnum):
    """The status of a request."""

    PENDING = "PENDING"
    WAITING_FOR_APPROVAL = "WAITING_FOR_APPROVAL"
    ACCEPTED = "ACCEPTED"
    ASSOCIATING = "ASSOCIATING"
    AVAILABLE = "AVAILABLE"
    HELD = "HELD"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"
    WITHDRAWING = "WITHDRAWING"
    """It is being taken down; settled, that has not come to its end, and is tried again."""
    WITHDRAWN = "WITHDRAWN"

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is let in, nor asked for, any more."""
        return self in {Status.REJECTED, Status.EXPIRED, Status.WITHDRAWN}


class Reason(Struct, frozen=True, omit_defaults=True):
    """Why: a stable code for programs, a sentence for people, and the policy or binding that it comes from."""

    code: str
    text: str
    source: str = ""
