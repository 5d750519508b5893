"""The door of ``discover_requests``: hints in, one look."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from drawbridge.configuration import Broken
from drawbridge.errors import DrawbridgeError, ThrottledError, UpstreamError
from drawbridge.hint import AT_CONNECTIONS, AT_SERVICES, AT_SHARES, EVERYWHERE, Look
from drawbridge.request.discover import Discovery
from functions.discover_requests import app
from tests.builders import sample
from tests.functions.invocations import Json, invoke

LOOKS = {
    "ram-resource-sharing-state-change": AT_SHARES,
    "lattice-sharee-association": AT_SHARES,
    "endpoint-connection-notification": AT_CONNECTIONS,
    "endpoint-service-tagged": AT_SERVICES,
    "parameter-store-change": EVERYWHERE,
    "schedule": EVERYWHERE,
}


class World:
    """All that the door works with."""

    def __init__(self) -> None:
        self.looks: list[Look] = []
        self.buried: list[tuple[str, str]] = []
        self.broken: tuple[tuple[str, Broken], ...] = ()
        self.failures: tuple[DrawbridgeError, ...] = ()
        self.read = 0

    def configuring(self) -> World:
        self.read += 1
        return self

    def discoverer(self, configuration: object, now: object) -> World:
        assert configuration is self
        return self

    def discover(self, look: Look, now: datetime) -> Discovery:
        assert now.tzinfo is not None
        self.looks.append(look)
        return Discovery(2, ("share-a-1",), self.failures)

    def dead_letters(self) -> World:
        return self

    def bury(self, body: str, reason: str) -> None:
        self.buried.append((body, reason))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(app, "Configuring", world.configuring)
    monkeypatch.setattr(app, "discoverer", world.discoverer)
    monkeypatch.setattr(app, "dead_letters", world.dead_letters)
    return world


def batch(*bodies: str) -> Json:
    """Give the bodies as SQS hands them to Lambda."""
    return {
        "Records": [
            {
                "messageId": f"00000000-0000-0000-0000-{number:012}",
                "receiptHandle": "handle",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:111111111111:hints",
                "awsRegion": "us-east-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


def hint(name: str) -> str:
    return json.dumps(sample(name))


def metrics(printed: str) -> dict[str, Any]:
    """Read the metrics that were printed in CloudWatch's embedded format."""
    told: dict[str, Any] = {}
    for line in printed.splitlines():
        document = json.loads(line) if line.startswith("{") else {}
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", ()):
            assert directive["Namespace"] == "Drawbridge"
            told |= {metric["Name"]: document[metric["Name"]] for metric in directive["Metrics"]}
    return told


@pytest.mark.parametrize(("name", "look"), LOOKS.items())
def test_every_sample_opens_the_door(world: World, name: str, look: Look) -> None:
    invoke(app.lambda_handler, batch(hint(name)))

    assert world.looks == [look]
    assert world.buried == []


def test_a_broken_hint_is_kept_aside_with_its_reason_and_stops_no_other(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    unknown = json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": {}})

    invoke(
        app.lambda_handler,
        batch("{", hint("ram-resource-sharing-state-change"), unknown, hint("endpoint-connection-notification")),
    )

    assert world.looks == [Look(shares=True, connections=True)]
    assert [body for body, _ in world.buried] == ["{", unknown]
    reasons = [reason for _, reason in world.buried]
    assert all(reason.startswith("hint: ") for reason in reasons)
    assert "'aws.s3'" in reasons[1]
    # Metrics of one name are told together.
    assert metrics(capsys.readouterr().out)["HintsBroken"] == [1.0, 1.0]


def test_many_hints_make_one_look(world: World) -> None:
    bodies = [hint(name) for name in LOOKS] * 100

    invoke(app.lambda_handler, batch(*bodies))

    assert world.looks == [EVERYWHERE]
    assert world.read == 1


def test_where_no_hint_can_be_read_nobody_looks(world: World) -> None:
    invoke(app.lambda_handler, batch("", "[]", "null", '{"source": 1}'))

    assert (world.looks, world.read) == ([], 0)
    assert len(world.buried) == 4


def test_a_look_that_failed_in_part_is_made_again(world: World) -> None:
    world.failures = (UpstreamError("list shares: no"), ThrottledError("start x: slowly"))

    with pytest.raises(UpstreamError, match="list shares: no; start x: slowly"):
        invoke(app.lambda_handler, batch(hint("schedule")))


def test_a_broken_configuration_is_counted_and_stops_no_look(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.broken = (("policy", Broken("a", "line 1", 3)), ("binding", Broken("b", "line 2", None)))

    invoke(app.lambda_handler, batch(hint("schedule")))

    assert world.looks == [EVERYWHERE]
    assert metrics(capsys.readouterr().out) == {"ConfigurationBroken": [2.0], "RequestsStarted": [1.0]}
