"""How AWS compares, told without a call: for many comparisons, and where no API makes just one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from local_aws.delivery import patterns
from local_aws.services.ec2.filters import regular_expression


def event_fits(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether EventBridge finds that an event fits a rule's pattern.

    Raises:
        InvalidPatternError: EventBridge would not take the pattern.
    """
    return patterns.parse(json.dumps(pattern)).matches(event)


def filter_fits(value: str, text: str) -> bool:
    r"""Whether EC2 finds a text by a filter's value: ``*`` is any text, ``?`` any character, ``\`` makes plain."""
    return re.fullmatch(regular_expression(value), text) is not None
