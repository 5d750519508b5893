"""Requests at once: how long until all are through, and what it takes, beside what AWS's limits allow.

``python -m bench.burst``, on the local AWS's clock, which stands still while anything works. The exit code is 1 if an
aim is missed, 130 if a person ended it; what was measured until then is printed and written all the same.
"""

import argparse
import functools
import itertools
import json
import logging
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import msgspec
from moto.moto_api._internal import mock_random

from bench.counting import counted
from bench.limits import of_connections, of_shares
from bench.naive import naive
from bench.prices import report_idle
from bench.stacks import deploy_in
from bench.table import Line, missed, print_table
from bench.watching import (
    ACCEPTED,
    AT_MOST,
    MOST_ACCOUNTS,
    NOTIFIED,
    PATIENCE,
    Options,
    Watch,
    ask_at_once,
    consumer,
    homes,
    line_of,
)
from local_aws.testing.clock import clock, fast_forward
from local_aws.testing.faults import CallFault, Injected, faults
from local_aws.testing.record import RecordedCall, record
from local_aws.testing.server import LocalAws
from local_aws.testing.settings import changed
from local_aws.testing.stores import endpoint_states, items, parameter_names
from local_stack.stack import REGION, REPOSITORY
from scenarios.people import Person

SIZES = (1, 100, 1000)
LONG = 10_000
OVER_SERVICES = (1000, 50)
SHARES = (1, 10)
LONG_SHARES = 100
VPCS = (1, 10)
MODES = ("resource-endpoint", "service-network", "service-network-endpoint")
RESOURCES = 10
"""Of a share."""
NAIVE = (100, 1000)
FAULTY = 1000

WRITTEN = REPOSITORY / ".local" / "bench-bursts.json"

FAILING = 0.05
"""The part of calls that fail."""
KILLED = 0.1
"""The part of invocations that are killed; each makes some five calls, at any of which it may be."""
_CALLS_OF_AN_INVOCATION = 5
_STRANGERS = 50
"""One in so many asks without being known: nothing may accept it."""

_MADE = 6.0
_NAMED = 3.0
"""From the creation of a Resource endpoint to being available, and from there to its names."""
_VISIBLE = 2.0
"""From a share to being listed."""

_QUIET = 120.0


def connections(options: Options, count: int, *, services: int = 1, faulty: bool = False) -> Line:
    """Measure connections at once, by Drawbridge."""
    real = time.monotonic()
    home = deploy_in(options.url, str(next(homes)))
    names = [home.offer_service()[1] for _ in range(services)]
    for number in range(min(count, MOST_ACCOUNTS)):
        home.register_consumer(consumer(options.url, number).account_id, "*")
    strangers = count // _STRANGERS if faulty else 0
    fast_forward(_QUIET, patience=PATIENCE)
    table = home.output("LedgerTableName")

    def settled() -> bool:
        wanted = {*asked}
        rows = [each for each in items(home.account_id, REGION, table) if each["subject"]["S"] in wanted]
        return [each["status"]["S"] for each in rows] == ["AVAILABLE"] * len(asked)

    with (
        counted(home.account_id) as found,
        record.collected("ec2:AcceptVpcEndpointConnections") as accepted,
        _faults(home.account_id, options.seed) if faulty else nullcontext() as injected,
    ):
        watch = Watch(
            f"{count} connections" + (f" over {services} services" if services > 1 else ""),
            home.account_id,
            count,
            [],
            time.monotonic() + 60 * options.minutes,
            settled,
            before=frozenset(parameter_names(home.account_id, REGION)),
        )
        unknown = ask_at_once(options.url, names, strangers, options.seed, first=2 * MOST_ACCOUNTS)
        asked = ask_at_once(options.url, names, count, options.seed)
        watch.endpoints = asked
        fast_forward(AT_MOST, watch.until, patience=PATIENCE)
        made = [each for each in accepted() if each.account_id == home.account_id]
    home.stop_sweeping()
    by_endpoint = Counter(endpoint for each in made if each.error is None for endpoint in each.params["VpcEndpointIds"])
    return line_of(
        watch,
        found,
        of_connections(count, by_itself=NOTIFIED + ACCEPTED),
        what="connections",
        way="drawbridge",
        items=count,
        services=services,
        accepted_after=_after_notification(made, watch.began),
        faults=faulty,
        struck=injected.struck() if injected else 0,
        mistaken=sum(state != "pendingAcceptance" for state in endpoint_states(unknown).values()),
        accepted_twice=sum(times > 1 for times in by_endpoint.values()),
        real_seconds=time.monotonic() - real,
    )


def _after_notification(accepted: Sequence[RecordedCall], began: float) -> float | None:
    times = [each.time for each in accepted if each.error is None]
    return min(times) - began - NOTIFIED if times else None


@contextmanager
def _faults(account_id: str, seed: int) -> Iterator[Injected]:
    """Have calls of the account's functions fail, and functions be killed at them."""
    killed = KILLED / _CALLS_OF_AN_INVOCATION / 2
    plan = (
        CallFault("*:*", "error", probability=FAILING, account=account_id, role="drawbridge-*Function*"),
        CallFault("*:*", "kill-before", probability=killed, account=account_id, role="drawbridge-*Function*"),
        CallFault("*:*", "kill-after", probability=killed, account=account_id, role="drawbridge-*Function*"),
    )
    with faults.injected(*plan, seed=seed) as injected:
        yield injected


def shares(options: Options, count: int, *, mode: str, vpcs: int) -> Line:
    """Measure shares of ten resources each at once, which a binding wants in VPCs by a mode."""
    real = time.monotonic()
    home = deploy_in(options.url, str(next(homes)))
    provider = Person(options.url, str(next(homes)), "provider")
    permit = f'permit(principal == Account::"{provider.account_id}", action == Action::"accept", resource);'
    home.write_policy("let-provider-in", permit)
    network: dict[str, Any] = (
        {} if mode == "resource-endpoint" else {"serviceNetwork": {"name": "bench", "create": True}}
    )
    home.write_binding(
        "all", resource="*", provider=provider.account_id, mode=mode, vpc=_make_vpcs(home, vpcs), **network
    )
    resources = count * RESOURCES
    offered = [provider.offer_database(f"db-{number:04}", port="5432") for number in range(resources)]
    random.Random(options.seed).shuffle(offered)  # noqa: S311 - an order, no secret
    fast_forward(_QUIET, patience=PATIENCE)
    table = home.output("LedgerTableName")
    with counted(home.account_id) as found:
        watch = Watch(
            f"{count} shares by {mode} into {vpcs}",
            home.account_id,
            resources * vpcs,
            [],
            time.monotonic() + 60 * options.minutes,
            lambda: all(each["settled"]["BOOL"] for each in items(home.account_id, REGION, table)),
            before=frozenset(parameter_names(home.account_id, REGION)),
        )
        for start in range(0, resources, RESOURCES):
            provider.client("ram").create_resource_share(
                name=f"share-{start}", resourceArns=offered[start : start + RESOURCES], principals=[home.account_id]
            )
        # AWS sends no event of an invitation: without this the schedule finds it, up to five minutes later.
        fast_forward(_VISIBLE, patience=PATIENCE)
        hint = {"source": "drawbridge.command", "detail-type": "Sweep"}
        home.client("sqs").send_message(QueueUrl=home.output("HintsQueueUrl"), MessageBody=json.dumps(hint))
        fast_forward(AT_MOST, watch.until, patience=PATIENCE)
    home.stop_sweeping()
    return line_of(
        watch,
        found,
        of_shares(mode, resources, vpcs, by_itself=_VISIBLE + _MADE + _NAMED),
        what=f"shares by {mode}",
        way="drawbridge",
        items=count,
        vpcs=vpcs,
        real_seconds=time.monotonic() - real,
    )


def _make_vpcs(home: Person, count: int) -> Mapping[str, Any]:
    """Make VPCs with a subnet each; return the ``vpc`` of a binding for them."""
    ec2 = home.client("ec2")
    for _ in range(count):
        vpc_id = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.9.0.0/24", AvailabilityZone="us-east-1a")
        ec2.create_tags(Resources=[vpc_id], Tags=[{"Key": "bench", "Value": "yes"}])
    return {"tag": {"bench": "yes"}}


@contextmanager
def still() -> Iterator[None]:
    """Have the clock stand still, so that this machine's slowness is not AWS's; persons are not throttled."""
    clock.set_speed(0)
    try:
        with changed(throttle_persons=False):
            yield
    finally:
        clock.set_speed(1)


def planned(options: Options, chosen: argparse.Namespace) -> Iterator[Callable[[], Line]]:
    """Yield what measures each line that was chosen."""
    if "connections" in chosen.parts:
        for count in chosen.sizes:
            yield functools.partial(connections, options, count)
        if OVER_SERVICES[0] <= max(chosen.sizes):
            yield functools.partial(connections, options, OVER_SERVICES[0], services=OVER_SERVICES[1])
    if "naive" in chosen.parts:
        for count in (each for each in NAIVE if each <= max(chosen.sizes)):
            yield functools.partial(naive, options, count, way="one call each")
            yield functools.partial(naive, options, count, way="a poll a minute")
    if "faults" in chosen.parts:
        yield functools.partial(connections, options, min(FAULTY, max(chosen.sizes)), faulty=True)
    if "shares" in chosen.parts:
        for mode, vpcs, count in itertools.product(MODES, VPCS, chosen.shares):
            yield functools.partial(shares, options, count, mode=mode, vpcs=vpcs)


_PARTS = ("connections", "naive", "faults", "shares")


def _chosen() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.burst", description=__doc__)
    numbers = functools.partial(_several, int)
    parser.add_argument("--sizes", type=numbers, default=SIZES, help="connections at once, such as 1,100,1000")
    parser.add_argument("--shares", type=numbers, default=SHARES, help="shares at once, such as 1,10,100")
    parser.add_argument("--parts", type=functools.partial(_several, str), default=_PARTS, help=", ".join(_PARTS))
    parser.add_argument("--long", action="store_true", help=f"{LONG} connections and {LONG_SHARES} shares besides")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=15.0, help="real minutes after which a line is given up")
    parser.add_argument("--out", type=Path, default=WRITTEN, help="where the lines are written as JSON")
    chosen = parser.parse_args()
    if unknown := {*chosen.parts} - {*_PARTS}:
        parser.error(f"--parts: {', '.join(sorted(unknown))}: there are {', '.join(_PARTS)}")
    if min((*chosen.sizes, *chosen.shares)) < 1:
        parser.error("--sizes and --shares: 1 or more")
    if chosen.long:
        chosen.sizes, chosen.shares = (*chosen.sizes, LONG), (*chosen.shares, LONG_SHARES)
    return chosen


def _several(kind: Callable[[str], Any], text: str) -> tuple[Any, ...]:
    return tuple(kind(each) for each in text.split(","))


def main() -> None:
    """Measure, print, and tell by the exit code whether an aim was missed."""
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    chosen = _chosen()
    mock_random.seed(chosen.seed)
    lines: list[Line] = []
    ended = False
    with LocalAws() as server, still():
        options = Options(server.url, chosen.seed, chosen.minutes)
        try:
            for measure in planned(options, chosen):
                lines.append(measure())
                chosen.out.parent.mkdir(parents=True, exist_ok=True)
                chosen.out.write_bytes(msgspec.json.format(msgspec.json.encode(lines)))
        except KeyboardInterrupt:
            ended = True
    print_table(lines)
    report_idle()
    print(f"\nwritten to {chosen.out}")
    problems = missed(lines)
    if problems or not ended:
        print("\nAims that are missed:" if problems else "\nNo aim is missed.")
    for each in problems:
        print(f"   {each}")
    if ended:
        print("It was ended by hand before all was measured.")
        sys.exit(130)
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
