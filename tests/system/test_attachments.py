"""Attachments of each kind of shared resource in the three modes: the published name resolves in the VPC."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import pytest

from drawbridge.aws.budgets_table import BudgetsTable
from drawbridge.pacing.defaults import CREATE_ENDPOINT, DEFAULTS
from local_aws.testing.clock import clock
from local_aws.testing.faults import CallFault, faults
from local_aws.testing.incidents import set_database_endpoints
from local_aws.testing.record import record
from scenarios.people import Person
from tests.system import providers
from tests.system.attachments import MODES, attach, document, published, resolves
from tests.system.conftest import LONG, Policy, World, until
from tests.system.requests_in_ledger import reasons, row_of, settled

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Offer:
    """What a provider shares, and the names of what is reached by it."""

    arn: str
    names: frozenset[str]


@pytest.fixture(scope="module")
def provider(world: World) -> Person:
    return world.person("510000000071")


@pytest.fixture
def consumer(deployed_for: Callable[..., Person], provider: Person, request: pytest.FixtureRequest) -> Person:
    permit = f'permit(principal == Account::"{provider.account_id}", action == Action::"accept", resource);'
    group = "the table" if "connect" in request.fixturenames else "each by itself"
    return deployed_for(group, 520000710000, lambda person: person.write_policy("let-provider-in", permit))


@pytest.fixture
def new_vpc(consumer: Person) -> Callable[[], str]:
    """Make a VPC with a subnet: one VPC can be associated with one service network only."""
    ec2 = consumer.client("ec2")

    def make() -> str:
        vpc_id = str(ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"])
        ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})
        ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.7.0.0/24", AvailabilityZone="us-east-1a")
        return vpc_id

    return make


def single(provider: Person, name: str) -> Offer:
    return Offer(providers.single(provider, name), frozenset({name}))


def group(provider: Person, name: str) -> Offer:
    arn = providers.group(provider, name, f"{name}-one", f"{name}-two")
    return Offer(arn, frozenset({f"{name}-one", f"{name}-two"}))


def cluster(provider: Person, name: str) -> Offer:
    return Offer(providers.cluster(provider, name), frozenset({f"{name}-1", f"{name}-2"}))


def service(provider: Person, name: str) -> Offer:
    return Offer(providers.service(provider, name), frozenset({name}))


def network(provider: Person, name: str) -> Offer:
    inside = (
        providers.single(provider, f"{name}-db", allowAssociationToShareableServiceNetwork=True),
        providers.service(provider, f"{name}-api"),
    )
    return Offer(providers.network(provider, name, *inside), frozenset({f"{name}-db", f"{name}-api"}))


KINDS: dict[str, Callable[[Person, str], Offer]] = {
    "SINGLE": single,
    "GROUP": group,
    "ARN": cluster,
    "service": service,
    "service network": network,
}


def comes_right(
    world: World, consumer: Person, share_arn: str, binding: str, vpc: str, names: Collection[str], *, not_: str = ""
) -> dict[str, str]:
    """Wait until just these are published, each by a name that resolves in the VPC to what its document names.

    ``not_`` is a name that may not be among them any longer.
    """

    def right() -> dict[str, str] | None:
        there = published(consumer, binding)
        documents = {each: document(consumer, binding, each) for each in there}
        good = (
            {*there} == {*names}
            and not_ not in there.values()
            and all(
                documents[each].get("dnsName") == name
                and resolves(world, vpc, name) == documents[each]["resourceConfigurationArn"]
                for each, name in there.items()
            )
        )
        return there if good else None

    found: dict[str, str] = until(right, lambda: f"{published(consumer, binding)}; {row_of(consumer, share_arn)}")
    return found


POSSIBLE = [
    (mode, kind)
    for mode in MODES
    for kind in KINDS
    if not (mode == "resource-endpoint" and kind in {"service", "service network"})
]


HOLDING = [(mode, kind) for mode, kind in POSSIBLE if kind in {"GROUP", "ARN", "service network"}]


@dataclass(frozen=True)
class Attached:
    """An offer that is shared, bound and connected."""

    offer: Offer
    share_arn: str
    vpc: str
    names: dict[str, str]


@pytest.fixture(scope="module")
def made() -> dict[tuple[str, str], Attached]:
    """What is connected already, by mode and kind."""
    return {}


@pytest.fixture
def connect(
    world: World,
    consumer: Person,
    provider: Person,
    new_vpc: Callable[[], str],
    made: dict[tuple[str, str], Attached],
) -> Callable[[str, str], Attached]:
    """Connect one of each kind in each mode, once; the cases of the table go on from there."""

    def connected(mode: str, kind: str) -> Attached:
        if (mode, kind) not in made:
            name, vpc = f"way-{next(_numbers):02}", new_vpc()
            offer = KINDS[kind](provider, name)
            consumer.write_binding(
                name, resource=name, provider=provider.account_id, share=f"{name}*", **attach(mode, kind, name, vpc)
            )
            share_arn = providers.share(provider, name, offer.arn, consumer.account_id)
            settled(consumer, share_arn, "AVAILABLE")
            names = comes_right(world, consumer, share_arn, name, vpc, offer.names)
            made[mode, kind] = Attached(offer, share_arn, vpc, names)
        return made[mode, kind]

    return connected


@pytest.mark.parametrize(("mode", "kind"), POSSIBLE)
def test_what_is_shared_is_reached_by_the_name_that_is_published(
    consumer: Person, connect: Callable[[str, str], Attached], mode: str, kind: str
) -> None:
    attached = connect(mode, kind)

    (published_mode,) = {document(consumer, _binding(attached), each)["mode"] for each in attached.names}
    assert published_mode == mode


@pytest.mark.parametrize(("mode", "kind"), POSSIBLE)
def test_what_was_taken_away_by_hand_is_made_anew_and_its_name_follows(
    world: World, consumer: Person, connect: Callable[[str, str], Attached], mode: str, kind: str
) -> None:
    attached = connect(mode, kind)
    before = dict(attached.names)
    attached_document = document(consumer, _binding(attached), next(iter(before)))
    if mode == "service-network":
        lattice = consumer.client("vpc-lattice")
        if kind in {"service", "service network"}:
            # Their names are the same in every network.
            lattice.delete_service_network_vpc_association(
                serviceNetworkVpcAssociationIdentifier=attached_document["vpcAssociationId"]
            )
            until(lambda: not resolves(world, attached.vpc, next(iter(before.values()))), lambda: "the name is gone")
        else:
            (found,) = lattice.list_service_network_resource_associations(
                serviceNetworkIdentifier=attached_document["serviceNetworkArn"],
                resourceConfigurationIdentifier=attached.offer.arn,
            )["items"]
            lattice.delete_service_network_resource_association(serviceNetworkResourceAssociationIdentifier=found["id"])
    else:
        consumer.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[attached_document["endpointId"]])

    not_ = "" if mode == "service-network" and kind in {"service", "service network"} else before[min(before)]
    after = comes_right(world, consumer, attached.share_arn, _binding(attached), attached.vpc, before, not_=not_)
    attached.names.update(after)


@pytest.mark.parametrize(("mode", "kind"), HOLDING)
def test_what_comes_into_a_group_is_published_too(
    world: World, consumer: Person, provider: Person, connect: Callable[[str, str], Attached], mode: str, kind: str
) -> None:
    attached = connect(mode, kind)
    new = _grow(provider, attached.offer.arn, kind, _binding(attached))

    attached.names.update(
        comes_right(world, consumer, attached.share_arn, _binding(attached), attached.vpc, {*attached.names, new})
    )


@pytest.mark.parametrize(("mode", "kind"), HOLDING)
def test_what_goes_from_a_group_is_not_published_any_longer(
    world: World, consumer: Person, provider: Person, connect: Callable[[str, str], Attached], mode: str, kind: str
) -> None:
    attached = connect(mode, kind)
    gone = _shrink(provider, attached.offer.arn, kind, _binding(attached))

    left = {*attached.names} - {gone}
    after = comes_right(world, consumer, attached.share_arn, _binding(attached), attached.vpc, left)

    assert gone in attached.names
    assert gone not in after
    assert document(consumer, _binding(attached), gone) == {}

    def forgotten() -> bool:
        row = row_of(consumer, attached.share_arn)
        return row is not None and not any(f"/{gone}/" in each for each in row["published"]["SS"])

    until(forgotten, lambda: f"the ledger has forgotten {gone}: {row_of(consumer, attached.share_arn)}")
    del attached.names[gone]


@pytest.mark.parametrize("mode", MODES)
def test_trap_16_of_a_group_that_is_usable_in_part_that_part_is_published(
    world: World, consumer: Person, provider: Person, new_vpc: Callable[[], str], mode: str
) -> None:
    name, vpc = f"way-{next(_numbers):02}", new_vpc()
    arn = providers.group(provider, name, f"{name}-good")
    broken = CallFault("vpc-lattice:CreateResourceConfiguration", "fails-later", account=provider.account_id)
    with faults.injected(broken):
        providers.broken_child(provider, arn, f"{name}-bad")
    consumer.write_binding(
        name, resource=name, provider=provider.account_id, share=f"{name}*", **attach(mode, "GROUP", name, vpc)
    )

    share_arn = providers.share(provider, name, arn, consumer.account_id)

    row = settled(consumer, share_arn, "AVAILABLE")
    comes_right(world, consumer, share_arn, name, vpc, {f"{name}-good"})
    assert "published" in reasons(row)
    assert "not-usable-yet" in reasons(row)


@pytest.mark.parametrize("mode", MODES)
def test_a_verified_name_of_the_provider_s_resolves_in_the_vpc_and_an_unverified_one_does_not(
    world: World, consumer: Person, provider: Person, new_vpc: Callable[[], str], mode: str
) -> None:
    name, vpc = f"way-{next(_numbers):02}", new_vpc()
    domain = f"{name}.vendor.example"
    proof = providers.verified(provider, domain)
    good = providers.single(provider, f"{name}-good", customDomainName=domain, domainVerificationIdentifier=proof)
    bad = providers.single(provider, f"{name}-bad", customDomainName=f"{name}.bank.example")
    consumer.write_binding(
        name,
        resource=f"{name}-*",
        provider=provider.account_id,
        share=f"{name}*",
        **attach(mode, "SINGLE", name, vpc),
        privateDns="verified",
    )

    shares = [
        providers.share(provider, f"{name}-{number}", arn, consumer.account_id)
        for number, arn in enumerate((good, bad))
    ]

    for each in shares:
        settled(consumer, each, "AVAILABLE")
    assert resolves(world, vpc, domain) == good
    assert resolves(world, vpc, f"{name}.bank.example") is None
    attached_document = document(consumer, name, f"{name}-good")
    assert attached_document["privateDnsName"] == domain
    assert attached_document["privateHostedZoneId"]
    assert document(consumer, name, f"{name}-bad")["privateDnsName"] is None


@pytest.mark.parametrize("mode", MODES)
def test_security_groups_of_a_binding_take_effect_on_what_is_there(
    consumer: Person, provider: Person, new_vpc: Callable[[], str], mode: str
) -> None:
    name, vpc = f"way-{next(_numbers):02}", new_vpc()
    binding = attach(mode, "SINGLE", name, vpc)
    one, other = _group(consumer, vpc, "one"), _group(consumer, vpc, "other")
    consumer.write_binding(
        name, resource=name, provider=provider.account_id, share=f"{name}*", **binding, securityGroups=[one]
    )
    share_arn = providers.share(provider, name, providers.single(provider, name), consumer.account_id)
    settled(consumer, share_arn, "AVAILABLE")
    assert _groups_of(consumer, document(consumer, name, name)) == {one}

    consumer.write_binding(
        name, resource=name, provider=provider.account_id, share=f"{name}*", **binding, securityGroups=[other]
    )

    until(
        lambda: _groups_of(consumer, document(consumer, name, name)) == {other},
        lambda: f"{_groups_of(consumer, document(consumer, name, name))}",
    )


def test_security_groups_of_an_endpoint_that_were_changed_by_hand_are_put_right(
    consumer: Person, provider: Person, new_vpc: Callable[[], str]
) -> None:
    name, vpc = f"way-{next(_numbers):02}", new_vpc()
    ours, theirs = _group(consumer, vpc, "ours"), _group(consumer, vpc, "theirs")
    binding = attach("resource-endpoint", "SINGLE", name, vpc)
    consumer.write_binding(
        name, resource=name, provider=provider.account_id, share=f"{name}*", **binding, securityGroups=[ours]
    )
    share_arn = providers.share(provider, name, providers.single(provider, name), consumer.account_id)
    settled(consumer, share_arn, "AVAILABLE")
    attached_document = document(consumer, name, name)

    consumer.client("ec2").modify_vpc_endpoint(
        VpcEndpointId=attached_document["endpointId"], AddSecurityGroupIds=[theirs], RemoveSecurityGroupIds=[ours]
    )

    until(
        lambda: _groups_of(consumer, attached_document) == {ours}, lambda: f"{_groups_of(consumer, attached_document)}"
    )


@pytest.mark.parametrize(
    ("kind", "operation"),
    [
        ("SINGLE", "vpc-lattice:CreateServiceNetworkResourceAssociation"),
        ("service", "vpc-lattice:CreateServiceNetworkServiceAssociation"),
    ],
)
def test_trap_16_an_association_that_failed_is_deleted_and_made_anew_by_the_next_attempt(
    world: World, consumer: Person, provider: Person, new_vpc: Callable[[], str], kind: str, operation: str
) -> None:
    name, vpc = f"way-{next(_numbers):02}", new_vpc()
    offer = KINDS[kind](provider, name)
    consumer.write_binding(
        name,
        resource=name,
        provider=provider.account_id,
        share=f"{name}*",
        **attach("service-network", kind, name, vpc),
    )
    failing = CallFault(operation, "fails-later", times=1, account=consumer.account_id)
    with faults.injected(failing):
        share_arn = providers.share(provider, name, offer.arn, consumer.account_id)
        row = settled(consumer, share_arn, "FAILED")

    assert "AssociationFailedError" in reasons(row)
    settled(consumer, share_arn, "AVAILABLE")
    comes_right(world, consumer, share_arn, name, vpc, offer.names)


def test_two_bindings_share_a_network_its_vpc_association_and_its_endpoint(
    world: World, consumer: Person, provider: Person, new_vpc: Callable[[], str]
) -> None:
    name, vpc = f"way-{next(_numbers):02}", new_vpc()
    own = {"serviceNetwork": {"name": f"net-{name}", "create": True}, "vpc": vpc}
    offers = {each: providers.single(provider, f"{name}-{each}") for each in ("a", "b")}
    for mode in ("service-network", "service-network-endpoint"):
        for each in offers:
            consumer.write_binding(
                f"{mode}-{name}-{each}",
                resource=f"{name}-{each}",
                provider=provider.account_id,
                share=f"{name}*",
                mode=mode,
                **own,
            )

    shares = {
        each: providers.share(provider, f"{name}-{each}", arn, consumer.account_id) for each, arn in offers.items()
    }

    for each, share_arn in shares.items():
        settled(consumer, share_arn, "AVAILABLE")
        for mode in ("service-network", "service-network-endpoint"):
            comes_right(world, consumer, share_arn, f"{mode}-{name}-{each}", vpc, {f"{name}-{each}"})
    found = consumer.client("ec2").describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["VpcEndpoints"]
    assert [each["VpcEndpointType"] for each in found] == ["ServiceNetwork"]
    associated = consumer.client("vpc-lattice").list_service_network_vpc_associations(vpcIdentifier=vpc)["items"]
    assert len(associated) == 1


def test_a_network_and_an_endpoint_that_are_there_are_used_and_left_as_they_are(
    world: World, consumer: Person, provider: Person, new_vpc: Callable[[], str]
) -> None:
    name, vpc = f"way-{next(_numbers):02}", new_vpc()
    lattice, ec2 = consumer.client("vpc-lattice"), consumer.client("ec2")
    network = lattice.create_service_network(name=f"net-{name}", sharingConfig={"enabled": False})["arn"]
    in_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    subnets = [each["SubnetId"] for each in ec2.describe_subnets(Filters=in_vpc)["Subnets"]]
    theirs = ec2.create_vpc_endpoint(
        VpcEndpointType="ServiceNetwork", VpcId=vpc, ServiceNetworkArn=network, SubnetIds=subnets
    )["VpcEndpoint"]["VpcEndpointId"]
    consumer.write_binding(
        name,
        resource=name,
        provider=provider.account_id,
        share=f"{name}*",
        mode="service-network-endpoint",
        vpc=vpc,
        serviceNetwork=network,
    )

    share_arn = providers.share(provider, name, providers.single(provider, name), consumer.account_id)

    settled(consumer, share_arn, "AVAILABLE")
    comes_right(world, consumer, share_arn, name, vpc, {name})
    assert document(consumer, name, name)["endpointId"] == theirs
    (found,) = ec2.describe_vpc_endpoints(Filters=in_vpc)["VpcEndpoints"]
    assert found.get("Tags", []) == []


def test_several_vpcs_of_one_binding_each_have_their_own_name(
    world: World, consumer: Person, provider: Person, new_vpc: Callable[[], str]
) -> None:
    name, vpcs = f"way-{next(_numbers):02}", [new_vpc(), new_vpc()]
    consumer.client("ec2").create_tags(Resources=vpcs, Tags=[{"Key": "reach", "Value": name}])
    consumer.write_binding(
        name,
        resource=name,
        provider=provider.account_id,
        share=f"{name}*",
        mode="service-network-endpoint",
        vpc={"tag": {"reach": name}},
        serviceNetwork={"name": f"net-{name}", "create": True},
    )

    share_arn = providers.share(provider, name, providers.single(provider, name), consumer.account_id)

    settled(consumer, share_arn, "AVAILABLE")
    there = published(consumer, name)
    assert there.keys() == {f"{name}/{each}" for each in vpcs}
    for each, other in (vpcs, vpcs[::-1]):
        assert resolves(world, each, there[f"{name}/{each}"])
        assert resolves(world, other, there[f"{name}/{each}"]) is None


def shared_databases(provider: Person, consumer: Person, name: str, number: int) -> str:
    """Share as many databases; give the share's ARN."""
    arns = [providers.single(provider, f"{name}-{each:02}") for each in range(number)]
    made = provider.client("ram").create_resource_share(name=name, resourceArns=arns, principals=[consumer.account_id])
    return str(made["resourceShare"]["resourceShareArn"])


def test_many_endpoints_are_made_as_fast_as_aws_lets_them_be_and_none_is_throttled(
    consumer: Person, provider: Person, new_vpc: Callable[[], str]
) -> None:
    number, name, vpc = 30 if LONG else 8, f"way-{next(_numbers):02}", new_vpc()
    consumer.write_binding(name, resource=f"{name}*", provider=provider.account_id, share=name, vpc=vpc)
    # Others of these tests have just made some.
    clock.advance(20)
    before = record.mark()

    share_arn = shared_databases(provider, consumer, name, number)
    settled(consumer, share_arn, "AVAILABLE")

    assert len(published(consumer, name)) == number
    made = [each for each in record.since(before, account_id=consumer.account_id) if each.operation == CREATE_ENDPOINT]
    assert [each.error for each in made] == [None] * number
    # AWS allows four at once; ours are three. The machine's own slowness is in the time that it took.
    assert (number - 4) / 0.3 <= made[-1].time - made[0].time <= 2 * number / 0.27 + 30


def test_a_forbid_that_is_written_while_an_endpoint_waits_for_its_turn_wins(
    consumer: Person, provider: Person, new_vpc: Callable[[], str], policy: Policy
) -> None:
    name, vpc = f"way-{next(_numbers):02}", new_vpc()
    consumer.write_binding(name, resource=f"{name}*", provider=provider.account_id, share=name, vpc=vpc)
    stack = consumer.client("cloudformation").describe_stack_resource(
        StackName="drawbridge", LogicalResourceId="AttemptsTable"
    )
    table = consumer.resource("dynamodb").Table(stack["StackResourceDetail"]["PhysicalResourceId"])
    budgets = BudgetsTable(table, lambda: DEFAULTS, now=clock.now)
    # Somebody else uses up what AWS allows.
    budgets.pause(CREATE_ENDPOINT, 600, "by a test")
    before = record.mark()
    share_arn = shared_databases(provider, consumer, name, 1)

    def waits() -> bool:
        return any(each.operation == "sqs:SendMessageBatch" for each in record.since(before, function="*give_turns*"))

    until(waits, lambda: f"it waits for its turn: {row_of(consumer, share_arn)}")
    policy(
        consumer,
        f"closed-{name}",
        f'@id("closed") forbid(principal, action == Action::"associate", resource) when '
        f'{{ resource.name == "{name}-00" }};',
    )

    row = settled(consumer, share_arn, "HELD")
    assert "association-not-permitted" in reasons(row)
    calls = record.since(before, account_id=consumer.account_id)
    assert not [each for each in calls if each.operation == CREATE_ENDPOINT]


def _group(consumer: Person, vpc: str, name: str) -> str:
    made = consumer.client("ec2").create_security_group(GroupName=f"{name}-{vpc}", Description="for a test", VpcId=vpc)
    return str(made["GroupId"])


def _groups_of(consumer: Person, attached_document: dict[str, Any]) -> set[str]:
    """Return the security groups of what a published name leads through."""
    if attached_document["endpointId"]:
        found = consumer.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[attached_document["endpointId"]])[
            "VpcEndpoints"
        ]
        return {group["GroupId"] for group in found[0]["Groups"]}
    association = consumer.client("vpc-lattice").get_service_network_vpc_association(
        serviceNetworkVpcAssociationIdentifier=attached_document["vpcAssociationId"]
    )
    return set(association["securityGroupIds"])


def _binding(attached: Attached) -> str:
    """Return the binding's name, which begins the names of all that is in it."""
    return "-".join(min(attached.names).split("-")[:2])


def _grow(provider: Person, arn: str, kind: str, name: str) -> str:
    if kind == "GROUP":
        providers.child(provider, arn, f"{name}-new")
    elif kind == "ARN":
        set_database_endpoints(arn, [*providers.endpoints(provider, arn), "replica.example.com"])
        return f"{name}-3"
    else:
        made = providers.single(provider, f"{name}-new", allowAssociationToShareableServiceNetwork=True)
        providers.put_in(provider, arn, made)
    return f"{name}-new"


def _shrink(provider: Person, arn: str, kind: str, name: str) -> str:
    lattice = provider.client("vpc-lattice")
    if kind == "GROUP":
        found = lattice.list_resource_configurations(resourceConfigurationGroupIdentifier=arn)["items"]
        (one,) = (each["id"] for each in found if each["name"] == f"{name}-one")
        lattice.delete_resource_configuration(resourceConfigurationIdentifier=one)
        return f"{name}-one"
    if kind == "ARN":
        set_database_endpoints(arn, providers.endpoints(provider, arn)[1:])
        return f"{name}-1"
    found = lattice.list_service_network_resource_associations(serviceNetworkIdentifier=arn)["items"]
    (one,) = (each["id"] for each in found if each["resourceConfigurationName"] == f"{name}-db")
    lattice.delete_service_network_resource_association(serviceNetworkResourceAssociationIdentifier=one)
    return f"{name}-db"
