"""AWS's request rates: the published ones, and guesses for the others."""

from __future__ import annotations

from local_aws.throttling.limits import Limit, limit_of

__all__ = ["Limit", "limit_of"]
