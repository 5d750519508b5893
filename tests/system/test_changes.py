"""What becomes of a connection when something around it changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from scenarios.people import Person
from tests.system.conftest import World, until
from tests.system.requests_in_ledger import settled
from tests.system.resource_endpoints import endpoints_for


@pytest.fixture(scope="module")
def provider(world: World) -> Person:
    return world.person("510000000032")


@pytest.fixture(scope="module")
def consumer(deployed: Callable[..., Person], provider: Person) -> Person:
    person = deployed("520000000032")
    person.write_policy(
        "let-in", f'permit(principal == Account::"{provider.account_id}", action == Action::"accept", resource);'
    )
    return person


def bind(person: Person, name: str, provider: Person, *groups: str) -> None:
    binding = {
        "match": {"provider": provider.account_id, "resource": name},
        "attach": {"mode": "resource-endpoint", "vpc": person.vpc(), "securityGroups": list(groups)},
    }
    path = f"/drawbridge/config/bindings/{name}"
    person.client("ssm").put_parameter(Name=path, Type="String", Value=json.dumps(binding), Overwrite=True)


def security_group(person: Person, name: str) -> str:
    made = person.client("ec2").create_security_group(GroupName=name, Description=name, VpcId=person.vpc())
    return str(made["GroupId"])


def share(person: Person, arn: str, name: str, with_account: str) -> str:
    made = person.client("ram").create_resource_share(name=name, resourceArns=[arn], principals=[with_account])
    return str(made["resourceShare"]["resourceShareArn"])


def test_an_endpoint_gets_the_security_groups_of_its_binding_as_it_is_by_then(
    provider: Person, consumer: Person
) -> None:
    first, second = security_group(consumer, "first"), security_group(consumer, "second")
    resource = provider.offer_database("grouped", port="5432")
    bind(consumer, "grouped", provider, first)
    settled(consumer, share(provider, resource, "grouped", consumer.account_id), "AVAILABLE")
    (made,) = endpoints_for(consumer, "grouped")

    bind(consumer, "grouped", provider, second)
    settled(consumer, share(provider, resource, "grouped-again", consumer.account_id), "AVAILABLE")

    (endpoint,) = endpoints_for(consumer, "grouped")
    assert [group["GroupId"] for group in made["Groups"]] == [first]
    assert endpoint["VpcEndpointId"] == made["VpcEndpointId"]
    assert [group["GroupId"] for group in endpoint["Groups"]] == [second]


def test_a_database_that_is_made_anew_takes_its_name_over(provider: Person, consumer: Person) -> None:
    bind(consumer, "reborn", provider)
    share_arn = provider.share_database("reborn", port="5432", with_account=consumer.account_id)
    settled(consumer, share_arn, "AVAILABLE")
    name = "/drawbridge/connections/reborn/reborn/connection"
    before = json.loads(consumer.parameter(name) or "")
    provider.client("ram").delete_resource_share(resourceShareArn=share_arn)
    lattice = provider.client("vpc-lattice")
    old = lattice.get_resource_configuration(resourceConfigurationIdentifier=before["resourceConfigurationArn"])
    consumer.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[before["endpointId"]])

    def deleted() -> bool:
        try:
            lattice.delete_resource_configuration(resourceConfigurationIdentifier=old["id"])
        except (lattice.exceptions.ConflictException, lattice.exceptions.ResourceNotFoundException) as error:
            return isinstance(error, lattice.exceptions.ResourceNotFoundException)
        return False

    until(deleted, lambda: "the first database is gone")
    kept = ("name", "type", "protocol", "portRanges", "resourceConfigurationDefinition")
    recreated = lattice.create_resource_configuration(
        resourceGatewayIdentifier=old["resourceGatewayId"], **{each: old[each] for each in kept}
    )
    settled(consumer, share(provider, recreated["arn"], "reborn-again", consumer.account_id), "AVAILABLE")

    after = json.loads(consumer.parameter(name) or "")
    assert after["resourceConfigurationArn"] == recreated["arn"] != before["resourceConfigurationArn"]


def test_a_notification_that_cannot_be_relayed_is_kept(world: World, provider: Person, consumer: Person) -> None:
    service_id, service_name = consumer.offer_service()
    of_service = [{"Name": "service-id", "Values": [service_id]}]
    ec2 = consumer.client("ec2")
    until(
        lambda: ec2.describe_vpc_endpoint_connection_notifications(Filters=of_service)["ConnectionNotificationSet"],
        lambda: f"{service_id} has a connection notification",
    )
    fault = {"operation": "events:PutEvents", "fault": "error", "role": "drawbridge-RelayNotification*"}
    world.control("faults", {"calls": [fault]})

    endpoint_id = provider.connect(service_name)

    kept: list[dict[str, Any]] = []
    sqs = consumer.client("sqs")
    (url,) = (url for url in sqs.list_queues()["QueueUrls"] if "EventsDeadLetterQueue" in url)

    def received() -> bool:
        kept.extend(sqs.receive_message(QueueUrl=url).get("Messages", ()))
        return any(service_id in each["Body"] for each in kept)

    until(received, lambda: f"a notification of {service_id} is kept: {kept}")
    world.control("faults", {})
    # The schedule's sweep, without any notification.
    settled(consumer, endpoint_id, "AVAILABLE")


def test_a_binding_for_one_resource_leaves_the_provider_s_others_alone(
    world: World, provider: Person, consumer: Person
) -> None:
    bind(consumer, "left-alone", provider)
    there = provider.share_database("left-alone", port="5432", with_account=consumer.account_id)
    unwanted = provider.share_database("unwanted-yet", port="5432", with_account=consumer.account_id)
    settled(consumer, there, "AVAILABLE")
    settled(consumer, unwanted, "ACCEPTED")

    bind(consumer, "unwanted-yet", provider)

    row = settled(consumer, unwanted, "AVAILABLE")
    assert row["attempt"]["N"] == "2"
    until(world.quiet, lambda: "the local AWS comes to rest")
    assert settled(consumer, there, "AVAILABLE")["attempt"]["N"] == "1"
