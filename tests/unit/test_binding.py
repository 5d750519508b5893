"""Bindings as people write them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.association import NetworkRef
from drawbridge.association.binding import Binding, Route53Alias, VpcTag
from drawbridge.association.parse_binding import parse_binding
from drawbridge.errors import InvalidInputError
from drawbridge.lattice import PrivateDns
from tests.builders import NETWORK_ARN, PROVIDER, entity
from tests.builders import VPC_ID as VPC

ATTACH = {"mode": "resource-endpoint", "vpc": VPC}
BY_NETWORK = {"mode": "service-network", "vpc": VPC}

YAML_TAGS = [f"attach: !!{tag} x" for tag in ("bool", "int", "float", "timestamp", "binary", "omap", "null", "set")]


def binding(name: str = "orders", **document: object) -> Binding:
    return parse_binding(name, json.dumps({"attach": ATTACH} | document))


def test_a_binding_reads_as_json_and_as_yaml() -> None:
    as_yaml = f"match: {{resource: orders-*}}\nattach:\n  mode: resource-endpoint\n  vpc: {VPC}\n"
    as_json = json.dumps({"match": {"resource": "orders-*"}, "attach": ATTACH})

    assert parse_binding("orders", as_yaml) == parse_binding("orders", as_json)


def test_a_binding_may_name_its_vpcs_by_tag() -> None:
    tagged = binding(attach={"mode": "resource-endpoint", "vpc": {"tag": {"Environment": "prod"}}})

    assert tagged.attach.vpc == VpcTag({"Environment": "prod"})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "object"),
        ("attach: [", "line 1"),
        ("attach:\n  mode: x: y", "line 2"),
        ("match: {}", "attach"),
        (f"attach:\n  vpc: {VPC}\n", "mode"),
        (f"attach:\n  mode: teleport\n  vpc: {VPC}\n", "line 2.*teleport"),
        ("attach:\n  mode: resource-endpoint\n  vpc: sg-12345678\n", "line 3"),
        (f"attach:\n  mode: resource-endpoint\n  vpc: {VPC}\n  subents: []\n", "line 4.*subents"),
        (f"attach: {{mode: resource-endpoint, vpc: {VPC}, privateDns: some}}", "privateDns"),
        ("attach: {mode: resource-endpoint, vpc: {tag: {a: b}}, subnets: [subnet-12345678]}", "subnets"),
        (f"attach: {{mode: resource-endpoint, vpc: {VPC}}}\nmatch: {{types: [BOAT]}}", "line 2.*BOAT"),
        ("a: &a [*a]", "line 1.*recursive"),
        ("!!python/object/apply:os.system ['true']", "object"),
        ("attach: !!bool foo", "object"),
        ("[" * 5000, "nested"),
        ("attach: {mode: resource-endpoint}", "attach.vpc is missing"),
    ],
)
def test_a_binding_that_cannot_take_effect_is_refused_with_name_line_and_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=rf"(?s)binding broken.*{reason}"):
        parse_binding("broken", text)


@pytest.mark.parametrize("name", ["", "a/b", "-a", "a b", "x" * 65, "<!channel>"])
def test_a_binding_whose_name_is_no_single_level_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError, match="a name is one level"):
        parse_binding(name, json.dumps({"attach": ATTACH}))


@given(st.text(max_size=200) | st.text("!&*{}[]:,-\\n abt<|>%?'", max_size=60) | st.sampled_from(YAML_TAGS))
def test_any_text_is_a_binding_or_refused_and_nothing_else(text: str) -> None:
    try:
        parse_binding("any", text)
    except InvalidInputError as error:
        assert "binding any" in str(error)


def test_a_binding_without_match_matches_everything() -> None:
    assert binding().match.matches(entity(), "any share")


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({"resource": "orders-*"}, True),
        ({"resource": "ORDERS-*"}, False),
        ({"provider": PROVIDER}, True),
        ({"provider": "2222*"}, False),
        ({"share": "or?ers"}, True),
        ({"share": "billing"}, False),
        ({"types": ["SINGLE", "GROUP"]}, True),
        ({"types": ["GROUP"]}, False),
    ],
)
def test_every_glob_of_a_match_has_to_fit(match: dict[str, object], fits: bool) -> None:
    assert binding(match=match).match.matches(entity(), "orders") is fits


@pytest.mark.parametrize(
    "text",
    [
        f"attach:\n  mode: resource-endpoint\n  vpc: {VPC}\n  privateDns: off\nmatch:\n  provider: 011111111111\n",
        json.dumps({"attach": ATTACH | {"privateDns": "off"}, "match": {"provider": "011111111111"}}, indent="\t"),
    ],
)
def test_what_yaml_would_guess_at_stays_text(text: str) -> None:
    parsed = parse_binding("orders", text)

    assert parsed.attach.private_dns == "off"
    assert parsed.match.provider == "011111111111"


def by_network(**attach: object) -> Binding:
    return binding(attach=BY_NETWORK | attach)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (NETWORK_ARN, NetworkRef(identifier=NETWORK_ARN)),
        ("sn-0123456789abcdef0", NetworkRef(identifier="sn-0123456789abcdef0")),
        ({"name": "shared"}, NetworkRef(name="shared")),
        ({"name": "shared", "create": True}, NetworkRef(name="shared", create=True)),
    ],
)
def test_a_service_network_is_named_by_id_by_arn_or_by_name(written: object, meant: NetworkRef) -> None:
    assert by_network(serviceNetwork=written).attach.network == meant


def test_without_a_service_network_there_is_none_to_put_something_in() -> None:
    assert by_network().attach.network is None


@pytest.mark.parametrize(
    "network",
    [
        "shared",
        "sn-0123",
        f"{NETWORK_ARN}/more",
        "arn:aws:vpc-lattice:us-east-1:222222222222:service/svc-0123456789abcdef0",
        {"name": "Shared"},
        {"name": "-shared"},
        {"name": "shared-"},
        {"name": "sha--red"},
        {"name": "sn"},
        {"name": "x" * 64},
        {"name": "shared", "make": True},
        {"create": True},
        [],
    ],
)
def test_what_is_no_service_network_s_name_is_refused(network: object) -> None:
    with pytest.raises(InvalidInputError, match="serviceNetwork"):
        by_network(serviceNetwork=network)


@pytest.mark.parametrize(
    ("written", "meant", "domains"),
    [
        ("off", PrivateDns.OFF, ()),
        ("verified", PrivateDns.VERIFIED, ()),
        ("all", PrivateDns.ALL, ()),
        ({"domains": ["db.example.com"]}, PrivateDns.VERIFIED_AND_LISTED, ("db.example.com",)),
        (
            {"domains": ["*.example.com", "x.y"], "verified": False},
            PrivateDns.LISTED,
            ("*.example.com", "x.y"),
        ),
    ],
)
def test_trap_17_private_dns_is_as_wide_as_it_is_written(
    written: object, meant: PrivateDns, domains: tuple[str, ...]
) -> None:
    attach = binding(attach=ATTACH | {"privateDns": written}).attach

    assert (attach.private_dns_preference, attach.domains) == (meant, domains)


def test_trap_17_private_dns_is_off_unless_something_is_written() -> None:
    assert binding().attach.private_dns_preference is PrivateDns.OFF


@pytest.mark.parametrize(
    "private_dns",
    [
        "listed",
        "verified-and-listed",
        "",
        {"domains": []},
        {"verified": True},
        {"domains": ["a.example"] * 11},
        {"domains": ["not a domain"]},
        {"domains": ["a.example"], "all": True},
    ],
)
def test_trap_17_private_dns_that_says_nothing_clear_is_refused(private_dns: object) -> None:
    with pytest.raises(InvalidInputError, match=r"attach\.privateDns"):
        binding(attach=ATTACH | {"privateDns": private_dns})


def test_in_yaml_a_binding_by_network_says_the_same() -> None:
    text = (
        f"attach:\n  mode: service-network\n  vpc: {VPC}\n"
        "  serviceNetwork: {name: shared, create: true}\n"
        "  privateDns: {domains: [db.example.com], verified: false}\n"
        "  alias: {zone: Z0123456789, name: '{resource}.db.internal'}\n"
    )

    assert parse_binding("orders", text) == by_network(
        serviceNetwork={"name": "shared", "create": True},
        privateDns={"domains": ["db.example.com"], "verified": False},
        alias={"zone": "Z0123456789", "name": "{resource}.db.internal"},
    )


def test_an_alias_is_a_zone_and_a_name() -> None:
    alias = binding(
        attach=ATTACH | {"alias": {"zone": "Z0123456789", "name": "{resource}.{vpc}.internal"}}
    ).attach.alias

    assert alias == Route53Alias(zone="Z0123456789", name="{resource}.{vpc}.internal")


@pytest.mark.parametrize(
    "alias",
    [
        {"zone": "Z0123456789"},
        {"name": "db.internal"},
        {"zone": "/hostedzone/Z0123456789", "name": "db.internal"},
        {"zone": "z0123456789", "name": "db.internal"},
        {"zone": "Z0123456789", "name": "db"},
        {"zone": "Z0123456789", "name": "db.internal."},
        {"zone": "Z0123456789", "name": "*.internal"},
        {"zone": "Z0123456789", "name": "{binding}.internal"},
        {"zone": "Z0123456789", "name": "db.internal", "ttl": 60},
    ],
)
def test_what_is_no_alias_is_refused(alias: object) -> None:
    with pytest.raises(InvalidInputError, match=r"attach\.alias"):
        binding(attach=ATTACH | {"alias": alias})


BY_TAG = {"tag": {"Environment": "prod"}}
ALIAS = {"zone": "Z0123456789", "name": "{resource}.internal"}


@pytest.mark.parametrize(
    ("attach", "reason"),
    [
        ({"mode": "service-network-endpoint"}, "attach.vpc is missing; mode service-network-endpoint needs one"),
        (ATTACH | {"serviceNetwork": {"name": "shared"}}, "leave it out, or use mode service-network"),
        (BY_NETWORK | {"subnets": ["subnet-12345678"]}, "leave them out"),
        (BY_NETWORK | {"securityGroups": [f"sg-1234567{number}" for number in range(6)]}, "5 at most"),
        ({"mode": "service-network", "securityGroups": ["sg-12345678"]}, "name attach.vpc, or leave them out"),
        (ATTACH | {"vpc": BY_TAG, "alias": ALIAS}, "needs {vpc} in it"),
        ({"mode": "service-network", "alias": ALIAS | {"name": "{vpc}.internal"}}, "there is no attach.vpc"),
    ],
)
def test_fields_that_do_not_go_together_are_refused_with_what_to_do(attach: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        binding(attach=attach)

    assert str(refused.value).startswith("binding orders, line 1: attach.")
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    "attach",
    [
        {"mode": "service-network"},
        BY_NETWORK | {"securityGroups": [f"sg-1234567{number}" for number in range(5)]},
        ATTACH | {"securityGroups": [f"sg-1234567{number}" for number in range(6)]},
        ATTACH | {"mode": "service-network-endpoint", "subnets": ["subnet-12345678"]},
        ATTACH | {"vpc": BY_TAG, "alias": ALIAS | {"name": "{resource}.{vpc}.internal"}},
    ],
)
def test_fields_that_go_together_are_taken(attach: dict[str, Any]) -> None:
    assert binding(attach=attach).attach.mode == attach["mode"]


@pytest.mark.parametrize("half", ['{"resource": "\\ud800"}', '{"provider": "222222222222", "share": "a\\udfff"}'])
def test_half_of_a_character_is_no_binding(half: str) -> None:
    """No policy can be asked about it, and AWS takes none: YAML's escapes can write it."""
    text = f'{{"match": {half}, "attach": {{"mode": "resource-endpoint", "vpc": "{VPC}"}}}}'

    with pytest.raises(InvalidInputError, match="half of a character"):
        parse_binding("orders", text)
