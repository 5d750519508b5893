"""How many requests AWS takes: what it publishes, and a guess where it publishes none."""

from __future__ import annotations

from local_aws.throttling.limits import Limit, limit_of

__all__ = ["Limit", "limit_of"]
