"""Events on EventBridge's buses, from their source to the targets of the rules that match."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from moto.events.models import events_backends

from local_aws.delivery import journal, patterns
from local_aws.delivery.attempts import Delivery, Failure, RetryPolicy, attempt
from local_aws.delivery.background import in_background
from local_aws.delivery.journal import Entry
from local_aws.delivery.permissions import Sender, role_may
from local_aws.delivery.targets import Arn, UndeliverableError, parse_arn, send, send_to_queue
from local_aws.delivery.transformation import body_for
from local_aws.fault_injection.faults import faults
from local_aws.functions.roles import refusal, trusts
from local_aws.time.clock import clock

_log = logging.getLogger(__name__)

PRINCIPAL = "events.amazonaws.com"
WITH_READS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
_ENABLED = frozenset({"ENABLED", WITH_READS})


@dataclass(frozen=True)
class BusEvent:
    """An event; ``account_id`` and ``region`` are those of its source."""

    account_id: str
    region: str
    source: str
    detail_type: str
    detail: dict[str, Any]
    resources: tuple[str, ...] = ()
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    time: float = field(default_factory=clock.time)
    ingested: float = field(default_factory=clock.time)
    replay_name: str | None = None
    is_forwarded: bool = False
    """Whether another bus sent it on."""

    def envelope(self) -> dict[str, Any]:
        """Return the event as rules match it and targets receive it."""
        time = datetime.fromtimestamp(self.time, UTC)
        envelope: dict[str, Any] = {
            "version": "0",
            "id": self.id,
            "detail-type": self.detail_type,
            "source": self.source,
            "account": self.account_id,
            "time": f"{time:%Y-%m-%dT%H:%M:%SZ}",
            "region": self.region,
            "resources": list(self.resources),
            "detail": self.detail,
        }
        return {**envelope, "replay-name": self.replay_name} if self.replay_name else envelope


def emit(
    account_id: str,
    region: str,
    *,
    source: str,
    detail_type: str,
    detail: dict[str, Any],
    resources: Sequence[str] = (),
) -> None:
    """Put an event of AWS itself on the account's default bus, and return at once: it is delivered later."""
    event = BusEvent(account_id, region, source, detail_type, json.loads(json.dumps(detail)), tuple(resources))
    publish(event, events_backends[account_id][region].event_buses["default"])


def publish(event: BusEvent, bus: Any) -> None:
    """Put an event on one of moto's buses; the faults in force decide how often and when the rules get it."""
    entry = journal.emitted(event.envelope(), bus.arn)
    fate = faults.fate()
    entry.copies = fate.copies
    for _ in range(fate.copies):
        if fate.delay:
            clock.call_later(fate.delay, lambda: in_background("events", lambda: _route(event, bus, entry)))
        else:
            in_background("events", lambda: _route(event, bus, entry))


def _route(event: BusEvent, bus: Any, entry: Entry) -> None:
    envelope = event.envelope()
    for rule in list(bus.rules.values()):
        if rule.state in _ENABLED and _matches(rule, envelope):
            send_to_targets(rule, event, entry)


def _matches(rule: Any, envelope: dict[str, Any]) -> bool:
    text = rule.event_pattern.dump()
    if not text or not patterns.parse(text).matches(envelope):
        return False
    # Reads that CloudTrail recorded come only to rules in the state for them.
    is_read = "CloudTrail" in envelope["detail-type"] and envelope["detail"].get("readOnly") is True
    return rule.state == WITH_READS or not is_read


def send_to_targets(rule: Any, event: BusEvent, entry: Entry) -> None:
    """Deliver an event to all targets of moto's rule, without matching its pattern."""
    for target in list(rule.targets):
        arn = parse_arn(target["Arn"])
        if arn.service == "events" and not arn.account_id:
            _archive(rule, event)
        elif arn.service == "events":
            attempt(_delivery(rule, target, event, entry, lambda target=target: _forward(rule, target, event)))
        else:
            _deliver(rule, target, event, entry)


def _deliver(rule: Any, target: dict[str, Any], event: BusEvent, entry: Entry) -> None:
    envelope = event.envelope()
    ingested = datetime.fromtimestamp(event.ingested, UTC)
    body = body_for(
        target,
        envelope,
        {
            "aws.events.rule-arn": rule.arn,
            "aws.events.rule-name": rule.name,
            "aws.events.event": {name: value for name, value in envelope.items() if name != "detail"},
            "aws.events.event.json": envelope,
            "aws.events.event.ingestion-time": f"{ingested:%Y-%m-%dT%H:%M:%SZ}",
        },
    )
    attempt(_delivery(rule, target, event, entry, lambda: send(_sender(rule), target, body, name=event.id)))


def _delivery(rule: Any, target: dict[str, Any], event: BusEvent, entry: Entry, act: Any) -> Delivery:
    dead_letters: str = (target.get("DeadLetterConfig") or {}).get("Arn", "")

    def bury(failure: Failure) -> None:
        texts = {"RULE_ARN": rule.arn, "TARGET_ARN": target["Arn"], **failure.attributes()}
        attributes = {name: {"DataType": "String", "StringValue": value} for name, value in texts.items() if value}
        send_to_queue(_sender(rule), dead_letters, json.dumps(event.envelope()), attributes=attributes)

    return Delivery(
        send=act,
        bury=bury if dead_letters else None,
        note=lambda status: entry.delivered(rule.arn, target["Arn"], status),
        policy=RetryPolicy.of(target),
    )


def _sender(rule: Any) -> Sender:
    return Sender(PRINCIPAL, rule.arn, rule.account_id)


def _forward(rule: Any, target: dict[str, Any], event: BusEvent) -> None:
    """Put an event on another bus, unchanged."""
    arn = parse_arn(target["Arn"])
    if not arn.resource.startswith("event-bus/"):
        raise UndeliverableError("INVALID_PARAMETER", f"the local AWS does not deliver to {target['Arn']}")
    bus = events_backends[arn.account_id][arn.region].event_buses.get(arn.resource.removeprefix("event-bus/"))
    if bus is None:
        raise UndeliverableError("NO_RESOURCE", f"Event bus {target['Arn']} does not exist.")
    if event.is_forwarded:
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-bus-to-bus.html
        raise UndeliverableError("INVALID_PARAMETER", "an event that one bus sent to another is not sent to a third")
    if arn.account_id != rule.account_id and not target.get("RoleArn"):
        raise UndeliverableError("NO_PERMISSIONS", f"RoleArn is required for target {target['Arn']}")
    if target.get("RoleArn"):
        _check_role(rule, target["RoleArn"], arn, bus)
    publish(replace(event, is_forwarded=True), bus)


def _check_role(rule: Any, role_arn: str, arn: Arn, bus: Any) -> None:
    if not trusts(role_arn, PRINCIPAL, source_arn=rule.arn):
        raise UndeliverableError("NO_PERMISSIONS", f"{role_arn} can't be assumed by {PRINCIPAL}")
    refused = refusal(role_arn, "events", arn.region, "events:PutEvents", {"Entries": [{"EventBusName": bus.arn}]})
    if refused:
        raise UndeliverableError("NO_PERMISSIONS", refused)
    if arn.account_id != rule.account_id and not role_may(role_arn, "events:PutEvents", bus.arn, bus.policy):
        raise UndeliverableError("NO_PERMISSIONS", f"the policy of {bus.arn} does not let {role_arn} put")


def _archive(rule: Any, event: BusEvent) -> None:
    """Add an event to the archive that the rule belongs to, in the form in which moto replays it."""
    for archive in events_backends[rule.account_id][rule.region_name].archives.values():
        if archive.rule is rule:
            archive.events.append({**event.envelope(), "time": event.time, "ingestion-time": event.ingested})
