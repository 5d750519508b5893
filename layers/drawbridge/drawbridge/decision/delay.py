"""``@delay`` of a permit: how long after a request was first permitted it is let in."""

import re
from datetime import timedelta

from drawbridge.errors import InvalidInputError

LONGEST_DELAY = timedelta(hours=24)

_FORM = re.compile(r"(?:([0-9]{1,4})h)?(?:([0-9]{1,4})m)?")


def parse_delay(text: str) -> timedelta:
    """Return the time that a ``@delay`` says, such as ``15m``, ``2h`` or ``1h30m``.

    Raises:
        InvalidInputError: it is no such time, or longer than may be.
    """
    found = _FORM.fullmatch(text)
    if not text or found is None:
        raise InvalidInputError(f'{text[:100]!r} is no time such as "15m", "2h" or "1h30m"')
    hours, minutes = found.groups()
    delay = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    if delay > LONGEST_DELAY:
        raise InvalidInputError(f"{text[:100]!r} is longer than {delay_text(LONGEST_DELAY)}")
    return delay


def delay_text(delay: timedelta) -> str:
    """Return a delay as a policy says it."""
    hours, minutes = divmod(int(delay.total_seconds()) // 60, 60)
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if minutes or not hours else "")
