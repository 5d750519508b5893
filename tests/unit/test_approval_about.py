"""What a question is about: one sentence, and who asks for what, the names before the ids."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drawbridge.approval import HOLDS, NEW
from drawbridge.approval.about import about_lines, denial_of, sentence_of
from drawbridge.approval.live import lines_of_live
from drawbridge.decision.facts import (
    ConnectionFacts,
    Consumer,
    Facts,
    Membership,
    OrganizationPlace,
    Requester,
    Service,
)
from drawbridge.decision.let_in import LetIn
from drawbridge.status import Reason
from tests.builders import (
    ATTACHMENT_ID,
    CONSUMER,
    ENDPOINT_ID,
    NOW,
    PROVIDER,
    RESOURCE_ARN,
    SERVICE_ID,
    SHARE_ARN,
    SUBNET,
    connection_facts,
    content,
    share_facts,
)

MEMBER = OrganizationPlace(membership=Membership.MEMBER, organization_id="o-abc123", units=("ou-a",), name="prod")
OUTSIDER = OrganizationPlace(membership=Membership.OUTSIDER)
ACME = Consumer(name="Acme", tier="gold", services=frozenset({"*"}), notes="until 2027")
PAYMENTS = Service(id=SERVICE_ID, tags={"Name": "payments"})
LET_IN = LetIn(at=NOW, because=(Reason("policy", "", source="open"),), contents_fingerprint="", arns=(RESOURCE_ARN,))
GROWN = (content(), content(f"{RESOURCE_ARN[:-1]}b"))


def asked_by(place: OrganizationPlace = OUTSIDER, consumer: Consumer | None = None) -> Requester:
    return Requester(account_id=CONSUMER, place=place, consumer=consumer)


def connection(consumer: Consumer | None = None, place: OrganizationPlace = OUTSIDER) -> ConnectionFacts:
    return connection_facts(asked_by(place, consumer), service=PAYMENTS)


def rows(facts: Facts, let_in: LetIn | None = None) -> list[str]:
    return [f"{line.label}: {line.text}" for line in about_lines(facts, lines_of_live(facts, let_in))]


@pytest.mark.parametrize(
    ("facts", "let_in", "sentence"),
    [
        (
            connection(ACME),
            None,
            f"Let account {CONSUMER} (“Acme”, tier gold) connect its endpoint to payments ({SERVICE_ID})?",
        ),
        (
            connection(place=MEMBER),
            None,
            f"Let account {CONSUMER} (“prod”) connect its endpoint to payments ({SERVICE_ID})?",
        ),
        (connection_facts(asked_by()), None, f"Let account {CONSUMER} connect its endpoint to {SERVICE_ID}?"),
        (
            msgspec.structs.replace(connection(Consumer(tier="gold")), live=True),
            None,
            f"Keep the connection of account {CONSUMER} (tier gold) to payments ({SERVICE_ID})?",
        ),
        (share_facts(asked_by()), None, f"Accept what account {CONSUMER} shares as “orders”?"),
        (share_facts(asked_by(), share_name=""), None, f"Accept what account {CONSUMER} shares without a name?"),
        (
            share_facts(asked_by(MEMBER), deadline=None),
            None,
            f"Connect what account {CONSUMER} (“prod”) shares as “orders”?",
        ),
        (share_facts(asked_by(), deadline=None), LET_IN, f"Keep what account {CONSUMER} shares as “orders”?"),
        (
            share_facts(asked_by(), deadline=None, contents=GROWN),
            LET_IN,
            f"Let in what account {CONSUMER} added to what it shares as “orders”?",
        ),
        (
            share_facts(asked_by(), deadline=None, contents=GROWN, share_name=""),
            LET_IN,
            f"Let in what account {CONSUMER} added to a share without a name?",
        ),
    ],
)  # fmt: skip
def test_what_is_asked_is_one_sentence(facts: Facts, let_in: LetIn | None, sentence: str) -> None:
    assert sentence_of(facts, lines_of_live(facts, let_in)) == sentence


NAMES = st.text(max_size=300) | st.sampled_from(["x" * 300, "\u202e" * 300, "” (999999999999)", " " * 300, "”" * 300])


@given(NAMES, NAMES, NAMES, st.booleans())
@example("x" * 300, "y" * 300, "z" * 300, False)
@example("”" * 300, "”" * 300, "”" * 300, False)
def test_a_sentence_names_the_account_and_ends_within_a_header_whatever_the_names(
    name: str, other: str, tier: str, of_share: bool
) -> None:
    who = asked_by(consumer=Consumer(name=name, tier=tier))
    service = Service(id=SERVICE_ID, tags={"Name": other})
    facts = share_facts(who, share_name=other) if of_share else connection_facts(who, service=service)

    sentence = sentence_of(facts, ())

    assert len(sentence) <= 150
    assert f" account {CONSUMER}" in sentence
    assert sentence.endswith("?")
    assert sentence.isprintable()
    assert sentence.count("“") == sentence.count("”") <= 3


def test_who_asks_for_a_connection_is_shown_with_all_that_is_known() -> None:
    place = msgspec.structs.replace(MEMBER, tags={"team": "a", "data": "b"})
    counts = {"connections": 3, "connections_to_service": 1}
    facts = msgspec.structs.replace(connection(ACME, place), **counts)

    assert rows(facts) == [
        f"Account: “prod” ({CONSUMER})",
        "Organization: o-abc123 / ou-a",
        "Consumer: “Acme”, tier gold, registered for this service",
        f"Service: payments ({SERVICE_ID})",
        f"Endpoint: {ENDPOINT_ID}, Interface, in us-east-1",
        "Other connections: 3, 1 of them to this service",
        "Account tags: data=b, team=a",
        "Notes: until 2027",
    ]


def test_of_whom_nothing_is_known_it_is_said() -> None:
    unknown = OrganizationPlace(membership=Membership.UNKNOWN, units=None, tags=None)
    facts = connection_facts(asked_by(unknown), service=Service(id=SERVICE_ID, tags=None), endpoint_type="", region="")

    assert rows(facts) == [
        f"Account: {CONSUMER}",
        "Organization: unknown: Organizations can't be asked",
        "Consumer: not registered",
        f"Service: {SERVICE_ID}",
        f"Endpoint: {ENDPOINT_ID}, of unknown type, in an unknown Region",
        "Other connections: none",
        "Service tags: unknown: AWS does not show them",
    ]


@pytest.mark.parametrize(
    ("consumer", "words"),
    [
        (Consumer(), "registered, no tier, not registered for this service"),
        (Consumer(name="A", services=frozenset({SERVICE_ID})), "“A”, no tier, registered for this service"),
        (
            Consumer(tier="gold", services=frozenset({"vpce-svc-other"}), unreadable=("services",)),
            "registered, tier gold, not registered for this service, unreadable: services",
        ),
    ],
)
def test_a_consumer_is_shown_as_it_is_registered(consumer: Consumer, words: str) -> None:
    assert f"Consumer: {words}" in rows(connection(consumer))


def test_a_share_is_shown_with_how_much_it_holds_and_since_when_it_is_live() -> None:
    facts = share_facts(
        asked_by(), deadline=None, contents=(*GROWN, SUBNET), share_tags={"Name": "x", "aws:y": "z", "a": "b"}
    )

    assert rows(facts, LET_IN)[3:] == [
        f"Share: “orders” ({SHARE_ARN})",
        "Resources: 3 in all: 1 ec2:subnet, 2 vpc-lattice:resourceconfiguration",
        "Live: The share was let in 2026-11-21 12:00 UTC by open; what is connected of it stays connected.",
        "Share tags: a=b",
    ]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (share_facts(), "1 vpc-lattice:resourceconfiguration"),
        (share_facts(contents=()), "nothing yet"),
        (share_facts(contents=None), "unknown: AWS does not show it"),
        (share_facts(contents=(content("arn:x", ""),)), "1 of unknown type"),
    ],
)
def test_what_a_share_holds_is_counted(facts: Facts, words: str) -> None:
    assert f"Resources: {words}" in rows(facts)


def test_what_a_share_holds_is_counted_under_another_label_than_it_is_listed_under() -> None:
    facts = share_facts(asked_by(), deadline=None, contents=GROWN)

    labels = {line.label for line in about_lines(facts, lines_of_live(facts, LET_IN))}
    assert labels.isdisjoint({HOLDS, NEW})


def test_of_many_tags_the_first_are_shown_and_the_others_counted() -> None:
    tags = {f"key-{number:02}": "value" for number in range(50)}

    (shown,) = (row for row in rows(share_facts(share_tags=tags)) if row.startswith("Share tags: "))
    assert shown.startswith("Share tags: key-00=value, key-01=value, ")
    assert shown.endswith("key-09=value, and 40 more")


def test_what_strangers_named_is_legible_once() -> None:
    facts = share_facts(
        Requester(account_id=PROVIDER, place=OrganizationPlace(name="a\u202e")),
        share_name="x\n”",
        share_tags={"\u200b": "⟨"},
    )

    assert {f"Account: “a⟨U+202E⟩” ({PROVIDER})", f"Share: “x⟨U+000A⟩⟨U+201D⟩” ({SHARE_ARN})"} <= set(rows(facts))
    assert "Share tags: “⟨U+200B⟩”=“⟨U+27E8⟩”" in rows(facts)


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"a": "b, Account=ours, env=production"}, "a=“b, Account=ours, env=production”"),
        ({"a": "b,env=production"}, "a=“b,env=production”"),
        ({"a": "b=c"}, "a=“b=c”"),
        ({"a=b, env": "production"}, "“a=b, env”=production"),
        ({"a": "b”, env=“production"}, "a=“b⟨U+201D⟩, env=⟨U+201C⟩production”"),
        ({"a": "b\ua4f9"}, "a=“b\ua4f9”"),
        ({"a": ""}, "a=“”"),
        ({"drawbridge:tier": "gold/eu-1@x_y.z+"}, "drawbridge:tier=gold/eu-1@x_y.z+"),
    ],
)
def test_a_tag_forges_no_other_tag(tags: dict[str, str], words: str) -> None:
    assert f"Share tags: {words}" in rows(share_facts(share_tags=tags))


def test_a_tier_and_the_name_of_a_service_add_nothing_to_what_stands_beside_them() -> None:
    facts = connection_facts(
        asked_by(consumer=Consumer(tier="a, registered for this service")),
        service=Service(id=SERVICE_ID, tags={"Name": "b (vpce-svc-1)?"}),
    )

    tier, service = "tier “a, registered for this service”", f"“b (vpce-svc-1)?” ({SERVICE_ID})"
    assert f"Consumer: registered, {tier}, not registered for this service" in rows(facts)
    assert f"Service: {service}" in rows(facts)
    assert sentence_of(facts, ()) == f"Let account {CONSUMER} ({tier}) connect its endpoint to {service}?"


@pytest.mark.parametrize(
    ("facts", "begins"),
    [
        (connection(), "The connection is rejected: "),
        (share_facts(), "The invitation is rejected: "),
        (share_facts(deadline=None), "Nothing of it is connected. "),
        (msgspec.structs.replace(connection(), live=True), "It stays, "),
    ],
)
def test_what_happens_on_denial_is_said(facts: Facts, begins: str) -> None:
    assert denial_of(facts, lines_of_live(facts, None)).startswith(begins)


GATEWAYS = connection_facts(
    asked_by(), service=PAYMENTS, endpoint_id=ATTACHMENT_ID, endpoint_type="TransitGatewayAttachment", region=""
)


def test_an_attachment_of_a_transit_gateway_is_called_what_it_is() -> None:
    assert sentence_of(GATEWAYS, ()) == (
        f"Let account {CONSUMER} connect its transit gateway to payments ({SERVICE_ID})?"
    )
    assert f"Attachment: {ATTACHMENT_ID}, TransitGatewayAttachment, in an unknown Region" in rows(GATEWAYS)
    assert denial_of(GATEWAYS, ()).endswith("the other account makes a new transit gateway attachment.")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "Interface, in us-east-1"),
        ({"ip_address_type": "dualstack"}, "Interface, dualstack, in us-east-1"),
        ({"region": "eu-west-1"}, "Interface, in eu-west-1, to a service in us-east-1"),
        ({"region": ""}, "Interface, in an unknown Region"),
        ({"payer": "vpc-endpoint-account"}, "Interface, in us-east-1, charged to its owner"),
        (
            {"payer": "vpc-endpoint-service-account"},
            "Interface, in us-east-1, charged to this account, which owns the service",
        ),
        ({"payer": "somebody-else"}, "Interface, in us-east-1, charged to somebody-else"),
    ],
)
def test_what_aws_tells_of_an_endpoint_is_shown(changes: dict[str, Any], told: str) -> None:
    service = Service(id=SERVICE_ID, region="us-east-1")

    assert f"Endpoint: {ENDPOINT_ID}, {told}" in rows(connection_facts(asked_by(), service=service, **changes))
