"""Associating as ``associate_resource`` does, with a decision that is fresh all the time."""

from __future__ import annotations

from drawbridge.association import Associated, DesiredAttachment
from drawbridge.association.associate import Ways, associate_while


def associate(wanted: DesiredAttachment, ways: Ways, *, attempt: int) -> Associated:
    """Do whatever is to be done, until AWS has to be waited for or it is usable."""
    made = associate_while(lambda: True, wanted, ways, attempt=attempt)
    assert made is not None
    return made
