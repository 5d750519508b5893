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
    """A condition operator taken apart: ``ForAllValues:StringNotLikeIfExists`` is four things."""

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
        """Return whether it holds, with the answers AWS documents for keys that the request does not have."""
        actual = context.get(self.key, ())
        if self.operator.name == "Null":
            return (not actual) is (self.values[0].lower() == "true")
        if not actual:
            return self._without_key()
        if self.operator.quantifier == "ForAnyValue":
            return any(self._agrees(value, context) for value in actual)
        return all(self._agrees(value, context) for value in actual)

    def _without_key(self) -> bool:
        if self.operator.if_exists or self.operator.quantifier == "ForAllValues":
            return True
        return self.operator.negated and self.operator.quantifier is None

    def _agrees(self, actual: str, context: Context) -> bool:
        compare = _COMPARISONS[self.operator.name]
        matched = any(compare(actual, template(value, variables=self.variables), context) for value in self.values)
        return matched is not self.operator.negated


def parse_operator(text: str) -> Operator:
    """Take an operator's name apart; ValueError if IAM has no such operator."""
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


def _string_equals(actual: str, wanted: Template, context: Context) -> bool:
    return actual == wanted.plain(context)


def _string_equals_ignoring_case(actual: str, wanted: Template, context: Context) -> bool:
    plain = wanted.plain(context)
    return plain is not None and actual.lower() == plain.lower()


def _string_like(actual: str, wanted: Template, context: Context) -> bool:
    return wanted.matches(actual, context)


def _arn_like(actual: str, wanted: Template, context: Context) -> bool:
    # Each segment for itself: a star in the account's place does not reach into the resource. ArnEquals is the same.
    patterns = wanted.segments(_ARN_SEGMENTS)
    texts = actual.split(":", _ARN_SEGMENTS - 1)
    if len(patterns) != _ARN_SEGMENTS or len(texts) != _ARN_SEGMENTS:
        return False
    return all(pattern.matches(text, context) for pattern, text in zip(patterns, texts, strict=True))


def _numeric(holds: Callable[[Decimal, Decimal], bool]) -> _Comparison:
    def compare(actual: str, wanted: Template, context: Context) -> bool:
        left, right = _number(actual), _number(wanted.plain(context))
        return left is not None and right is not None and holds(left, right)

    return compare


def _date(holds: Callable[[datetime, datetime], bool]) -> _Comparison:
    def compare(actual: str, wanted: Template, context: Context) -> bool:
        left, right = _moment(actual), _moment(wanted.plain(context))
        return left is not None and right is not None and holds(left, right)

    return compare


def _bool(actual: str, wanted: Template, context: Context) -> bool:
    return _string_equals_ignoring_case(actual, wanted, context)


def _binary(actual: str, wanted: Template, context: Context) -> bool:
    try:
        return base64.b64decode(actual, validate=True) == base64.b64decode(wanted.plain(context) or "", validate=True)
    except binascii.Error:
        return False


def _ip_address(actual: str, wanted: Template, context: Context) -> bool:
    try:
        return ipaddress.ip_address(actual) in ipaddress.ip_network(wanted.plain(context) or "", strict=False)
    except ValueError:
        return False


def _number(text: str | None) -> Decimal | None:
    try:
        number = Decimal(text or "")
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _moment(text: str | None) -> datetime | None:
    try:
        if (number := _number(text)) is not None:
            return datetime.fromtimestamp(float(number), UTC)
        moment = datetime.fromisoformat(text or "")
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


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

_TWINS = {
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
    **{name.lower(): (twin, True) for name, twin in _TWINS.items()},
}
