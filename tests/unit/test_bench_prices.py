from typing import Any

import pytest

from bench.prices import PRICES, Used, cost_of, idle_dollars, idle_month, polls
from local_aws.testing.deployment import read
from local_stack.stack import REPOSITORY, TEMPLATE

COSTS = (REPOSITORY / "docs" / "costs.md").read_text()
README = (REPOSITORY / "README.md").read_text()

QUEUE = {"Type": "AWS::SQS::Queue"}
TABLE = {"Type": "AWS::DynamoDB::Table"}


def template(**resources: Any) -> dict[str, Any]:
    return {
        "Parameters": {"Every": {"Default": "rate(5 minutes)"}},
        "Globals": {"Function": {"Tracing": "Active"}},
        "Resources": resources,
    }


def mapping(of: str) -> dict[str, Any]:
    source = {"Fn::GetAtt": [of, "Arn"]}
    return {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"EventSourceArn": source}}


def schedule(expression: Any) -> dict[str, Any]:
    return {"Type": "AWS::Scheduler::Schedule", "Properties": {"ScheduleExpression": expression}}


def counts(resources: dict[str, Any]) -> dict[str, float]:
    return {each.price: each.count for each in idle_month(resources)}


def test_each_queue_that_a_mapping_polls_is_paid_for() -> None:
    found = counts(
        template(A=QUEUE, B=QUEUE, Unpolled=QUEUE, Rows=TABLE, M=mapping("A"), N=mapping("B"), O=mapping("Rows"))
    )

    # Five pollers ask three times a minute each.
    assert found["sqs request"] == 2 * 648_000
    assert polls(1) == 648_000


def test_schedules_are_counted_by_their_rate_or_their_parameters_default() -> None:
    found = counts(template(Look=schedule({"Ref": "Every"}), Rarely=schedule("rate(6 hours)")))

    assert found["scheduler invocation"] == 8640 + 120
    assert found["xray trace"] == 8760
    assert found["lambda GB-second, arm64"] == 8760 * 0.5 * 0.25


def test_a_schedule_that_is_no_rate_is_refused() -> None:
    with pytest.raises(ValueError, match=r"cron\(0 12"):
        idle_month(template(Noon=schedule("cron(0 12 * * ? *)")))


def test_an_alarm_is_paid_for_each_metric_that_it_reads() -> None:
    single = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "Errors"}}
    of_two = {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {"Metrics": [{"Id": "sum", "Expression": "a + b"}, {"MetricStat": {}}, {"MetricStat": {}}]},
    }

    assert counts(template(One=single, Two=of_two))["cloudwatch alarm metric"] == 3


def test_what_an_account_has_free_is_subtracted_once() -> None:
    month = idle_month(template(A=QUEUE, B=QUEUE, M=mapping("A"), N=mapping("B")))

    dear, cheap = idle_dollars(month)

    assert dear == pytest.approx(0.5184)
    assert cheap == pytest.approx(0.1184)


def test_an_onboarding_costs_what_its_parts_do() -> None:
    calls = {"dynamodb:PutItem": 2, "dynamodb:GetItem": 3, "events:PutEvents": 2, "sqs:SendMessage": 3}

    cost = cost_of(Used(calls, transitions=10, invocations=7, executions=1, slept=2.2, polled=5))

    assert cost["Step Functions"] == pytest.approx(0.00025)
    # 7 x 0.2 s and 2.2 s at a quarter of a GB, and seven requests.
    assert cost["Lambda"] == pytest.approx(0.9 * 0.0000133334 + 7 * 0.0000002)
    assert cost["DynamoDB"] == pytest.approx(12 * 0.000000625 + 6 * 0.000000125)
    assert cost["EventBridge"] == pytest.approx(0.000002)
    assert cost["SQS"] == pytest.approx(8 * 0.0000004)
    assert cost["logs"] == pytest.approx(0.000007 * 0.53)
    assert cost["X-Ray"] == pytest.approx(0.000005)


def test_the_documents_say_what_the_template_costs_at_rest() -> None:
    month = idle_month(read(TEMPLATE))
    dear, cheap = idle_dollars(month)

    assert f"**${dear:.2f}** with no allowance left" in COSTS
    assert f"**${cheap:.2f}** where" in COSTS
    assert f"${cheap:.2f} where" in README
    assert f"${dear:.2f}\n  where they are not" in README
    polled = next(each for each in month if each.price == "sqs request")
    assert f"| {polled.count:,.0f} requests |" in COSTS


def test_each_price_says_where_it_was_read_and_when() -> None:
    assert all(price.source and price.read for price in PRICES.values())
