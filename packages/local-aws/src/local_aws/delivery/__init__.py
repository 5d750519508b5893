"""Delivery of events, notifications, messages and schedules to queues, functions and workflows.

- ``events`` routes what ``put_events`` accepts or a service emits, by ``patterns`` and ``transformation``.
- ``schedules`` fires at the times of ``expressions``; ``scheduled`` is one run.
- ``notifications`` is SNS, ``queues`` and ``message_moves`` are SQS; ``mappings`` invokes functions with messages.
- ``targets`` delivers once, if ``permissions`` allow it; ``attempts`` retries, or puts on a dead-letter queue.
- ``journal`` keeps the events and their deliveries.
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
    """Have moto's services and ours deliver; harmless when done already."""
    deliver_with(emit)
    patch_queues()
    add_message_moves()
    patch_mappings()
    patch_notifications()
    patch_events()
    patch_schedules()


def stop() -> None:
    """Stop all schedules, mappings and threads."""
    schedules.end_all()
    mappings.end_all()
    background.stop()
