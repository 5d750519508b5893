"""Associating as ``associate_resource`` does, with a decision that is fresh all the time."""

from __future__ import annotations

from drawbridge.association import DesiredAttachment, MadeAttachment
from drawbridge.association.reconcile import AttachmentReconciler, associate_while


def associate(desired: DesiredAttachment, reconciler: AttachmentReconciler, *, attempt: int) -> MadeAttachment:
    """Do whatever is to be done, until AWS has to be waited for or it is usable."""
    made = associate_while(lambda: True, desired, reconciler, attempt=attempt)
    assert made is not None
    return made
