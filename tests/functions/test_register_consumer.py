"""The door of ``register_consumer``: what sign-up services tell in, entries and commands out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.bootstrap import register_consumer as wiring
from drawbridge.errors import UpstreamError
from drawbridge.hint import EVERYTHING, HintSource
from drawbridge.hint.parse import parse_hint
from functions.register_consumer import app
from tests.builders import sample, told
from tests.fakes.registrations import Intake
from tests.functions.discovering import batch, failed, message_id
from tests.functions.invocations import Json, invoke
from tests.odd import ODD_JSON, fuzzed, json_texts, values, with_odd_members

REGISTERED, REMOVED = (json.dumps(sample(name)) for name in ("consumer-registered", "consumer-removed"))
ACCOUNT = sample("consumer-registered")["detail"]["account_id"]


class World(Intake):
    """All that the door works with."""

    def __init__(self) -> None:
        super().__init__(datetime.now(UTC))
        self.dead: list[tuple[str, str]] = []

    def send(self, body: str, reason: str) -> None:
        self.dead.append((body, reason))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return _world(monkeypatch)


def _world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(app, "sign_ups", lambda: world.sign_ups)
    monkeypatch.setattr(app, "dead_letters", lambda: world)
    return world


def test_a_consumer_is_registered_and_removed(world: World) -> None:
    assert invoke(app.lambda_handler, batch(REGISTERED)) == failed()
    assert world.registry.entries[ACCOUNT].consumer.name == "Example Corp"

    assert invoke(app.lambda_handler, batch(REMOVED)) == failed()
    assert (world.registry.entries, world.dead) == ({}, [])


def test_the_sweep_that_follows_is_told_as_a_sign_up_service_s(monkeypatch: pytest.MonkeyPatch) -> None:
    class Sqs:
        def send_message(self, **message: str) -> None:
            sent.append((message["QueueUrl"], parse_hint(message["MessageBody"])))

    sent: list[tuple[str, object]] = []
    monkeypatch.setattr(wiring, "client", lambda _: Sqs())
    monkeypatch.setenv("HINTS_QUEUE_URL", "hints")

    wiring.tell_to_sweep()

    assert sent == [("hints", told(EVERYTHING, HintSource.SIGN_UP))]


@pytest.mark.parametrize("odd", ODD_JSON, ids=range(len(ODD_JSON)))
def test_one_broken_message_of_a_batch_is_kept_and_the_others_are_done(
    world: World, odd: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = invoke(app.lambda_handler, batch(odd, REGISTERED, odd))

    assert answer == failed()
    assert [*world.registry.entries] == [ACCOUNT]
    assert [body for body, _ in world.dead] == [odd, odd]
    assert '"RegistrationsBroken":[1.0,1.0]' in capsys.readouterr().out


def test_one_that_fails_comes_again_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(account_id: str) -> None:
        raise UpstreamError("the ledger is down")

    monkeypatch.setattr(world.connections, "going", down)
    other = sample("consumer-registered")
    other["detail"] |= {"account_id": "999999999999", "principals": []}

    assert invoke(app.lambda_handler, batch(REMOVED, json.dumps(other))) == failed(0)
    assert [*world.registry.entries] == ["999999999999"]
    assert world.dead == []


def test_what_can_neither_be_read_nor_kept_comes_again_by_its_id(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(body: str, reason: str) -> None:
        raise UpstreamError("send: no")

    monkeypatch.setattr(world, "send", full)
    odd = {"messageId": message_id(7), "body": ["no text"]}

    answer = invoke(app.lambda_handler, {"Records": [odd, {"body": "no id"}, *batch(REGISTERED)["Records"]]})

    assert answer == failed(7)
    assert [*world.registry.entries] == [ACCOUNT]


@fuzzed
@given(st.lists(json_texts | st.just(sample("consumer-removed")).flatmap(with_odd_members), max_size=5))
def test_whatever_is_in_a_batch_each_message_is_done_or_is_kept(bodies: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        world = _world(patch)

        answer = invoke(app.lambda_handler, batch(*bodies, REGISTERED))

    assert answer == failed()
    kept = [body for body, _ in world.dead]
    assert [body for body in bodies if body in kept] == kept
    assert all(reason for _, reason in world.dead)


@pytest.mark.filterwarnings("ignore:No application metrics")
@fuzzed
@given(values)
def test_an_invocation_without_records_does_nothing(event: Any) -> None:
    invocation: Json = {"Records": event} if not isinstance(event, list) else {}
    with pytest.MonkeyPatch.context() as patch:
        world = _world(patch)

        assert invoke(app.lambda_handler, invocation) == failed()

    assert (world.registry.entries, world.hints) == ({}, 0)
