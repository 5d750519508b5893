"""The console: what it shows of the accounts, to whom, and what its buttons do."""

from __future__ import annotations

import http.client
import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.console import page
from local_aws.fault_injection.faults import parse
from local_aws.server import LocalAws
from local_aws.time.clock import clock
from local_aws_tests.browser import BROWSER, Tab, browsing, needs_browser
from local_aws_tests.controls import Control
from local_aws_tests.people import Person
from local_aws_tests.slack_apps import http_call
from local_aws_tests.waiting import until

ACCOUNT = "311111111177"
HOSTILE = "<img src=x onerror=alert(1)><script>document.title='owned'</script>\u202egnp.exe{{ 7*7 }}"
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def control(local_aws_server: LocalAws) -> Iterator[Control]:
    control = Control(local_aws_server.url)
    yield control
    control.post("faults", {})
    control.post("slack", {})
    clock.set_speed(1)


def _read(server: LocalAws, query: str = f"?account={ACCOUNT}") -> str:
    status, text = http_call(f"{server.url}/_local/{query}", headers=HTML)
    assert status == 200
    return str(text)


def _put(person: Person, name: str, value: str = "x") -> None:
    person(ACCOUNT).client("ssm").put_parameter(Name=name, Type="String", Value=value, Overwrite=True)


@pytest.mark.parametrize(
    ("accept", "is_page"),
    [
        pytest.param(HTML["Accept"], True, id="a browser"),
        pytest.param("*/*", False, id="curl"),
        pytest.param("application/json", False, id="a program"),
        pytest.param("text/html;q=0.1", True, id="whoever names it"),
    ],
)
def test_who_asks_for_html_gets_the_page_and_others_the_list(
    local_aws_server: LocalAws, accept: str, is_page: bool
) -> None:
    _, answer = http_call(f"{local_aws_server.url}/_local/", headers={"Accept": accept})

    assert isinstance(answer, str) is is_page
    assert is_page or "GET /_local/clock" in answer["routes"]


def test_the_browser_may_run_the_pages_own_script_and_nothing_else(local_aws_server: LocalAws) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", local_aws_server.port)
    connection.request("GET", "/_local/", headers=HTML)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()

    assert "default-src 'none'; script-src 'self'; style-src 'self'" in str(answer.getheader("Content-Security-Policy"))
    assert text.count("<script") == 1
    assert re.findall(r"\s(?:on\w+|style)=", text) == []
    assert re.findall(r'(?:src|href)="(?!/|#|data:,")', text) == []


def test_accounts_are_shown_with_their_stacks_and_the_one_that_is_chosen_alone(
    local_aws_server: LocalAws, person: Person
) -> None:
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"Where": {"Value": HOSTILE}}}
    person("311111111178").client("cloudformation").create_stack(StackName="shown", TemplateBody=json.dumps(template))
    _put(person, "/console/mine")
    person("311111111178").client("ssm").put_parameter(Name="/console/theirs", Type="String", Value="x")

    of_all, of_one = (_read(local_aws_server, f"?{query}prefix=/console/") for query in ("", f"account={ACCOUNT}&"))

    assert f'data-account="{ACCOUNT}"' in of_all
    assert "<b>shown</b>" in of_all
    assert "<dt>Where</dt>" in of_all
    assert ("/console/mine" in of_all, "/console/theirs" in of_all) == (True, True)
    assert ("/console/mine" in of_one, "/console/theirs" in of_one) == (True, False)


def test_a_stack_that_could_not_be_made_is_shown_without_outputs_and_hides_no_other(
    local_aws_server: LocalAws, person: Person
) -> None:
    someone = person("311111111179")
    someone.client("events").create_event_bus(Name="taken")
    bus = {"Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "taken"}}}
    template = {"Resources": bus, "Outputs": {"Where": {"Value": {"Fn::GetAtt": ["Bus", "Arn"]}}}}
    with pytest.raises(ClientError):
        someone.client("cloudformation").create_stack(StackName="broken", TemplateBody=json.dumps(template))
    _put(person, "/console/still")

    shown = _read(local_aws_server, "?prefix=/console/")

    assert "<b>broken</b>" in shown
    assert "outputs of broken" not in shown
    assert "/console/still" in shown


def test_parameters_are_those_that_begin_with_the_prefix_and_a_secret_stays_one(
    local_aws_server: LocalAws, person: Person
) -> None:
    _put(person, "/console/a/name", "vpce-1.example.com")
    _put(person, "/console/b/name", "vpce-2.example.com")
    person(ACCOUNT).client("ssm").put_parameter(Name="/console/a/secret", Type="SecureString", Value="hidden-word")

    shown = _read(local_aws_server, f"?account={ACCOUNT}&prefix=/console/a/")

    assert "<code>vpce-1.example.com</code>" in shown
    assert "vpce-2.example.com" not in shown
    assert "(SecureString)" in shown
    assert "hidden-word" not in shown


def test_what_leads_from_one_place_to_another_is_shown_with_its_state(
    local_aws_server: LocalAws, person: Person
) -> None:
    ec2, lattice = person(ACCOUNT).client("ec2"), person(ACCOUNT).client("vpc-lattice")
    vpc_id = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnet_id = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["Subnets"][0]["SubnetId"]
    made = lattice.create_service_network(name="console-network")
    association = lattice.create_service_network_vpc_association(
        serviceNetworkIdentifier=made["id"], vpcIdentifier=vpc_id
    )
    endpoint = ec2.create_vpc_endpoint(
        VpcEndpointType="ServiceNetwork", VpcId=vpc_id, ServiceNetworkArn=made["arn"], SubnetIds=[subnet_id]
    )

    before = _read(local_aws_server)
    clock.advance(60)
    after = _read(local_aws_server)

    assert association["id"] in before
    assert endpoint["VpcEndpoint"]["VpcEndpointId"] in before
    assert '<span class="state busy">CREATE_IN_PROGRESS</span>' in before
    assert '<span class="state good">ACTIVE</span>' in after
    assert "console-network" in after


def test_an_execution_is_shown_with_the_state_it_is_in_and_since_when(
    local_aws_server: LocalAws, person: Person
) -> None:
    arn = _start(person)

    shown = _read(local_aws_server)

    assert '<li class="done">First <span>0.0 s</span></li>' in shown
    assert re.search(
        r'<li class="now" aria-current="step">Later <span>since [0-9:]{8}, <time data-since="[0-9.]+"></time>', shown
    )
    person(ACCOUNT).client("stepfunctions").stop_execution(executionArn=arn, error="Enough", cause=HOSTILE)
    stopped = _read(local_aws_server)
    assert '<li class="failed">Later</li>' in stopped
    assert "Enough: &lt;img" in stopped


def test_events_are_shown_with_those_to_whom_they_were_delivered(local_aws_server: LocalAws, person: Person) -> None:
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:console-events"
    may_send = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [may_send | {"Resource": arn}]}
    person(ACCOUNT).client("sqs").create_queue(QueueName="console-events", Attributes={"Policy": json.dumps(policy)})
    events = person(ACCOUNT).client("events")
    events.put_rule(Name="console", EventPattern=json.dumps({"source": ["console"]}))
    events.put_targets(Rule="console", Targets=[{"Id": "queue", "Arn": arn}])
    events.put_events(Entries=[{"Source": "console", "DetailType": HOSTILE[:60], "Detail": json.dumps({"a": HOSTILE})}])
    clock.advance(1)

    shown = _read(local_aws_server)

    assert "<b>&lt;img src=x onerror=alert(1)&gt;&lt;script&gt;" in shown
    assert re.search(r'<span class="state good">delivered</span>\s*<span[^>]*>console-events</span>', shown)


@pytest.mark.parametrize(
    ("state", "tone"),
    [
        *((each, "good") for each in ("available", "SUCCEEDED", "CREATE_COMPLETE", "UPDATE_COMPLETE", "delivered")),
        *(
            (each, "bad")
            for each in ("FAILED", "ABORTED", "CREATE_FAILED", "UPDATE_FAILED", "lost", "dropped: no rule")
        ),
        *((each, "bad") for each in ("ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "ROLLBACK_FAILED")),
        *((each, "busy") for each in ("pending", "RUNNING", "CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS")),
        ("deleted", "aside"),
    ],
)
def test_a_state_looks_as_it_is(state: str, tone: str) -> None:
    assert page.tone(state) == tone


def test_calls_are_counted_by_operation_with_their_errors(local_aws_server: LocalAws, person: Person) -> None:
    ssm = person(ACCOUNT).client("ssm")
    for _ in range(2):
        with pytest.raises(ssm.exceptions.ParameterNotFound):
            ssm.get_parameter(Name=f"/console/none/{uuid.uuid4()}")

    shown = _read(local_aws_server)

    row = re.search(r"<code>ssm:GetParameter</code></td>\s*<td class=\"number\">(\d+)</td>\s*<td>(.*)</td>", shown)
    assert row is not None
    assert int(row[1]) >= 2
    assert re.search(r"ParameterNotFound <span class=\"soft\">\d+</span>", row[2])


def test_hostile_text_is_text_and_nothing_in_it_is_hidden(local_aws_server: LocalAws, person: Person) -> None:
    """Trap 29."""
    # A template's braces can't be in a parameter.
    _put(person, "/console/hostile", HOSTILE.replace("{{", "{ {"))
    events = person(ACCOUNT).client("events")
    events.put_events(Entries=[{"Source": HOSTILE[:100], "DetailType": "x", "Detail": json.dumps({"a": HOSTILE})}])

    whole = _read(local_aws_server)

    assert "<img" not in whole
    assert whole.count("<script") == 1
    assert "\u202e" not in whole
    assert "⟨U+202E⟩gnp.exe{ { 7*7 }}" in whole


@pytest.mark.parametrize(
    ("query", "field"),
    [("?account=1", "account:"), ("?who=1", "&#39;who&#39;|'who'"), (f"?prefix={'x' * 2049}", "prefix:")],
)
def test_a_query_that_is_not_understood_is_refused_by_name(local_aws_server: LocalAws, query: str, field: str) -> None:
    status, text = http_call(f"{local_aws_server.url}/_local/{query}", headers=HTML)

    assert status == 400
    assert re.search(field, text)


@pytest.mark.parametrize("route", ["", "console/sections", "console/page.js", "clock", "slack"])
@pytest.mark.parametrize(
    ("headers", "named"),
    [
        pytest.param({"Host": "rebound.example:4566"}, "Host:", id="a name that was made to lead here"),
        pytest.param({"Origin": "https://evil.example"}, "Origin:", id="a page of another site"),
        pytest.param({"Origin": "null"}, "Origin:", id="a page without an origin"),
    ],
)
def test_strangers_read_nothing(local_aws_server: LocalAws, route: str, headers: dict[str, str], named: str) -> None:
    status, answer = http_call(f"{local_aws_server.url}/_local/{route}", headers=HTML | headers)

    assert status == 400
    assert named in str(answer)


@pytest.mark.parametrize("route", ["clock", "faults", "settings", "organization"])
def test_a_page_of_another_site_changes_nothing(local_aws_server: LocalAws, control: Control, route: str) -> None:
    before = control.get("faults")[1], control.get("settings")[1], clock.time()
    evil = {"Origin": "https://evil.example", "Content-Type": "text/plain"}

    status, answer = http_call(f"{local_aws_server.url}/_local/{route}", {"advance": 9999, "throttles": False}, evil)

    assert (status, answer["error"]) == (400, "Origin: https://evil.example may not do this here")
    assert (control.get("faults")[1], control.get("settings")[1]) == before[:2]
    assert clock.time() - before[2] < 9999


def test_the_page_is_not_posted_to(local_aws_server: LocalAws) -> None:
    for route in ("", "console/sections", "console/none"):
        status, _ = http_call(f"{local_aws_server.url}/_local/{route}", {}, HTML)
        assert status in {404, 405}


@pytest.mark.parametrize("fault", page.FAULTS.values(), ids=page.FAULTS.keys())
def test_each_button_for_a_fault_has_one_that_can_be_posted(fault: dict[str, Any]) -> None:
    plan = parse(fault)

    assert plan != parse({})


def _start(person: Person) -> str:
    states = {"First": {"Type": "Pass", "Next": "Later"}, "Later": {"Type": "Wait", "Seconds": 900_000, "End": True}}
    definition = {"QueryLanguage": "JSONata", "StartAt": "First", "States": states}
    sfn = person(ACCOUNT).client("stepfunctions")
    made = sfn.create_state_machine(
        name=f"console-{uuid.uuid4().hex}",
        definition=json.dumps(definition),
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/someone",
    )
    arn = str(sfn.start_execution(stateMachineArn=made["stateMachineArn"])["executionArn"])
    until(lambda: len(sfn.get_execution_history(executionArn=arn)["events"]) >= 4)
    return arn


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[Tab]:
    with browsing(str(BROWSER), tmp_path) as tab:
        yield tab


@needs_browser
def test_the_page_follows_what_happens_and_takes_nothing_from_who_reads(
    local_aws_server: LocalAws, person: Person, tab: Tab
) -> None:
    long = "word " * 30
    _put(person, "/console/long", long)
    tab.open(f"{local_aws_server.url}/_local/?account={ACCOUNT}&prefix=/console/long")
    details = f'[data-key="parameter-{ACCOUNT}-us-east-1-/console/long"]'
    tab.click(f"{details} summary")
    tab.run(f"document.querySelector('{details} summary').focus()")
    tab.run("window.same = document.getElementById('parameters')")

    _put(person, "/console/longer", "new")

    tab.until("document.getElementById('parameters').textContent.includes('/console/longer')")
    assert tab.run("window.same.isConnected") is False
    assert tab.run(f"document.querySelector('{details}').open") is True
    assert tab.run(f"document.activeElement === document.querySelector('{details} summary')") is True


@needs_browser
def test_a_states_time_goes_on_by_the_clock(local_aws_server: LocalAws, person: Person, tab: Tab) -> None:
    arn = _start(person)
    tab.open(f"{local_aws_server.url}/_local/?account={ACCOUNT}")
    tab.until("document.querySelector('li.now time')?.textContent.endsWith(' s')")

    clock.advance(7200)

    tab.until("document.querySelector('li.now time').textContent.startsWith('2 h 00 min')")
    person(ACCOUNT).client("stepfunctions").stop_execution(executionArn=arn)
    tab.until("document.querySelector('li.failed')")


@needs_browser
def test_the_buttons_do_what_they_say(local_aws_server: LocalAws, control: Control, tab: Tab) -> None:
    control.post("faults", {"calls": [{"operation": "ec2:CreateTags", "fault": "throttle"}], "seed": 7})
    tab.open(f"{local_aws_server.url}/_local/")
    before = clock.time()

    tab.click("[data-advance='3600']")
    tab.until("document.getElementById('toast').textContent === 'The clock went on by 1 h.'")
    tab.click("[data-fault*=duplicate]")
    tab.until("document.getElementById('faults').textContent.includes('duplicate 1.0')")
    tab.click("[data-slack-fault]")
    tab.until("document.getElementById('faults').textContent.includes('down true')")

    assert 3600 <= clock.time() - before < 3700
    in_force = control.get("faults")[1]
    assert (in_force["events"]["duplicate"], in_force["seed"]) == (1, 7)
    assert [each["operation"] for each in in_force["calls"]] == ["ec2:CreateTags"]
    tab.click("[data-end-faults]")
    tab.until("document.getElementById('faults').textContent.includes('No faults are in force')")
    assert control.get("faults")[1]["calls"] == []
    tab.run(
        "const speed = document.getElementById('speed'); speed.value = '60'; speed.dispatchEvent(new Event('change'))"
    )
    tab.until("document.getElementById('speed').value === '60'")
    until(lambda: clock.speed == 60)


@needs_browser
def test_hostile_text_does_not_run_and_nothing_is_wider_than_the_window(
    local_aws_server: LocalAws, person: Person, tab: Tab
) -> None:
    """Trap 29."""
    _put(person, f"/console/hostile/{'x' * 300}", HOSTILE.replace("{{", "{ {"))
    arn = _start(person)
    tab.resize(400)
    tab.open(f"{local_aws_server.url}/_local/")
    tab.until("document.getElementById('runs').querySelector('li.now')")

    for width in (400, 700, 1600):
        tab.resize(width)
        assert tab.run("document.documentElement.scrollWidth") <= width
    assert tab.run("document.title") == "Local AWS"
    assert tab.run("document.querySelectorAll('img').length") == 0
    person(ACCOUNT).client("stepfunctions").stop_execution(executionArn=arn)


@needs_browser
def test_everything_that_can_be_done_has_a_name_for_who_does_not_see_it(local_aws_server: LocalAws, tab: Tab) -> None:
    tab.open(f"{local_aws_server.url}/_local/")
    nameless = """[...document.querySelectorAll('button, select, input, a, section')].filter((each) =>
        !(each.textContent.trim() || each.labels?.length || each.getAttribute('aria-labelledby'))).length"""

    tab.until("document.querySelectorAll('button').length > 10")
    assert tab.run(nameless) == 0
    assert tab.run("document.documentElement.lang") == "en"
