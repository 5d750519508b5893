"""What one withdrawal of each kind costs, beside what it cost to make the same thing.

``python -m bench withdrawing``
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench.measure import SWEEPS, Span, measured
from bench.stacks import deploy_in
from local_aws.testing.clock import fast_forward
from local_aws.testing.settings import changed
from scenarios.command_line import run
from scenarios.people import Person

HOUR = 3600.0

_RESTING = 10 * 60.0
"""Two scheduled sweeps: by then, what was configured was read."""

_NETWORK = {"serviceNetwork": {"name": "bench", "create": True}}
_GONE = {"deleting", "deleted"}

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Beside:
    """The making of something, and its withdrawal."""

    made: Span
    taken_down: Span


class Stage:
    """An account with a stack of its own, and another one, which the policies of the first let in."""

    def __init__(self, url: str) -> None:
        number = next(_numbers)
        self.home = deploy_in(url, f"48{number:010}")
        self.other = Person(url, f"49{number:010}", "other")
        self._asks = f'principal == Account::"{self.other.account_id}"'
        self.home.write_policy("let-in", f'permit({self._asks}, action == Action::"accept", resource);')

    def measure(self, cause: Callable[[], Any], ended: Callable[[], bool]) -> Span:
        """Measure from a cause until it has come to its end."""
        with measured([self.home]) as span:
            cause()
            if not fast_forward(12 * HOUR, until=ended, patience=HOUR):
                raise TimeoutError(f"it has not come to its end: {self.home.ledger()}")
        return span

    def rest(self) -> None:
        fast_forward(_RESTING)

    def is_settled(self, status: str, kind: str = "") -> bool:
        """Return whether the only row, or that of a kind, has settled with a status."""
        rows = [row for row in self.home.ledger() if kind in {"", row["kind"]["S"]}]
        return [(row["status"]["S"], row["settled"]["BOOL"]) for row in rows] == [(status, True)]

    def names(self) -> int:
        return sum(name.endswith("/dns-name") for name, _ in self.home.published())

    def endpoints(self) -> int:
        """Count the endpoints of the stack that are there."""
        ours = [{"Name": "tag:drawbridge:owner", "Values": ["drawbridge"]}]
        found = self.home.client("ec2").describe_vpc_endpoints(Filters=ours)["VpcEndpoints"]
        return sum(each["State"].lower() not in _GONE for each in found)

    def forbid(self) -> None:
        self.home.write_policy("stop", f'@urgent("true") forbid({self._asks}, action, resource);')


@dataclass
class Shared:
    """A share of the other's, which a binding attaches."""

    stage: Stage
    share_arn: str = ""
    resource_arns: list[str] = field(default_factory=list)

    def prepare(self, *, mode: str = "resource-endpoint", resources: int = 1) -> None:
        self.offer(resources)
        self.bind(mode=mode, **({} if mode == "resource-endpoint" else _NETWORK))
        self.stage.rest()

    def offer(self, resources: int) -> None:
        names = [f"db-{number}" for number in range(resources)]
        self.resource_arns = [self.stage.other.offer_database(each, port="5432") for each in names]

    def bind(self, **attach: Any) -> None:
        self.stage.home.write_binding("bench", resource="db-*", provider=self.stage.other.account_id, **attach)

    def share(self) -> None:
        made = self.stage.other.client("ram").create_resource_share(
            name="bench", resourceArns=self.resource_arns[:1], principals=[self.stage.home.account_id]
        )
        self.share_arn = made["resourceShare"]["resourceShareArn"]

    def delete(self) -> None:
        self.stage.other.client("ram").delete_resource_share(resourceShareArn=self.share_arn)

    def has_settled(self, status: str, *, attached: int) -> bool:
        """Return whether its row has settled, with so many names published and no more endpoints than these."""
        stage = self.stage
        return stage.is_settled(status) and stage.names() == attached and stage.endpoints() <= attached

    def measure_made(self) -> Span:
        return self.stage.measure(self.share, lambda: self.has_settled("AVAILABLE", attached=1))

    def measure_withdrawn(self, cause: Callable[[], Any]) -> Span:
        return self.stage.measure(cause, lambda: self.has_settled("WITHDRAWN", attached=0))


def _deleted(mode: str) -> Callable[[Stage], Beside]:
    def play(stage: Stage) -> Beside:
        shared = Shared(stage)
        shared.prepare(mode=mode)
        return Beside(shared.measure_made(), shared.measure_withdrawn(shared.delete))

    return play


def _taken_out(stage: Stage) -> Beside:
    shared = Shared(stage)
    shared.prepare(resources=2)
    shared.measure_made()
    ram, second = stage.other.client("ram"), shared.resource_arns[1:]
    made = stage.measure(
        lambda: ram.associate_resource_share(resourceShareArn=shared.share_arn, resourceArns=second),
        lambda: shared.has_settled("AVAILABLE", attached=2),
    )
    taken_out = stage.measure(
        lambda: ram.disassociate_resource_share(resourceShareArn=shared.share_arn, resourceArns=second),
        lambda: shared.has_settled("AVAILABLE", attached=1),
    )
    return Beside(made, taken_out)


def _unbound(stage: Stage) -> Beside:
    shared = Shared(stage)
    shared.offer(1)
    stage.measure(shared.share, lambda: shared.has_settled("ACCEPTED", attached=0))
    made = stage.measure(shared.bind, lambda: shared.has_settled("AVAILABLE", attached=1))
    removed = stage.measure(
        lambda: stage.home.client("ssm").delete_parameter(Name=_BINDING),
        lambda: shared.has_settled("ACCEPTED", attached=0),
    )
    return Beside(made, removed)


_BINDING = "/drawbridge/config/bindings/bench"


def _share_forbidden(stage: Stage) -> Beside:
    shared = Shared(stage)
    shared.prepare()
    return Beside(shared.measure_made(), shared.measure_withdrawn(stage.forbid))


def _share_commanded(stage: Stage) -> Beside:
    shared = Shared(stage)
    shared.prepare()
    made = shared.measure_made()
    return Beside(made, shared.measure_withdrawn(lambda: _withdraw(stage.home, shared.share_arn)))


def _orphan(stage: Stage) -> Beside:
    shared = Shared(stage)
    shared.prepare()
    made = shared.measure_made()

    def lose() -> None:
        stage.home.lose_ledger()
        shared.delete()
        # The schedule looks for orphans every six hours.
        stage.home.hint("schedule-orphans")

    return Beside(made, stage.measure(lose, lambda: stage.is_settled("WITHDRAWN", "orphan") and stage.endpoints() == 0))


def _connection(take_down: Callable[[Stage, str], Any]) -> Callable[[Stage], Beside]:
    def play(stage: Stage) -> Beside:
        _, service_name = stage.home.offer_service()
        stage.rest()
        connected: list[str] = []
        made = stage.measure(
            lambda: connected.append(stage.other.connect(service_name)),
            lambda: stage.is_settled("AVAILABLE") and stage.names() == 1,
        )
        (endpoint_id,) = connected
        taken_down = stage.measure(
            lambda: take_down(stage, endpoint_id),
            lambda: stage.is_settled("WITHDRAWN") and stage.names() == 0,
        )
        return Beside(made, taken_down)

    return play


def _delete_endpoint(stage: Stage, endpoint_id: str) -> None:
    stage.other.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[endpoint_id])


def _withdraw(home: Person, subject: str) -> None:
    ended = run(home, "withdraw", subject, "--yes")
    if ended.returncode != 0:
        raise RuntimeError(f"{ended.stdout}\n{ended.stderr}")


KINDS: dict[str, Callable[[Stage], Beside]] = {
    "A share is deleted: resource endpoint": _deleted("resource-endpoint"),
    "A share is deleted: service network": _deleted("service-network"),
    "A share is deleted: service network endpoint": _deleted("service-network-endpoint"),
    "A resource is put into a share, and taken out of the two": _taken_out,
    "A binding is written, and removed": _unbound,
    "A share that a policy forbids, urgently": _share_forbidden,
    "A share that is withdrawn on command": _share_commanded,
    "An orphan: ledger lost, share deleted": _orphan,
    "A consumer deletes its endpoint": _connection(_delete_endpoint),
    "A connection that a policy forbids, urgently": _connection(lambda stage, _: stage.forbid()),
    "A connection that is withdrawn on command": _connection(lambda stage, subject: _withdraw(stage.home, subject)),
}


def report_withdrawing(url: str) -> None:
    """Make and withdraw one thing of each kind, from the cause until all has settled; print one beside the other."""
    found: dict[str, Beside] = {}
    with changed(empty_pages=0.0):
        for title, play in KINDS.items():
            stage = Stage(url)
            found[title] = play(stage)
            stage.home.stop_sweeping()
    _print_all(found)
    for title, beside in found.items():
        _print_calls(title, beside)


def _print_all(found: dict[str, Beside]) -> None:
    print("\nOne withdrawal of each kind, from its cause until all has settled, beside the making of the same thing;")
    print("calls of the stack's functions and workflows, sweeps every 5 minutes, seconds on the local clock")
    columns = ("calls", "of sweeps", "executions", "transitions", "seconds")
    print(f"\n   {'made / withdrawn':<58}{''.join(f'{each:>14}' for each in columns)}")
    for title, beside in found.items():
        pairs = zip(_figures(beside.made), _figures(beside.taken_down), strict=True)
        figures = [f"{made} / {taken_down}" for made, taken_down in pairs]
        print(f"   {title:<58}{''.join(f'{each:>14}' for each in figures)}")


def _figures(span: Span) -> tuple[int, ...]:
    return span.calls.total(), _of_sweeps(span), span.executions, span.transitions, round(span.seconds)


def _of_sweeps(span: Span) -> int:
    return sum(count for (function, _), count in span.calls.items() if function == SWEEPS)


def _print_calls(title: str, beside: Beside) -> None:
    made, taken_down = beside.made, beside.taken_down
    print(f"\n{title}")
    print(f"   {'made':>6}{'withdrawn':>11}{'throttled':>11}  function and operation")
    throttled = made.throttled + taken_down.throttled
    for who in sorted({*made.calls, *taken_down.calls}):
        print(f"   {made.calls[who]:>6}{taken_down.calls[who]:>11}{throttled[who] or '':>11}  {who[0]:<24}{who[1]}")
