"""AWS's request limits of an account in a Region: published ones, and guesses for those that are not published.

Published: EC2 (developer guide, "Request throttling"; PrivateLink's operations are in its table of single actions),
Parameter Store (general reference, "AWS Systems Manager endpoints and quotas", default throughput), Step Functions
("Quotas"), EventBridge and EventBridge Scheduler ("quotas"), SNS and Lambda (general reference), STS (IAM user guide),
Route 53 (developer guide, "Quotas").
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """A bucket's size, in requests, and its refill per second; ``shared`` names a bucket of several operations."""

    size: float
    refill: float
    shared: str | None = None


GLOBAL_SERVICES = frozenset({"iam", "organizations", "route53"})
"""The services with one bucket for all Regions."""

# Step Functions and EventBridge have higher limits here than in other Regions.
_LARGE_REGIONS = frozenset({"us-east-1", "us-west-2", "eu-west-1"})


def _each(service: str, names: str, limit: Limit) -> Iterable[tuple[str, Limit]]:
    return ((f"{service}:{name}", limit) for name in names.split())


def _per_second(rate: float, shared: str | None = None) -> Limit:
    return Limit(rate, rate, shared)


_EC2 = dict(
    [
        *_each("ec2", "CreateVpcEndpoint ModifyVpcEndpoint DeleteVpcEndpoints", Limit(4, 0.3)),
        *_each(
            "ec2",
            "AcceptVpcEndpointConnections RejectVpcEndpointConnections CreateVpcEndpointServiceConfiguration"
            " ModifyVpcEndpointServiceConfiguration ModifyVpcEndpointServicePermissions"
            " DeleteVpcEndpointServiceConfigurations CreateVpcEndpointConnectionNotification"
            " ModifyVpcEndpointConnectionNotification DeleteVpcEndpointConnectionNotifications",
            Limit(10, 1),
        ),
        # A guess: people tag in bursts and are not throttled.
        *_each("ec2", "CreateTags DeleteTags", Limit(100, 10)),
    ]
)

_PARAMETER_STORE = dict(
    [
        *_each(
            "ssm",
            "PutParameter DescribeParameters GetParameterHistory LabelParameterVersion UnlabelParameterVersion",
            _per_second(3, shared="writes"),
        ),
        *_each("ssm", "GetParameter GetParameters GetParametersByPath", _per_second(40, shared="reads")),
        *_each("ssm", "DeleteParameter DeleteParameters", _per_second(3)),
    ]
)

_STATES_EVERYWHERE = dict(
    [
        *_each(
            "states",
            "CreateActivity CreateStateMachine DeleteActivity DeleteStateMachine UpdateStateMachine",
            Limit(100, 1),
        ),
        *_each(
            "states",
            "DescribeActivity DescribeStateMachineForExecution ListTagsForResource TagResource UntagResource",
            Limit(200, 1),
        ),
        ("states:DescribeStateMachine", Limit(200, 20)),
        ("states:GetExecutionHistory", Limit(400, 20)),
        ("states:ListStateMachines", Limit(100, 5)),
    ]
)
_STATES_LARGE = dict(
    [
        ("states:StartExecution", Limit(1300, 300)),
        *_each("states", "SendTaskSuccess SendTaskFailure SendTaskHeartbeat GetActivityTask", Limit(3000, 500)),
        ("states:StopExecution", Limit(1000, 200)),
        ("states:DescribeExecution", Limit(300, 15)),
        ("states:ListExecutions", Limit(200, 5)),
        ("states:ListActivities", Limit(100, 10)),
    ]
)
_STATES_OTHERS = dict(
    [
        ("states:StartExecution", Limit(800, 150)),
        *_each("states", "SendTaskSuccess SendTaskFailure SendTaskHeartbeat GetActivityTask", Limit(1500, 300)),
        ("states:StopExecution", Limit(500, 25)),
        ("states:DescribeExecution", Limit(250, 10)),
        ("states:ListExecutions", Limit(100, 2)),
        ("states:ListActivities", Limit(100, 5)),
    ]
)

_PUT_EVENTS = {
    **dict.fromkeys(_LARGE_REGIONS, 10_000),
    **dict.fromkeys(("us-east-2", "eu-central-1", "eu-south-2"), 2_400),
    **dict.fromkeys(("us-west-1", "ap-northeast-1", "ap-southeast-1", "ap-southeast-2", "eu-west-2"), 1_200),
    **dict.fromkeys(
        ("ap-east-1", "ap-northeast-2", "ap-south-1", "ca-central-1", "eu-north-1", "eu-west-3", "sa-east-1"), 600
    ),
}
_PUT_EVENTS_ELSEWHERE = 400

_OTHERS = dict(
    [
        *_each("sns", "Subscribe Unsubscribe", _per_second(100)),
        *_each("sns", "ListTopics ListSubscriptions ListSubscriptionsByTopic", _per_second(30)),
        *_each("sns", "AddPermission RemovePermission TagResource UntagResource ListTagsForResource", _per_second(10)),
        *_each("scheduler", "CreateSchedule GetSchedule UpdateSchedule DeleteSchedule", _per_second(1000)),
        ("lambda:GetFunction", _per_second(100)),
        ("lambda:GetPolicy", _per_second(15)),
        # Limited by concurrency, not by a rate that a test could reach.
        ("lambda:Invoke", _per_second(10_000)),
    ]
)

_READS = ("Describe", "Get", "List", "Search")

# By service: the limits of reads, and of all others.
_BY_SERVICE: dict[str, tuple[Limit, Limit]] = {
    # The reads are published; for the others AWS has more classes than these.
    "ec2": (Limit(100, 20), Limit(50, 5)),
    "events": (_per_second(50), _per_second(50)),
    "scheduler": (_per_second(50), _per_second(50)),
    "lambda": (_per_second(15, shared="control"), _per_second(15, shared="control")),
    "route53": (_per_second(5, shared="all"), _per_second(5, shared="all")),
    "sts": (_per_second(600, shared="all"), _per_second(600, shared="all")),
    # AWS throttles these without published limits: guesses of the order that people observe.
    "ram": (Limit(20, 10), Limit(10, 5)),
    "vpc-lattice": (Limit(50, 10), Limit(20, 5)),
    "organizations": (Limit(10, 5), Limit(5, 1)),
    "iam": (Limit(100, 20), Limit(50, 10)),
}


def limit_of(operation: str, region: str) -> Limit | None:
    """Return the limit of an operation, ``service:Operation``; None if there is none."""
    service, _, name = operation.partition(":")
    if operation == "events:PutEvents":
        return _per_second(_PUT_EVENTS.get(region, _PUT_EVENTS_ELSEWHERE))
    states = _STATES_LARGE if region in _LARGE_REGIONS else _STATES_OTHERS
    for table in (_EC2, _PARAMETER_STORE, _STATES_EVERYWHERE, states, _OTHERS):
        if operation in table:
            return table[operation]
    if service in _BY_SERVICE:
        reads, rest = _BY_SERVICE[service]
        return reads if name.startswith(_READS) else rest
    return None
