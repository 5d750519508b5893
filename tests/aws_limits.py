"""AWS's limits of size, which the bounds stay below."""

STATE_BYTES = 262_144
"""JSON that Step Functions lets into or out of a state, a task or an execution (its quotas)."""

ITEM_BYTES = 409_600
"""An item of DynamoDB with the names of its attributes (its constraints)."""

EVENT_BYTES = 262_144
"""An entry that EventBridge puts on a bus (PutEvents)."""
