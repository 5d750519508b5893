"""A function is killed right before and right after each AWS call of an onboarding: the same end, and nothing twice."""

import itertools
from collections.abc import Callable, Iterator, Sequence

import pytest

from local_aws.testing.organizations import arrange
from scenarios.people import Person
from tests.system.conftest import LONG, World
from tests.system.kills import End, end_of, killed_everywhere

_numbers = itertools.count(1)


class Share:
    """A share that a binding matches: with an invitation, or inside an organization without."""

    def __init__(self, home: Person, provider: Person) -> None:
        self.home = home
        self._provider = provider
        self._resources: dict[str, tuple[str, str]] = {}
        # One binding for all: another one would have every share of the provider planned again.
        home.write_binding("all", resource="db-*", provider=provider.account_id)

    def begin(self) -> str:
        name = f"db-{next(_numbers)}"
        arn = self._provider.offer_database(name, port="5432")
        share = self._provider.client("ram").create_resource_share(
            name=name, resourceArns=[arn], principals=[self.home.account_id]
        )
        subject = str(share["resourceShare"]["resourceShareArn"])
        self._resources[subject] = (name, arn)
        return subject

    def see_to(self, subject: str) -> None:
        """Nobody does anything."""

    def end(self, subject: str) -> End:
        name, arn = self._resources[subject]
        ec2 = self.home.client("ec2")
        tagged = [{"Name": "tag:drawbridge:resource-configuration", "Values": [arn]}]
        made = [each["VpcEndpointId"] for each in ec2.describe_vpc_endpoints(Filters=tagged)["VpcEndpoints"]]
        names = {each["DnsEntry"]["DnsName"] for each in self.home.associations(*made)}
        return end_of(self.home, subject, f"/drawbridge/connections/all/{name}/", names, made=len(made))


class Connection:
    """A registered consumer's endpoint."""

    def __init__(self, home: Person, consumers: Sequence[Person]) -> None:
        self.home = home
        # By turns: a VPC has room for fifty.
        self._consumers = itertools.cycle(consumers)
        self._consumer_of: dict[str, Person] = {}
        for consumer in consumers:
            home.register_consumer(consumer.account_id, "*")

    def begin(self) -> str:
        """Connect to a new service: that it gets its connection notification is part of it."""
        _, service_name = self.home.offer_service()
        consumer = next(self._consumers)
        subject = consumer.connect(service_name)
        self._consumer_of[subject] = consumer
        return subject

    def see_to(self, subject: str) -> None:
        """Nobody does anything."""

    def end(self, subject: str) -> End:
        consumer = self._consumer_of[subject]
        endpoint = consumer.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[subject])["VpcEndpoints"][0]
        names = {endpoint["DnsEntries"][0]["DnsName"]} if endpoint["State"] == "available" else set()
        return end_of(self.home, subject, f"/drawbridge/consumers/{consumer.account_id}/{subject}/", names, made=0)


@pytest.fixture
def invitation(world: World, deployed: Callable[..., Person]) -> Share:
    home, provider = deployed("520000000021", LookEvery="rate(5 minutes)"), world.person("510000000021")
    home.write_policy(
        "let-in", f'permit(principal == Account::"{provider.account_id}", action == Action::"accept", resource);'
    )
    return Share(home, provider)


@pytest.fixture
def share_inside_the_organization(world: World, deployed: Callable[..., Person]) -> Iterator[Share]:
    home, provider = deployed("520000000022", LookEvery="rate(5 minutes)"), world.person("510000000022")
    members = {home.account_id: "workloads/test", provider.account_id: "workloads/prod"}
    arrange("590000000022", members, ram_sharing=True)
    yield Share(home, provider)
    arrange("590000000022", {}, ram_sharing=False)


@pytest.fixture
def connection(world: World, deployed: Callable[..., Person]) -> Connection:
    consumers = [world.person(f"52000000003{number}") for number in range(4)]
    return Connection(deployed("510000000023", LookEvery="rate(5 minutes)"), consumers)


@pytest.mark.timeout(3600 if LONG else 1800)
def test_an_onboarding_ends_the_same_wherever_its_functions_are_killed(
    invitation: Share,
    share_inside_the_organization: Share,
    connection: Connection,
    capsys: pytest.CaptureFixture[str],
) -> None:
    killed_everywhere(
        [invitation, share_inside_the_organization, connection],
        capsys,
        # Only a sweep that the schedule has no part in asks when that had its last one made.
        by_chance=(("DiscoverRequests", "dynamodb:GetItem"),),
    )
