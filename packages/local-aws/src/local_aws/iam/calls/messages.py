"""SQS and SNS."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from local_aws.iam.rules import ANY, AwsCall, Requirement, Rules, key
from local_aws.policy_language.patterns import Context

_BATCHES = ("SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch")


def _queue_of_url(call: AwsCall, url: str) -> str:
    """Return a queue's ARN by its URL: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME."""
    *_, account, name = ("", *urlsplit(url).path.strip("/").split("/"))
    return f"arn:{call.partition}:sqs:{call.region}:{account or call.account_id}:{name}"


def _queue(call: AwsCall) -> Iterator[Requirement]:
    action = call.operation.removesuffix("Batch") if call.operation in _BATCHES else call.operation
    params = call.params
    if params.get("QueueUrl"):
        arn = _queue_of_url(call, str(params["QueueUrl"]))
    elif params.get("QueueName"):
        account = params.get("QueueOwnerAWSAccountId") or call.account_id
        arn = f"arn:{call.partition}:sqs:{call.region}:{account}:{params['QueueName']}"
    else:
        arn = str(params.get("SourceArn") or ANY)
    yield call.requires(action, arn, kind="queue")
    if call.operation == "CreateQueue" and params.get("tags"):
        yield call.requires("TagQueue", arn, kind="queue")


def _move(call: AwsCall) -> Iterator[Requirement]:
    """Yield the permissions that moving messages needs, which the caller who starts it has to have."""
    source = str(call.params.get("SourceArn") or ANY)
    for action in ("StartMessageMoveTask", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
        yield call.requires(action, source, kind="queue")
    if call.params.get("DestinationArn"):
        yield call.requires("SendMessage", str(call.params["DestinationArn"]), kind="queue")


def _no_resource(call: AwsCall) -> Iterator[Requirement]:
    yield call.requires(call.operation, ANY)


def _publish(call: AwsCall) -> Iterator[Requirement]:
    target = call.params.get("TopicArn") or call.params.get("TargetArn")
    yield call.requires("Publish", str(target or ANY), kind="topic")


def _subscribe_keys(call: AwsCall) -> Context:
    if call.operation != "Subscribe":
        return {}
    return {**key("sns:Endpoint", call.params.get("Endpoint")), **key("sns:Protocol", call.params.get("Protocol"))}


_QUEUE_OPERATIONS = (
    "AddPermission",
    "CancelMessageMoveTask",
    "ChangeMessageVisibility",
    "CreateQueue",
    "DeleteMessage",
    "DeleteQueue",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "ListMessageMoveTasks",
    "ListQueueTags",
    "PurgeQueue",
    "ReceiveMessage",
    "RemovePermission",
    "SendMessage",
    "SetQueueAttributes",
    "TagQueue",
    "UntagQueue",
    *_BATCHES,
)

SQS = Rules(
    special={**dict.fromkeys(_QUEUE_OPERATIONS, _queue), "ListQueues": _no_resource, "StartMessageMoveTask": _move}
)

SNS = Rules(
    names={"topic": ("TopicArn", "Name", "ResourceArn")},
    special={"Publish": _publish, "PublishBatch": _publish},
    keys=_subscribe_keys,
    tagging="TagResource",
)
