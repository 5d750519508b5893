from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config

from local_aws.server import LocalAws
from local_aws.time.activity import doing
from local_aws.time.clock import clock
from local_aws_tests.controls import Control
from local_aws_tests.people import Person
from local_aws_tests.waiting import clock_at_rest


@pytest.fixture
def control(local_aws_server: LocalAws) -> Iterator[Control]:
    control = Control(local_aws_server.url)
    settings = control.get("settings")[1]
    yield control
    control.post("faults", {})
    control.post("settings", settings)
    clock.set_speed(1)


def test_the_index_lists_the_routes(control: Control) -> None:
    status, reply = control.get("")

    assert status == 200
    assert {"GET /_local/clock", "POST /_local/clock", "GET /_local/idle", "POST /_local/slack/click"} <= reply[
        "routes"
    ].keys()
    assert "GET /_local/resolve" in reply["routes"]


@pytest.mark.parametrize("route", ["clock", "idle", "settings"])
def test_a_query_that_a_route_does_not_take_is_refused_by_name(control: Control, route: str) -> None:
    status, reply = control.get(f"{route}?speed=2")

    assert status == 400
    assert reply["error"] == f"{route}'s query: 'speed' is unknown, it takes none"


def test_the_clock_can_be_advanced(control: Control) -> None:
    before = control.get("clock")[1]["seconds"]

    status, reply = control.post("clock", {"advance": 3600})

    assert status == 200
    assert 3600 <= reply["seconds"] - before < 3660


def test_the_clock_can_stand_still_and_be_advanced(control: Control) -> None:
    control.post("clock", {"speed": 0})
    before = control.get("clock")[1]["seconds"]
    _, after = control.post("clock", {"advance": 60})

    assert (after["seconds"], after["speed"]) == (before + 60, 0)


def test_the_clock_can_be_sped_up(control: Control) -> None:
    status, reply = control.post("clock", {"speed": 60})

    assert status == 200
    assert reply["speed"] == 60


@pytest.mark.parametrize(
    ("route", "body", "field"),
    [
        pytest.param("clock", {}, "clock:", id="nothing to do"),
        pytest.param("clock", {"advance": -1}, "advance:", id="back in time"),
        pytest.param("clock", {"advance": "1"}, "advance:", id="an advance that is text"),
        pytest.param("clock", {"speed": -1}, "speed:", id="time that goes back"),
        pytest.param("clock", {"sped": 1}, "'sped' is unknown", id="an unknown key"),
        pytest.param("clock", [1], "clock:", id="no object"),
        pytest.param("faults", {"events": {"drop": 2}}, "events.drop:", id="no probability"),
        pytest.param("settings", {"throttle": True}, "'throttle' is unknown", id="no setting"),
        pytest.param("settings", {"throttles": 1}, "throttles: true or false", id="a flag that is a number"),
        pytest.param("settings", {"emptyPages": 2}, "emptyPages: a probability", id="a setting that is no probability"),
        pytest.param("settings", {"quotas": {"shares": 1}}, "quotas: 'shares' is unknown", id="no quota"),
        pytest.param(
            "settings", {"quotas": {"childrenPerGroup": -1}}, "quotas.childrenPerGroup: a whole", id="a quota below 0"
        ),
        pytest.param("settings", {"timings": {"shareGone": "soon"}}, "timings.shareGone: a number", id="no seconds"),
        pytest.param("organization", {"accounts": {}}, "management:", id="no management account"),
        pytest.param(
            "organization", {"management": "999999999999", "accounts": {"1": "a"}}, "accounts:", id="no account"
        ),
        pytest.param(
            "organization",
            {"management": "999999999999", "accounts": {"111111111111": 1}},
            "accounts.111111111111:",
            id="a path that is a number",
        ),
    ],
)
def test_bad_input_is_refused_with_the_name_of_the_field(control: Control, route: str, body: Any, field: str) -> None:
    status, reply = control.post(route, body)

    assert status == 400
    assert field in reply["error"]


def test_settings_are_changed_one_by_one(control: Control) -> None:
    before = control.get("settings")[1]

    changes = {"throttlePersons": False, "quotas": {"childrenPerGroup": 2}, "timings": {"endpointAvailable": 180}}
    status, reply = control.post("settings", changes)

    assert status == 200
    assert reply == {
        **before,
        "throttlePersons": False,
        "quotas": {**before["quotas"], "childrenPerGroup": 2},
        "timings": {**before["timings"], "endpointAvailable": 180},
    }
    assert control.get("settings")[1] == reply


def test_settings_are_as_strict_as_aws_at_first(control: Control) -> None:
    _, reply = control.get("settings")

    assert reply["throttles"] is reply["throttlePersons"] is True
    assert reply["emptyPages"] > 0


def test_settings_that_are_partly_invalid_change_nothing(control: Control) -> None:
    before = control.get("settings")[1]

    status, _ = control.post("settings", {"throttles": False, "emptyPages": "often"})

    assert status == 400
    assert control.get("settings")[1] == before


def test_a_setting_takes_effect_at_once(control: Control, person: Person) -> None:
    control.post("settings", {"throttlePersons": False})
    ssm = person("311111111103").client("ssm")

    for number in range(10):
        ssm.put_parameter(Name=f"/many/{number}", Type="String", Value="x")

    made = [each for each in control.get("calls")[1]["calls"] if each["account"] == "311111111103"]
    assert [(each["operation"], each["errors"]) for each in made] == [("ssm:PutParameter", {})]


def test_a_person_is_throttled_with_the_services_own_error(person: Person) -> None:
    """Trap 20."""
    ssm = person("311111111104").client("ssm", config=Config(retries={"total_max_attempts": 1}))

    def put_many() -> None:
        for number in range(10):
            ssm.put_parameter(Name=f"/many/{number}", Type="String", Value="x")

    with clock_at_rest(), pytest.raises(ssm.exceptions.ThrottlingException, match="Rate exceeded"):
        put_many()


def test_a_body_that_is_not_json_is_refused(control: Control) -> None:
    status, reply = control.request("POST", "faults", b"{")

    assert status == 400
    assert reply["error"].startswith("body: JSON is expected")


def test_an_unknown_route_is_404(control: Control) -> None:
    status, reply = control.get("nothing")

    assert status == 404
    assert "no such route" in reply["error"]


def test_a_wrong_method_is_405(control: Control) -> None:
    status, reply = control.post("idle", {})

    assert status == 405
    assert reply["error"] == "idle: use GET, not POST"


def test_faults_in_force_are_reported_with_the_times_that_remain(control: Control, person: Person) -> None:
    fault = {"operation": "sqs:ListQueues", "fault": "throttle", "probability": 1.0, "times": 2}
    control.post("faults", {"seed": 7, "calls": [fault]})

    person("311111111101").client("sqs").list_queues()  # boto3 retries until the call succeeds

    status, reply = control.get("faults")
    assert status == 200
    assert reply["calls"] == [{**fault, "times": 0, "struck": 2}]


def test_calls_are_counted_by_account_and_operation_with_their_errors(control: Control, person: Person) -> None:
    sqs = person("311111111102").client("sqs")
    sqs.list_queues()
    sqs.list_queues()
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="nothing")

    _, reply = control.get("calls")

    counted = {call["operation"]: call for call in reply["calls"] if call["account"] == "311111111102"}
    assert counted["sqs:ListQueues"]["count"] == 2
    assert counted["sqs:ListQueues"]["errors"] == {}
    assert counted["sqs:GetQueueUrl"]["errors"] == {"QueueDoesNotExist": 1}
    assert counted["sqs:GetQueueUrl"]["role"] is None
    assert reply["recent"][-1]["operation"] == "sqs:GetQueueUrl"


def test_idle_is_409_as_long_as_something_is_in_flight(control: Control) -> None:
    begun, end = threading.Event(), threading.Event()

    def work() -> None:
        with doing("a piece of work"):
            begun.set()
            end.wait()

    worker = threading.Thread(target=work)
    worker.start()
    begun.wait()
    busy = control.get("idle")
    end.set()
    worker.join()

    assert busy[0] == 409
    assert busy[1]["inFlight"]["a piece of work"] == 1
    assert "a piece of work" not in control.get("idle")[1]["inFlight"]
