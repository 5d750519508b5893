"""Association as ``associate_resource`` does it, with a decision that is always fresh."""

from __future__ import annotations

from drawbridge.association import DesiredAttachment, MadeAttachment
from drawbridge.association.reconcile import AttachmentReconciler, reconcile_while
from tests.fakes.turns import AlwaysTheirTurn


def associate(desired: DesiredAttachment, reconciler: AttachmentReconciler, *, attempt: int) -> MadeAttachment:
    """Take the next steps until AWS has to be waited for or the attachment is usable."""
    made = reconcile_while(lambda: True, desired, reconciler, attempt=attempt, turns=AlwaysTheirTurn())
    assert isinstance(made, MadeAttachment)
    return made
