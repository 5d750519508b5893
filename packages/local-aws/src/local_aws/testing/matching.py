"""AWS's ways of matching, without a call."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from local_aws.delivery import patterns
from local_aws.services.ec2.filters import regular_expression


def event_fits(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Return whether an event matches a rule's pattern, as in EventBridge.

    Raises:
        InvalidPatternError: EventBridge would refuse the pattern.
    """
    return patterns.parse(json.dumps(pattern)).matches(event)


def filter_fits(value: str, text: str) -> bool:
    r"""Return whether a text matches an EC2 filter's value: ``*`` is any text, ``?`` any character, ``\`` escapes."""
    return re.fullmatch(regular_expression(value), text) is not None
