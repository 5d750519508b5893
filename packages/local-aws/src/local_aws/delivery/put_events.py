"""EventBridge's own API, where moto accepts what AWS refuses."""

from __future__ import annotations

import functools
import json
import uuid
from datetime import datetime
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.events.exceptions import InvalidEventPatternException, ValidationException
from moto.events.models import EventsBackend, Rule, events_backends
from moto.events.responses import EventsHandler

from local_aws.delivery import journal, patterns
from local_aws.delivery.events import BusEvent, publish, send_to_targets
from local_aws.delivery.targets import UndeliverableError, parse_arn

_MOST_ENTRIES = 10
_MOST_BYTES = 1_048_576
_MOST_TARGETS = 5
_REQUIRED_IN_AN_EVENT = ("id", "detail-type", "source", "account", "time", "region", "resources")


def patch_events() -> None:
    """Patch moto's EventBridge; harmless when done already."""
    EventsBackend.put_events = _put_events
    EventsHandler.test_event_pattern = _test_event_pattern
    Rule.send_to_targets = _send_to_targets
    _check_rules()
    _check_targets()


def _put_events(self: Any, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not 1 <= len(events) <= _MOST_ENTRIES:
        raise ValidationException(
            "1 validation error detected: Value '[PutEventsRequestEntry]' at 'entries' failed to satisfy constraint: "
            f"Member must have length between 1 and {_MOST_ENTRIES}"
        )
    if sum(_size(entry) for entry in events) > _MOST_BYTES:
        raise ValidationException("Total size of the entries in the request is over the limit.")
    return [_put(self, entry) for entry in events]


def _put(backend: Any, entry: dict[str, Any]) -> dict[str, Any]:
    """Put one entry, and return its entry of the response, which has any error."""
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            reason = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": reason}
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    if entry["Source"].startswith("aws."):
        return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}
    event = BusEvent(
        account_id=backend.account_id,
        region=backend.region_name,
        source=entry["Source"],
        detail_type=entry["DetailType"],
        detail=detail,
        resources=tuple(entry.get("Resources") or ()),
    )
    if entry.get("Time") is not None:
        event = BusEvent(**{**vars(event), "time": _seconds(entry["Time"])})
    bus = _bus(backend, entry.get("EventBusName") or "default")
    # EventBridge does not report that there is no such bus: https://github.com/aws/aws-sdk/issues/186
    if bus is not None:
        publish(event, bus)
    return {"EventId": event.id}


def _bus(backend: Any, name: str) -> Any:
    """Return the bus, which may be another account's: whether that allows the caller was checked before."""
    if not name.startswith("arn:"):
        return backend.event_buses.get(name)
    arn = parse_arn(name)
    return events_backends[arn.account_id][arn.region].event_buses.get(arn.resource.removeprefix("event-bus/"))


def _size(entry: dict[str, Any]) -> int:
    """Return an entry's size: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html."""
    texts = [entry.get("Source"), entry.get("DetailType"), entry.get("Detail"), *(entry.get("Resources") or ())]
    return sum(len(text.encode()) for text in texts if text) + (14 if entry.get("Time") is not None else 0)


def _seconds(time: Any) -> float:
    return datetime.fromisoformat(time).timestamp() if isinstance(time, str) else float(time)


def _test_event_pattern(self: Any) -> str:
    pattern = _parsed(self._get_param("EventPattern"))
    try:
        event = json.loads(self._get_param("Event"))
    except ValueError as error:
        raise ValidationException("Parameter Event is not valid. Reason: it is not JSON.") from error
    for name in _REQUIRED_IN_AN_EVENT:
        if not isinstance(event, dict) or name not in event:
            raise ValidationException(f"Parameter Event is not valid. Reason: {name} is missing.")
    return json.dumps({"Result": pattern.matches(event)})


def _parsed(pattern: str) -> patterns.Node:
    try:
        return patterns.parse(pattern)
    except patterns.InvalidPatternError as error:
        raise InvalidEventPatternException(str(error)) from error


def _send_to_targets(self: Any, original_event: dict[str, Any], transform_input: bool = True) -> None:
    """Deliver the events that moto itself sends to a rule: those of a replay."""
    event = BusEvent(
        account_id=original_event["account"],
        region=original_event["region"],
        source=original_event["source"],
        detail_type=original_event["detail-type"],
        detail=original_event["detail"],
        resources=tuple(original_event.get("resources", ())),
        id=original_event.get("id") or str(uuid.uuid4()),
        time=_seconds(original_event["time"]),
        replay_name=original_event.get("replay-name"),
    )
    envelope = event.envelope()
    text = self.event_pattern.dump()
    if text and patterns.parse(text).matches(envelope):
        send_to_targets(self, event, journal.emitted(envelope, self.event_bus_name))


def _check_rules() -> None:
    original = EventsBackend.put_rule
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def put_rule(self: Any, name: str, **parameters: Any) -> Any:
        if parameters.get("event_pattern"):
            _parsed(parameters["event_pattern"])
        return original(self, name, **parameters)

    EventsBackend.put_rule = put_rule


def _check_targets() -> None:
    original = EventsBackend.put_targets
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def put_targets(self: Any, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]) -> None:
        for target in targets:
            try:
                arn = parse_arn(target["Arn"])
            except UndeliverableError as error:
                raise ValidationException(
                    f"Parameter {target['Arn']} is not valid. Reason: Provided Arn is not in correct format."
                ) from error
            if arn.service == "states" and not target.get("RoleArn"):
                raise ValidationException(f"RoleArn is required for target {target['Arn']}.")
        kept = [each["Id"] for each in self.describe_rule(name, event_bus_arn).targets]
        if len({*kept, *(target["Id"] for target in targets)}) > _MOST_TARGETS:
            raise JsonRESTError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
        original(self, name, event_bus_arn, targets)

    EventsBackend.put_targets = put_targets
