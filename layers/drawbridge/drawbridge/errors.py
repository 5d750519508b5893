"""Errors, named by what happens next.

::

    DrawbridgeError
    + InvalidInputError       never retried: what came from outside is broken; says which field, and the fix
    + NotReadyError           retried with backoff: AWS has not finished yet
    + ThrottledError          retried with backoff and jitter
    + SlotNotDueError         retried with backoff and jitter: a ThrottledError, by our own pace
    + UpstreamError           retried a little, then the attempt fails
    + AccessDeniedError       never retried: a permission or a share is missing
    + RefusedError            never retried: AWS does not do it as it is asked
    + QuotaExceededError      never retried: a limit of the account has to be raised first
    + ConflictError           never retried: something that is not ours is in the way
    + GoneError               never retried: what a call names does not exist
    + RequestGoneError        never retried: the reason for the request went away
    + AssociationFailedError  never retried: AWS tried to associate, and could not
    + OwnershipLostError      never retried: somebody took our tags off what is to be taken down

Step Functions knows a Python error by its class's name, so these names are what the workflow's Retry and Catch name.
"""


class DrawbridgeError(Exception):
    """Whatever Drawbridge raises on purpose."""


class InvalidInputError(DrawbridgeError):
    """What came from outside is broken; the message names the field and the fix."""


class NotReadyError(DrawbridgeError):
    """AWS has not finished yet."""


class ThrottledError(DrawbridgeError):
    """AWS asks to be asked less often."""

    def __init__(self, words: str = "", after: float | None = None) -> None:
        super().__init__(words)
        self.after = after
        """Seconds until AWS wants to be asked again, where it says so."""


class SlotNotDueError(ThrottledError):
    """A call's slot is due when its function has no time left: we wait for our own pace, not for AWS."""


class UpstreamError(DrawbridgeError):
    """AWS failed, in a way that may pass."""


class AccessDeniedError(DrawbridgeError):
    """A permission or a share is missing."""


class RefusedError(DrawbridgeError):
    """AWS does not do it as it is asked; the message has AWS's words."""


class QuotaExceededError(DrawbridgeError):
    """A limit of the account is reached."""


class ConflictError(DrawbridgeError):
    """Something that is not ours is in the way."""


class GoneError(DrawbridgeError):
    """What a call names does not exist, or no longer; that says nothing of the request as a whole."""


class RequestGoneError(DrawbridgeError):
    """The subject of the request itself is gone: AWS was asked for just that."""


class AssociationFailedError(DrawbridgeError):
    """AWS tried to associate a resource, and could not."""


class OwnershipLostError(DrawbridgeError):
    """Something was ours, and does not say so any longer: it is not touched."""
