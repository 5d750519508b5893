"""Withdrawal on the provider's side: a consumer's names go with its endpoint, and what is not managed is released."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from scenarios.people import Person
from tests.system.conftest import CommandLine, World, until
from tests.system.requests_in_ledger import reasons, row_of, settled, statuses
from tests.system.withdrawing import WITHIN_MINUTES
from tests.webhooks import SECRET, Received, listening


@pytest.fixture(scope="module")
def consumer(world: World) -> Person:
    return world.person("520000000151")


@pytest.fixture(scope="module")
def webhook() -> Iterator[Received]:
    """Run a service of the provider's own that is told what becomes of its consumers."""
    with listening() as received:
        yield received


@pytest.fixture
def provider(webhook: Received, deployed_for: Callable[..., Person], consumer: Person) -> Person:
    permit = f'permit(principal == Account::"{consumer.account_id}", action == Action::"accept", resource);'

    def prepare(person: Person) -> None:
        secret = json.dumps({"url": webhook.url, "signingSecret": SECRET})
        person.client("secretsmanager").create_secret(Name="drawbridge/webhook", SecretString=secret)
        person.write_policy("let-consumer-in", permit)

    return deployed_for("connections", 510000001510, prepare, TellConsumersWebhook="true", **WITHIN_MINUTES)


@pytest.fixture
def connected(provider: Person, consumer: Person) -> tuple[str, str]:
    """Return a managed service, and the endpoint of a consumer that is connected with it."""
    service_id, service_name = provider.offer_service()
    endpoint_id = consumer.connect(service_name)
    settled(provider, endpoint_id, "AVAILABLE")
    assert len(names_of(provider, endpoint_id)) == 2
    return service_id, endpoint_id


def names_of(provider: Person, endpoint_id: str) -> list[str]:
    return [name for name, _ in provider.published() if f"/{endpoint_id}/" in name]


def state_of(provider: Person, service_id: str, endpoint_id: str) -> str:
    filters = [{"Name": "service-id", "Values": [service_id]}, {"Name": "vpc-endpoint-id", "Values": [endpoint_id]}]
    found = provider.client("ec2").describe_vpc_endpoint_connections(Filters=filters)["VpcEndpointConnections"]
    return str(found[0]["VpcEndpointState"])


def names_stay_for(world: World, seconds: int, provider: Person, endpoint_id: str) -> None:
    world.control("clock", {"advance": seconds})
    until(world.quiet, lambda: "quiet")
    assert len(names_of(provider, endpoint_id)) == 2


def reject(provider: Person, service_id: str, endpoint_id: str) -> None:
    provider.client("ec2").reject_vpc_endpoint_connections(ServiceId=service_id, VpcEndpointIds=[endpoint_id])


def test_the_names_of_an_endpoint_that_is_deleted_go_once_aws_has_said_so_twice(
    world: World, provider: Person, consumer: Person, connected: tuple[str, str]
) -> None:
    _, endpoint_id = connected

    consumer.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[endpoint_id])

    names_stay_for(world, 9 * 60, provider, endpoint_id)
    row = settled(provider, endpoint_id, "WITHDRAWN")
    assert names_of(provider, endpoint_id) == []
    assert statuses(row)[-2:] == ["WITHDRAWING", "WITHDRAWN"]
    assert row.get("published") is None


def test_the_provider_s_own_service_is_told_what_becomes_of_a_consumer_s_connection(
    world: World, webhook: Received, provider: Person, consumer: Person, connected: tuple[str, str]
) -> None:
    service_id, endpoint_id = connected

    def told() -> list[dict[str, str]]:
        """Return what was told of the endpoint, in the order of time; of what was told twice, once."""
        found = {each["id"]: each for each in webhook.notices if each.get("endpointId") == endpoint_id}
        return sorted(found.values(), key=lambda each: each["time"])

    until(lambda: told() and told()[-1]["type"] == "connection.available", lambda: str(told()))
    # What no webhook takes is kept, to be sent again.
    webhook.status = 500
    consumer.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[endpoint_id])
    settled(provider, endpoint_id, "WITHDRAWN")
    until(lambda: dead_letters(provider), lambda: "no dead letter")
    webhook.status = 204

    assert {(each["accountId"], each["serviceId"]) for each in told()} == {(consumer.account_id, service_id)}
    types = [each["type"].removeprefix("connection.") for each in told()]
    assert types[-1] == "withdrawn"
    # The event of an earlier status may find the row further on.
    assert {"available", "withdrawn"} <= {*types} <= {"accepted", "available", "withdrawing", "withdrawn"}


def test_it_is_told_what_becomes_of_a_share_that_a_consumer_is_offered(
    webhook: Received, provider: Person, consumer: Person
) -> None:
    ram, table = provider.client("ram"), provider.resource("dynamodb").Table(provider.output("ConsumersTableName"))
    tags = [{"key": "drawbridge:offer", "value": "gold"}]
    share_arn = ram.create_resource_share(name="gold", tags=tags, allowExternalPrincipals=True)["resourceShare"][
        "resourceShareArn"
    ]

    def told() -> list[dict[str, str]]:
        return [each for each in webhook.notices if each.get("shareArn") == share_arn]

    def invitations() -> list[Any]:
        # A page may be empty, and not the last.
        pages = consumer.client("ram").get_paginator("get_resource_share_invitations").paginate()
        found = [each for page in pages for each in page["resourceShareInvitations"]]
        return [each for each in found if each["resourceShareArn"] == share_arn]

    def comes_to(kind: str) -> None:
        until(lambda: kind in {each["type"] for each in told()}, lambda: f"{told()} is to have {kind}")

    table.put_item(Item={"account_id": consumer.account_id, "tier": "gold"})
    comes_to("share.offered")
    # Told as soon as RAM has the account in the share; that the invitation is listed may take a moment longer.
    until(invitations, lambda: "no invitation")
    (invitation,) = invitations()
    consumer.client("ram").accept_resource_share_invitation(
        resourceShareInvitationArn=invitation["resourceShareInvitationArn"]
    )
    comes_to("share.available")
    table.delete_item(Key={"account_id": consumer.account_id})
    comes_to("share.withdrawn")

    assert {each["accountId"] for each in told()} == {consumer.account_id}
    # Another sweep may tell that it is out before it is known that nothing of it is associated.
    types = {each["type"] for each in told()} - {"share.withdrawing"}
    assert types == {"share.offered", "share.available", "share.withdrawn"}


def dead_letters(provider: Person) -> int:
    sqs = provider.client("sqs")
    (url,) = (url for url in sqs.list_queues()["QueueUrls"] if "EventsDeadLetterQueue" in url)
    wanted = ["ApproximateNumberOfMessages"]
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"][wanted[0]])


def test_the_names_of_a_connection_that_somebody_rejects_go(provider: Person, connected: tuple[str, str]) -> None:
    service_id, endpoint_id = connected

    reject(provider, service_id, endpoint_id)

    row = settled(provider, endpoint_id, "WITHDRAWN")
    assert (names_of(provider, endpoint_id), reasons(row)[0]) == ([], "gone")


def test_a_service_that_is_not_managed_any_longer_is_released_and_nothing_of_it_taken_down(
    world: World, provider: Person, consumer: Person, connected: tuple[str, str], command_line: CommandLine
) -> None:
    service_id, endpoint_id = connected
    before = names_of(provider, endpoint_id)

    provider.client("ec2").delete_tags(Resources=[service_id], Tags=[{"Key": "drawbridge:managed"}])

    # Drawbridge may not reject it, and says so.
    told = command_line(provider, "withdraw", endpoint_id, "--yes")
    assert (told.returncode, "not managed any longer" in told.stderr) == (1, True), told
    names_stay_for(world, 30 * 60, provider, endpoint_id)
    assert (names_of(provider, endpoint_id), state_of(provider, service_id, endpoint_id)) == (before, "available")
    consumer.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[endpoint_id])
    settled(provider, endpoint_id, "WITHDRAWN")
    assert names_of(provider, endpoint_id) == []


def test_a_parameter_of_somebody_s_below_the_same_path_stays(
    provider: Person, consumer: Person, connected: tuple[str, str]
) -> None:
    _, endpoint_id = connected
    theirs = f"/drawbridge/consumers/{consumer.account_id}/{endpoint_id}/ticket"
    provider.client("ssm").put_parameter(Name=theirs, Type="String", Value="OPS-1")

    consumer.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[endpoint_id])

    settled(provider, endpoint_id, "WITHDRAWN")
    until(lambda: names_of(provider, endpoint_id) == [theirs], lambda: f"{row_of(provider, endpoint_id)}")
