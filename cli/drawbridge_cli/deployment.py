"""What the stack made, as AWS has it now."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from botocore.exceptions import ClientError
from msgspec import Struct

from drawbridge.aws.errors import code_of, translated
from drawbridge.aws.vpc_endpoints import counts_for_quota
from drawbridge.bounds import in_parts
from drawbridge_cli.dead_letter_queues import DeadLetterQueues
from drawbridge_cli.dead_letters import DeadLetterSource
from drawbridge_cli.stack import Stack

Found = TypeVar("Found")

_ALARMS_AT_ONCE = 100


class DeployedFunction(Struct, frozen=True):
    """A Lambda function."""

    name: str
    state: str
    reason: str = ""
    last_update: str = ""
    is_stopped: bool = False
    """Whether it was given no concurrency at all, so that nothing invokes it."""


class ListedAlarm(Struct, frozen=True, kw_only=True):
    """A CloudWatch alarm."""

    name: str
    logical_id: str
    state: str
    description: str
    reason: str
    actions: tuple[str, ...]


class ListedNotification(Struct, frozen=True):
    """A connection notification of an endpoint service to the stack's topic."""

    service_id: str
    is_enabled: bool


class Deployment:
    """A stack, asked about by what its resources are."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._client: Callable[[str], Any] = stack.client

    def ids(self, kind: str) -> dict[str, str]:
        """Return the physical ids of the stack's resources of a type, by their logical ids."""
        return {each.logical_id: each.physical_id for each in self._stack.resources.values() if each.kind == kind}

    def missing_roles(self) -> list[str]:
        """Return the roles of the stack that are not there, by their logical ids."""
        return self._missing("AWS::IAM::Role", lambda name: self._client("iam").get_role(RoleName=name))

    def has_role(self, name: str) -> bool:
        return _there(lambda: self._client("iam").get_role(RoleName=name)) is not None

    def functions(self) -> Mapping[str, DeployedFunction | None]:
        """Return the functions by their logical ids; ``None`` for one that is not there."""
        return {logical_id: self._function(name) for logical_id, name in self.ids("AWS::Lambda::Function").items()}

    def _function(self, name: str) -> DeployedFunction | None:
        answer = _there(lambda: self._client("lambda").get_function(FunctionName=name))
        if answer is None:
            return None
        configuration = answer["Configuration"]
        return DeployedFunction(
            name,
            configuration.get("State", ""),
            configuration.get("StateReason", "") or configuration.get("LastUpdateStatusReason", ""),
            configuration.get("LastUpdateStatus", ""),
            is_stopped=answer.get("Concurrency", {}).get("ReservedConcurrentExecutions") == 0,
        )

    def table_statuses(self) -> Mapping[str, str | None]:
        """Return the tables' statuses by their logical ids; ``None`` for one that is not there."""
        return self._statuses(
            "AWS::DynamoDB::Table",
            lambda name: self._client("dynamodb").describe_table(TableName=name)["Table"]["TableStatus"],
        )

    def workflow_statuses(self) -> Mapping[str, str | None]:
        return self._statuses(
            "AWS::StepFunctions::StateMachine",
            lambda arn: self._client("stepfunctions").describe_state_machine(stateMachineArn=arn)["status"],
        )

    def mapping_states(self) -> Mapping[str, str | None]:
        return self._statuses(
            "AWS::Lambda::EventSourceMapping",
            lambda name: self._client("lambda").get_event_source_mapping(UUID=name)["State"],
        )

    def schedule_states(self) -> Mapping[str, str | None]:
        return self._statuses(
            "AWS::Scheduler::Schedule", lambda name: self._client("scheduler").get_schedule(Name=name)["State"]
        )

    def rule_states(self) -> Mapping[str, str | None]:
        """Return the rules' states by their logical ids; on which bus each is, CloudFormation tells not everywhere."""
        buses = ["default", *self.ids("AWS::Events::EventBus").values()]
        listed: dict[str, str] = {}
        for bus in buses:
            with translated(f"list the rules of the bus {bus}"):
                pages = self._client("events").get_paginator("list_rules").paginate(EventBusName=bus)
                listed |= {each["Name"]: each.get("State", "") for page in pages for each in page["Rules"]}
        # A rule on another bus than the default one goes by bus|rule.
        return {name: listed.get(given.rpartition("|")[2]) for name, given in self.ids("AWS::Events::Rule").items()}

    def missing_buses(self) -> list[str]:
        return self._missing("AWS::Events::EventBus", lambda name: self._client("events").describe_event_bus(Name=name))

    def subscribed(self, topic_arn: str) -> list[str] | None:
        """Return what is subscribed to a topic, and confirmed; ``None`` if there is no such topic."""

        def listed() -> list[str]:
            pages = self._client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn)
            subscriptions = [each for page in pages for each in page["Subscriptions"]]
            # Until it is confirmed, its ARN says PendingConfirmation.
            return [each["Endpoint"] for each in subscriptions if each["SubscriptionArn"].startswith("arn:")]

        return _there(listed)

    def notifications(self) -> list[ListedNotification]:
        topic = self._stack.resource("ConnectionNotifications")
        with translated("list connection notifications"):
            pages = (
                self._client("ec2")
                .get_paginator("describe_vpc_endpoint_connection_notifications")
                .paginate(Filters=[{"Name": "connection-notification-arn", "Values": [topic]}])
            )
            return [
                ListedNotification(each.get("ServiceId", ""), each.get("ConnectionNotificationState") != "Disabled")
                for page in pages
                for each in page["ConnectionNotificationSet"]
            ]

    def alarms(self) -> Mapping[str, ListedAlarm | None]:
        """Return the alarms by their logical ids; ``None`` for one that is not there."""
        ids = self.ids("AWS::CloudWatch::Alarm")
        by_name = {name: logical_id for logical_id, name in ids.items()}
        found: dict[str, ListedAlarm] = {}
        for names in in_parts(sorted(by_name), _ALARMS_AT_ONCE):
            with translated("list the alarms"):
                answer = self._client("cloudwatch").describe_alarms(AlarmNames=names)
            found |= {
                by_name[each["AlarmName"]]: ListedAlarm(
                    name=each["AlarmName"],
                    logical_id=by_name[each["AlarmName"]],
                    state=each.get("StateValue", ""),
                    description=each.get("AlarmDescription", ""),
                    reason=each.get("StateReason", ""),
                    actions=tuple(each.get("AlarmActions", ())) if each.get("ActionsEnabled", True) else (),
                )
                for each in answer["MetricAlarms"]
            }
        return {logical_id: found.get(logical_id) for logical_id in ids}

    def dead_letters(self) -> Mapping[DeadLetterSource, int]:
        """Return about how many messages are in each dead-letter queue, hidden ones as well."""
        queues = DeadLetterQueues(self._stack)
        return {source: queues.count(source) for source in DeadLetterSource}

    def endpoints_by_vpc(self) -> Mapping[tuple[str, str], int]:
        """Return how many endpoints of each type each VPC has, by VPC and type."""
        counts: dict[tuple[str, str], int] = {}
        with translated("list VPC endpoints"):
            for page in self._client("ec2").get_paginator("describe_vpc_endpoints").paginate():
                for each in page["VpcEndpoints"]:
                    if counts_for_quota(each.get("State", "")):
                        key = (each["VpcId"], each.get("VpcEndpointType", ""))
                        counts[key] = counts.get(key, 0) + 1
        return counts

    def _statuses(self, kind: str, ask: Callable[[str], str]) -> dict[str, str | None]:
        return {logical_id: _there(partial(ask, name)) for logical_id, name in self.ids(kind).items()}

    def _missing(self, kind: str, ask: Callable[[str], Any]) -> list[str]:
        ids = self.ids(kind)
        return [logical_id for logical_id, name in ids.items() if _there(partial(ask, name)) is None]


_NO_SUCH_THING = frozenset(
    {"NoSuchEntity", "NotFound", "NotFoundException", "ResourceNotFoundException", "StateMachineDoesNotExist"}
)
"""What AWS's services answer for what there is not: IAM, SNS, Lambda and the rest, Step Functions."""


def _there(ask: Callable[[], Found]) -> Found | None:
    """Return AWS's answer, or ``None`` if AWS says that there is no such thing."""
    with translated("ask for what the stack made"):
        try:
            return ask()
        except ClientError as error:
            if code_of(error) in _NO_SUCH_THING:
                return None
            raise
