"""Resource types of SQS, SNS, EventBridge and its Scheduler."""

from __future__ import annotations

import json
from typing import Any

from local_aws.deployment.resource_types import CreatedResource, TemplateResource, add_type


def add_types() -> None:
    add_type("AWS::SQS::QueuePolicy", make_queue_policy, attributes=("Id",))
    add_type("AWS::SNS::TopicPolicy", make_topic_policy, attributes=("Id",))
    add_type("AWS::SNS::Subscription", make_subscription, attributes=("Arn",))
    add_type("AWS::Events::EventBus", make_event_bus, named_by="Name", attributes=("Arn", "Name"))
    add_type("AWS::Events::EventBusPolicy", make_event_bus_policy, attributes=())
    add_type("AWS::Scheduler::Schedule", make_schedule, named_by="Name", attributes=("Arn",))


def make_queue_policy(resource: TemplateResource) -> CreatedResource:
    policy = json.dumps(resource.properties["PolicyDocument"])
    sqs = resource.client("sqs")
    for url in resource.properties["Queues"]:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return CreatedResource(resource.name, {"Id": resource.name})


def make_topic_policy(resource: TemplateResource) -> CreatedResource:
    policy = json.dumps(resource.properties["PolicyDocument"])
    sns = resource.client("sns")
    for arn in resource.properties["Topics"]:
        sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    return CreatedResource(resource.name, {"Id": resource.name})


def make_subscription(resource: TemplateResource) -> CreatedResource:
    properties = resource.properties
    attributes: dict[str, str] = {}
    for name in ("DeliveryPolicy", "FilterPolicy", "RedrivePolicy"):
        if name in properties:
            attributes[name] = json.dumps(properties[name])
    if "FilterPolicyScope" in properties:
        attributes["FilterPolicyScope"] = properties["FilterPolicyScope"]
    if "RawMessageDelivery" in properties:
        attributes["RawMessageDelivery"] = str(properties["RawMessageDelivery"]).lower()
    sns = resource.client("sns")
    arn = sns.subscribe(
        **resource.only("TopicArn", "Protocol", "Endpoint"), Attributes=attributes, ReturnSubscriptionArn=True
    )["SubscriptionArn"]
    return CreatedResource(arn, {"Arn": arn}, lambda: sns.unsubscribe(SubscriptionArn=arn))


def make_event_bus(resource: TemplateResource) -> CreatedResource:
    """Make a bus whose ``Ref`` is its name; in moto it is an object."""
    events = resource.client("events")
    arn = events.create_event_bus(Name=resource.name, **resource.only("Description", "KmsKeyIdentifier", "Tags"))[
        "EventBusArn"
    ]
    return CreatedResource(
        resource.name, {"Arn": arn, "Name": resource.name}, lambda: events.delete_event_bus(Name=resource.name)
    )


def make_event_bus_policy(resource: TemplateResource) -> CreatedResource:
    """Put one statement on a bus, from the property Statement or from the separate properties."""
    properties = resource.properties
    bus = properties.get("EventBusName", "default")
    events = resource.client("events")
    statement = properties.get("Statement")
    if statement is not None:
        policy_statement = {"Sid": properties["StatementId"], **statement}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [*_statements(events, bus), policy_statement]})
        events.put_permission(EventBusName=bus, Policy=policy)
    else:
        events.put_permission(EventBusName=bus, **resource.only("Action", "Principal", "StatementId", "Condition"))
    name = properties["StatementId"]
    return CreatedResource(name, undo=lambda: events.remove_permission(EventBusName=bus, StatementId=name))


def make_schedule(resource: TemplateResource) -> CreatedResource:
    scheduler = resource.client("scheduler")
    group = resource.only("GroupName")
    arn = scheduler.create_schedule(
        Name=resource.name,
        **group,
        **resource.only(
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
    return CreatedResource(resource.name, {"Arn": arn}, lambda: scheduler.delete_schedule(Name=resource.name, **group))


def _statements(events: Any, bus: str) -> list[Any]:
    policy = events.describe_event_bus(Name=bus).get("Policy")
    return list(json.loads(policy)["Statement"]) if policy else []
