"""Filters of EC2's Describe operations: wildcards and limits."""

from __future__ import annotations

import re
from typing import Any

from moto.ec2 import utils as moto_utils
from moto.ec2.models import tags as moto_tags

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.operations import Proceed, ServiceCall, extend_operation

_MOST_FILTERS = 50
_MOST_VALUES = 200
_PARTS = re.compile(r"\\(.)|(\*)|(\?)|(.)", re.DOTALL)


def install() -> None:
    """Make moto's own Describe operations filter as EC2 does (EC2 API Reference, "Filter")."""
    moto_utils.simple_aws_filter_to_re = regular_expression
    moto_tags.simple_aws_filter_to_re = regular_expression  # where it was imported to
    moto_utils.fnmatch = _Wildcards  # in place of the module
    for operation in ("DescribeVpcs", "DescribeSubnets", "DescribeSecurityGroups", "DescribeAvailabilityZones"):
        extend_operation("ec2", operation, _checked)


class _Wildcards:
    """The replacement for ``fnmatch`` in moto, to which brackets are special and backslashes are not."""

    @staticmethod
    def fnmatch(value: str, pattern: str) -> bool:
        return re.match(regular_expression(pattern), value) is not None


def regular_expression(value: str) -> str:
    """Return a filter value's regular expression: ``*`` is any text, ``?`` any character, a backslash escapes."""
    return f"(?s:{''.join(_part(found) for found in _PARTS.finditer(value))})\\Z"


def _part(found: re.Match[str]) -> str:
    escaped, anything, one, plain = found.groups()
    return ".*" if anything else "." if one else re.escape(escaped or plain)


def check_filters(filters: list[dict[str, Any]]) -> None:
    """Refuse more filters or values than EC2 takes.

    Raises:
        AwsError: there are too many filters, or values of one.
    """
    if len(filters) > _MOST_FILTERS or any(len(each.get("Values") or []) > _MOST_VALUES for each in filters):
        raise AwsError(
            "FilterLimitExceeded",
            f"At most {_MOST_FILTERS} filters with {_MOST_VALUES} values each can be specified.",
        )


def _checked(_call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    check_filters(params.get("Filters") or [])
    return proceed()
