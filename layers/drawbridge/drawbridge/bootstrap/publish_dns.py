"""The objects of ``publish_dns``."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from msgspec import Struct

from drawbridge.aws.attempts_table import AttemptsTable
from drawbridge.aws.budgets_table import BudgetsTable
from drawbridge.aws.dead_letter_queue import DeadLetterQueue
from drawbridge.aws.endpoint_services import EndpointServices
from drawbridge.aws.event_bus import EventBus
from drawbridge.aws.hosted_zones import HostedZones
from drawbridge.aws.lattice_entities import LatticeEntities
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.aws.parameter_store import PublishedParameters
from drawbridge.aws.task_callback import TaskCallback
from drawbridge.aws.vpc_endpoints import VpcEndpoints
from drawbridge.aws.work_queue import SqsWorkQueue
from drawbridge.bootstrap.attempts import attempts as build_attempts
from drawbridge.bootstrap.budgets import budgets as build_budgets
from drawbridge.bootstrap.clients import client, paced, table
from drawbridge.bootstrap.history import history
from drawbridge.environment import Environment
from drawbridge.pacing.door import Ports
from drawbridge.pacing.pace import Pace, PaceBehindOthers
from drawbridge.publication.publish import Publisher
from drawbridge.record.answer_kept import RecordPorts
from drawbridge.record.history import GatheredHistory
from drawbridge.record.publish_tasks import PublishPorts


class Publishing(Struct, frozen=True, kw_only=True):
    """What one invocation publishes with."""

    ports: PublishPorts
    ledger: LedgerTable
    """The one that it records in."""
    door: Ports


def names(time_left: Callable[[], float]) -> Publishing:
    """Return what plain names are published with; the JSON beside them is another queue's."""
    settings = environment()
    door = _door(settings.names_queue, time_left, next_queue=SqsWorkQueue(client("sqs"), settings.details_queue))
    return _publishing(Pace(budgets(), now, time.sleep, time_left), door)


def details(time_left: Callable[[], float]) -> Publishing:
    """Return what the JSON beside names is published with, while no name waits."""
    door = _door(environment().details_queue, time_left)
    return _publishing(PaceBehindOthers(budgets(), now, time.sleep, time_left), door)


def is_of_details(event: Mapping[str, Any]) -> bool:
    """Return whether messages are of the queue of the JSON beside names."""
    queue = environment().details_queue.rpartition("/")[2]
    records = event.get("Records")
    there = records if isinstance(records, list) else ()
    arns = [str(each.get("eventSourceARN")) for each in there if isinstance(each, dict)]
    return any(each.rpartition(":")[2] == queue for each in arns)


@cache
def environment() -> Environment:
    return Environment()


@cache
def attempts() -> AttemptsTable:
    return build_attempts(environment())


@cache
def budgets() -> BudgetsTable:
    return build_budgets(environment())


@cache
def connections() -> EndpointServices:
    return EndpointServices(client("ec2"))


def now() -> datetime:
    return datetime.now(UTC)


def _door(url: str, time_left: Callable[[], float], *, next_queue: SqsWorkQueue | None = None) -> Ports:
    sqs = client("sqs")
    return Ports(
        callback=TaskCallback(client("stepfunctions")),
        queue=SqsWorkQueue(sqs, url),
        dead_letters=lambda: DeadLetterQueue(sqs, environment().events_dead_letter_queue),
        now=now,
        time_left=time_left,
        next_queue=next_queue,
    )


def _publishing(pace: Pace, door: Ports) -> Publishing:
    settings = environment()
    owner = settings.prefix
    store = PublishedParameters(client("ssm"), owner=owner, pace=pace, writing=paced("ssm"))
    entities = LatticeEntities(client("vpc-lattice"))
    endpoints, zones = VpcEndpoints(client("ec2"), owner=owner), HostedZones(client("route53"), owner=owner)
    together = GatheredHistory(history(settings))
    ledger = LedgerTable(table(settings.ledger_table), now=now, history=together)
    ports = PublishPorts(
        connections=connections(),
        store=store,
        publisher=Publisher(endpoints, entities, store, zones, prefix=owner),
        attempts=attempts(),
        commanded=ledger.commanded,
        records=RecordPorts(ledger=ledger, history=together, bus=EventBus(client("events"), settings.bus)),
        pace=pace,
        prefix=owner,
        now=now,
    )
    return Publishing(ports=ports, ledger=ledger, door=door)
