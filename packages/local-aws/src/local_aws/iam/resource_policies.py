"""Resource-based policies: of queues, topics, functions, buses, secrets and keys."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from local_aws.iam import facts
from local_aws.policy_language.policies import MalformedPolicyError, Statement, parse

_log = logging.getLogger(__name__)

SERVICES = frozenset({"sqs", "sns", "lambda", "events", "secretsmanager", "kms"})
"""The services whose resource-based policies are enforced."""

RESOURCE_POLICY_FIRST = frozenset({"kms"})
"""Services in which the account's own policies apply only if the resource's policy allows the account."""

OWN_ACCOUNT_ONLY = frozenset(
    f"sqs:{name}"
    for name in (
        "AddPermission",
        "CancelMessageMoveTask",
        "CreateQueue",
        "DeleteQueue",
        "ListMessageMoveTasks",
        "ListQueues",
        "ListQueueTags",
        "RemovePermission",
        "SetQueueAttributes",
        "StartMessageMoveTask",
        "TagQueue",
        "UntagQueue",
    )
)
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-overview-of-managing-access.html"""

_ELEMENTS = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)


def statements_for(arn: str) -> tuple[Statement, ...] | None:
    """Return the statements of a resource's policy; None if there is no such resource, or its kind has no policies."""
    service, region, account_id, name = _parts(arn)
    reader = _READERS.get(service)
    backend = facts.backend_of(service, account_id, region) if reader and account_id else None
    if reader is None or backend is None:
        return None
    found = reader(backend, arn, name)
    return None if found is _NOTHING else read(found, arn)


def read(policy: str | Mapping[str, Any] | None, arn: str) -> tuple[Statement, ...]:
    """Parse a policy in moto's form; one that AWS would refuse allows nothing."""
    try:
        document = json.loads(policy) if isinstance(policy, str) and policy else policy
        if not document or not document.get("Statement"):
            return ()
        # moto's statements of a function have parameters of AddPermission that are no elements of a policy.
        listed = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
        statements = [{name: each[name] for name in _ELEMENTS if name in each} for each in listed]
        return parse({**document, "Statement": statements}, "resource")
    except (json.JSONDecodeError, MalformedPolicyError) as error:
        _log.warning("the policy of %s allows nothing: %s", arn, error)
        return ()


_NOTHING: Any = object()


def _parts(arn: str) -> tuple[str, str, str, str]:
    segments = arn.split(":", 5)
    if len(segments) < 6 or "*" in arn:  # noqa: PLR2004 - an ARN's segments
        return "", "", "", ""
    return segments[2], segments[3], segments[4], segments[5]


def _queue_policy(backend: Any, arn: str, name: str) -> Any:
    queue = backend.queues.get(name)
    return _NOTHING if queue is None else queue.policy


def _topic_policy(backend: Any, arn: str, name: str) -> Any:
    topic = backend.topics.get(arn)
    return _NOTHING if topic is None else topic.policy


def _function_policy(backend: Any, arn: str, name: str) -> Any:
    # A permission on the function is none on a version or an alias, which have their own.
    function = backend._lambdas.get_arn(arn)  # noqa: SLF001 - moto's own method raises if it does not exist
    return _NOTHING if function is None else {"Statement": function.policy.statements}


def _bus_policy(backend: Any, arn: str, name: str) -> Any:
    bus = backend.event_buses.get(name.removeprefix("event-bus/"))
    return _NOTHING if bus is None or not name.startswith("event-bus/") else bus.policy


def _secret_policy(backend: Any, arn: str, name: str) -> Any:
    return backend.secrets[arn].policy if arn in backend.secrets else _NOTHING


def _key_policy(backend: Any, arn: str, name: str) -> Any:
    key = backend.keys.get(name.removeprefix("key/"))
    return _NOTHING if key is None else key.policy


_READERS: Mapping[str, Callable[[Any, str, str], Any]] = {
    "sqs": _queue_policy,
    "sns": _topic_policy,
    "lambda": _function_policy,
    "events": _bus_policy,
    "secretsmanager": _secret_policy,
    "kms": _key_policy,
}
