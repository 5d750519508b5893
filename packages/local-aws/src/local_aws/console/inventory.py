"""What there is on the local AWS, in all accounts or in one, as the console shows it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.cloudformation.models import cloudformation_backends
from moto.ssm.models import ssm_backends

from local_aws.console.steps import Step, steps_of
from local_aws.delivery import journal
from local_aws.http.call_record import record
from local_aws.moto_extension.tables import lock
from local_aws.services.lattice.network_associations import NetworkAssociation
from local_aws.services.lattice.network_reach import ResourceAssociation, resource_associations, service_associations
from local_aws.services.lattice.network_vpcs import VpcAssociation, vpc_associations
from local_aws.services.privatelink.endpoint_store import Endpoint, endpoints
from local_aws.workflows.execution import Execution, executions

MOST_EXECUTIONS = 30
MOST_PARAMETERS = 200
MOST_ENDPOINTS = 100
MOST_EVENTS = 40
MOST_OPERATIONS = 60
_LONGEST_VALUE = 2_000
_RECENT_EVENTS = 1_000
"""Of which those of one account are looked for."""


@dataclass(frozen=True)
class DeployedStack:
    """A stack with its outputs."""

    account_id: str
    region: str
    name: str
    status: str
    outputs: Mapping[str, str]


@dataclass(frozen=True)
class Some:
    """Some of the things of a kind, and how many more there are."""

    shown: Sequence[Any]
    more: int = 0


@dataclass(frozen=True)
class Run:
    """An execution of a state machine, with the states that it entered."""

    account_id: str
    machine: str
    name: str
    arn: str
    status: str
    started: datetime
    stopped: datetime | None
    failure: str
    steps: Sequence[Step]


@dataclass(frozen=True)
class NamedValue:
    """A parameter of Parameter Store, in its last version."""

    account_id: str
    region: str
    name: str
    value: str
    version: int
    modified: datetime


@dataclass(frozen=True)
class Link:
    """A VPC endpoint, or an association of a service network: what leads from one place to another."""

    account_id: str
    id: str
    kind: str
    state: str
    failure: str
    source: str
    """The VPC, or the service network."""
    target: str
    names: Sequence[str]
    since: datetime


@dataclass(frozen=True)
class Emitted:
    """An event on a bus, and to whom it was delivered."""

    account_id: str
    id: str
    emitted: datetime
    bus: str
    source: str
    detail_type: str
    about: str
    detail: str
    deliveries: Sequence[Mapping[str, Any]]
    copies: int


@dataclass(frozen=True)
class CalledOperation:
    """How often an operation was called, whoever called."""

    operation: str
    count: int
    errors: Mapping[str, int]


def _outputs(stack: Any) -> dict[str, str]:
    """Return the outputs of a stack; none of one that could not be made whole.

    moto makes what an output refers to when it is read first: of a stack that failed, it fails again.
    """
    try:
        return {each["OutputKey"]: str(each["OutputValue"]) for each in stack.outputs or ()}
    except Exception:  # noqa: BLE001 - whatever is wrong with one stack, the page shows the others
        return {}


class Inventory:
    """What there is; of one account if ``account_id`` is given."""

    def __init__(self, account_id: str = "") -> None:
        self._account_id = account_id

    def accounts(self) -> dict[str, list[DeployedStack]]:
        """Return the stacks of all accounts, also of those that have none and called something."""
        stacks = [
            DeployedStack(
                account_id,
                region,
                stack.name,
                stack.status,
                _outputs(stack),
            )
            for account_id, region, backend in _backends(cloudformation_backends)
            for stack in list(backend.stacks.values())
        ]
        known = {each["account"] for each in record.describe(last=0)["calls"]} | {each.account_id for each in stacks}
        return {account_id: [each for each in stacks if each.account_id == account_id] for account_id in sorted(known)}

    def runs(self) -> Some:
        """Return executions: those that run, and then the others, the newest first."""
        found = [each for each in executions.all() if self._includes(each.machine.account_id)]
        found.sort(key=lambda each: each.status != "RUNNING")
        return _some([_run(each) for each in found[:MOST_EXECUTIONS]], len(found))

    def parameters(self, prefix: str) -> Some:
        """Return the parameters whose names begin with the prefix."""
        found = [
            (account_id, region, versions[-1])
            for account_id, region, backend in _backends(ssm_backends)
            if self._includes(account_id)
            for name, versions in list(backend._parameters.items())  # noqa: SLF001 - moto has no other way to all
            if versions and name.startswith(prefix)
        ]
        found.sort(key=lambda each: (each[0], each[2].name))
        return _some([_named_value(*each) for each in found[:MOST_PARAMETERS]], len(found))

    def links(self) -> Some:
        """Return VPC endpoints and associations of service networks, the newest first."""
        with lock:
            found = [
                *(_endpoint_link(each) for each in endpoints.values() if self._includes(each.owner)),
                *(
                    _association_link(each)
                    for kept in (vpc_associations, resource_associations, service_associations)
                    for each in kept.values()
                    if self._includes(each.creator)
                ),
            ]
        found.sort(key=lambda each: each.since, reverse=True)
        return _some(found[:MOST_ENDPOINTS], len(found))

    def events(self) -> Some:
        """Return the last events, the newest first."""
        found = [each for each in journal.describe(_RECENT_EVENTS)[::-1] if self._includes(each["account"])]
        return _some([_emitted(each) for each in found[:MOST_EVENTS]], len(found))

    def operations(self) -> Some:
        """Return the operations that were called, those first that were called most."""
        counts: Counter[str] = Counter()
        errors: dict[str, Counter[str]] = {}
        for each in record.describe(last=0)["calls"]:
            if self._includes(each["account"]):
                counts[each["operation"]] += each["count"]
                errors.setdefault(each["operation"], Counter()).update(each["errors"])
        found = [CalledOperation(name, count, errors[name]) for name, count in counts.most_common()]
        return _some(found[:MOST_OPERATIONS], len(found))

    def _includes(self, account_id: str) -> bool:
        return self._account_id in {"", account_id}


def _backends(backends: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield moto's backends that are in use, with account and Region."""
    for account_id, of_account in list(backends.items()):
        for region, backend in list(of_account.items()):
            yield account_id, region, backend


def _some(shown: Sequence[Any], count: int) -> Some:
    return Some(shown, count - len(shown))


def _run(execution: Execution) -> Run:
    failure = ": ".join(filter(None, (execution.error, execution.cause)))
    machine = execution.machine
    return Run(
        machine.account_id,
        machine.name,
        execution.name,
        execution.execution_arn,
        execution.status,
        execution.start_date,
        execution.stop_date,
        _cut(failure),
        steps_of(execution),
    )


def _named_value(account_id: str, region: str, parameter: Any) -> NamedValue:
    secret = parameter.parameter_type == "SecureString"
    value = "(SecureString)" if secret else _cut(parameter.value)
    return NamedValue(
        account_id, region, parameter.name, value, parameter.version, _moment(parameter.last_modified_date)
    )


def _endpoint_link(endpoint: Endpoint) -> Link:
    names = [
        *(each["DnsName"] for each in endpoint.dns_entries[:1]),
        *(each.dns_name for each in endpoint.associations.values() if each.dns_name),
    ]
    target = endpoint.target_arn or endpoint.service_name or ""
    return Link(
        endpoint.owner,
        endpoint.id,
        f"{endpoint.kind} endpoint",
        endpoint.shown_state,
        endpoint.failure or "",
        endpoint.vpc_id,
        target,
        names,
        endpoint.created,
    )


def _association_link(association: NetworkAssociation) -> Link:
    match association:
        case VpcAssociation(vpc_id=vpc_id):
            kind, target = "network with VPC", vpc_id
        case ResourceAssociation(configuration=configuration):
            kind, target = "network with resource", configuration.arn
        case _:
            kind, target = "network with service", association.event_resource(association.creator)[1]
    return Link(
        association.creator,
        association.id,
        kind,
        association.shown_status,
        association.failure or "",
        association.network.name,
        target,
        (),
        association.updated,
    )


def _emitted(event: Mapping[str, Any]) -> Emitted:
    resources = event["resources"]
    return Emitted(
        event["account"],
        event["id"],
        datetime.fromtimestamp(event["emitted"], UTC),
        event["bus"].rpartition("/")[2],
        event["source"],
        event["detail-type"],
        resources[0] if resources else "",
        _cut(json.dumps(event["detail"], indent=1, default=str)),
        event["deliveries"],
        event["copies"],
    )


def _moment(value: Any) -> datetime:
    """Return a time of moto's, which has some as seconds and some without a zone."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime.fromtimestamp(float(value), UTC)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]} …"
