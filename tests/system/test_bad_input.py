"""What is broken is reported by name, line and reason, and stops nothing else."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from scenarios.people import Person
from tests.system.admission import permit
from tests.system.conftest import World, until
from tests.system.logs import dead_letters, logged
from tests.system.requests_in_ledger import reasons, settled


@pytest.fixture(scope="module")
def consumer(deployed: Callable[[str], Person]) -> Person:
    return deployed("520000000002")


@pytest.fixture
def provider(world: World) -> Person:
    return world.person("510000000002")


def test_a_hint_that_nobody_can_read_is_kept_with_its_reason_and_stops_no_other(
    world: World, consumer: Person, provider: Person
) -> None:
    world.control("faults", {"events": {"drop": 1.0}})
    consumer.write_policy("let-in", permit(provider))
    consumer.write_binding("hinted", resource="hinted", provider=provider.account_id)
    share_arn = provider.share_database("hinted", port="5432", with_account=consumer.account_id)
    good = json.dumps({"source": "drawbridge.command", "detail-type": "Sweep"})

    consumer.client("sqs").send_message_batch(
        QueueUrl=consumer.output("HintsQueueUrl"),
        Entries=[
            {"Id": str(number), "MessageBody": body}
            for number, body in enumerate(["no hint at all", good, '{"source": "aws.s3", "detail-type": "x"}'])
        ],
    )

    settled(consumer, share_arn, "AVAILABLE")
    buried: list[dict[str, Any]] = []

    def both() -> bool:
        buried.extend(dead_letters(consumer))
        return len(buried) == 2

    until(both, lambda: f"two dead letters: {buried}")
    world.control("faults", {})
    assert {each["Body"] for each in buried} == {"no hint at all", '{"source": "aws.s3", "detail-type": "x"}'}
    assert all(each["MessageAttributes"]["reason"]["StringValue"].startswith("hint: ") for each in buried)


def test_a_broken_policy_is_reported_by_line_and_the_last_good_one_stays_in_force(
    consumer: Person, provider: Person
) -> None:
    name = "/drawbridge/config/policies/breaking"
    consumer.client("ssm").put_parameter(Name=name, Type="String", Value=permit(provider))
    broken = permit(provider) + "\n\npermit(principal action);"

    consumer.client("ssm").put_parameter(Name=name, Type="String", Value=broken, Overwrite=True)

    report = until(lambda: logged(consumer, "discover_requests", "configuration broken"), lambda: "a report")[0]
    assert (report["kind"], report["parameter"], report["in_force"]) == ("policy", "breaking", 1)
    assert "line 3" in report["reason"]
    share_arn = provider.share_database("under-old-policy", port="5432", with_account=consumer.account_id)
    row = settled(consumer, share_arn, "ACCEPTED")
    assert reasons(row) == ["no-binding-wants-it"]
    consumer.client("ssm").delete_parameter(Name=name)


def test_a_broken_binding_is_reported_by_line_and_the_last_good_one_stays_in_force(
    consumer: Person, provider: Person
) -> None:
    consumer.write_policy("let-in-again", permit(provider))
    consumer.write_binding("bound", resource="bound", provider=provider.account_id)
    broken = "attach:\n  mode: teleport\n  vpc: vpc-12345678\n"

    consumer.client("ssm").put_parameter(
        Name="/drawbridge/config/bindings/bound", Type="String", Value=broken, Overwrite=True
    )

    def reported() -> list[dict[str, Any]]:
        lines = logged(consumer, "discover_requests", "configuration broken")
        return [line for line in lines if line["parameter"] == "bound"]

    report = until(reported, lambda: "a report")[0]
    assert report["in_force"] == 1
    assert "line 2" in report["reason"]
    share_arn = provider.share_database("bound", port="5432", with_account=consumer.account_id)
    settled(consumer, share_arn, "AVAILABLE")


def test_a_request_that_is_held_goes_on_once_a_policy_lets_it_in(consumer: Person, world: World) -> None:
    newcomer = world.person("510000000003")
    consumer.write_binding("late", resource="late", provider=newcomer.account_id)
    share_arn = newcomer.share_database("late", port="5432", with_account=consumer.account_id)
    settled(consumer, share_arn, "HELD")

    consumer.write_policy("newcomer", permit(newcomer))

    settled(consumer, share_arn, "AVAILABLE")
