"""Resource types of SQS, SNS, EventBridge and its Scheduler."""

from __future__ import annotations

import json
from typing import Any

from local_aws.deployment.resource_types import Made, Wanted, add_type


def add_types() -> None:
    add_type("AWS::SQS::QueuePolicy", make_queue_policy, attributes=("Id",))
    add_type("AWS::SNS::TopicPolicy", make_topic_policy, attributes=("Id",))
    add_type("AWS::SNS::Subscription", make_subscription, attributes=("Arn",))
    add_type("AWS::Events::EventBus", make_event_bus, named_by="Name", attributes=("Arn", "Name"))
    add_type("AWS::Events::EventBusPolicy", make_event_bus_policy, attributes=())
    add_type("AWS::Scheduler::Schedule", make_schedule, named_by="Name", attributes=("Arn",))


def make_queue_policy(wanted: Wanted) -> Made:
    policy = json.dumps(wanted.properties["PolicyDocument"])
    sqs = wanted.client("sqs")
    for url in wanted.properties["Queues"]:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return Made(wanted.name, {"Id": wanted.name})


def make_topic_policy(wanted: Wanted) -> Made:
    policy = json.dumps(wanted.properties["PolicyDocument"])
    sns = wanted.client("sns")
    for arn in wanted.properties["Topics"]:
        sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    return Made(wanted.name, {"Id": wanted.name})


def make_subscription(wanted: Wanted) -> Made:
    properties = wanted.properties
    attributes: dict[str, str] = {}
    for name in ("DeliveryPolicy", "FilterPolicy", "RedrivePolicy"):
        if name in properties:
            attributes[name] = json.dumps(properties[name])
    if "FilterPolicyScope" in properties:
        attributes["FilterPolicyScope"] = properties["FilterPolicyScope"]
    if "RawMessageDelivery" in properties:
        attributes["RawMessageDelivery"] = str(properties["RawMessageDelivery"]).lower()
    sns = wanted.client("sns")
    arn = sns.subscribe(
        **wanted.only("TopicArn", "Protocol", "Endpoint"), Attributes=attributes, ReturnSubscriptionArn=True
    )["SubscriptionArn"]
    return Made(arn, {"Arn": arn}, lambda: sns.unsubscribe(SubscriptionArn=arn))


def make_event_bus(wanted: Wanted) -> Made:
    """Make a bus whose ``Ref`` is its name; moto's gives an object."""
    events = wanted.client("events")
    arn = events.create_event_bus(Name=wanted.name, **wanted.only("Description", "KmsKeyIdentifier", "Tags"))[
        "EventBusArn"
    ]
    return Made(wanted.name, {"Arn": arn, "Name": wanted.name}, lambda: events.delete_event_bus(Name=wanted.name))


def make_event_bus_policy(wanted: Wanted) -> Made:
    """Put one statement on a bus; EventBridge takes it whole, as the only one of a policy, or in pieces."""
    properties = wanted.properties
    bus = properties.get("EventBusName", "default")
    events = wanted.client("events")
    statement = properties.get("Statement")
    if statement is not None:
        told = {"Sid": properties["StatementId"], **statement}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [*_statements(events, bus), told]})
        events.put_permission(EventBusName=bus, Policy=policy)
    else:
        events.put_permission(EventBusName=bus, **wanted.only("Action", "Principal", "StatementId", "Condition"))
    name = properties["StatementId"]
    return Made(name, undo=lambda: events.remove_permission(EventBusName=bus, StatementId=name))


def make_schedule(wanted: Wanted) -> Made:
    scheduler = wanted.client("scheduler")
    group = wanted.only("GroupName")
    arn = scheduler.create_schedule(
        Name=wanted.name,
        **group,
        **wanted.only(
            "Description",
            "EndDate",
            "FlexibleTimeWindow",
            "KmsKeyArn",
            "ScheduleExpression",
            "ScheduleExpressionTimezone",
            "StartDate",
            "State",
            "Target",
        ),
    )["ScheduleArn"]
    return Made(wanted.name, {"Arn": arn}, lambda: scheduler.delete_schedule(Name=wanted.name, **group))


def _statements(events: Any, bus: str) -> list[Any]:
    policy = events.describe_event_bus(Name=bus).get("Policy")
    return list(json.loads(policy)["Statement"]) if policy else []
