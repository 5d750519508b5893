"""Mistakes in documents: all of one at once, each with its line, its field, and what to write instead."""

import json
import re
from typing import Annotated, Literal

import pytest
import yaml
from msgspec import Meta, Struct

from drawbridge.association.parse_binding import InvalidBindingError, parse_binding
from drawbridge.decision.policies import InvalidPolicyError, parse_policy
from drawbridge.document_mistakes import Mistake, mistakes_in
from drawbridge.record.record import reasons_for_status
from drawbridge.status import Reason


class Cat(Struct, tag="cat", tag_field="kind", frozen=True, forbid_unknown_fields=True):
    lives: int


class Dog(Struct, tag="dog", tag_field="kind", frozen=True, forbid_unknown_fields=True):
    tricks: tuple[str, ...] = ()


class House(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    pets: Annotated[tuple[Cat | Dog, ...], Meta(min_length=1)]
    owner_name: str | None = None
    size: Literal["small", "large"] = "small"


def told(text: str) -> list[tuple[int | None, str, str]]:
    return [(each.line, each.field, each.message) for each in mistakes_in(yaml.safe_load(text), House, text)]


def test_what_can_be_read_has_no_mistake() -> None:
    assert told("pets: [{kind: cat, lives: 9}, {kind: dog}]\nownerName: Jo") == []


def test_every_mistake_is_told_where_it_stands() -> None:
    text = (
        "pets:\n- kind: cat\n  lives: many\n- kind: dog\n  tricks: [sit, [roll]]\n  trick: stay\n- kind: cat\n"
        "owner: Jo\nsize: huge\n"
    )

    assert told(text) == [
        (3, "pets[0].lives", "Expected `int`, got `str` - at `pets[0].lives`"),
        (5, "pets[1].tricks[1]", "Expected `str`, got `array` - at `pets[1].tricks[1]`"),
        (6, "pets[1].trick", "Object contains unknown field `trick` - at `pets[1]`; did you mean tricks?"),
        (7, "pets[2].lives", "Object missing required field `lives` - at `pets[2]`"),
        (9, "size", "Invalid enum value 'huge' - at `size`; it is one of small, large"),
        (8, "owner", "Object contains unknown field `owner`; did you mean ownerName?"),
    ]


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        ("[]", "", "Expected `object`, got `array`"),
        ("pets: []", "pets", "Expected `array` of length >= 1 - at `pets`"),
        ("pets: [{kind: fish}]", "pets[0].kind", "Invalid value 'fish' - at `pets[0].kind`"),
        ("pets: [{lives: 1}]", "pets[0].kind", "Object missing required field `kind` - at `pets[0]`"),
        ("{}", "pets", "Object missing required field `pets`"),
    ],
)
def test_what_is_wrong_as_a_whole_is_told_once(text: str, field: str, message: str) -> None:
    assert [(each[1], each[2]) for each in told(text)] == [(field, message)]


def test_a_half_of_a_character_is_a_mistake_of_the_field_that_has_it() -> None:
    loaded = json.loads('{"pets": [{"kind": "dog"}], "ownerName": "\\ud800"}')

    (mistake,) = mistakes_in(loaded, House, "")

    assert mistake.field == "ownerName"
    assert mistake.message.startswith("half of a character, as \\ud800, is no text")


@pytest.mark.parametrize(
    ("key", "shown", "fix"),
    [
        ("\\ud800", "\\ud800", "; half of a character, as \\ud800, is no text"),
        ("a\\nb", "a\\nb", "; there are pets, ownerName, size"),
        ("\\u202eb", "\\u202eb", "; there are pets, ownerName, size"),
    ],
)
def test_a_key_is_told_on_one_line_with_escapes_and_found_where_it_stands(key: str, shown: str, fix: str) -> None:
    text = f'{{"pets": [{{"kind": "dog"}}],\n"{key}": 1}}'

    assert mistakes_in(json.loads(text), House, text) == [
        Mistake(message=f"Object contains unknown field `{shown}`{fix}", line=2, field=shown)
    ]


def test_what_a_binding_s_key_says_is_escaped_once_where_it_is_recorded() -> None:
    with pytest.raises(InvalidBindingError) as refused:
        parse_binding("b", '{"ma\\nt\u202ech": {}, "attach": {"mode": "service-network"}}')

    (recorded,) = reasons_for_status((Reason("binding-broken", str(refused.value)),))
    assert recorded.text == str(refused.value)
    assert r"unknown field `ma\nt\u202ech`; did you mean match?" in recorded.text


@pytest.mark.parametrize("text", ['attach: "\x01"', "attach: [", 'attach: "\\UFFFFFFFF"'])
def test_what_is_no_yaml_is_told_on_one_line(text: str) -> None:
    with pytest.raises(InvalidBindingError) as refused:
        parse_binding("orders", text)

    assert "\n" not in str(refused.value)


def test_all_that_is_wrong_with_a_binding_is_told_at_once() -> None:
    text = "match: {resources: x}\nattach:\n  mode: resource-endpoint\n  subnets: [subnet-1, subnet-x]\nmore: 1\n"

    with pytest.raises(InvalidBindingError) as refused:
        parse_binding("orders", text)

    mistakes = refused.value.mistakes
    assert [(each.line, each.field) for each in mistakes] == [
        (4, "attach.subnets[0]"),
        (4, "attach.subnets[1]"),
        (1, "match.resources"),
        (5, "more"),
    ]
    assert str(refused.value) == f"binding orders, line 4: {mistakes[0].message}"


def test_what_does_not_go_together_is_told_beside_what_can_not_be_read() -> None:
    text = "match: {resources: x}\nattach:\n  mode: resource-endpoint\n  serviceNetwork: {name: net}\n"

    with pytest.raises(InvalidBindingError) as refused:
        parse_binding("orders", text)

    assert [each.field for each in refused.value.mistakes] == ["match.resources", "attach.vpc", "attach.serviceNetwork"]


GOOD = "permit(principal, action, resource);"


def mistakes_of(text: str) -> tuple[Mistake, ...]:
    with pytest.raises(InvalidPolicyError) as refused:
        parse_policy("mine", text)
    return refused.value.mistakes


def test_all_that_is_wrong_with_a_policy_is_told_at_once() -> None:
    text = "\n".join(
        (
            "permit(principal, action, nobody);",
            f'@approval("loud,soft") {GOOD}',
            "// a comment; of two parts",
            'forbid(principal, action, resource) when { principal.colour == "red" && resource.smell == 1 };',
            f'@urgent("now") {GOOD}',
            GOOD,
            "permit(",
        )
    )

    lines = [(each.line, each.field) for each in mistakes_of(text)]

    assert lines[:3] == [(1, ""), (2, "@approval"), (2, "@approval")]
    assert {line for line, _ in lines[3:-2]} == {4}
    assert lines[-2:] == [(5, "@urgent"), (7, "")]


def test_what_is_wrong_for_several_actions_or_types_is_told_once() -> None:
    text = f"{GOOD[:-1]} when {{ context.nope }};\n{GOOD[:-1]} when {{ resource.nope }};"

    assert mistakes_of(text) == (
        Mistake(
            message='attribute `nope` in context for Action::"accept", Action::"askApprover", Action::"associate", '
            'Action::"offer", Action::"reject" not found',
            line=1,
        ),
        Mistake(
            message="attribute `nope` on entity type `EndpointService`, `ResourceConfiguration`, `ResourceShare`, "
            "`ServiceNetwork`, `Service` not found",
            line=2,
        ),
    )


def test_statements_on_one_line_that_are_wrong_alike_are_told_once() -> None:
    alike = f"{GOOD[:-1]} when {{ principal.nope }};"

    for text in (f"{alike} {alike}", f"{alike} {alike} permit("):
        told_of = [each.message for each in mistakes_of(text) if "nope" in each.message]
        assert told_of == ["attribute `nope` on entity type `Account` not found"]


def test_what_is_wrong_with_a_policy_is_told_in_the_same_order_each_time() -> None:
    """Cedar's is another one each time: of seven, chance gives the right one once in five thousand times."""
    asked = " && ".join(f"principal.{name}" for name in "gcbfaed")

    found = [re.findall("`(.)`", each.message) for each in mistakes_of(f"{GOOD[:-1]} when {{ {asked} }};")]

    assert found == [[name] for name in "abcdefg"]


def test_what_a_policy_says_is_told_on_one_line_with_escapes() -> None:
    (mistake,) = mistakes_of('permit(principal == "a\n\u202eb", action, resource);')

    assert r"a\n\u202eb" in mistake.message


def test_an_id_that_is_there_twice_is_told_beside_the_rest() -> None:
    first, second = mistakes_of(f'@id("x") {GOOD}\n{GOOD}\n@id("x") {GOOD}\n@alias("a") {GOOD}')

    assert (first.line, first.field, second.line, second.field) == (3, "@id", 4, "@alias")


def test_a_statement_without_an_id_is_numbered_whatever_is_wrong_with_others() -> None:
    (mistake,) = mistakes_of(f'{GOOD}\n{GOOD}\n@alias("a") {GOOD}')

    assert (mistake.line, mistake.field) == (3, "@alias")
