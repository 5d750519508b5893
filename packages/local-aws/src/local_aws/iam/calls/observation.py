"""CloudWatch and CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Iterator

from local_aws.iam.rules import ANY, AwsCall, Requirement, Rules, key, strings
from local_aws.policy_language.patterns import Context


def _namespace(call: AwsCall) -> Context:
    return key("cloudwatch:namespace", call.params.get("Namespace"))


CLOUDWATCH = Rules(
    names={
        "alarm": ("AlarmName", "AlarmNames", "ResourceARN"),
        "alarm-mute-rule": ("AlarmMuteRuleName",),
        "dashboard": ("DashboardName", "DashboardNames"),
        "insight-rule": ("RuleName", "RuleNames"),
        "metric-stream": ("Name", "Names"),
    },
    keys=_namespace,
    tagging="TagResource",
)


def _group(call: AwsCall) -> Iterator[Requirement]:
    # AWS checks a group as an ARN that ends in ":log-stream:", which "log-group:NAME" in a policy does not match and
    # "log-group:NAME:*" does.
    named = [
        name
        for parameter in ("logGroupName", "logGroupNames", "logGroupIdentifier", "logGroupIdentifiers")
        for name in strings(call.params.get(parameter))
    ]
    for name in named:
        arn = name.removesuffix(":*") if name.startswith("arn:") else call.arn(f"log-group:{name}")
        yield call.requires(call.operation, f"{arn}:log-stream:", kind="log-group")
    if not named:
        yield call.requires(call.operation, ANY)
    if call.operation == "CreateLogGroup" and call.params.get("tags"):
        yield call.requires("TagResource", f"{call.arn(f'log-group:{named[0]}')}:log-stream:", kind="log-group")


def _stream(call: AwsCall) -> Iterator[Requirement]:
    group, stream = call.params.get("logGroupName"), call.params.get("logStreamName")
    yield call.requires(call.operation, call.arn(f"log-group:{group}:log-stream:{stream}"), kind="log-stream")


_ON_GROUPS = (
    "CreateLogGroup",
    "DeleteLogGroup",
    "DeleteMetricFilter",
    "DeleteRetentionPolicy",
    "DeleteSubscriptionFilter",
    "DescribeLogStreams",
    "DescribeMetricFilters",
    "DescribeSubscriptionFilters",
    "FilterLogEvents",
    "GetLogGroupFields",
    "GetQueryResults",
    "PutMetricFilter",
    "PutRetentionPolicy",
    "PutSubscriptionFilter",
    "StartQuery",
)
_ON_STREAMS = ("CreateLogStream", "DeleteLogStream", "GetLogEvents", "PutLogEvents")

LOGS = Rules(special={**dict.fromkeys(_ON_GROUPS, _group), **dict.fromkeys(_ON_STREAMS, _stream)})
