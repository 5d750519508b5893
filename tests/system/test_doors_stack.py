"""The doors of the stack as it deploys: a stream of what nobody can read keeps nobody from being let in."""

import json
from collections.abc import Callable

import pytest

from scenarios.people import Person
from tests.odd import with_json
from tests.system.admission import permit
from tests.system.conftest import World, until
from tests.system.logs import dead_letters, logged
from tests.system.requests_in_ledger import settled

DEEP = f'{{"a": {"[" * 50_000}{"]" * 50_000}}}'
HINT = {"source": "aws.ram", "detail-type": "Resource Sharing State Change", "detail": {}}


@pytest.fixture(scope="module")
def consumer(deployed: Callable[[str], Person]) -> Person:
    return deployed("520000000081")


@pytest.fixture
def provider(world: World) -> Person:
    return world.person("510000000081")


def test_a_thousand_levels_in_hints_and_a_row_by_hand_keep_nobody_waiting(
    world: World, consumer: Person, provider: Person
) -> None:
    consumer.write_policy("let-in", permit(provider))
    consumer.write_binding("past-it", resource="past-it", provider=provider.account_id)
    request_id = "share-00000000-0000-0000-0000-000000000081"
    consumer.client("dynamodb").put_item(
        TableName=consumer.output("LedgerTableName"),
        Item={"request_id": {"S": request_id}, "followed": {"S": "yes"}, "updated_at": {"S": "never"}},
    )
    world.control("faults", {"events": {"drop": 1.0}})
    share_arn = provider.share_database("past-it", port="5432", with_account=consumer.account_id)
    deep = [with_json(HINT, ("detail",), DEEP), with_json(HINT | {"x": 1}, ("x",), DEEP)]

    for _ in range(5):
        consumer.client("sqs").send_message_batch(
            QueueUrl=consumer.output("HintsQueueUrl"),
            Entries=[
                {"Id": str(number), "MessageBody": body}
                for number, body in enumerate([deep[0], json.dumps(HINT), deep[1]])
            ],
        )

    settled(consumer, share_arn, "AVAILABLE")
    world.control("faults", {})
    until(lambda: dead_letters(consumer), lambda: "a dead letter")
    (entry, *_) = until(lambda: logged(consumer, "discover_requests", "row broken"), lambda: "a broken row")
    assert request_id in entry["reason"]
