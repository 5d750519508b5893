"""EventBridge and EventBridge Scheduler."""

from __future__ import annotations

from collections.abc import Iterator

from local_aws.iam.rules import ANY, AwsCall, Requirement, Rules, key, passing

_DEFAULT = "default"


def _bus(call: AwsCall, name: object) -> str:
    text = str(name or _DEFAULT)
    return text if text.startswith("arn:") else call.arn(f"event-bus/{text}")


def _rule(call: AwsCall) -> Iterator[Requirement]:
    """Return the rule's ARN, which has no bus name for the default bus."""
    name = call.params.get("Name") or call.params.get("Rule")
    bus = str(call.params.get("EventBusName") or _DEFAULT).rsplit("/", 1)[-1]
    on_default = bus == _DEFAULT
    kind = "rule-on-default-event-bus" if on_default else "rule-on-custom-event-bus"
    arn = call.arn(f"rule/{name}" if on_default else f"rule/{bus}/{name}")
    keys = key("events:creatorAccount", call.account_id)
    targets = call.params.get("Targets") or []
    if targets:
        keys |= key("events:TargetArn", [target.get("Arn") for target in targets])
    yield call.requires(call.operation, arn, keys, kind=kind)
    if call.operation == "PutRule" and call.params.get("Tags"):
        yield call.requires("TagResource", arn, keys, kind=kind)
    yield from passing(call, call.params.get("RoleArn"), "events.amazonaws.com")
    for target in targets:
        yield from passing(call, target.get("RoleArn"), "events.amazonaws.com")


def _put_events(call: AwsCall) -> Iterator[Requirement]:
    for entry in call.params.get("Entries") or [{}]:
        keys = {**key("events:source", entry.get("Source")), **key("events:detail-type", entry.get("DetailType"))}
        yield call.requires("PutEvents", _bus(call, entry.get("EventBusName")), keys, kind="event-bus")


def _describe_bus(call: AwsCall) -> Iterator[Requirement]:
    yield call.requires(call.operation, _bus(call, call.params.get("Name")), kind="event-bus")


def _create_archive(call: AwsCall) -> Iterator[Requirement]:
    yield call.requires(call.operation, call.arn(f"archive/{call.params.get('ArchiveName')}"), kind="archive")
    yield call.requires(call.operation, _bus(call, call.params.get("EventSourceArn")), kind="event-bus")


_ON_RULES = (
    "DeleteRule",
    "DescribeRule",
    "DisableRule",
    "EnableRule",
    "ListTargetsByRule",
    "PutRule",
    "PutTargets",
    "RemoveTargets",
)

EVENTS = Rules(
    names={
        "event-bus": ("Name",),
        "connection": ("Name", "ConnectionArn"),
        "api-destination": ("Name",),
        "event-source": ("Name",),
        "endpoint": ("Name",),
        "rule-on-custom-event-bus": ("none",),
        "rule-on-default-event-bus": ("none",),
    },
    special={
        **dict.fromkeys(_ON_RULES, _rule),
        "PutEvents": _put_events,
        "DescribeEventBus": _describe_bus,
        "CreateArchive": _create_archive,
    },
    tagging="TagResource",
)


def _schedule(call: AwsCall) -> Iterator[Requirement]:
    group = call.params.get("GroupName") or _DEFAULT
    yield call.requires(call.operation, call.arn(f"schedule/{group}/{call.params.get('Name')}"), kind="schedule")
    target = call.params.get("Target") or {}
    yield from passing(call, target.get("RoleArn"), "scheduler.amazonaws.com")


def _delete_group(call: AwsCall) -> Iterator[Requirement]:
    name = call.params.get("Name")
    yield call.requires(call.operation, call.arn(f"schedule-group/{name}"), kind="schedule-group")
    yield call.requires("DeleteSchedule", call.arn(f"schedule/{name}/{ANY}"), kind="schedule")


SCHEDULER = Rules(
    names={"schedule-group": ("Name", "ResourceArn")},
    special={
        **dict.fromkeys(("CreateSchedule", "DeleteSchedule", "GetSchedule", "UpdateSchedule"), _schedule),
        "DeleteScheduleGroup": _delete_group,
    },
    tagging="TagResource",
)
