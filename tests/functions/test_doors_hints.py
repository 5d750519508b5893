"""The hints queue as a door: whatever is sent, a batch loses only the broken message, and that is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.errors import UpstreamError
from functions.discover_requests import app
from tests.builders import sample
from tests.functions.discovering import SCOPES, World, batch, failed, hint, message_id
from tests.functions.invocations import Json, invoke
from tests.odd import DEEP, ODD_JSON, fuzzed, json_texts, values, with_json, with_odd_members

GOOD = "ram-resource-sharing-state-change"
samples = st.sampled_from(sorted(SCOPES)).map(sample)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return _world(monkeypatch)


def _world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(app, "configuration", world.configuring)
    monkeypatch.setattr(app, "sweeper", world.sweeper)
    monkeypatch.setattr(app, "dead_letters", world.dead_letters)
    return world


@pytest.mark.parametrize("odd", ODD_JSON, ids=range(len(ODD_JSON)))
def test_one_broken_message_of_a_batch_is_kept_and_the_others_are_swept_for(world: World, odd: str) -> None:
    answer = invoke(app.lambda_handler, batch(odd, hint(GOOD), odd))

    assert answer == failed()
    assert world.scopes == [SCOPES[GOOD]]
    assert [body for body, _ in world.dead] == [odd, odd]


@pytest.mark.parametrize("name", sorted(SCOPES))
def test_a_thousand_levels_in_a_detail_that_nobody_reads_stop_nothing(world: World, name: str) -> None:
    deep = with_json(sample(name), ("detail",), f'{{"a": {"[" * DEEP}{"]" * DEEP}}}')

    answer = invoke(app.lambda_handler, batch(deep, hint(GOOD)))

    assert answer == failed()
    assert world.scopes == [SCOPES[GOOD]]
    assert [reason for _, reason in world.dead] == ["hint: JSON is nested too deep; an EventBridge envelope is needed"]


@fuzzed
@given(st.lists(json_texts | samples.flatmap(with_odd_members), max_size=5))
def test_whatever_is_in_a_batch_each_message_is_a_hint_or_is_kept(bodies: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        world = _world(patch)

        answer = invoke(app.lambda_handler, batch(hint(GOOD), *bodies, hint(GOOD)))

    assert answer == failed()
    (scope,) = world.scopes
    assert scope.shares
    kept = [body for body, _ in world.dead]
    assert [body for body in bodies if body in kept] == kept
    assert all(reason.startswith("hint: ") for _, reason in world.dead)


@fuzzed
@given(st.lists(values, max_size=3), st.sampled_from(["messageId", "body"]), values)
def test_records_of_any_shape_stop_no_other(records: list[Any], member: str, value: object) -> None:
    odd = batch(hint(GOOD))["Records"][0] | {member: value}
    with pytest.MonkeyPatch.context() as patch:
        world = _world(patch)

        answer = invoke(app.lambda_handler, {"Records": [*records, odd, *batch(hint(GOOD))["Records"]]})

    assert answer == failed()
    (scope,) = world.scopes
    assert scope == SCOPES[GOOD]
    assert len(world.dead) in {len(records), len(records) + 1}


@pytest.mark.filterwarnings("ignore:No application metrics")
@fuzzed
@given(values)
def test_an_invocation_without_records_does_nothing(event: object) -> None:
    invocation: Json = {"Records": event} if not isinstance(event, list) else {}
    with pytest.MonkeyPatch.context() as patch:
        world = _world(patch)

        assert invoke(app.lambda_handler, invocation) == failed()

    assert world.scopes == []


def test_what_can_neither_be_read_nor_kept_comes_again_by_its_id(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(body: str, reason: str) -> None:
        raise UpstreamError("send: no")

    monkeypatch.setattr(world, "send", full)
    odd = {"messageId": message_id(7), "body": ["no text"]}

    answer = invoke(app.lambda_handler, {"Records": [odd, {"body": "no id"}, *batch(hint(GOOD))["Records"]]})

    assert answer == failed(7)
    assert world.scopes == [SCOPES[GOOD]]


def test_a_row_that_cannot_be_read_is_reported_and_repeats_no_sweep(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    def discoverer(configuration: object, now: object, on_broken: Any) -> World:
        # By the index, and by the table.
        for _ in range(2):
            on_broken("the ledger's row 'x' can't be read")
        return world

    monkeypatch.setattr(app, "sweeper", discoverer)

    assert invoke(app.lambda_handler, batch(hint(GOOD))) == failed()

    assert [vars(each)["reason"] for each in caplog.records if each.getMessage() == "row broken"] == [
        "the ledger's row 'x' can't be read"
    ]
    assert '"RowsBroken":[1.0]' in capsys.readouterr().out


def test_json_of_a_hint_is_read_as_it_was(world: World) -> None:
    # Of two members of one name the last counts, for us as for everybody.
    twice = '{"source": "aws.s3", "source": "aws.ram", "detail-type": "Resource Sharing State Change"}'

    assert invoke(app.lambda_handler, batch(twice)) == failed()
    assert world.scopes == [SCOPES[GOOD]]
    assert json.loads(twice)["source"] == "aws.ram"
