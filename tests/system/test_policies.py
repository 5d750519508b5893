"""Policies at work: who is let in, by what AWS says of them, and what a change of policy comes to."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.credentials import ReadOnlyCredentials

from drawbridge.intake.ownership.challenge import Challenge, Provider, new_challenge
from drawbridge_cli.proof_signing import signed_document
from local_aws.testing.clock import clock
from local_aws.testing.organizations import arrange
from scenarios.people import Person
from tests.system.conftest import CommandLine, Policy, World, until
from tests.system.logs import logged
from tests.system.requests_in_ledger import reasons, row_of, settled
from tests.system.resource_endpoints import endpoints_for

MANAGEMENT = "590000000041"
_strangers = itertools.count(530000000041)


@pytest.fixture(scope="module")
def provider(deployed: Callable[..., Person]) -> Person:
    """Return a provider whose stack lets nobody in by itself, and asks of nobody."""
    return deployed("510000000041", InstallDefaultPolicies="false")


@pytest.fixture(scope="module")
def consumer(deployed: Callable[..., Person]) -> Person:
    return deployed("520000000041", InstallDefaultPolicies="false")


@pytest.fixture
def stranger(world: World) -> Person:
    return world.person(str(next(_strangers)))


@pytest.fixture
def by_events_alone(world: World, provider: Person) -> Iterator[None]:
    """Stop the schedules, so that only events can start a sweep."""
    scheduler = provider.client("scheduler")
    written = {"Name", "ScheduleExpression", "FlexibleTimeWindow", "Target", "GroupName"}
    kept = [
        {key: value for key, value in scheduler.get_schedule(Name=each["Name"]).items() if key in written}
        for each in scheduler.list_schedules()["Schedules"]
    ]
    for each in kept:
        scheduler.update_schedule(**each, State="DISABLED")
    yield
    for each in kept:
        scheduler.update_schedule(**each, State="ENABLED")


def accept(person: Person, more: str = "") -> str:
    return f'permit(principal == Account::"{person.account_id}", action == Action::"accept", resource) {more};'


def reason_texts(row: dict[str, Any]) -> list[str]:
    return [reason["M"]["text"]["S"] for reason in row["reasons"]["L"]]


def events(world: World, detail_type: str) -> list[dict[str, Any]]:
    emitted = world.control("events")["events"]
    return [each for each in emitted if each["detail-type"] == detail_type]


def test_a_policy_that_is_written_lets_go_what_was_held_at_once(
    world: World, provider: Person, stranger: Person, policy: Policy, by_events_alone: None
) -> None:
    _, service_name = provider.offer_service()
    endpoint_id = stranger.connect(service_name)
    held = settled(provider, endpoint_id, "HELD")

    policy(provider, "newcomer", accept(stranger))

    settled(provider, endpoint_id, "AVAILABLE")
    assert "no-policy-permits" in reasons(held)


def test_a_policy_that_lets_everything_in_does_not_take_effect_and_says_so(
    provider: Person, stranger: Person, policy: Policy
) -> None:
    policy(provider, "open-door", "permit(principal, action, resource);")
    _, service_name = provider.offer_service()

    endpoint_id = stranger.connect(service_name)

    row = settled(provider, endpoint_id, "HELD")
    assert any("open-door" in text and "AllowPermitEverything" in text for text in reason_texts(row))
    assert stranger.endpoint_state(endpoint_id) == "pendingAcceptance"


def test_that_there_is_no_policy_at_all_is_reported_where_requests_are_held(provider: Person, stranger: Person) -> None:
    _, service_name = provider.offer_service()

    row = settled(provider, stranger.connect(service_name), "HELD")

    assert any("no policy is in force" in text for text in reason_texts(row))
    assert logged(provider, "discover_requests", "configuration broken")


def test_of_five_endpoints_at_once_a_limit_of_three_lets_three_in(
    provider: Person, stranger: Person, policy: Policy
) -> None:
    policy(provider, "limited", accept(stranger, "when { context has connections && context.connections < 3 }"))
    _, service_name = provider.offer_service()

    endpoints = [stranger.connect(service_name) for _ in range(5)]

    def states() -> list[str]:
        return [row["status"]["S"] if (row := row_of(provider, each)) else "" for each in endpoints]

    until(lambda: sorted(states()) == ["AVAILABLE"] * 3 + ["HELD"] * 2, lambda: f"three of five: {states()}")
    let_in = [each for each, state in zip(endpoints, states(), strict=True) if state == "AVAILABLE"]
    stranger.client("ec2").delete_vpc_endpoints(VpcEndpointIds=let_in[:1])
    until(lambda: states().count("AVAILABLE") == 4, lambda: f"a fourth has its turn: {states()}")


def test_what_is_held_for_the_hour_goes_on_when_the_hour_comes(
    provider: Person, stranger: Person, policy: Policy
) -> None:
    later = clock.now() + timedelta(hours=3)
    policy(provider, "later", accept(stranger, f'when {{ context.now >= datetime("{later:%Y-%m-%dT%H:%M:%SZ}") }}'))
    _, service_name = provider.offer_service()
    endpoint_id = stranger.connect(service_name)
    settled(provider, endpoint_id, "HELD")

    clock.advance(3 * 3600)

    settled(provider, endpoint_id, "AVAILABLE")


def test_what_a_policy_delays_is_let_in_after_its_time_unless_it_is_forbidden_or_withdrawn_until_then(
    world: World, provider: Person, policy: Policy, command_line: CommandLine
) -> None:
    waits, forbidden, withdrawn = (world.person(str(next(_strangers))) for _ in range(3))
    permits = (f'@id("later-{each.account_id}") @delay("20m") {accept(each)}' for each in (waits, forbidden, withdrawn))
    policy(provider, "let-in-later", "".join(permits))
    _, service_name = provider.offer_service()
    let_in_later, never, not_at_all = (each.connect(service_name) for each in (waits, forbidden, withdrawn))
    for each in (let_in_later, never, not_at_all):
        delayed = settled(provider, each, "PENDING")
        assert reasons(delayed)[0] == "delayed"

    policy(provider, "not-them", f'forbid(principal == Account::"{forbidden.account_id}", action, resource);')
    # Whatever is delayed is decided on anew: what is changing is not withdrawn.
    assert "forbidden" in reasons(settled(provider, never, "HELD"))
    assert command_line(provider, "withdraw", not_at_all, "--yes").returncode == 0

    settled(provider, not_at_all, "WITHDRAWN")
    began = row_of(provider, let_in_later)
    assert began is not None
    since = datetime.fromisoformat(json.loads(began["delayed"]["S"])["since"])
    row = settled(provider, let_in_later, "AVAILABLE")
    let_in_at = datetime.fromisoformat(json.loads(row["let_in"]["S"])["at"])
    assert timedelta(minutes=20) <= let_in_at - since <= timedelta(minutes=30)
    assert "delayed" not in row
    assert forbidden.endpoint_state(never) == "pendingAcceptance"
    assert withdrawn.endpoint_state(not_at_all) == "rejected"


def test_trap_31_what_a_new_policy_would_not_let_in_stays_connected_and_is_reported_once(
    world: World, provider: Person, stranger: Person, policy: Policy
) -> None:
    policy(provider, "welcome", accept(stranger))
    _, service_name = provider.offer_service()
    endpoint_id = stranger.connect(service_name)
    settled(provider, endpoint_id, "AVAILABLE")

    them = f'principal == Account::"{stranger.account_id}"'
    policy(provider, "no-more", f'@id("no-more") @reason("Churned.") forbid({them}, action, resource);')

    def reviewed() -> list[dict[str, Any]]:
        found = events(world, "Request Reviewed")
        return [each["detail"] for each in found if each["detail"]["subject"] == endpoint_id]

    # Two sweeps at once may both announce it, as one: each delivery has the same id.
    review = until(reviewed, lambda: "a review")[0]
    assert not review["permitted"]
    assert "no-more" in {reason.get("source") for reason in review["reasons"]}
    sweeps = world.calls(provider.account_id, "ec2:DescribeVpcEndpointConnections")
    until(
        lambda: world.calls(provider.account_id, "ec2:DescribeVpcEndpointConnections") >= sweeps + 2,
        lambda: "two more sweeps",
    )
    row = row_of(provider, endpoint_id)
    assert row is not None
    assert (row["status"]["S"], row["no_longer_permitted"]["BOOL"]) == ("AVAILABLE", True)
    assert stranger.endpoint_state(endpoint_id) == "available"
    assert len({each["id"] for each in reviewed()}) == 1


def test_trap_5_what_a_share_holds_besides_lattice_s_resources_is_seen_before_it_is_accepted(
    world: World, consumer: Person, stranger: Person, policy: Policy
) -> None:
    policy(consumer, "let-in-mixed", accept(stranger))
    policy(
        consumer,
        "lattice-only",
        '@id("lattice-only") forbid(principal, action == Action::"accept", resource is ResourceShare)'
        " when { context has onlyLattice && !context.onlyLattice };",
    )
    database = stranger.offer_database("mixed-db", port="5432")
    subnet = f"arn:aws:ec2:us-east-1:{stranger.account_id}:subnet/{stranger.subnets()[0]}"
    accepted_before = world.calls(consumer.account_id, "ram:AcceptResourceShareInvitation")

    share = stranger.client("ram").create_resource_share(
        name="mixed", resourceArns=[database, subnet], principals=[consumer.account_id]
    )["resourceShare"]["resourceShareArn"]
    plain = stranger.share_database("plain-db", port="5432", with_account=consumer.account_id)

    row = settled(consumer, share, "HELD")
    assert "lattice-only" in {each["M"].get("source", {}).get("S") for each in row["reasons"]["L"]}
    settled(consumer, plain, "ACCEPTED")
    assert world.calls(consumer.account_id, "ram:AcceptResourceShareInvitation") == accepted_before + 1


def test_trap_5_what_comes_to_an_accepted_share_later_is_decided_on_by_itself(
    consumer: Person, stranger: Person, policy: Policy
) -> None:
    policy(consumer, "let-in-growing", accept(stranger))
    policy(
        consumer,
        "postgresql-only",
        'permit(principal, action == Action::"associate", resource) when { resource.portRanges == ["5432"] };'
        '@id("closed") forbid(principal, action == Action::"associate", resource)'
        ' when { resource.name == "closed-db" };',
    )
    consumer.write_binding("growing", resource="*", provider=stranger.account_id)
    share_arn = stranger.share_database("first-db", port="5432", with_account=consumer.account_id)
    settled(consumer, share_arn, "AVAILABLE")

    late = [stranger.offer_database(name, port=port) for name, port in (("ssh", "22"), ("closed-db", "5432"))]
    late.append(stranger.offer_database("second-db", port="5432"))
    stranger.client("ram").associate_resource_share(resourceShareArn=share_arn, resourceArns=late)

    def names() -> set[str]:
        found = endpoints_for(consumer, "growing")
        return {each["ResourceConfigurationArn"] for each in found if each["State"].lower() == "available"}

    until(lambda: late[2] in names(), lambda: f"the second database is associated: {names()}")
    row = settled(consumer, share_arn, "AVAILABLE")
    refused = [text for text in reason_texts(row) if text.startswith(("ssh: ", "closed-db: "))]
    assert len(refused) == 2
    assert not {late[0], late[1]} & names()
    kept = json.loads(row["association_grounds"]["S"])
    assert {each["name"] for each in kept["resources"]} == {"first-db", "second-db", "ssh", "closed-db"}


def test_tags_of_what_is_shared_are_unknown_and_count_against_the_provider(
    consumer: Person, stranger: Person, policy: Policy
) -> None:
    policy(consumer, "let-in-tagged", accept(stranger))
    policy(
        consumer,
        "unless-closed",
        'permit(principal, action == Action::"associate", resource) unless { resource.hasTag("closed") };',
    )
    consumer.write_binding("tagged", resource="tagged-db", provider=stranger.account_id)

    share_arn = stranger.share_database("tagged-db", port="5432", with_account=consumer.account_id)

    row = settled(consumer, share_arn, "HELD")
    assert any("does not show the resource's tags" in text for text in reason_texts(row))


@pytest.fixture
def organization(provider: Person, world: World) -> Iterator[dict[str, Person]]:
    """Put the provider into an organization with two others, one of them in the sandbox."""
    inside = {place: world.person(str(next(_strangers))) for place in ("workloads/prod", "sandbox/deep")}
    places = {person.account_id: place for place, person in inside.items()}
    arrange(MANAGEMENT, {provider.account_id: "shared", **places}, ram_sharing=False)
    yield inside
    arrange(MANAGEMENT, {}, ram_sharing=False)


def unit(world: World, name: str) -> str:
    client = world.person(MANAGEMENT).client("organizations")
    (root,) = client.list_roots()["Roots"]
    units = client.list_organizational_units_for_parent(ParentId=root["Id"])["OrganizationalUnits"]
    return str(next(each["Id"] for each in units if each["Name"] == name))


def test_trap_27_an_organizational_unit_is_who_organizations_says_is_in_it(
    world: World, provider: Person, stranger: Person, organization: dict[str, Person], policy: Policy
) -> None:
    policy(
        provider,
        "except-sandbox",
        '@id("except-sandbox") permit(principal, action == Action::"accept", resource)'
        " when { principal.ownOrganization }"
        f' unless {{ principal in OrganizationalUnit::"{unit(world, "sandbox")}" }};',
    )
    tagged = organization["sandbox/deep"]
    _, service_name = provider.offer_service()

    in_prod = organization["workloads/prod"].connect(service_name)
    in_sandbox, outside = tagged.connect(service_name), stranger.connect(service_name)

    settled(provider, in_prod, "AVAILABLE")
    settled(provider, in_sandbox, "HELD")
    settled(provider, outside, "HELD")
    row = row_of(provider, in_prod)
    assert row is not None
    decision_record = json.loads(row["grounds"]["S"])
    place = decision_record["facts"]["asker"]["place"]
    assert (place["membership"], place["state"], len(place["units"])) == ("member", "ACTIVE", 2)
    assert decision_record["determinedBy"] == ["except-sandbox@1"]


def test_an_account_s_tags_are_those_that_the_organization_gave_it(
    world: World, provider: Person, organization: dict[str, Person], policy: Policy
) -> None:
    trusted, other = organization["workloads/prod"], organization["sandbox/deep"]
    client = world.person(MANAGEMENT).client("organizations")
    client.tag_resource(ResourceId=trusted.account_id, Tags=[{"Key": "trust", "Value": "high"}])
    policy(
        provider,
        "trusted",
        'permit(principal, action == Action::"accept", resource)'
        ' when { principal.hasTag("trust") && principal.getTag("trust") == "high" };',
    )
    _, service_name = provider.offer_service()

    endpoints = trusted.connect(service_name), other.connect(service_name)

    settled(provider, endpoints[0], "AVAILABLE")
    settled(provider, endpoints[1], "HELD")


def test_trap_27_without_a_role_who_is_in_the_sandbox_is_unknown_and_counts_against_everybody(
    world: World, deployed: Callable[..., Person], stranger: Person, policy: Policy
) -> None:
    blind = deployed("510000000042", InstallDefaultPolicies="false", OrganizationsRoleName="")
    member = world.person(str(next(_strangers)))
    arrange("590000000042", {blind.account_id: "shared", member.account_id: "workloads"}, ram_sharing=False)
    policy(
        blind, "members", 'permit(principal, action == Action::"accept", resource) when { principal.ownOrganization };'
    )
    policy(blind, "known", accept(stranger))
    _, service_name = blind.offer_service()
    known = stranger.connect(service_name)
    settled(blind, known, "AVAILABLE")

    row = settled(blind, member.connect(service_name), "HELD")

    assert "facts-unavailable" in reasons(row)
    policy(blind, "no-sandbox", 'forbid(principal in OrganizationalUnit::"ou-1", action, resource);')
    second = stranger.connect(service_name)
    row = settled(blind, second, "HELD")
    assert {"forbidden", "facts-unavailable"} <= set(reasons(row))
    arrange("590000000042", {}, ram_sharing=False)


def test_a_consumer_that_is_registered_is_let_in_by_the_next_sweep_and_reviewed_when_it_goes(
    world: World, provider: Person, stranger: Person, policy: Policy
) -> None:
    policy(
        provider,
        "gold",
        'permit(principal, action == Action::"accept", resource)'
        ' when { principal has consumer && principal.consumer.tier == "gold" };',
    )
    service_id, service_name = provider.offer_service()
    endpoint_id = stranger.connect(service_name)
    settled(provider, endpoint_id, "HELD")

    provider.register_consumer(stranger.account_id, service_id)
    settled(provider, endpoint_id, "AVAILABLE")
    provider.client("dynamodb").delete_item(
        TableName=provider.output("ConsumersTableName"), Key={"account_id": {"S": stranger.account_id}}
    )

    def review() -> bool:
        row = row_of(provider, endpoint_id)
        return bool(row and row["no_longer_permitted"]["BOOL"])

    until(review, lambda: "a review")
    assert stranger.endpoint_state(endpoint_id) == "available"


def answer(person: Person, challenge: Challenge) -> bytes:
    """Return what ``drawbridge prove`` makes with somebody's credentials."""
    keys = person.credentials
    made = ReadOnlyCredentials(keys.access_key_id, keys.secret_access_key, keys.session_token)
    return signed_document(challenge, made, clock.now()).encode()


def taken(provider: Person, document: bytes) -> tuple[int, str]:
    """Send a proof to the provider; return the status of its answer, and the code of a refusal."""
    request = Request(provider.output("ProofUrl"), document, {"Content-Type": "application/json"})  # noqa: S310 - our own port
    try:
        with urlopen(request) as answered:  # noqa: S310 - our own port
            return int(answered.status), ""
    except HTTPError as refused:
        return refused.code, str(json.load(refused)["error"])


def offered_to(provider: Person, service_id: str) -> set[str]:
    """Return the principals that a service allows."""
    listed = provider.client("ec2").describe_vpc_endpoint_service_permissions(ServiceId=service_id)
    return {each["Principal"] for each in listed["AllowedPrincipals"]}


def test_a_consumer_that_has_to_prove_itself_is_offered_and_let_in_once_its_own_credentials_have(
    world: World, provider: Person, stranger: Person, policy: Policy, by_events_alone: None
) -> None:
    policy(provider, "newcomers", accept(stranger))
    ours = Provider(prefix="drawbridge", account_id=provider.account_id, region="us-east-1")
    challenge = new_challenge(ours, stranger.account_id)
    service_id, service_name = provider.offer_service()
    provider.resource("dynamodb").Table(provider.output("ConsumersTableName")).put_item(
        Item={
            "account_id": stranger.account_id,
            "services": [service_id],
            "proof_required": True,
            "challenge": challenge.text,
        }
    )
    endpoint_id = stranger.connect(service_name)
    assert "consumer-unproved" in reasons(settled(provider, endpoint_id, "HELD"))

    another = world.person(str(next(_strangers)))
    assert taken(provider, answer(another, challenge)) == (403, "other-account")
    assert taken(provider, answer(stranger, new_challenge(ours, stranger.account_id))) == (403, "no-such-challenge")
    document, theirs = answer(stranger, challenge), f"arn:aws:iam::{stranger.account_id}:root"
    assert taken(provider, document.replace(b"GetCallerIdentity", b"GetSessionToken")) == (403, "action-wrong")
    assert stranger.endpoint_state(endpoint_id) == "pendingAcceptance"
    assert theirs not in offered_to(provider, service_id)

    assert taken(provider, document) == (200, "")

    settled(provider, endpoint_id, "AVAILABLE")
    until(lambda: theirs in offered_to(provider, service_id), lambda: "it is offered what its entry names")
    assert taken(provider, document) == (403, "no-such-challenge")


def test_no_function_was_denied_anything_but_what_it_can_do_without(
    world: World, provider: Person, consumer: Person
) -> None:
    assert world.denied(provider, consumer) == []
