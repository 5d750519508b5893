from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.delivery.patterns import InvalidPatternError, parse

EVENT: dict[str, Any] = {
    "version": "0",
    "id": "1",
    "source": "aws.ram",
    "detail-type": "Resource Sharing State Change",
    "account": "111122223333",
    "resources": ["arn:aws:ram:us-east-1:444455556666:resource-share/a"],
    "detail": {
        "event": "Resource Share Association",
        "status": "associated",
        "count": 3,
        "ratio": 2.5,
        "final": True,
        "nothing": None,
        "empty": [],
        "address": "10.0.1.7",
        "file": "Report.PNG",
        "path": "a/b*c/d",
        "tags": ["red", "blue"],
        "nested": {"deep": {"value": "x"}},
        "items": [{"name": "one", "state": "up"}, {"name": "two", "state": "down"}],
    },
}


def matches(pattern: dict[str, Any]) -> bool:
    return parse(json.dumps(pattern)).matches(EVENT)


def detail(**fields: Any) -> bool:
    return matches({"detail": fields})


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"source": ["aws.ram"]}, True),
        ({"source": ["aws.ec2"]}, False),
        ({"source": ["aws.ec2", "aws.ram"], "account": ["111122223333"]}, True),
        ({"source": ["aws.ram"], "account": ["999999999999"]}, False),
        ({"source": ["AWS.RAM"]}, False),
        ({"detail": {"nested": {"deep": {"value": ["x"]}}}}, True),
        ({"detail": {"nested": {"deep": {"other": ["x"]}}}}, False),
        ({"detail": {"count": [3]}}, True),
        ({"detail": {"count": ["3"]}}, False),
        ({"detail": {"final": [True]}}, True),
        ({"detail": {"final": [1]}}, False),
        ({"detail": {"nothing": [None]}}, True),
        ({"detail": {"missing": [None]}}, False),
    ],
)
def test_values_are_compared_exactly_and_with_their_type(pattern: dict[str, Any], expected: bool) -> None:
    assert matches(pattern) is expected


@pytest.mark.parametrize(
    ("matcher", "field", "expected"),
    [
        ({"prefix": "Resource Share"}, "event", True),
        ({"prefix": "resource"}, "event", False),
        ({"prefix": {"equals-ignore-case": "resource"}}, "event", True),
        ({"suffix": ".PNG"}, "file", True),
        ({"suffix": ".png"}, "file", False),
        ({"suffix": {"equals-ignore-case": ".png"}}, "file", True),
        ({"equals-ignore-case": "report.png"}, "file", True),
        ({"wildcard": "Rep*.P*"}, "file", True),
        ({"wildcard": "Rep*.J*"}, "file", False),
        ({"wildcard": "a/b\\*c/*"}, "path", True),
        ({"wildcard": "a\\*b*"}, "path", False),
        ({"numeric": ["=", 3]}, "count", True),
        ({"numeric": [">", 0, "<=", 3]}, "count", True),
        ({"numeric": [">", 3]}, "count", False),
        ({"numeric": ["<", 2.6]}, "ratio", True),
        ({"numeric": ["=", 1]}, "final", False),
        ({"cidr": "10.0.0.0/16"}, "address", True),
        ({"cidr": "10.1.0.0/16"}, "address", False),
        ({"cidr": "10.0.0.0/16"}, "file", False),
        ({"exists": True}, "status", True),
        ({"exists": False}, "status", False),
        ({"exists": False}, "missing", True),
        ({"exists": True}, "missing", False),
        ({"anything-but": "failed"}, "status", True),
        ({"anything-but": "associated"}, "status", False),
        ({"anything-but": ["associated", "failed"]}, "status", False),
        ({"anything-but": [4, 5]}, "count", True),
        ({"anything-but": {"prefix": "assoc"}}, "status", False),
        ({"anything-but": {"prefix": ["x", "assoc"]}}, "status", False),
        ({"anything-but": {"suffix": "x"}}, "status", True),
        ({"anything-but": {"equals-ignore-case": ["ASSOCIATED"]}}, "status", False),
        ({"anything-but": {"wildcard": "a*d"}}, "status", False),
        ({"anything-but": "x"}, "missing", False),
    ],
)
def test_operators(matcher: dict[str, Any], field: str, expected: bool) -> None:
    assert detail(**{field: [matcher]}) is expected


def test_an_operator_may_be_listed_with_values() -> None:
    assert detail(status=["failed", {"prefix": "assoc"}])


def test_existence_is_matched_by_values_and_not_by_objects() -> None:
    assert not detail(nested=[{"exists": True}])
    assert detail(nested=[{"exists": False}])


def test_an_array_matches_by_any_of_its_values() -> None:
    assert detail(tags=["blue"])
    assert not detail(tags=["green"])


def test_an_empty_array_counts_as_absent() -> None:
    assert detail(empty=[{"exists": False}])


def test_an_array_of_objects_matches_by_one_and_the_same_object() -> None:
    assert detail(items={"name": ["two"], "state": ["down"]})
    assert not detail(items={"name": ["one"], "state": ["down"]})


def test_one_of_several_alternatives_is_enough() -> None:
    assert matches({"source": ["aws.ram"], "$or": [{"detail": {"status": ["failed"]}}, {"detail": {"count": [3]}}]})
    assert not matches({"$or": [{"detail": {"status": ["failed"]}}, {"detail": {"count": [4]}}]})
    assert not matches({"source": ["aws.ec2"], "$or": [{"detail": {"count": [3]}}, {"detail": {"count": [3]}}]})


def test_absence_matches_within_an_absent_object() -> None:
    assert detail(missing={"deeper": [{"exists": False}]})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '"x"',
        '{"source": "aws.ram"}',
        '{"source": []}',
        '{"source": [["aws.ram"]]}',
        '{"source": [{}]}',
        '{"source": [{"prefix": "a", "suffix": "b"}]}',
        '{"source": [{"starts-with": "a"}]}',
        '{"source": [{"prefix": ""}]}',
        '{"source": [{"prefix": 3}]}',
        '{"source": [{"prefix": {"ignore": "a"}}]}',
        '{"source": [{"exists": "true"}]}',
        '{"source": [{"numeric": [">"]}]}',
        '{"source": [{"numeric": ["~", 3]}]}',
        '{"source": [{"numeric": [">", "3"]}]}',
        '{"source": [{"numeric": [">", 5000000001]}]}',
        '{"source": [{"numeric": ["<", 3, ">", 1]}]}',
        '{"source": [{"numeric": [">", 3, "<", 3]}]}',
        '{"source": [{"cidr": "10.0.0.0/99"}]}',
        '{"source": [{"wildcard": "a**b"}]}',
        '{"source": [{"wildcard": "a\\\\b"}]}',
        '{"source": [{"anything-but": []}]}',
        '{"source": [{"anything-but": ["a", 1]}]}',
        '{"source": [{"anything-but": [true]}]}',
        '{"source": [{"anything-but": {"numeric": [">", 1]}}]}',
        '{"source": [{"anything-but": {"prefix": []}}]}',
        '{"$or": [{"source": ["a"]}]}',
        '{"$or": {"source": ["a"]}}',
        '{"detail": {}}',
    ],
)
def test_what_eventbridge_refuses_is_refused(text: str) -> None:
    with pytest.raises(InvalidPatternError):
        parse(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1), inner, max_size=3),
        max_leaves=8,
    )
)
def test_any_json_is_read_or_refused(value: Any) -> None:
    try:
        pattern = parse(json.dumps(value))
    except InvalidPatternError:
        return

    assert pattern.matches(EVENT) in {True, False}
