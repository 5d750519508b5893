"""CloudTrail's events on the default bus: calls, in the caller's account; actions of sharees, in the owner's."""

from __future__ import annotations

import uuid
from typing import Any

from local_aws.moto_extension.default_bus import announce
from local_aws.moto_extension.operations import ServiceCall
from local_aws.moto_extension.tables import later
from local_aws.services.timings import timings
from local_aws.time.clock import clock


def record(call: ServiceCall, *, request: dict[str, Any], response: dict[str, Any] | None) -> None:
    """Emit ``AWS API Call via CloudTrail`` for a call that succeeded: ``errorCode`` is absent."""
    source = f"{call.service}.amazonaws.com"
    detail = {
        "eventVersion": "1.11",
        "userIdentity": {"type": "AssumedRole", "accountId": call.account_id, "accessKeyId": call.access_key_id},
        "eventTime": _now(),
        "eventSource": source,
        "eventName": call.operation,
        "awsRegion": call.region,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": "local-aws",
        "requestParameters": request,
        "responseElements": response,
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": call.account_id,
        "eventCategory": "Management",
    }

    def emit() -> None:
        announce(
            call.account_id,
            call.region,
            source=f"aws.{call.service}",
            detail_type="AWS API Call via CloudTrail",
            detail=detail,
        )

    later(timings.trail_event, emit)


def record_sharee(call: ServiceCall, owner: str, event_name: str, resource_type: str, arn: str) -> None:
    """Emit the service event for a resource's owner about an action of an account that it shares with."""
    detail = {
        "eventVersion": "1.08",
        "userIdentity": {"type": "Unknown"},
        "eventTime": _now(),
        "eventSource": "vpc-lattice.amazonaws.com",
        "eventName": event_name,
        "awsRegion": call.region,
        "sourceIPAddress": "vpc-lattice.amazonaws.com",
        "userAgent": "ec2.amazonaws.com",
        "requestParameters": None,
        "responseElements": None,
        "additionalEventData": {"callerAccountId": call.account_id},
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "resources": [{"accountId": owner, "type": resource_type, "ARN": arn}],
        "eventType": "AwsServiceEvent",
        "managementEvent": True,
        "recipientAccountId": owner,
        "eventCategory": "Management",
    }

    def emit() -> None:
        announce(
            owner,
            call.region,
            source="aws.vpc-lattice",
            detail_type="AWS Service Event via CloudTrail",
            detail=detail,
            resources=[arn],
        )

    later(timings.trail_event, emit)


def _now() -> str:
    return clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
