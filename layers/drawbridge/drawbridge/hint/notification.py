"""The SNS connection notification of an endpoint service, relayed to the bus.

AWS does not document the body, so nothing is read from it but what looks like ids, for people; what to sweep is said
by the detail-type.
"""

import re
from typing import Any

CONNECTION_NOTIFICATION = "Endpoint Connection Notification"

_SERVICE = re.compile(r"\bvpce-svc-[0-9a-f]{8,17}\b")
_ENDPOINT = re.compile(r"\bvpce-[0-9a-f]{8,17}\b")
_MOST = 20


def detail_of(message: str) -> dict[str, Any]:
    """Return the detail of the event that stands for the notification: the ids found in it, at most 20 of each."""
    return {
        "serviceIds": sorted(set(_SERVICE.findall(message)))[:_MOST],
        "endpointIds": sorted(set(_ENDPOINT.findall(message)))[:_MOST],
    }
