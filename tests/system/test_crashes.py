"""A function is killed right before and right after each AWS call of an onboarding: the same end, and nothing twice."""

import itertools
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import pytest

from demo.people import Person
from local_aws.activity import in_flight
from local_aws.fault_plans import Kind
from local_aws.faults import CallFault, faults
from local_aws.lapse import lapse
from local_aws.record import record
from local_aws.services.organizations import arrange
from tests.system.conftest import LONG
from tests.system.test_onboarding import endpoints_for, row_of, statuses

LONGEST = 3600.0
"""A hint in the hands of a function that was killed is seen again after half an hour; the schedule comes sooner."""

TRAILING = 15.0
"""The last events of an onboarding come in after its end."""

KILLS: Sequence[tuple[Kind, ...]] = (("kill-before",), ("kill-after",)) if LONG else (("kill-before", "kill-after"),)
"""The short profile kills twice in one onboarding: before the call, and, once that is retried, after it."""

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Point:
    """A call of an onboarding: the so-manyth that a function makes of an operation, from 0."""

    role: str
    operation: str
    nth: int

    def fault(self, kind: Kind, account_id: str) -> CallFault:
        return CallFault(self.operation, kind, times=1, skip=self.nth, account=account_id, role=self.role)

    def __str__(self) -> str:
        return f"{self.role.removeprefix('drawbridge-').partition('FunctionRole')[0]} {self.operation} {self.nth}"


@dataclass(frozen=True)
class End:
    """What an onboarding came to, told so that two of them can be compared."""

    statuses: tuple[str, ...]
    published: tuple[str, ...]
    right: bool
    """Whether the published name is the one that AWS tells."""
    made: int
    """Endpoints that Drawbridge made for it."""
    executions: int


class Onboarding(Protocol):
    """One kind of onboarding, in an account with the stack."""

    @property
    def home(self) -> Person: ...
    def begin(self) -> str:
        """Ask for one more; give its subject."""
        ...

    def end(self, subject: str) -> End:
        """Tell what came of it."""
        ...


class Share:
    """A share that a binding wants: with an invitation, or inside an organization without."""

    def __init__(self, home: Person, provider: Person) -> None:
        self.home = home
        self._provider = provider
        self._names: dict[str, str] = {}

    def begin(self) -> str:
        name = f"db-{next(_numbers)}"
        self.home.write_binding(name, resource=name, provider=self._provider.account_id)
        lapse(1)
        subject = self._provider.share_database(name, port="5432", with_account=self.home.account_id)
        self._names[subject] = name
        return subject

    def end(self, subject: str) -> End:
        name = self._names[subject]
        row = row_of(self.home, subject)
        endpoints = endpoints_for(self.home, name)
        told = self.home.aws("ec2").describe_vpc_endpoint_associations(
            VpcEndpointIds=[each["VpcEndpointId"] for each in endpoints]
        )["VpcEndpointAssociations"]
        path = f"/drawbridge/connections/{name}/{name}/"
        return End(
            statuses=tuple(statuses(row)) if row else (),
            published=tuple(each.removeprefix(path) for each, _ in self.home.published() if each.startswith(path)),
            right={self.home.parameter(f"{path}dns-name")} == {each["DnsEntry"]["DnsName"] for each in told},
            made=len(endpoints),
            executions=executions_of(self.home, row["request_id"]["S"]) if row else 0,
        )


class Connection:
    """A registered consumer's endpoint."""

    def __init__(self, home: Person, consumer: Person) -> None:
        self.home = home
        self._consumer = consumer
        home.register_consumer(consumer.account_id, "*")

    def begin(self) -> str:
        """Connect to a new service: that it gets its connection notification is part of it."""
        _, service_name = self.home.offer_service()
        return self._consumer.connect(service_name)

    def end(self, subject: str) -> End:
        row = row_of(self.home, subject)
        path = f"/drawbridge/consumers/{self._consumer.account_id}/{subject}/"
        endpoint = self._consumer.aws("ec2").describe_vpc_endpoints(VpcEndpointIds=[subject])["VpcEndpoints"][0]
        return End(
            statuses=tuple(statuses(row)) if row else (),
            published=tuple(each.removeprefix(path) for each, _ in self.home.published() if each.startswith(path)),
            right=self.home.parameter(f"{path}dns-name") == endpoint["DnsEntries"][0]["DnsName"],
            made=0,
            executions=executions_of(self.home, row["request_id"]["S"]) if row else 0,
        )


def executions_of(home: Person, request_id: str) -> int:
    machine = home.output("OnboardingStateMachineArn")
    pages = home.aws("stepfunctions").get_paginator("list_executions").paginate(stateMachineArn=machine)
    return sum(each["name"].startswith(request_id) for page in pages for each in page["executions"])


@pytest.fixture
def invitation(deployed: Callable[..., Person]) -> Share:
    home, provider = deployed("520000000021", LookEvery="rate(5 minutes)"), deployed("510000000021")
    home.write_policy(
        "let-in", f'permit(principal == Account::"{provider.account_id}", action == Action::"accept", resource);'
    )
    return Share(home, provider)


@pytest.fixture
def share_inside_the_organization(deployed: Callable[..., Person]) -> Iterator[Share]:
    home, provider = deployed("520000000022", LookEvery="rate(5 minutes)"), deployed("510000000021")
    members = {home.account_id: "workloads/test", provider.account_id: "workloads/prod"}
    arrange("590000000022", members, ram_sharing=True)
    yield Share(home, provider)
    arrange("590000000022", {}, ram_sharing=False)


@pytest.fixture
def connection(world: object, deployed: Callable[..., Person]) -> Connection:
    return Connection(deployed("510000000023", LookEvery="rate(5 minutes)"), deployed("520000000023"))


@pytest.mark.timeout(3600 if LONG else 900)
@pytest.mark.parametrize("onboarding", ["invitation", "share_inside_the_organization", "connection"])
def test_an_onboarding_ends_the_same_wherever_its_functions_are_killed(
    onboarding: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    kind: Onboarding = request.getfixturevalue(onboarding)
    mark = record.mark()
    undisturbed = kind.end(played(kind))
    points = points_since(mark, kind.home)

    ends: dict[str, End] = {}
    never: list[str] = []
    for point, kills in itertools.product(points, KILLS):
        what = f"{' and '.join(kills)} {point}"
        with faults.injected(*(point.fault(kill, kind.home.account_id) for kill in kills)) as force:
            ends[what] = kind.end(played(kind))
        if force.struck() < len(kills):
            never.append(what)

    with capsys.disabled():
        sys.stdout.write(f"\n{onboarding}: killed at {len(points)} calls, {len(never)} of which did not come again\n")
    assert {what: end for what, end in ends.items() if end != undisturbed} == {}
    # How often it is looked at AWS, and what there is to do for each look, depends on the moment.
    assert [what for what in never if "DiscoverRequests" not in what] == []


def played(kind: Onboarding) -> str:
    """Play one onboarding until it has come to its end, and give its subject."""
    subject = kind.begin()

    def over() -> bool:
        row = row_of(kind.home, subject)
        return bool(row and row["status"]["S"] == "AVAILABLE" and row["settled"]["BOOL"]) and not in_flight().get(
            "executions"
        )

    lapse(LONGEST, until=over)
    lapse(TRAILING)
    return subject


def points_since(mark: int, home: Person) -> list[Point]:
    """List the calls that the functions of an account have made since; looks that made the same calls are one."""
    seen: Counter[tuple[str, str]] = Counter()
    invocations: dict[str, list[Point]] = defaultdict(list)
    for made in record.since(mark, account_id=home.account_id):
        if made.request_id is not None and made.call.role_name is not None:
            key = (made.call.role_name, made.call.name)
            invocations[made.request_id].append(Point(*key, nth=seen[key]))
            seen[key] += 1
    alike = {tuple((point.role, point.operation) for point in points): points for points in invocations.values()}
    return [point for points in alike.values() for point in points]
