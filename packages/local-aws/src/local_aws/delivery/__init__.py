"""What AWS delivers by itself: events, notifications, messages and schedules, to queues, functions and workflows.

- ``events`` routes what ``put_events`` takes or a service emits, by ``patterns`` and ``transformation``.
- ``schedules`` fires what ``expressions`` say.
- ``notifications`` is SNS, ``queues`` and ``message_moves`` are SQS; ``mappings`` hands messages to a function.
- ``targets`` delivers once, if ``permissions`` allow it; ``attempts`` tries again, or buries.
- ``journal`` keeps what happened.
"""

from __future__ import annotations

from local_aws.delivery import background
from local_aws.delivery.events import emit
from local_aws.delivery.mappings import mappings, patch_mappings
from local_aws.delivery.message_moves import add_message_moves
from local_aws.delivery.notifications import patch_notifications
from local_aws.delivery.put_events import patch_events
from local_aws.delivery.queues import patch_queues
from local_aws.delivery.schedules import patch_schedules, schedules
from local_aws.moto_extension.default_bus import deliver_with


def install() -> None:
    """Have moto's services and ours deliver; may be called again."""
    deliver_with(emit)
    patch_queues()
    add_message_moves()
    patch_mappings()
    patch_notifications()
    patch_events()
    patch_schedules()


def stop() -> None:
    """End what goes on by itself."""
    schedules.end_all()
    mappings.end_all()
    background.stop()
