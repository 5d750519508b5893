"""An error in a binding is reported with the line of the wrong value, however the binding is written."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.association.parse_binding import InvalidBindingError, parse_binding
from drawbridge.document_lines import line_of, line_of_error

VPC = "vpc-0123456789abcdef0"

WRONG = "wrong" * 60
"""No field takes it: it is no word of ours, no id, no domain, and longer than a glob may be."""

FIELDS = [
    ("match", "provider"),
    ("match", "share"),
    ("match", "resource"),
    ("match", "types"),
    ("match", "types", 1),
    ("attach", "mode"),
    ("attach", "vpc"),
    ("attach", "subnets", 0),
    ("attach", "subnets", 2),
    ("attach", "securityGroups", 1),
    ("attach", "ipAddressType"),
    ("attach", "privateDns"),
    ("attach", "privateDns", "domains", 1),
    ("attach", "privateDns", "verified"),
    ("attach", "serviceNetwork"),
    ("attach", "serviceNetwork", "name"),
    ("attach", "serviceNetwork", "create"),
    ("attach", "alias", "zone"),
    ("attach", "alias", "name"),
    ("attach", "alias", "public"),
]

words = st.sampled_from(
    ["mode", "vpc", "attach", "match", "share", "alias.name", "name", "attach.mode", "- at `$.vpc`"]
)
"""What looks like a field, where it is none."""


def in_any_order(entries: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.permutations(list(entries)).map(lambda keys: {key: entries[key] for key in keys})


@st.composite
def bindings(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a binding with each field in it, by itself good."""
    match = {name: draw(words) for name in ("provider", "share", "resource")} | {"types": ["SINGLE", "GROUP"]}
    attach = {
        "mode": "service-network-endpoint",
        "vpc": VPC,
        "subnets": [f"subnet-0000000{number}" for number in range(3)],
        "securityGroups": ["sg-00000001", "sg-00000002"],
        "ipAddressType": "ipv4",
        "privateDns": draw(in_any_order({"domains": ["mode.vpc", "alias.name"], "verified": "true"})),
        "serviceNetwork": draw(in_any_order({"name": "attach", "create": "true"})),
        "alias": draw(in_any_order({"zone": "Z0", "name": "mode.vpc", "public": "false"})),
    }
    return draw(in_any_order({"match": draw(in_any_order(match)), "attach": draw(in_any_order(attach))}))


def broken(document: dict[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
    """Put what is wrong at a path of the document."""
    *parents, last = path
    part: Any = document
    for step in parents:
        part = part[step]
    part[last] = WRONG
    return document


def in_blocks(document: object) -> str:
    return yaml.safe_dump(document, sort_keys=False, default_flow_style=False)


def in_one_line_each(document: object) -> str:
    return yaml.safe_dump(document, sort_keys=False, default_flow_style=None, width=60)


def commented(document: object) -> str:
    return "# attach: {mode: x}\n\n" + in_blocks(document).replace("attach:\n", "attach:  # mode\n\n")


def with_tabs(document: object) -> str:
    return json.dumps(document, indent="\t")


def with_spaces(document: object) -> str:
    return json.dumps(document, indent=3).replace("\n", "\r\n")


def in_one_line(document: object) -> str:
    return json.dumps(document)


written = st.sampled_from([in_blocks, in_one_line_each, commented, with_tabs, with_spaces, in_one_line])


def reported_line(text: str) -> int | None:
    with pytest.raises(InvalidBindingError) as refused:
        parse_binding("orders", text)
    return refused.value.mistakes[0].line


@given(bindings(), written)
def test_the_bindings_that_are_broken_below_are_good_before(document: dict[str, Any], write: Any) -> None:
    assert parse_binding("orders", write(document)).attach.vpc == VPC


@given(bindings(), st.sampled_from(FIELDS), written)
def test_the_line_that_is_reported_is_that_of_the_value_that_is_wrong(
    document: dict[str, Any], field: tuple[str | int, ...], write: Any
) -> None:
    text = write(broken(document, field))

    before, _, _ = text.partition(WRONG)
    assert reported_line(text) == before.count("\n") + 1


@given(bindings(), st.sampled_from([("match",), ("attach",), ("attach", "alias"), ()]), written)
def test_a_field_that_there_is_not_is_reported_by_the_line_of_its_key(
    document: dict[str, Any], below: tuple[str, ...], write: Any
) -> None:
    part = document
    for step in below:
        part = part[step]
    part[WRONG[:20]] = ["mode"]
    text = write(document)

    before, _, _ = text.partition(WRONG[:20])
    assert reported_line(text) == before.count("\n") + 1


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("match: {share: mode}\nattach:\n  vpc: vpc-12345678\n  mode: teleport\n", 4),
        # Missing: the line of what lacks it.
        ("match: {share: attach}\nattach:\n  vpc: vpc-12345678\n", 2),
        ("match: {share: attach}\nattach:\n  mode: resource-endpoint\n", 2),
        ("match:\n  share: attach\n", None),
        # Of a key that comes twice the last counts.
        (f"attach:\n  mode: resource-endpoint\n  mode: teleport\n  vpc: {VPC}\n", 3),
        (f'{{"attach": {{"mode": "resource-endpoint",\n"vpc": "{VPC}",\n"mode": "teleport"}}}}', 3),
        # What an alias stands for is where its anchor is.
        (f"match: {{share: &mode teleport}}\nattach:\n  vpc: {VPC}\n  mode: *mode\n", 1),
        # Of a mapping that is ours to name.
        ("attach:\n  mode: resource-endpoint\n  vpc:\n    tag:\n      a: b\n      c: []\n", 6),
        ('{"attach": {"mode": "resource-endpoint",\n"vpc": {"tag": {"a": "b",\n"c": 5,\n"d": "e"}}}}', 3),
        # What YAML takes for the end of a line, or not at all, and JSON and editors do not.
        ('{"match": {"share": "\u2028\x7f\x85"},\n"attach": {"mode": "teleport"}}', 2),
        (f"attach:\n  vpc: {VPC}  # \u2028\n  mode: teleport\n", 3),
        # A key too long for YAML.
        (f'{{"{"k" * 2000}":\n1}}', None),
        ("- attach", None),
    ],
)
def test_the_line_is_found_where_text_alone_would_mislead(text: str, line: int | None) -> None:
    assert reported_line(text) == line


def test_a_key_that_looks_like_a_path_leads_nowhere_else() -> None:
    text = f"attach:\n  mode: resource-endpoint\n  vpc: {VPC}\n  a` - at `$.match: 1\nmatch: {{}}\n"

    assert reported_line(text) == 4


def test_a_path_leads_as_far_as_it_goes() -> None:
    text = "a:\n  - b:\n      c: 1\n"

    assert [line_of(text, "a"), line_of(text, "a", "b"), line_of(text, "x")] == [2, 1, None]
    assert line_of_error(text, "Expected `int`, got `str` - at `$.a[0].b`") == 3
    assert line_of_error(text, "Expected `int`, got `str` - at `$.a[7]`") == 1
    assert line_of_error(text, "Expected `int`, got `str` - at `$.d`") is None
