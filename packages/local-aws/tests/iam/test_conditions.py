"""Conditions: each operator, with keys that are present and missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.policy_language.conditions import Condition, parse_operator

ROLE = "arn:aws:iam::111111111111:role/app/worker"


def holds(operator: str, values: list[str], actual: list[str] | None, key: str = "a:key") -> bool:
    context = {"aws:username": ("alice",)} | ({key: tuple(actual)} if actual is not None else {})
    return Condition(parse_operator(operator), key, tuple(values)).holds(context)


@pytest.mark.parametrize(
    ("operator", "values", "actual", "expected"),
    [
        pytest.param("StringEquals", ["x", "y"], ["y"], True, id="one of the values"),
        pytest.param("StringEquals", ["X"], ["x"], False, id="case matters"),
        pytest.param("StringEquals", ["x*"], ["x1"], False, id="StringEquals has no wildcards"),
        pytest.param("StringEquals", ["${aws:username}"], ["alice"], True, id="a variable"),
        pytest.param("StringEquals", ["${aws:nothing}"], ["alice"], False, id="a variable without value"),
        pytest.param("StringNotEquals", ["${aws:nothing}"], ["alice"], True, id="which nothing equals"),
        pytest.param("StringNotEquals", ["x", "y"], ["y"], False, id="none of the values"),
        pytest.param("StringEqualsIgnoreCase", ["X"], ["x"], True, id="case ignored"),
        pytest.param("StringNotEqualsIgnoreCase", ["X"], ["x"], False, id="case ignored, negated"),
        pytest.param("StringLike", ["onboard-?*"], ["onboard-a"], True, id="wildcards"),
        pytest.param("StringNotLike", ["onboard-*"], ["other"], True, id="wildcards, negated"),
        pytest.param("ArnLike", ["arn:aws:iam::*:role/*"], [ROLE], True, id="stars within segments"),
        pytest.param("ArnEquals", ["arn:aws:iam::*:role/*"], [ROLE], True, id="ArnEquals takes them too"),
        pytest.param("ArnLike", ["arn:aws:*role/app/worker"], [ROLE], False, id="no star across segments"),
        pytest.param("ArnLike", ["*"], [ROLE], False, id="a star is no ARN"),
        pytest.param("ArnNotLike", ["arn:aws:iam::222222222222:role/*"], [ROLE], True, id="another account's"),
        pytest.param("NumericEquals", ["1.0"], ["1"], True, id="numbers, not texts"),
        pytest.param("NumericLessThan", ["10"], ["9"], True, id="less"),
        pytest.param("NumericGreaterThanEquals", ["10"], ["9"], False, id="greater or equal"),
        pytest.param("NumericNotEquals", ["10"], ["9"], True, id="not equal"),
        pytest.param("NumericEquals", ["ten"], ["10"], False, id="no number"),
        pytest.param("DateGreaterThan", ["2026-01-01T00:00:00Z"], ["2026-01-02T00:00:00Z"], True, id="later"),
        pytest.param("DateLessThan", ["1767225600"], ["2026-01-02T00:00:00Z"], False, id="seconds since 1970"),
        pytest.param("DateNotEquals", ["2026-01-01T00:00:00Z"], ["2026-01-01T01:00:00+01:00"], False, id="one time"),
        pytest.param("Bool", ["TRUE"], ["true"], True, id="true in any case"),
        pytest.param("Bool", ["false"], ["true"], False, id="not true"),
        pytest.param("IpAddress", ["10.0.0.0/8"], ["10.1.2.3"], True, id="in the network"),
        pytest.param("IpAddress", ["10.0.0.0/8"], ["nowhere"], False, id="no address"),
        pytest.param("NotIpAddress", ["10.0.0.0/8"], ["127.0.0.1"], True, id="outside the network"),
        pytest.param("BinaryEquals", ["AQID"], ["AQID"], True, id="the same bytes"),
    ],
)
def test_an_operator_compares(operator: str, values: list[str], actual: list[str], expected: bool) -> None:
    assert holds(operator, values, actual) is expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        pytest.param("StringEquals", False, id="a missing key equals nothing"),
        pytest.param("StringNotEquals", True, id="a missing key is different"),
        pytest.param("StringEqualsIfExists", True, id="IfExists does not mind"),
        pytest.param("StringNotLikeIfExists", True, id="IfExists does not mind, negated"),
        pytest.param("Bool", False, id="a missing key is not true"),
        pytest.param("NotIpAddress", True, id="a missing key is in no network"),
        pytest.param("ForAllValues:StringEquals", True, id="all of none"),
        pytest.param("ForAnyValue:StringEquals", False, id="any of none"),
        pytest.param("ForAnyValue:StringNotEquals", False, id="any of none, negated"),
        pytest.param("ForAnyValue:StringEqualsIfExists", True, id="any of none, if exists"),
    ],
)
def test_a_missing_key_has_a_documented_meaning(operator: str, expected: bool) -> None:
    assert holds(operator, ["127.0.0.1"], None) is expected


@pytest.mark.parametrize(
    ("value", "actual", "expected"),
    [("true", None, True), ("true", ["x"], False), ("false", None, False), ("false", ["x"], True)],
)
def test_null_checks_whether_the_key_is_missing(value: str, actual: list[str] | None, expected: bool) -> None:
    assert holds("Null", [value], actual) is expected


@pytest.mark.parametrize(
    ("operator", "actual", "expected"),
    [
        pytest.param("ForAllValues:StringEquals", ["a", "b"], True, id="all among them"),
        pytest.param("ForAllValues:StringEquals", ["a", "x"], False, id="one not among them"),
        pytest.param("ForAnyValue:StringEquals", ["x", "b"], True, id="one among them"),
        pytest.param("ForAnyValue:StringEquals", ["x"], False, id="none among them"),
        pytest.param("ForAllValues:StringNotEquals", ["x", "y"], True, id="all outside"),
        pytest.param("ForAllValues:StringNotEquals", ["x", "a"], False, id="one inside"),
        pytest.param("ForAnyValue:StringNotEquals", ["x", "a"], True, id="one outside"),
        pytest.param("ForAnyValue:StringNotEquals", ["a"], False, id="none outside"),
    ],
)
def test_a_key_with_several_values_is_compared_by_all_or_any(operator: str, actual: list[str], expected: bool) -> None:
    assert holds(operator, ["a", "b"], actual) is expected


TWINS = [
    ("StringEquals", "StringNotEquals"),
    ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
    ("StringLike", "StringNotLike"),
    ("ArnLike", "ArnNotLike"),
    ("ArnEquals", "ArnNotEquals"),
    ("NumericEquals", "NumericNotEquals"),
    ("DateEquals", "DateNotEquals"),
    ("IpAddress", "NotIpAddress"),
]
VALUES = st.sampled_from(["", "a", "A", "a*", "*", "1", "1.0", "127.0.0.1", "0.0.0.0/0", ROLE, "arn:aws:iam::*:role/*"])


@given(
    st.sampled_from(TWINS),
    st.lists(VALUES, min_size=1, max_size=3),
    st.lists(VALUES, min_size=1, max_size=3),
)
def test_an_operator_and_its_negation_never_both_hold_for_a_present_key(
    twins: tuple[str, str], values: list[str], actual: list[str]
) -> None:
    plain, negated = (holds(operator, values, actual) for operator in twins)

    assert not (plain and negated)
    assert plain or negated or len(actual) > 1
