"""Input to the control is accepted, or refused in one line without changing anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from local_aws.control import settings
from local_aws.control.routes import MOST_SECONDS
from local_aws.fault_injection.faults import KINDS, FaultPlan, faults
from local_aws.http import control_input
from local_aws.http.control_input import InvalidInputError
from local_aws.server import LocalAws
from local_aws.services.organizations import membership
from local_aws.slack import SlackFaults, workspace
from local_aws.time.clock import MOST_SPEED, clock
from local_aws_tests.controls import Control

# Some of it can be written in JSON by escapes alone (half of a character), some not at all (NaN).
_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(categories=None))
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


def _objects(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Make objects that have some of these fields, each valid or not, and sometimes an unknown one."""
    known = {name: right | _values for name, right in fields.items()}
    return st.fixed_dictionaries({}, optional=known) | st.fixed_dictionaries({}, optional={**known, "other": _values})


_chance = st.sampled_from([0, 0.5, 1])
_account = st.sampled_from(["355000000001", "355000000002"])
_times = st.integers(0, 3)
_calls = _objects(
    operation=st.sampled_from(["ec2:*", "ssm:PutParameter"]),
    fault=st.sampled_from(KINDS),
    probability=_chance,
    times=_times,
    skip=_times,
    account=_account,
    role=st.just("nobody-*"),
    seconds=_times,
    code=st.just("ConflictException"),
    status=st.just(503),
    items=_times,
    struck=_times,
)
_user = st.sampled_from(["U0ALICE", "U0BOB"])
_view = st.just("V0NOTHING")
_BODIES: dict[str, st.SearchStrategy[Any]] = {
    "clock": _objects(advance=st.just(0.001), speed=st.just(1)),
    "faults": _objects(
        seed=_times,
        events=_objects(drop=_chance, duplicate=_chance, delay=_times, reorder=st.booleans()),
        calls=st.lists(_calls, max_size=2),
    ),
    "settings": _objects(
        throttles=st.booleans(),
        emptyPages=_chance,
        quotas=_objects(childrenPerGroup=_times),
        timings=_objects(shareGone=_times),
    ),
    "organization": _objects(
        management=_account,
        accounts=st.dictionaries(_account | st.text(max_size=3), st.just("workloads/prod") | _values, max_size=2),
        ramSharing=st.booleans(),
    ),
    "slack": _objects(
        faults=_objects(
            down=st.booleans(),
            rateLimited=_objects(times=_times, retryAfter=_times),
            error=_objects(method=st.just("chat.update"), error=st.just("fatal_error"), times=_times),
        )
    ),
    "slack/click": _objects(user=_user, ts=st.just("1.1"), action_id=st.just("approve"), channel=st.just("C0")),
    "slack/submit": _objects(user=_user, viewId=_view, values=_objects(block=_objects(action=st.text()))),
    "slack/close": _objects(user=_user, viewId=_view),
}


def _is_harmless(body: Any) -> bool:
    """Return whether the body does not move the clock, which all tests share and never goes back, far."""
    fields = body if isinstance(body, dict) else {}
    values = ((fields.get("advance"), MOST_SECONDS), (fields.get("speed"), MOST_SPEED))
    return not any(isinstance(value, (int, float)) and 1 < value <= most for value, most in values)


def _state() -> Any:
    accounts = ("355000000001", "355000000002")
    members = [(membership.membership(each), membership.sharing_is_on(each)) for each in accounts]
    return settings.describe(), faults.describe(), workspace.describe(), clock.speed, members


@pytest.fixture(scope="module")
def control(local_aws_server: LocalAws) -> Iterator[Control]:
    before = settings.describe()
    yield Control(local_aws_server.url)
    _restore(before)
    membership.arrange("355000000001", {"355000000002": ""}, ram_sharing=False)


def _restore(before: Any) -> None:
    settings.change(before)
    faults.replace(FaultPlan())
    workspace.faults.replace(SlackFaults())
    clock.set_speed(1)


def _check_is_taken_or_refused(control: Control, route: str, body: bytes) -> None:
    before, of_settings = _state(), settings.describe()
    try:
        status, answer = control.request("POST", route, body)
        assert status in {200, 400}
        if status == 400:
            assert answer.keys() == {"error"}
            assert answer["error"]
            assert _state() == before
    finally:
        _restore(of_settings)


@pytest.mark.parametrize("route", _BODIES)
@given(data=st.data())
def test_any_json_that_is_posted_is_accepted_or_refused(control: Control, route: str, data: st.DataObject) -> None:
    body = data.draw(_BODIES[route] | _values)
    assume(route != "clock" or _is_harmless(body))

    _check_is_taken_or_refused(control, route, json.dumps(body).encode())


@pytest.mark.parametrize("route", _BODIES)
@given(body=st.binary())
@example(body=b"")
@example(body=b"[" * 100_000)
@example(body=b"9" * 100_000)
def test_any_body_that_is_posted_is_accepted_or_refused(control: Control, route: str, body: bytes) -> None:
    _check_is_taken_or_refused(control, route, body)


@pytest.mark.parametrize("route", ["", "clock", "resolve"])
@given(fields=st.lists(st.tuples(st.sampled_from(["vpc", "name"]) | st.text(), st.just("vpc-01234567") | st.text())))
def test_any_query_is_answered_or_refused(control: Control, route: str, fields: list[tuple[str, str]]) -> None:
    status, answer = control.get(f"{route}?{urlencode(fields)}")

    assert status in {200, 400}
    assert (status == 400) == ("error" in answer)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="half of it"),
        pytest.param(b"{} {}", id="two of them"),
        pytest.param(b"NaN", id="no number"),
        pytest.param(b"[-Infinity]", id="infinity"),
        pytest.param(b"9" * 10_000, id="a number that nobody reads"),
        pytest.param(b'{"a": "\\ud800"}', id="half of a character"),
        pytest.param(b'{"\\udc00": 1}', id="half of a character in a name"),
        pytest.param(b'"\xff"', id="no UTF-8"),
        pytest.param('{"a": 1}'.encode("utf-16"), id="another encoding"),
        pytest.param(b'{"a": ' * 10_000, id="nested too deep"),
    ],
)
def test_a_body_that_is_not_json_is_refused_in_one_line(body: bytes) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        control_input.decode(body)

    assert str(refusal.value).startswith("body: JSON is expected (")
    assert len(str(refusal.value)) < 150
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("route", "body", "error"),
    [
        ("clock", {"advance": True}, f"advance: a number of seconds from 0 to {MOST_SECONDS} is expected, not True"),
        ("clock", {"speed": None}, "speed: a number from 0 to 100000 is expected, not None"),
        ("clock", b'{"advance": 1e400}', f"advance: a number of seconds from 0 to {MOST_SECONDS} is expected, not inf"),
        ("clock", {"sped": 2}, "clock: 'sped' is unknown, use advance, speed"),
        ("faults", [], "faults: an object with seed, events, calls is expected, not []"),
        ("faults", {"seed": 1.5}, "seed: a whole number is expected, not 1.5"),
        ("faults", {"calls": {}}, "calls: a list is expected, not {}"),
        ("faults", {"events": {"dorp": 1}}, "events: 'dorp' is unknown, use drop, duplicate, delay, reorder"),
        (
            "faults",
            {"calls": [{"operation": "a:B", "fault": "slow"}, {"fault": "slow"}]},
            "calls[1].operation: service:Operation, such as ec2:DescribeVpcEndpoints, is expected, and there is none",
        ),
        (
            "faults",
            {"calls": [{"operation": "a:B", "fault": "boom"}]},
            f"calls[0].fault: one of {', '.join(KINDS)} is expected, not 'boom'",
        ),
        (
            "faults",
            {"calls": [{"operation": "ec2:CreateTags", "fault": "cut"}]},
            (
                "calls[0].operation: ec2:CreateTags lists nothing that cut could leave out; name an operation that "
                "reads and answers with a list, such as ec2:DescribeVpcEndpoints, or ec2:* for all of a service"
            ),
        ),
        (
            "faults",
            {"calls": [{"operation": "ec2:*", "fault": "cut", "items": 0}]},
            "calls[0].items: a whole number, 1 or more, is expected, not 0",
        ),
        (
            "faults",
            b'{"events": {"delay": 1e400}}',
            "events.delay: a number of seconds, 0 or more, is expected, not inf",
        ),
        ("settings", {"emptyPages": 2}, "emptyPages: a probability from 0 to 1 is expected, not 2"),
        (
            "settings",
            {"quotas": {"childrenPerGroup": -1}},
            "quotas.childrenPerGroup: a whole number, 0 or more, is expected, not -1",
        ),
        (
            "organization",
            {"management": "355000000001\n"},
            "management: an account id of 12 digits is expected, not '355000000001\\n'",
        ),
        (
            "organization",
            {"management": "355000000001", "accounts": {"1": "a"}},
            "accounts: an account id of 12 digits is expected, not '1'",
        ),
        (
            "organization",
            {"management": "355000000001", "accounts": {"355000000001": "a", "355000000002": [1]}},
            "accounts.355000000002: a path of organizational units, such as workloads/prod, is expected, not [1]",
        ),
        ("slack", {"faults": {"rateLimited": {}}}, "faults.rateLimited.times: a whole number, 0 or more, is expected"),
        ("slack/click", {"user": "", "ts": "1.1", "action_id": "x"}, "user: text is expected, not ''"),
        (
            "slack/submit",
            {"user": "U0BOB", "viewId": "V0", "values": {"a": {"b": "x" * 1000, "c": 1}}},
            "values.a.c: text is expected, not 1",
        ),
    ],
)
def test_a_refusal_names_the_field_the_expectation_and_the_value(
    control: Control, route: str, body: Any, error: str
) -> None:
    status, answer = control.request("POST", route, body if isinstance(body, bytes) else json.dumps(body).encode())

    assert status == 400
    assert answer["error"].startswith(error)


def test_a_large_value_is_shown_by_its_beginning_and_end(control: Control) -> None:
    _, answer = control.post("faults", {"seed": "x" * 10_000, "calls": []})

    assert answer["error"].startswith("seed: a whole number is expected, not 'xxxx")
    assert len(answer["error"]) < 200


@pytest.mark.parametrize("change", [{"advance": 86_400, "speed": -1}, {"advance": -1, "speed": 2}])
def test_a_change_of_the_clock_that_is_partly_invalid_does_nothing(control: Control, change: Any) -> None:
    before = clock.time()

    status, _ = control.post("clock", change)

    assert status == 400
    assert clock.time() - before < 3600
    assert clock.speed == 1
