"""What AWS charges at list prices of us-east-1: for what was measured, and for a month in which nothing happens.

``python -m bench.prices`` prints the idle month of ``template.yaml`` as it is now, with its sources.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.testing import deployment
from local_stack.stack import TEMPLATE

_MILLION = 1_000_000
_MINUTES_A_MONTH = 30 * 24 * 60
GB = 1_000_000_000


@dataclass(frozen=True)
class Price:
    """Dollars for one unit, what an account has free for ever each month, and where it was read, when."""

    dollars: float
    free: float
    source: str
    read: str


_PAGE = "AWS's pricing page"
_QUOTED = "others who quote AWS's pricing page"

PRICES: Mapping[str, Price] = {
    "lambda GB-second, arm64": Price(0.0000133334, 400_000, _QUOTED, "2026-12-01"),
    "lambda request": Price(0.20 / _MILLION, _MILLION, _QUOTED, "2026-12-01"),
    "states transition": Price(0.025 / 1000, 4000, f"a copy of {_PAGE}", "2026-12-01"),
    "dynamodb write unit": Price(0.625 / _MILLION, 0, _QUOTED, "2026-12-01"),
    "dynamodb read unit": Price(0.125 / _MILLION, 0, _QUOTED, "2026-12-01"),
    "events custom event": Price(1.00 / _MILLION, 0, _QUOTED, "2026-12-01"),
    "scheduler invocation": Price(1.00 / _MILLION, 14 * _MILLION, _QUOTED, "2026-12-01"),
    "ssm advanced parameter": Price(0.05, 0, _QUOTED, "2026-12-01"),
    # Standard ones cost nothing, nor do calls at the default throughput.
    "ssm standard parameter": Price(0.0, 0, "AWS's SDK reference of PutParameter", "2026-12-01"),
    "cloudwatch alarm metric": Price(0.10, 10, _QUOTED, "2026-11"),
    "cloudwatch custom metric": Price(0.30, 10, _QUOTED, "2026-11"),
    "cloudwatch dashboard": Price(3.00, 3, _QUOTED, "2026-11"),
    "logs GB": Price(0.50, 5, _QUOTED, "2026-11"),
    # From memory: not found in what could be read.
    "logs GB kept": Price(0.03, 0, "memory", "not read"),
    "sqs request": Price(0.40 / _MILLION, _MILLION, "memory", "not read"),
    "sns request": Price(0.50 / _MILLION, _MILLION, "memory", "not read"),
    "xray trace": Price(5.00 / _MILLION, 100_000, "memory", "not read"),
    "kms key": Price(1.00, 0, "memory", "not read"),
    "secret": Price(0.40, 0, "memory", "not read"),
}

# ---- what was measured ------------------------------------------------------------------------------------------

SECONDS = 0.2
"""What an invocation takes besides what it sleeps: most take less. The local AWS's machine is not Lambda's."""
MEMORY_GB = 0.25
LOGGED_KB = 1.0
"""Of an invocation."""
ROW_UNITS = 6
"""Write units of a row of the ledger of some 5 KB with its index, where most writes are of less: an upper bound."""
_WRITES = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")
_READS = ("dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:BatchGetItem")


@dataclass(frozen=True)
class Used:
    """What is billed of what was measured."""

    calls: Mapping[str, int]
    """By operation, ``service:Operation``."""
    transitions: int
    invocations: int
    executions: int
    slept: float = 0.0
    """Seconds that functions slept."""
    polled: int = 0
    """Requests to SQS by mappings, for messages that there were."""


def cost_of(used: Used) -> Mapping[str, float]:
    """Return the dollars of what was measured, by service, nothing of it free."""
    calls = used.calls
    seconds = used.invocations * SECONDS + used.slept
    writes = sum(calls.get(each, 0) for each in _WRITES) * ROW_UNITS
    reads = sum(calls.get(each, 0) for each in _READS) * 2
    sent = sum(count for each, count in calls.items() if each.startswith("sqs:"))
    return {
        "Step Functions": used.transitions * _dollars("states transition"),
        "Lambda": used.invocations * _dollars("lambda request")
        + seconds * MEMORY_GB * _dollars("lambda GB-second, arm64"),
        "DynamoDB": writes * _dollars("dynamodb write unit") + reads * _dollars("dynamodb read unit"),
        "EventBridge": calls.get("events:PutEvents", 0) * _dollars("events custom event"),
        "SQS": (sent + used.polled) * _dollars("sqs request"),
        "SNS": calls.get("sns:Publish", 0) * _dollars("sns request"),
        "logs": used.invocations * LOGGED_KB * 1000 / GB * (_dollars("logs GB") + _dollars("logs GB kept")),
        # Invocations by an execution are of its trace.
        "X-Ray": used.executions * _dollars("xray trace"),
    }


# ---- a month in which nothing happens ---------------------------------------------------------------------------

_POLLS_A_MINUTE = 15
"""Of an idle mapping: five pollers, each of which waits 20 s for a message."""
SWEEP_SECONDS = 0.5
SWEEP_KB = 1.0


@dataclass(frozen=True)
class Idle:
    """A line of the idle month."""

    what: str
    count: float
    price: str
    """The key of its price."""

    @property
    def dollars(self) -> float:
        return self.count * PRICES[self.price].dollars

    @property
    def with_allowance(self) -> float:
        """The dollars where nothing else uses what the account has free; Lambda's and logs' are taken for used up."""
        free = PRICES[self.price].free if self.price in _LIKELY_LEFT else 0.0
        return max(0.0, self.count - free) * PRICES[self.price].dollars


_LIKELY_LEFT = frozenset({"sqs request", "cloudwatch alarm metric", "cloudwatch dashboard", "scheduler invocation"})


def idle_month(template: Mapping[str, Any]) -> list[Idle]:
    """Return what is billed of a deployed template in a month without any request, without Slack's secret."""
    resources = template["Resources"]

    def of_type(kind: str) -> list[Mapping[str, Any]]:
        return [each.get("Properties", {}) for each in resources.values() if each["Type"] == kind]

    mappings = [each for each in of_type("AWS::Lambda::EventSourceMapping") if _is_queue(each, resources)]
    sweeps = sum(
        _runs_a_month(each["ScheduleExpression"], template["Parameters"])
        for each in of_type("AWS::Scheduler::Schedule")
    )
    traced = template["Globals"]["Function"].get("Tracing") == "Active"
    return [
        Idle("sweeps: GB-seconds of Lambda", sweeps * SWEEP_SECONDS * MEMORY_GB, "lambda GB-second, arm64"),
        Idle("sweeps: requests of Lambda", sweeps, "lambda request"),
        Idle("schedules: invocations", sweeps, "scheduler invocation"),
        Idle(f"SQS: the mappings poll {len(mappings)} queues", polls(len(mappings)), "sqs request"),
        Idle("alarms: metrics of them", sum(_metrics_of(each) for each in of_type("AWS::CloudWatch::Alarm")),
             "cloudwatch alarm metric"),
        Idle("metrics of ours: none at rest", 0, "cloudwatch custom metric"),
        Idle("dashboards", len(of_type("AWS::CloudWatch::Dashboard")), "cloudwatch dashboard"),
        Idle("logs: GB of sweeps", sweeps * SWEEP_KB * 1000 / GB, "logs GB"),
        Idle("logs: GB kept", sweeps * SWEEP_KB * 1000 / GB, "logs GB kept"),
        Idle("traces: one a sweep", sweeps if traced else 0, "xray trace"),
        Idle("DynamoDB: a sweep's query of an empty ledger", sweeps, "dynamodb read unit"),
        Idle("DynamoDB: a sweep's record of itself", sweeps, "dynamodb write unit"),
        Idle("keys of ours in KMS", len(of_type("AWS::KMS::Key")), "kms key"),
        Idle("secrets of the template", len(of_type("AWS::SecretsManager::Secret")), "secret"),
        Idle("advanced parameters", sum(each.get("Tier") == "Advanced" for each in of_type("AWS::SSM::Parameter")),
             "ssm advanced parameter"),
    ]  # fmt: skip


def polls(mappings: int) -> int:
    """Return the requests a month by which mappings poll queues that are empty."""
    return mappings * _POLLS_A_MINUTE * _MINUTES_A_MONTH


def idle_dollars(lines: list[Idle]) -> tuple[float, float]:
    """Return the dollars a month with no allowance left, and with those left that an account likely has."""
    return sum(each.dollars for each in lines), sum(each.with_allowance for each in lines)


def _is_queue(mapping: Mapping[str, Any], resources: Mapping[str, Any]) -> bool:
    source = mapping["EventSourceArn"]
    name = source["Fn::GetAtt"][0] if isinstance(source, Mapping) else ""
    return bool(resources.get(name, {}).get("Type") == "AWS::SQS::Queue")


def _runs_a_month(expression: Any, parameters: Mapping[str, Any]) -> float:
    """Return how often ``rate(5 minutes)`` is in a month, or what a parameter has as its default."""
    if isinstance(expression, Mapping):
        expression = parameters[expression["Ref"]]["Default"]
    found = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
    if found is None:
        raise ValueError(f"{expression}: only rates are counted")
    return _MINUTES_A_MONTH / (int(found[1]) * {"minute": 1, "hour": 60, "day": 24 * 60}[found[2]])


def _metrics_of(alarm: Mapping[str, Any]) -> int:
    """Return the metrics that an alarm is paid for: those that it reads, and not what it computes of them."""
    return sum("MetricStat" in each for each in alarm["Metrics"]) if "Metrics" in alarm else 1


def _dollars(name: str) -> float:
    return PRICES[name].dollars


def report_idle() -> None:
    """Print the idle month, what it sums up to, and where each price is from."""
    lines = idle_month(deployment.read(TEMPLATE))
    print("\nA month in which nothing happens, at list prices of us-east-1")
    for each in lines:
        print(f"   {each.what:<48}{each.count:>14,.2f}  ${each.dollars:>6.2f}  ${each.with_allowance:>6.2f}")
    dear, cheap = idle_dollars(lines)
    print(f"   {'all':<62}  ${dear:>6.2f}  ${cheap:>6.2f} with an account's free alarms, dashboards and SQS requests")
    print(f"   a secret for Slack besides: ${_dollars('secret'):.2f}")
    print("   prices")
    for name, price in PRICES.items():
        print(f"   {name:<28}${price.dollars:<14.10f}{price.source}, {price.read}")


if __name__ == "__main__":
    report_idle()
