"""Hints say what to sweep, and no more."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.errors import InvalidInputError
from drawbridge.hint import CONNECTIONS, EVERYTHING, ORPHANS, SERVICES, SHARES, HintSource, SweepScope
from drawbridge.hint.notification import detail_of
from drawbridge.hint.parse import parse_hint
from tests.builders import SHARE, sample, told

scopes = st.builds(
    SweepScope,
    shares=st.booleans(),
    connections=st.booleans(),
    notifications=st.booleans(),
    orphans=st.booleans(),
    executions=st.frozensets(st.text(max_size=3)),
    told_by=st.frozensets(st.sampled_from(HintSource)),
    commands=st.frozensets(st.text(max_size=3)),
)

ENDED = {"source": "aws.states", "detail-type": "Step Functions Execution Status Change"}


@pytest.mark.parametrize(
    ("name", "where", "told_by"),
    [
        ("ram-resource-sharing-state-change", SHARES, HintSource.RAM),
        ("lattice-sharee-association", SHARES, HintSource.LATTICE),
        ("endpoint-connection-notification", CONNECTIONS, HintSource.NOTIFICATION),
        ("endpoint-service-tagged", SERVICES, HintSource.CLOUDTRAIL),
        ("parameter-store-change", EVERYTHING, HintSource.CONFIGURATION),
        ("schedule", EVERYTHING, HintSource.SCHEDULE),
        ("schedule-orphans", ORPHANS, HintSource.SCHEDULE),
    ],
)
def test_every_event_that_is_taken_in_says_what_to_sweep_and_who_tells(
    name: str, where: SweepScope, told_by: HintSource
) -> None:
    assert parse_hint(json.dumps(sample(name))) == told(where, told_by)


def test_the_end_of_an_execution_has_that_one_looked_at() -> None:
    ended = frozenset({f"{SHARE.request_id}-1"})

    assert parse_hint(json.dumps(sample("execution-status-change"))) == SweepScope(executions=ended)


@pytest.mark.parametrize(
    ("detail", "commands"),
    [
        ({"command": "0f8a-1"}, {"0f8a-1"}),
        ({}, set()),
        ({"command": None}, set()),
        ({"command": ["0f8a-1"]}, set()),
        ({"command": "sweep/scheduled"}, set()),
        ({"command": "a" * 65}, set()),
        ({"command": "a\n"}, set()),
    ],
)
@pytest.mark.parametrize(("detail_type", "orphans"), [("Sweep", False), ("Look for Orphans", True)])
def test_a_command_has_everything_swept_and_waits_if_it_has_an_id(
    detail: object, commands: set[str], detail_type: str, *, orphans: bool
) -> None:
    body = json.dumps({"source": "drawbridge.command", "detail-type": detail_type, "detail": detail})

    assert parse_hint(body) == SweepScope(
        shares=True,
        connections=True,
        notifications=True,
        offers=True,
        orphans=orphans,
        commands=frozenset(commands),
        told_by=frozenset({HintSource.COMMAND}),
    )


@pytest.mark.parametrize(
    ("asks", "told_by"),
    [
        ("sign_up", "an event of a sign-up service"),
        ("proof", "a proof of ownership"),
        ("command", "an operator's command"),
        ("schedule", "an operator's command"),
        (["proof"], "an operator's command"),
        (None, "an operator's command"),
    ],
)
def test_what_happened_to_a_consumer_is_told_as_that_and_misses_no_event(asks: object, told_by: str) -> None:
    body = json.dumps({"source": "drawbridge.command", "detail-type": "Sweep", "detail": {"by": asks}})

    assert parse_hint(body) == told(EVERYTHING, HintSource(told_by))
    assert not parse_hint(body).by_event


@pytest.mark.parametrize("source", ["drawbridge.schedule", "drawbridge.command"])
@pytest.mark.parametrize("detail_type", ["Sweep", "Look for Orphans"])
def test_schedule_and_command_are_no_event_and_any_event_among_them_is(source: str, detail_type: str) -> None:
    hint = parse_hint(json.dumps({"source": source, "detail-type": detail_type}))

    assert not (hint | EVERYTHING).by_event
    assert (hint | told(SHARES, HintSource.RAM)).by_event
    assert (hint | told(EVERYTHING, HintSource.CONFIGURATION)).by_event
    assert hint.scheduled is (source == "drawbridge.schedule")
    assert hint.is_whole


@pytest.mark.parametrize(("scope", "is_whole"), [(SHARES, False), (CONNECTIONS, False), (SERVICES, False)])
def test_an_event_has_a_part_swept(scope: SweepScope, is_whole: bool) -> None:
    assert scope.is_whole is is_whole
    assert (SHARES | CONNECTIONS).is_whole


def test_an_event_without_any_detail_is_a_hint_all_the_same() -> None:
    body = json.dumps({"source": "aws.ram", "detail-type": "Resource Sharing State Change", "detail": {}})

    assert parse_hint(body) == told(SHARES, HintSource.RAM)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "envelope is needed"),
        ("not json", "envelope is needed"),
        ("[]", "envelope is needed"),
        ('{"detail-type": "x"}', "source"),
        ('{"source": 3, "detail-type": "x"}', "source"),
        ('{"source": "aws.s3", "detail-type": "Object Created"}', "aws.s3"),
        # Never emitted by AWS, however often public code matches it.
        ('{"source": "aws.ec2", "detail-type": "VPC Endpoint Connection Request"}', "VPC Endpoint Connection Request"),
    ],
)
def test_what_is_no_hint_is_refused_with_its_reason(body: str, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        parse_hint(body)


@pytest.mark.parametrize("name", ["", "a.b", "x" * 81, "share-1\n", "日"])
def test_an_execution_that_can_be_none_of_ours_is_looked_for_nowhere(name: str) -> None:
    assert parse_hint(json.dumps(ENDED | {"detail": {"name": name}})) == SweepScope()


@pytest.mark.parametrize("detail", [{}, {"name": None}, {"name": 3}, {"name": ["a"]}])
def test_an_execution_without_a_name_is_no_hint(detail: object) -> None:
    with pytest.raises(InvalidInputError, match="name"):
        parse_hint(json.dumps(ENDED | {"detail": detail}))


@given(st.text() | st.recursive(st.none() | st.text(), st.lists, max_leaves=5).map(json.dumps))
def test_any_text_is_a_hint_or_refused_and_nothing_else(body: str) -> None:
    try:
        parse_hint(body)
    except InvalidInputError as error:
        assert str(error).startswith("hint: ")


@given(scopes, scopes, scopes)
def test_many_hints_are_one_sweep_whatever_their_order(one: SweepScope, two: SweepScope, three: SweepScope) -> None:
    assert (one | two) | three == three | (two | one)
    assert one | one == one
    assert one | SweepScope() == one


def test_only_ids_are_taken_from_a_notification_whatever_its_form() -> None:
    message = '{"x": "<!channel> vpce-0c1308d7312217abc", "y": ["vpce-svc-03d5ebb7d9579a2b3"]}'

    assert detail_of(message) == {
        "serviceIds": ["vpce-svc-03d5ebb7d9579a2b3"],
        "endpointIds": ["vpce-0c1308d7312217abc"],
    }


@given(st.text())
def test_no_notification_is_refused(message: str) -> None:
    assert set(detail_of(message)) == {"serviceIds", "endpointIds"}
