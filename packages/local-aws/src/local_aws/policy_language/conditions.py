"""Conditions of a policy statement: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html."""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Literal

from local_aws.policy_language.patterns import Context, Template, template

Quantifier = Literal["ForAnyValue", "ForAllValues"]
_Comparison = Callable[[str, Template, Context], bool]
_ARN_SEGMENTS = 6


@dataclass(frozen=True)
class Operator:
    """The four parts of a condition operator such as ``ForAllValues:StringNotLikeIfExists``."""

    name: str
    negated: bool
    if_exists: bool
    quantifier: Quantifier | None


@dataclass(frozen=True)
class Condition:
    """One operator on one condition key; it holds if any of the values matches (negated: if none does)."""

    operator: Operator
    key: str
    values: tuple[str, ...]
    variables: bool = True

    def holds(self, context: Context) -> bool:
        """Return whether the condition holds, as AWS documents it also for keys that the request does not have."""
        actual = context.get(self.key, ())
        if self.operator.name == "Null":
            return (not actual) is (self.values[0].lower() == "true")
        if not actual:
            return self._without_key()
        if self.operator.quantifier == "ForAnyValue":
            return any(self._matches(value, context) for value in actual)
        return all(self._matches(value, context) for value in actual)

    def _without_key(self) -> bool:
        if self.operator.if_exists or self.operator.quantifier == "ForAllValues":
            return True
        return self.operator.negated and self.operator.quantifier is None

    def _matches(self, actual: str, context: Context) -> bool:
        compare = _COMPARISONS[self.operator.name]
        matched = any(compare(actual, template(value, variables=self.variables), context) for value in self.values)
        return matched is not self.operator.negated


def parse_operator(text: str) -> Operator:
    """Return the parts of an operator's name; raise ValueError if IAM has no such operator."""
    quantifier: Quantifier | None = None
    name = text
    if ":" in text:
        prefix, name = text.split(":", 1)
        known: dict[str, Quantifier] = {"foranyvalue": "ForAnyValue", "forallvalues": "ForAllValues"}
        if prefix.lower() not in known:
            raise ValueError(f"unknown condition operator {text}")
        quantifier = known[prefix.lower()]
    if name.lower() == "null":
        if quantifier:
            raise ValueError(f"{text}: Null takes no {quantifier}")
        return Operator("Null", negated=False, if_exists=False, quantifier=None)
    if_exists = name.lower().endswith("ifexists")
    if if_exists:
        name = name[: -len("ifexists")]
    base, negated = _OPERATORS.get(name.lower(), (None, False))
    if base is None:
        raise ValueError(f"unknown condition operator {text}")
    return Operator(base, negated, if_exists, quantifier)


def _string_equals(actual: str, expected: Template, context: Context) -> bool:
    return actual == expected.plain(context)


def _string_equals_ignoring_case(actual: str, expected: Template, context: Context) -> bool:
    plain = expected.plain(context)
    return plain is not None and actual.lower() == plain.lower()


def _string_like(actual: str, expected: Template, context: Context) -> bool:
    return expected.matches(actual, context)


def _arn_like(actual: str, expected: Template, context: Context) -> bool:
    # Segment by segment: a wildcard for the account does not match part of the resource. ArnEquals is the same.
    patterns = expected.segments(_ARN_SEGMENTS)
    texts = actual.split(":", _ARN_SEGMENTS - 1)
    if len(patterns) != _ARN_SEGMENTS or len(texts) != _ARN_SEGMENTS:
        return False
    return all(pattern.matches(text, context) for pattern, text in zip(patterns, texts, strict=True))


def _numeric(holds: Callable[[Decimal, Decimal], bool]) -> _Comparison:
    def compare(actual: str, expected: Template, context: Context) -> bool:
        left, right = _number(actual), _number(expected.plain(context))
        return left is not None and right is not None and holds(left, right)

    return compare


def _date(holds: Callable[[datetime, datetime], bool]) -> _Comparison:
    def compare(actual: str, expected: Template, context: Context) -> bool:
        left, right = _date_time(actual), _date_time(expected.plain(context))
        return left is not None and right is not None and holds(left, right)

    return compare


def _bool(actual: str, expected: Template, context: Context) -> bool:
    return _string_equals_ignoring_case(actual, expected, context)


def _binary(actual: str, expected: Template, context: Context) -> bool:
    try:
        return base64.b64decode(actual, validate=True) == base64.b64decode(expected.plain(context) or "", validate=True)
    except binascii.Error:
        return False


def _ip_address(actual: str, expected: Template, context: Context) -> bool:
    try:
        return ipaddress.ip_address(actual) in ipaddress.ip_network(expected.plain(context) or "", strict=False)
    except ValueError:
        return False


def _number(text: str | None) -> Decimal | None:
    try:
        number = Decimal(text or "")
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _date_time(text: str | None) -> datetime | None:
    try:
        if (number := _number(text)) is not None:
            return datetime.fromtimestamp(float(number), UTC)
        date_time = datetime.fromisoformat(text or "")
    except (ValueError, OverflowError, OSError):
        return None
    return date_time if date_time.tzinfo else date_time.replace(tzinfo=UTC)


_COMPARISONS: dict[str, _Comparison] = {
    "StringEquals": _string_equals,
    "StringEqualsIgnoreCase": _string_equals_ignoring_case,
    "StringLike": _string_like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "NumericEquals": _numeric(lambda left, right: left == right),
    "NumericLessThan": _numeric(lambda left, right: left < right),
    "NumericLessThanEquals": _numeric(lambda left, right: left <= right),
    "NumericGreaterThan": _numeric(lambda left, right: left > right),
    "NumericGreaterThanEquals": _numeric(lambda left, right: left >= right),
    "DateEquals": _date(lambda left, right: left == right),
    "DateLessThan": _date(lambda left, right: left < right),
    "DateLessThanEquals": _date(lambda left, right: left <= right),
    "DateGreaterThan": _date(lambda left, right: left > right),
    "DateGreaterThanEquals": _date(lambda left, right: left >= right),
    "Bool": _bool,
    "BinaryEquals": _binary,
    "IpAddress": _ip_address,
}

_POSITIVE_OPERATORS = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
}

_OPERATORS: dict[str, tuple[str | None, bool]] = {
    **{name.lower(): (name, False) for name in _COMPARISONS},
    **{name.lower(): (positive, True) for name, positive in _POSITIVE_OPERATORS.items()},
}
