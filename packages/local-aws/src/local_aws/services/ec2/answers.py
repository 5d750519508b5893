"""Filters and pages, as EC2's Describe operations have them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.operations import ServiceCall
from local_aws.moto_extension.pages import BadTokenError, page
from local_aws.services.ec2.filters import check_filters, regular_expression

_MOST_TAGS = 50
Values = Callable[[Any], Sequence[str]]


def filtered(
    items: Sequence[Any], filters: Sequence[Mapping[str, Any]], known: Mapping[str, Values], tags: Values | None = None
) -> list[Any]:
    """Return the rows that pass all filters; a filter passes if any of its values, with ``*`` and ``?``, matches.

    Raises:
        AwsError: a filter is unknown, or there are too many values.

    Args:
        items: the rows.
        filters: as the request has them.
        known: for each filter's name, how a row's values are read.
        tags: how a row's tags are read, as ``key=value``; None where rows can't be filtered by tag.
    """
    check_filters([*map(dict, filters)])
    kept = list(items)
    for each in filters:
        values_of = _reader(each["Name"], known, tags)
        kept = [item for item in kept if _any_matches(values_of(item), each.get("Values") or [])]
    return kept


def _reader(name: str, known: Mapping[str, Values], tags: Values | None) -> Values:
    if name in known:
        return known[name]
    if tags is not None and name == "tag-key":
        return lambda item: [tag.partition("=")[0] for tag in tags(item)]
    if tags is not None and name.startswith("tag:"):
        key = name[4:]
        return lambda item: [tag.partition("=")[2] for tag in tags(item) if tag.partition("=")[0] == key]
    raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")


def _any_matches(values: Sequence[str], patterns: Sequence[str]) -> bool:
    expressions = [re.compile(regular_expression(pattern)) for pattern in patterns]
    return any(expression.match(value) for value in values for expression in expressions)


def tags_of(row: Any) -> list[str]:
    return [f"{tag['Key']}={tag['Value']}" for tag in row["Tags"]]


def ec2_page(
    call: ServiceCall, params: dict[str, Any], key: str, items: Sequence[Any], limits: tuple[int, int] = (5, 1000)
) -> dict[str, Any]:
    """Return an answer with one page under ``key``; refuse a page size outside of the limits."""
    least, most = limits
    size = params.get("MaxResults", most)
    if not least <= size <= most:
        raise AwsError(
            "InvalidParameterValue",
            f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value between {least} and {most}.",
        )
    try:
        shown, token = page(items, call.operation, params.get("NextToken"), size)
    except BadTokenError as error:
        raise AwsError("InvalidNextToken", "The token provided is not valid.") from error
    return {key: shown} | ({"NextToken": token} if token else {})


def requested_tags(params: dict[str, Any], resource_type: str) -> dict[str, str]:
    """Return the tags that the request specifies for the new resource.

    Raises:
        AwsError: the tags are for another resource type, or too many, or their keys are AWS's own.
    """
    tags: dict[str, str] = {}
    for specification in params.get("TagSpecifications") or []:
        if specification.get("ResourceType") != resource_type:
            raise AwsError(
                "InvalidParameterValue",
                f"'{specification.get('ResourceType')}' is not a valid taggable resource type for this operation.",
            )
        tags |= {tag["Key"]: tag.get("Value", "") for tag in specification.get("Tags") or []}
    check_keys(tags)
    if len(tags) > _MOST_TAGS:
        raise AwsError("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
    return tags


def check_keys(keys: Iterable[str]) -> None:
    """Refuse the keys of tags that AWS keeps to itself.

    Seen on AWS, where it is so for adding and deleting them (github.com/kubernetes-sigs/cluster-api-provider-aws, issue
    5120).
    """
    for key in keys:
        if key.startswith("aws:"):
            reserved = "Tag keys starting with 'aws:' are reserved for internal use"
            raise AwsError("InvalidParameterValue", f"Value ( {key} ) for parameter key is invalid. {reserved}")
