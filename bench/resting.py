"""What one sweep costs where all is as it was left: calls and seconds, beside the fewest calls that AWS's pages allow.

``python -m bench.resting``, with numbers of connections for others than the usual.
"""

import json
import logging
import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from bench.measure import Span, measured
from bench.rows import Row, copy_of, items_of, replaced, settled_row, write_items
from bench.stacks import deploy_in
from drawbridge.association.account_inventory import inputs_of
from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.association.quotas import RESOURCE_ENDPOINTS
from drawbridge.aws.account_listing import AccountListing
from drawbridge.aws.attachment_listing import AttachmentListing
from drawbridge.publication import AttachmentSnapshot
from drawbridge.publication.snapshot import attachment_fingerprint
from drawbridge.request.fingerprints import share_fingerprint
from drawbridge.request.shares import SharedResource
from local_aws.testing.clock import clock, fast_forward
from local_aws.testing.copies import copy_configuration, copy_endpoint, copy_parameter, copy_share
from local_aws.testing.server import LocalAws
from local_aws.testing.settings import changed
from local_stack.stack import REGION
from scenarios.people import Person

SIZES = (100, 1_000, 10_000)

_SWEEPS = "drawbridge-discover_requests"
_PATIENCE = 400.0
"""Real seconds that a sweep may take: more than its function's timeout, which ends it."""

_MOST_SWEEPS = 20
"""Until all is at rest: AWS takes some calls of them only so often, and a sweep ends with its function's time."""

_BETWEEN_LOOKS = 0.1
"""Real seconds between two looks at the log."""

# The most that AWS returns at once, where no size is asked for, as here: API references of Amazon EC2, AWS RAM, VPC
# Lattice and Systems Manager, "MaxResults" of each operation; Amazon DynamoDB, "Query".
_CONNECTIONS = 1000  # DescribeVpcEndpointConnections
_ENDPOINTS = 1000  # DescribeVpcEndpoints
_ASSOCIATIONS = 100  # DescribeVpcEndpointAssociations
_SHARED = 500  # GetResourceShares, ListResources
_CONFIGURATIONS = 100  # ListResourceConfigurations
_PARAMETERS = 10  # GetParametersByPath
_BYTES = 1 << 20  # Query, Scan: of items as they are stored, whatever of them is asked for
_KEYS = 100  # BatchGetItem


class Side(Protocol):
    """An account with connections of one kind, all of them settled."""

    title: str
    sizes: Sequence[int]
    """Those of the usual that the local AWS is through with in a minute or two."""
    home: Person

    def grow(self, size: int) -> None:
        """Have so many connections."""
        ...

    def fewest(self, size: int) -> Counter[str]:
        """Return the fewest calls that list all that a sweep compares, but for the ledger."""
        ...


@dataclass(frozen=True)
class Look:
    """One sweep."""

    span: Span
    real_seconds: float
    local_seconds: float
    memory_mb: int | None
    """Not known of a process that was killed."""
    timed_out: bool


class Consumers:
    """A provider of an endpoint service, to which each of its consumers has one endpoint."""

    title = "Provider: endpoint connections, each from a registered account of its own"
    sizes: Sequence[int] = SIZES

    def __init__(self, url: str) -> None:
        self.home, first = deploy_in(url, "460000000301"), Person(url, "500000000000", "consumer")
        service_id, service_name = self.home.offer_service()
        self.home.register_consumer(first.account_id, service_id)
        (self._entry,) = items_of(self.home, "ConsumersTableName")
        self._account_id, self._endpoint_id = first.account_id, first.connect(service_name)
        self._row, self._published = settled_row(self.home), dict(self.home.published())
        self._size = 1

    def grow(self, size: int) -> None:
        accounts = [f"5{number:011}" for number in range(self._size, size)]
        endpoints = {each: copy_endpoint(self._endpoint_id, owner=each) for each in accounts}
        write_items(self.home, "ConsumersTableName", (self._entry | {"account_id": {"S": each}} for each in accounts))
        write_items(self.home, "LedgerTableName", (self._copy(*each) for each in endpoints.items()))
        self._size = size

    def _copy(self, account_id: str, endpoint_id: str) -> Row:
        renamed = {self._account_id: account_id, self._endpoint_id: endpoint_id}
        _copy_published(self.home, self._published, renamed)
        return copy_of(self._row, renamed)

    def fewest(self, size: int) -> Counter[str]:
        return Counter(
            {
                "ec2:DescribeVpcEndpointConnections": _pages(size, _CONNECTIONS),
                "ec2:DescribeVpcEndpointConnectionNotifications": 1,
                "dynamodb:BatchGetItem": _pages(size, _KEYS),
            }
        )


class Shares:
    """A consumer, with whom a provider shares one database at a time."""

    title = "Consumer: shares of one provider, each with one resource and an endpoint to it"
    sizes: Sequence[int] = SIZES[:-1]

    def __init__(self, url: str) -> None:
        self.home, self._provider = deploy_in(url, "460000000302"), Person(url, "470000000302", "provider")
        asks = f'principal == Account::"{self._provider.account_id}"'
        self.home.write_policy("let-in", f'permit({asks}, action == Action::"accept", resource);')
        # As many endpoints as that are in one VPC only where AWS has raised the quota, and somebody wrote that down.
        path = f"/drawbridge/config/quotas/{RESOURCE_ENDPOINTS}"
        self.home.client("ssm").put_parameter(Name=path, Type="String", Value=str(2 * max(SIZES)))
        self.home.write_binding("bench", resource="*", provider=self._provider.account_id)
        self._share_arn = self._provider.share_database(_name(0), port="5432", with_account=self.home.account_id)
        self._row, self._published = settled_row(self.home), dict(self.home.published())
        (self._snapshot,) = msgspec.json.decode(self._row["ways"]["S"], type=tuple[AttachmentSnapshot, ...])
        self._inputs = msgspec.json.decode(self._row["inputs"]["S"], type=PlanInputs)
        self._dns_name = str(self.home.parameter(f"/drawbridge/connections/bench/{_name(0)}/dns-name"))
        self._size = 1

    def grow(self, size: int) -> None:
        made = [self._copy(_name(number)) for number in range(self._size, size)]
        # Until each has its DNS name.
        fast_forward(60, patience=_PATIENCE)
        listed = AttachmentListing(self.home.client("ec2"), self.home.client("vpc-lattice"))
        inventory = AccountListing(
            self.home.client("ec2"),
            self.home.client("vpc-lattice"),
            lambda: self.home.client("route53"),
            listed,
            account_id=self.home.account_id,
        )
        write_items(self.home, "LedgerTableName", (self._copied_row(each, inventory, listed) for each in made))
        self._size = size

    def _copy(self, name: str) -> "_Copied":
        resource_arn = copy_configuration(self._snapshot.resource_arn, name)
        share_arn = copy_share(self._share_arn, name, resource_arn)
        endpoint_id = copy_endpoint(self._snapshot.made.endpoint_id, configuration_arn=resource_arn)
        return _Copied(name, share_arn, resource_arn, endpoint_id)

    def _copied_row(self, copied: "_Copied", inventory: AccountListing, listed: AttachmentListing) -> Row:
        (named,) = listed.named(copied.endpoint_id)
        renamed = {
            self._dns_name: named.dns_name,
            _id(self._share_arn): _id(copied.share_arn),
            _id(self._snapshot.resource_arn): _id(copied.resource_arn),
            self._snapshot.made.endpoint_id: copied.endpoint_id,
            _name(0): copied.name,
        }
        _copy_published(self.home, self._published, renamed)
        held = SharedResource(
            arn=copied.resource_arn,
            type="vpc-lattice:resourceconfiguration",
            share_arn=copied.share_arn,
            status="AVAILABLE",
        )
        made = self._snapshot.made
        state = attachment_fingerprint([named], frozenset(made.security_group_ids), made.settings, vpc=False)
        row = copy_of(self._row, renamed | {self._snapshot.observed_fingerprint: state})
        # What else the plan rested on is the same for all.
        inputs = msgspec.structs.replace(self._inputs, resources=inputs_of((), [held], inventory, {}).resources)
        return row | {
            "seen": {"S": share_fingerprint([copied.resource_arn])},
            "inputs": {"S": msgspec.json.encode(inputs).decode()},
        }

    def fewest(self, size: int) -> Counter[str]:
        return Counter(
            {
                "ec2:DescribeVpcEndpoints": _pages(size, _ENDPOINTS),
                "ec2:DescribeVpcEndpointAssociations": _pages(size, _ASSOCIATIONS),
                "ec2:DescribeVpcs": 1,
                "ec2:DescribeSubnets": 1,
                "vpc-lattice:ListResourceConfigurations": _pages(size, _CONFIGURATIONS),
                "ram:GetResourceShares": _pages(size, _SHARED),
                "ram:ListResources": _pages(size, _SHARED),
                "dynamodb:BatchGetItem": 1,
            }
        )


@dataclass(frozen=True)
class _Copied:
    name: str
    share_arn: str
    resource_arn: str
    endpoint_id: str


_SIDES: Sequence[Callable[[str], Side]] = (Consumers, Shares)


def report_resting(url: str, sizes: Sequence[int] = ()) -> None:
    """Have more and more connections in one account, sweep once each time, and print what that took."""
    print("\nOne sweep, of a process that is warm, where nothing is to be done; its seconds are the local AWS's too")
    with changed(empty_pages=0.0):
        for make in _SIDES:
            side: Side = make(url)
            side.home.stop_sweeping()
            _read_hints(side.home, enabled=False)
            print(f"\n{side.title}")
            for size in sizes or side.sizes:
                side.grow(size)
                _come_to_rest(side.home)
                look = _look(side.home, size)
                _print(look, side, size)
                if look.timed_out:
                    break
            for size in SIZES if not sizes else ():
                if size not in side.sizes:
                    _print_left_out(side, size)


def _print_left_out(side: Side, size: int) -> None:
    print(
        f"\n   {size:,} at rest: not run, as the local AWS takes minutes to answer (python -m bench.resting {size}); "
        f"{_fewest(side, size).total():,} calls at the fewest"
    )


def _come_to_rest(home: Person) -> None:
    """Have the account sweep until everybody in the registry is offered what their entries name.

    Raises:
        RuntimeError: it does not come to rest.
    """
    for _ in range(_MOST_SWEEPS):
        span, _ = _swept(home)
        if not _writes(span):
            return
    raise RuntimeError(f"not at rest after {_MOST_SWEEPS} sweeps")


def _swept(home: Person) -> tuple[Span, list[tuple[float, str]]]:
    """Have the account sweep once; return what was called, and what was logged."""
    since = clock.time()
    home.hint("schedule")
    with measured([home]) as span:
        _read_hints(home, enabled=True)
        log = _wait_for_report(home, since)
        _read_hints(home, enabled=False)
    return span, log


def _writes(span: Span) -> set[tuple[str, str]]:
    """Return what was written, but for the record of the sweep."""
    verbs = ("Put", "Update", "Create", "Modify")
    return {each for each in span.calls if each[1].partition(":")[2].startswith(verbs)}


def _look(home: Person, size: int) -> Look:
    """Have the account sweep once.

    Raises:
        RuntimeError: it was not at rest: something was started, or failed, or not all of it was seen.
    """
    span, log = _swept(home)
    ((started, _),) = [each for each in log if each[1].startswith("START ")]
    ((ended, report),) = [each for each in log if each[1].startswith("REPORT ")]
    fields = _fields(report)
    timed_out = fields.get("Status") == "timeout"
    if not timed_out:
        _check(size, span, [json.loads(line) for _, line in log if line.startswith("{")])
    return Look(
        span=span,
        real_seconds=float(fields["Duration"].split()[0]) / 1000,
        local_seconds=ended - started,
        memory_mb=int(memory.split()[0]) if (memory := fields.get("Max Memory Used")) else None,
        timed_out=timed_out,
    )


def _check(size: int, span: Span, lines: Sequence[Mapping[str, Any]]) -> None:
    swept = [(line["seen"], line["started"]) for line in lines if line.get("message") == "swept"]
    wrong = [line for line in lines if line.get("level") in {"WARNING", "ERROR"}]
    if swept != [(size, [])] or wrong or span.executions:
        raise RuntimeError(f"not at rest: swept {swept}, {span.executions} execution(s), {wrong}")
    if writes := _writes(span):
        raise RuntimeError(f"not at rest: {writes}")


def _wait_for_report(home: Person, since: float) -> list[tuple[float, str]]:
    """Wait until a sweep has ended; return what was logged. What it started, if anything, is not waited for."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        log = _log(home, since)
        if any(line.startswith("REPORT ") for _, line in log):
            return log
        time.sleep(_BETWEEN_LOOKS)
    raise TimeoutError(f"no sweep has ended within {_PATIENCE:.0f} s")


def _log(home: Person, since: float) -> list[tuple[float, str]]:
    """Return what sweeps logged since then, and when."""
    pages = (
        home.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=f"/aws/lambda/{_SWEEPS}", startTime=int(since * 1000))
    )
    return [(each["timestamp"] / 1000, each["message"]) for page in pages for each in page["events"]]


def _fields(report: str) -> dict[str, str]:
    """Read Lambda's last line of an invocation: ``Duration: 1.23 ms`` and others, with tabs between."""
    return dict(part.split(": ", 1) for part in report.split("\t") if ": " in part)


def _read_hints(home: Person, *, enabled: bool) -> None:
    """Have the queue of hints read, or left alone: each hint would be a sweep, and one that broke off comes back."""
    functions = home.client("lambda")
    (mapping,) = functions.list_event_source_mappings(FunctionName=_SWEEPS)["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=enabled)


def _print(look: Look, side: Side, size: int) -> None:
    limits = side.home.client("lambda").get_function_configuration(FunctionName=_SWEEPS)
    timeout, memory = limits["Timeout"], limits["MemorySize"]
    calls: Counter[str] = Counter()
    for (_, operation), count in look.span.calls.items():
        calls[operation] += count
    fewest = _fewest(side, size)
    end = f"DID NOT FINISH within the function's {timeout} s" if look.timed_out else "nothing started, nothing failed"
    print(f"\n   {size:,} at rest: {end}")
    print(
        f"   {calls.total():,} calls, {fewest.total():,} at the fewest; {calls.total() / size:.2f} a connection; "
        f"{look.span.throttled.total()} throttled"
    )
    print(
        f"   {look.real_seconds:.1f} real seconds, {look.local_seconds:.1f} on the local clock, of {timeout} that the "
        f"function has; {look.memory_mb or '?'} MB of {memory}"
    )
    print(f"   {'calls':>7}{'fewest':>9}  operation")
    for operation in sorted({*calls, *fewest}):
        print(f"   {calls[operation]:>7,}{fewest[operation]:>9,}  {operation}")


def _fewest(side: Side, size: int) -> Counter[str]:
    rows = items_of(side.home, "LedgerTableName")
    ledger = _bytes(rows) * size // len(rows)
    configured = side.home.client("ssm").get_paginator("get_parameters_by_path")
    pages = configured.paginate(Path="/drawbridge/config", Recursive=True)
    common = {
        "dynamodb:Query": _pages(ledger, _BYTES),
        "ssm:GetParametersByPath": _pages(sum(len(page["Parameters"]) for page in pages), _PARAMETERS),
        "ec2:DescribeVpcEndpointServiceConfigurations": 1,
        "ram:GetResourceShareInvitations": 1,
        "ram:GetResourceShares": 1,
        "ram:ListResources": 1,
    }
    return Counter(common) | side.fewest(size)


def _pages(count: int, most: int) -> int:
    return max(1, math.ceil(count / most))


def _bytes(items: Iterable[Row]) -> int:
    return sum(_of_map(item) for item in items)


def _of_map(members: Mapping[str, Any]) -> int:
    return sum(len(name.encode()) + _of_value(value) for name, value in members.items())


def _of_value(value: Mapping[str, Any]) -> int:
    """Return the bytes of an attribute's value (DynamoDB developer guide, "Item sizes and formats")."""
    ((kind, held),) = value.items()
    match kind:
        case "S":
            return len(held.encode())
        case "N":
            return len(held) // 2 + 1
        case "SS":
            return sum(len(each.encode()) for each in held)
        case "L":
            return 3 + sum(1 + _of_value(each) for each in held)
        case "M":
            return 3 + len(held) + _of_map(held)
        case _:
            return 1


def _copy_published(home: Person, published: Mapping[str, str], renamed: Mapping[str, str]) -> None:
    for name, value in published.items():
        to = replaced(name, renamed)
        copy_parameter(home.account_id, REGION, name, to=to, value=replaced(value, renamed))


def _name(number: int) -> str:
    return f"db-{number:05}"


def _id(arn: str) -> str:
    return arn.rpartition("/")[2]


def main() -> None:
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    with LocalAws() as server:
        report_resting(server.url, [int(each) for each in sys.argv[1:]])


if __name__ == "__main__":
    main()
