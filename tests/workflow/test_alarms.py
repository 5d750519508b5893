"""Metrics, alarms, dashboard and saved queries name what the code publishes and logs, and documents all of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from drawbridge.decision import AlreadyResolved, Decision
from drawbridge.observability import NAMESPACE, Metric
from drawbridge.request import kind_of
from tests.builders import CONNECTION, REPOSITORY, SHARE, sample
from tests.functions.invocations import OF_ONE_REQUEST
from tests.workflow.alarm_evaluation import Alarm, alarm_of
from tests.workflow.definition import RESOURCES, TEMPLATE, Json, attribute_of, functions, of_type

ALARMS = of_type("AWS::CloudWatch::Alarm")
JUDGED = {name: alarm_of(alarm) for name, alarm in ALARMS.items()}
QUERIES = of_type("AWS::Logs::QueryDefinition")
RUNBOOK = (REPOSITORY / "docs" / "runbook.md").read_text()
COSTS = (REPOSITORY / "docs" / "costs.md").read_text()
SOURCES = [*(REPOSITORY / "functions").rglob("*.py"), *(REPOSITORY / "layers").rglob("*.py")]
TOPIC = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
TELL_NOBODY = {"LostEventsAlarm", "FailedOnboardingAlarm", "FailedWithdrawalAlarm"}
"""The next sweep makes good what these tell of; if it does not, another alarm goes off."""
INSIGHTS_FUNCTIONS = {
    *re.findall(
        r"\w+",
        """
        avg count count_distinct earliest latest max min pct sortsFirst sortsLast stddev sum
        abs bin ceil coalesce concat dateceil datefloor floor fromMillis greatest isblank isempty ispresent jsonParse
        jsonStringify least log ltrim replace rtrim sqrt strcontains strlen substr tolower toMillis toupper trim
        """,
    )
}
"""The functions of Logs Insights' query language."""
KINDS = {kind_of(SHARE), kind_of(CONNECTION)}
"""Kinds of requests that get connected: an orphan's only goes."""

JUDGED_BY = {
    "BrokenHintsAlarm": ("Maximum of ApproximateNumberOfMessagesVisible", 300, 1, "GreaterThanOrEqualToThreshold", 1),
    "LostEventsAlarm": ("Maximum of ApproximateNumberOfMessagesVisible", 300, 1, "GreaterThanOrEqualToThreshold", 1),
    "StoppedSweepsAlarm": ("Sum of Invocations - Sum of Errors", 3600, 1, "LessThanThreshold", 1),
    "SilentScheduleAlarm": ("Maximum of SweepsWithoutSchedule", 3600, 1, "GreaterThanOrEqualToThreshold", 1),
    "FailingSweepsAlarm": ("Maximum of SweepsFailed", 900, 3, "GreaterThanOrEqualToThreshold", 1),
    "DyingSweepsAlarm": ("Sum of Errors", 900, 3, "GreaterThanOrEqualToThreshold", 1),
    "BrokenConfigurationAlarm": ("Maximum of ConfigurationBroken", 900, 1, "GreaterThanOrEqualToThreshold", 1),
    "BrokenRowsAlarm": ("Maximum of RowsBroken", 900, 1, "GreaterThanOrEqualToThreshold", 1),
    "StuckRequestsAlarm": ("Maximum of OldestPendingAge", 900, 1, "GreaterThanOrEqualToThreshold", 7200),
    "FailingRequestsAlarm": ("Maximum of RequestsFailed", 900, 3, "GreaterThanOrEqualToThreshold", 1),
    "ExpiringRequestsAlarm": ("Maximum of RequestsExpiring", 3600, 1, "GreaterThanOrEqualToThreshold", 1),
    "FailingWithdrawalsAlarm": ("Maximum of WithdrawalsFailed", 900, 1, "GreaterThanOrEqualToThreshold", 1),
    "CappedWithdrawalsAlarm": ("Maximum of WithdrawalsCapped", 900, 1, "GreaterThanOrEqualToThreshold", 1),
    "NoLongerPermittedAlarm": ("Maximum of NoLongerPermitted", 900, 1, "GreaterThanOrEqualToThreshold", 1),
    "FailedOnboardingAlarm": ("Sum of ExecutionsFailed", 900, 1, "GreaterThanOrEqualToThreshold", 1),
    "FailedWithdrawalAlarm": ("Sum of ExecutionsFailed", 900, 1, "GreaterThanOrEqualToThreshold", 1),
}
"""How each alarm is judged: what, seconds of a period, periods, comparison, threshold; in words in the runbook."""

every_alarm = pytest.mark.parametrize("name", ALARMS)


def test_every_alarm_is_judged_as_the_runbook_says() -> None:
    def what(alarm: Alarm) -> str:
        terms = (f"{'+-'[each.is_subtracted]} {each.statistic} of {each.name}" for each in alarm.metrics)
        return " ".join(terms).removeprefix("+ ")

    assert {
        name: (what(alarm), alarm.period, alarm.periods, alarm.comparison, alarm.threshold)
        for name, alarm in JUDGED.items()
    } == JUDGED_BY
    # All of the periods, in each of them.
    assert [name for name, alarm in JUDGED.items() if alarm.datapoints != alarm.periods] == []


def anchor_of(alarm: str) -> str:
    """Return the anchor of the alarm's section: ``BrokenHintsAlarm`` has ``broken-hints``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", alarm.removesuffix("Alarm")).lower()


def dashboard() -> Json:
    """Return the dashboard's body as it is deployed, with a name in place of each ARN and queue."""
    text = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    values = {"Prefix": "mine", "AWS::Region": "eu-central-1"}
    body: Json = json.loads(re.sub(r"\$\{([\w:.]+)\}", lambda name: values.get(name[1], name[1]), text))
    return body


def widgets(kind: str) -> list[Json]:
    return [each["properties"] for each in dashboard()["widgets"] if each["type"] == kind]


def shown() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield the namespace, the name and the dimensions of each metric on the dashboard."""
    for widget in widgets("metric"):
        for namespace, name, *rest in widget["metrics"]:
            of = [each for each in rest if isinstance(each, str)]
            yield namespace, name, dict(zip(of[::2], of[1::2], strict=True))


def seconds_between_sweeps() -> int:
    return int(re.sub(r"\D", "", TEMPLATE["Parameters"]["LookEvery"]["Default"])) * 60


def test_every_metric_is_published_somewhere_and_nothing_is_published_beside() -> None:
    code = "\n".join(path.read_text() for path in SOURCES)

    assert {Metric[name] for name in re.findall(r"Metric\.([A-Z_]+)", code)} == {*Metric}
    # Only observability knows how.
    assert [path.name for path in SOURCES if "add_metric" in path.read_text()] == ["observability.py"]


def test_every_metric_is_on_the_dashboard_and_the_dashboard_shows_no_other() -> None:
    assert {name for namespace, name, _ in shown() if namespace == NAMESPACE} == {*Metric}


def test_every_metric_on_the_dashboard_has_the_dimensions_with_which_it_is_published() -> None:
    outcomes = {each.__struct_config__.tag for each in get_args(Decision)} - {AlreadyResolved.__struct_config__.tag}
    expected = {
        Metric.DECISIONS: [{"outcome": outcome} for outcome in outcomes],
        Metric.TIME_TO_CONNECT: [{"kind": kind} for kind in KINDS],
        Metric.TIME_TO_CONNECT_WITH_PEOPLE: [{"kind": kind} for kind in KINDS],
    }

    found: dict[str, list[dict[str, str]]] = {}
    for namespace, name, dimensions in shown():
        if namespace == NAMESPACE:
            assert dimensions.pop("service") == "mine"
            found.setdefault(name, []).extend([dimensions] if dimensions not in found.get(name, []) else [])

    for metric in Metric:
        assert sorted(found[metric], key=str) == sorted(expected.get(metric, [{}]), key=str), metric


def test_the_service_of_every_metric_is_the_stack_s_prefix() -> None:
    """Two stacks of one account would mix theirs."""
    shared = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    own = [each.get("Environment", {}).get("Variables", {}) for each in of_type("AWS::Serverless::Function").values()]

    assert shared["POWERTOOLS_SERVICE_NAME"] == {"Ref": "Prefix"}
    assert [each for each in own if "POWERTOOLS_SERVICE_NAME" in each] == []


def test_the_dashboard_shows_every_alarm_and_names_what_there_is() -> None:
    (overview,) = widgets("alarm")
    text = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]

    assert sorted(overview["alarms"]) == sorted(f"{name}.Arn" for name in ALARMS)
    named = {name.partition(".")[0] for name in re.findall(r"\$\{([\w:.]+)\}", text)}
    assert named - {"Prefix", "AWS::Region"} <= RESOURCES.keys()
    assert {widget["region"] for widget in widgets("metric")} == {"eu-central-1"}


def test_no_two_widgets_of_the_dashboard_lie_on_one_another() -> None:
    cells = [
        (x, y)
        for each in dashboard()["widgets"]
        for x in range(each["x"], each["x"] + each["width"])
        for y in range(each["y"], each["y"] + each["height"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_the_dashboard_is_called_after_the_prefix_and_the_region_since_an_account_has_one_of_a_name() -> None:
    assert RESOURCES["Dashboard"]["Properties"]["DashboardName"] == {"Fn::Sub": "${Prefix}-${AWS::Region}"}


def test_the_dashboard_is_found_in_the_console_of_its_partition() -> None:
    link, values = TEMPLATE["Outputs"]["DashboardUrl"]["Value"]["Fn::Sub"]

    assert link == "https://${Console}/cloudwatch/home?region=${AWS::Region}#dashboards/dashboard/${Dashboard}"
    china, (is_gov, gov, rest) = values["Console"]["Fn::If"][1], values["Console"]["Fn::If"][2]["Fn::If"]
    assert (china, is_gov, gov) == ("console.amazonaws.cn", "IsInGovCloud", "console.amazonaws-us-gov.com")
    assert rest == "console.aws.amazon.com"


@every_alarm
def test_an_alarm_is_on_metrics_that_there_are(name: str) -> None:
    for metric in JUDGED[name].metrics:
        if metric.namespace == NAMESPACE:
            assert metric.name in {*Metric}
            assert metric.dimensions == ({"Name": "service", "Value": {"Ref": "Prefix"}},)
        else:
            assert metric.namespace in {"AWS/SQS", "AWS/States", "AWS/Lambda"}


@pytest.mark.parametrize("name", ["StoppedSweepsAlarm", "DyingSweepsAlarm"])
def test_what_lambda_counts_of_sweeps_is_of_the_function_that_sweeps(name: str) -> None:
    function = ({"Name": "FunctionName", "Value": {"Ref": "DiscoverRequestsFunction"}},)

    of_lambda = [each for each in JUDGED[name].metrics if each.namespace == "AWS/Lambda"]

    assert of_lambda
    assert [each.name for each in of_lambda if each.dimensions != function] == []


@every_alarm
def test_an_alarm_names_its_section_of_the_runbook(name: str) -> None:
    sections = {heading.lower().replace(" ", "-") for heading in re.findall(r"^## (.+)$", RUNBOOK, re.MULTILINE)}

    assert ALARMS[name]["AlarmDescription"].endswith(f" docs/runbook.md#{anchor_of(name)}")
    assert anchor_of(name) in sections


def test_the_runbook_has_no_section_of_an_alarm_that_there_is_not() -> None:
    sections = re.findall(r"^## (.+)$", RUNBOOK, re.MULTILINE)
    others = {"Who is told", "Where there is no data", "The dashboard and the saved queries", "What has no alarm"}

    alarms = {each.lower().replace(" ", "-") for each in sections if each not in others}

    assert alarms == {anchor_of(name) for name in ALARMS}


@every_alarm
def test_whoever_has_to_see_to_an_alarm_is_told_of_it_and_of_its_end(name: str) -> None:
    alarm = ALARMS[name]

    told = (alarm.get("AlarmActions"), alarm.get("OKActions"))
    assert told == ((None, None) if name in TELL_NOBODY else (TOPIC, TOPIC))
    in_slack = {"Ref": name} in RESOURCES["AlarmRule"]["Properties"]["EventPattern"]["detail"]["alarmName"]
    assert in_slack is (name not in TELL_NOBODY)
    (row,) = re.findall(rf"^\| \[[^]]+\]\(#{anchor_of(name)}\) \| (yes|no)", RUNBOOK, re.MULTILINE)
    assert row == ("no" if name in TELL_NOBODY else "yes")


@every_alarm
def test_an_alarm_ends_by_itself_although_nothing_is_published_as_zero(name: str) -> None:
    missing = "breaching" if name == "StoppedSweepsAlarm" else "notBreaching"

    assert ALARMS[name]["TreatMissingData"] == missing


@pytest.mark.parametrize("name", [name for name, each in JUDGED.items() if each.metrics[0].namespace == NAMESPACE])
def test_an_alarm_lasts_from_one_sweep_to_the_next_wherever_sweeps_fall_in_its_periods(name: str) -> None:
    """A schedule's sweep comes some seconds early or late: a period has to hold two, so that it never holds none."""
    assert JUDGED[name].period >= 2 * seconds_between_sweeps()


@pytest.mark.parametrize(
    ("arn", "fits"),
    [
        ("", True),
        ("arn:aws:sns:us-east-1:111122223333:on-call", True),
        ("arn:aws-us-gov:sns:us-gov-west-1:111122223333:a_b-C", True),
        ("arn:aws:sqs:us-east-1:111122223333:on-call", False),
        ("arn:aws:sns:us-east-1:111122223333:on-call.fifo", False),
        ("arn:aws:sns:us-east-1:111122223333:on-call:1f2c", False),
        ("on-call", False),
    ],
)
def test_the_topic_is_the_arn_of_a_standard_topic(arn: str, fits: bool) -> None:
    assert bool(re.fullmatch(TEMPLATE["Parameters"]["AlarmTopicArn"]["AllowedPattern"], arn)) is fits


@pytest.mark.parametrize("name", QUERIES)
def test_a_saved_query_asks_for_lines_that_are_logged(name: str) -> None:
    query = QUERIES[name]["QueryString"]
    code = "\n".join(path.read_text() for path in SOURCES)

    for group in QUERIES[name]["LogGroupNames"]:
        assert RESOURCES[attribute_of(group)]["Type"] == "AWS::Logs::LogGroup"
    for condition in re.findall(r"\bmessage (?:=|in) (\"[^\"]+\"|\[[^]]+\])", query):
        for message in re.findall(r'"([^"]+)"', condition):
            assert re.search(rf'logger\.\w+\(\s*"{re.escape(message)}"', code), message


@pytest.mark.parametrize(
    ("query", "folder", "fields"),
    [
        ("DecisionsByPolicyQuery", "functions/decide_request", ["policies", "decision"]),
        ("FailuresByReasonQuery", "functions/record_outcome", ["error", "reasons", "status"]),
        ("OneRequestQuery", "layers/drawbridge/drawbridge", ["request_id"]),
        ("OneRequestQuery", "functions/record_outcome", ["status", "error"]),
        ("ThrottledCallsQuery", "layers/drawbridge/drawbridge/bootstrap", ["number_of_calls", "calls"]),
        ("ClicksByResultQuery", "layers/drawbridge/drawbridge/approval", ["result"]),
    ],
)
def test_a_saved_query_asks_for_fields_that_are_logged(query: str, folder: str, fields: list[str]) -> None:
    code = "\n".join(path.read_text() for path in (REPOSITORY / folder).rglob("*.py"))

    for field in fields:
        assert re.search(rf"\b{field}\b", QUERIES[query]["QueryString"]), field
        assert re.search(rf'\b{field}(=|: )|"{field}"', code), field


def test_every_function_s_log_can_tell_what_one_request_went_through() -> None:
    groups = {attribute_of(each["LoggingConfig"]["LogGroup"]) for each in functions().values()}

    assert {attribute_of(each) for each in QUERIES["OneRequestQuery"]["LogGroupNames"]} == groups
    assert {attribute_of(each) for each in QUERIES["ThrottledCallsQuery"]["LogGroupNames"]} == groups


def test_every_function_that_works_on_one_request_has_each_of_its_lines_carry_the_request_s_id() -> None:
    """The tests of each see to the lines themselves: this sees to it that none is left out."""
    doors = {each["CodeUri"].split("/")[1] for each in functions().values()}

    of_many = {
        "relay_notification",
        "register_consumer",
        "discover_requests",
        "receive_proof",
        "give_turns",
        "publish_dns",
    }
    assert doors == OF_ONE_REQUEST | of_many
    for name in OF_ONE_REQUEST:
        assert "log_of_request(" in (REPOSITORY / "functions" / name / "app.py").read_text(), name
        assert (REPOSITORY / "tests" / "functions" / f"test_{name}.py").exists(), name


def test_no_field_of_the_log_and_no_name_in_a_query_is_a_function_of_logs_insights() -> None:
    """A query would have to quote it, and calls the function where it does not."""
    logged = {
        field
        for path in SOURCES
        for call in re.findall(r"logger\.\w+\((.*?)\)\n", path.read_text(), re.DOTALL)
        for field in re.findall(r"\b(\w+)=(?!=)|\"(\w+)\":", call)
    }
    named = {name for each in QUERIES.values() for name in re.findall(r"\bas (\w+)", each["QueryString"])}

    fields = {name for pair in logged for name in pair if name}
    assert {"reason", "number_of_calls", "number_of_parameters", "status"} <= fields
    assert fields & INSIGHTS_FUNCTIONS == set()
    assert named & INSIGHTS_FUNCTIONS == set()


def rows(document: str, heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading."""
    _, _, below = document.partition(f"\n## {heading}\n")
    lines = [line for line in below.partition("\n## ")[0].splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def series_of(metric: Metric) -> int:
    """Return how many CloudWatch charges for: one for each set of dimensions."""
    return len({(name, *sorted(dimensions.items())) for _, name, dimensions in shown() if name == metric})


def test_the_costs_name_every_metric_with_how_many_it_is_and_their_sum() -> None:
    listed = {cells[0].strip("`"): int(cells[1]) for cells in rows(COSTS, "Metrics")}

    assert listed == {metric: series_of(metric) for metric in Metric}
    most = sum(listed.values())
    assert f"{most} metrics at most" in COSTS
    assert f"${most * 0.30:.2f}" in COSTS


def test_the_costs_count_the_alarms_and_what_the_dashboard_shows() -> None:
    on_it: set[Any] = {(namespace, name, *sorted(of.items())) for namespace, name, of in shown()}

    # Each metric of an alarm is paid for.
    watched = sum(len(each.metrics) for each in JUDGED.values())
    assert f"{len(ALARMS)} alarms on {watched} metrics" in COSTS
    assert f"${watched * 0.10:.2f}" in COSTS
    assert f"{len(on_it)} metrics" in COSTS
    # That many are free, of three dashboards of an account.
    assert len(on_it) <= 50


def test_the_sample_of_an_alarm_is_one_that_the_template_makes() -> None:
    told = sample("alarm-state-change")["detail"]

    assert told["configuration"]["description"] == ALARMS[told["alarmName"]]["AlarmDescription"]
    assert f"threshold ({float(ALARMS[told['alarmName']]['Threshold'])})" in told["state"]["reason"]
