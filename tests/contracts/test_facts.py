"""Every fact that a policy can speak of: it is AWS's answer, as the adapters bring it, or it is unknown."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, cast
from unittest import mock

import pytest

from drawbridge.association.binding import Binding
from drawbridge.association.parse_binding import parse_binding
from drawbridge.association.plan import Planner
from drawbridge.aws.consumers_table import ConsumersTable
from drawbridge.aws.endpoint_services import EndpointServices
from drawbridge.aws.lattice_entities import LatticeEntities
from drawbridge.aws.organization import Organization
from drawbridge.aws.resource_shares import ResourceShares
from drawbridge.configuration import InForce
from drawbridge.decision import AlreadyResolved
from drawbridge.decision.cedar import Action, PolicySet
from drawbridge.decision.facts import ConnectionFacts, EvaluationTime, Fact, Facts, ResourceFacts, Service, ShareFacts
from drawbridge.decision.gather import Gatherer
from drawbridge.decision.policies import SCHEMA_TEXT, parse_policy
from drawbridge.request import EndpointConnectionRequest, ResourceShareRequest
from local_aws.testing.clock import clock
from local_aws.testing.incidents import set_payer
from local_aws.testing.organizations import arrange
from local_aws.testing.server import LocalAws
from local_aws.testing.settings import changed
from local_aws_tests import lattice_shares
from local_aws_tests.sharing import first_vpc, pass_time, resource_configuration
from tests.contracts.accounts import REGION, Account, new_account_id

AnyFacts = Facts | ResourceFacts


@dataclass(frozen=True)
class World:
    """Accounts of a local AWS: the one that decides, and requesters."""

    url: str

    def account(self) -> Account:
        return Account(new_account_id(), self.url)

    @functools.cached_property
    def home(self) -> Account:
        return self.account()

    @functools.cached_property
    def table(self) -> Any:
        return self.home.table("ConsumersTable")

    @functools.cached_property
    def management(self) -> Account:
        return self.account()

    def gather(self, request: EndpointConnectionRequest | ResourceShareRequest) -> Facts:
        facts = self.gatherer().gather(request, clock.now())
        assert not isinstance(facts, AlreadyResolved)
        return facts

    def gatherer(self) -> Gatherer:
        return Gatherer(
            ResourceShares(self.home.ram),
            EndpointServices(self.home.ec2),
            Organization(
                self.home.client("organizations"), lambda _: self.management.client("organizations"), clock.now
            ),
            ConsumersTable(self.table),
        )


@pytest.fixture(scope="module")
def world(local_aws: LocalAws) -> Iterator[World]:
    yield (there := World(local_aws.url))
    arrange(there.management.account_id, {}, ram_sharing=False)


def balancer(owner: Account, kind: str = "net") -> str:
    return f"arn:aws:elasticloadbalancing:{REGION}:{owner.account_id}:loadbalancer/{kind}/lb/0123456789abcdef"


def service(world: World, tags: dict[str, str] | None = None, **desired: Any) -> dict[str, Any]:
    """Offer a managed service to everybody."""
    home = world.home
    balancers = {} if "GatewayLoadBalancerArns" in desired else {"NetworkLoadBalancerArns": [balancer(home)]}
    tagged = [{"Key": key, "Value": value} for key, value in {"drawbridge:managed": "true", **(tags or {})}.items()]
    made = home.ec2.create_vpc_endpoint_service_configuration(
        TagSpecifications=[{"ResourceType": "vpc-endpoint-service", "Tags": tagged}], **balancers, **desired
    )["ServiceConfiguration"]
    home.ec2.modify_vpc_endpoint_service_permissions(ServiceId=made["ServiceId"], AddAllowedPrincipals=["*"])
    return dict(made)


def connect(who: Account, offered: dict[str, Any], ec2: Any = None, **desired: Any) -> str:
    ec2 = ec2 or who.ec2
    vpc_id = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnet = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["Subnets"][0]["SubnetId"]
    asked = {"VpcEndpointType": offered["ServiceType"][0]["ServiceType"], "ServiceName": offered["ServiceName"]}
    made = ec2.create_vpc_endpoint(VpcId=vpc_id, SubnetIds=[subnet], **asked, **desired)
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def connection(world: World, who: Account | None = None, offered: dict[str, Any] | None = None) -> Facts:
    """Return the facts of a connection that somebody asks for."""
    return world.gather(asking(who or world.account(), offered or service(world)))


def asking(who: Account, offered: dict[str, Any]) -> EndpointConnectionRequest:
    return EndpointConnectionRequest(service_id=offered["ServiceId"], endpoint_id=connect(who, offered))


def abroad(world: World) -> Facts:
    """Return the facts of a connection from another Region."""
    offered, who = service(world, SupportedRegions=["eu-west-1"]), world.account()
    there = who.client("ec2", "eu-west-1")
    endpoint_id = connect(who, offered, there, ServiceRegion=REGION)
    return world.gather(EndpointConnectionRequest(service_id=offered["ServiceId"], endpoint_id=endpoint_id))


def dual_stack(world: World) -> Facts:
    """Return the facts of a connection of an endpoint with addresses of both types."""
    offered, who = service(world, SupportedIpAddressTypes=["ipv4", "ipv6"]), world.account()
    vpc = who.ec2.create_vpc(CidrBlock="10.9.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    block = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
    subnet = who.ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock="10.9.1.0/24", Ipv6CidrBlock=block)["Subnet"]
    where = {"VpcId": vpc["VpcId"], "SubnetIds": [subnet["SubnetId"]]}
    made = who.ec2.create_vpc_endpoint(
        VpcEndpointType="Interface", ServiceName=offered["ServiceName"], IpAddressType="dualstack", **where
    )
    endpoint_id = made["VpcEndpoint"]["VpcEndpointId"]
    return world.gather(EndpointConnectionRequest(service_id=offered["ServiceId"], endpoint_id=endpoint_id))


def charged(world: World, payer: Literal["vpc-endpoint-account", "vpc-endpoint-service-account"]) -> Facts:
    """Return the facts of a connection for which AWS says who is charged."""
    request = asking(world.account(), service(world))
    set_payer(request.endpoint_id, payer)
    return world.gather(request)


def again(world: World, *, same_service: bool) -> Facts:
    """Return the facts of an account's second connection."""
    offered, who = service(world), world.account()
    connect(who, offered)
    pass_time(1)
    return connection(world, who, offered if same_service else None)


def registered(world: World, **fields: Any) -> Facts:
    who = world.account()
    world.table.put_item(Item={"account_id": who.account_id, **fields})
    return connection(world, who)


def member(world: World, *, state: str = "ACTIVE", tags: dict[str, str] | None = None, name: str = "Orders") -> Facts:
    """Return the facts of a connection that an account of our own organization asks for."""
    who = world.account()
    accounts = {world.home.account_id: "ours", who.account_id: "sandbox"}
    arrange(world.management.account_id, accounts, ram_sharing=True)
    listed = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
    if listed:
        world.management.client("organizations").tag_resource(ResourceId=who.account_id, Tags=listed)
    client = world.management.client("organizations")
    described = client.describe_account(AccountId=who.account_id)
    described.pop("ResponseMetadata")
    described["Account"] |= {"State": state, "Name": name}
    with mock.patch.object(client, "describe_account", return_value=described):
        return connection(world, who)


def invited(world: World, *arns: str, owner: Account | None = None, name: str = "orders") -> Facts:
    """Return the facts of a share that an account invites to."""
    owner = owner or world.account()
    share_arn = _shared(world, owner, arns, name)
    return world.gather(ResourceShareRequest(share_arn=share_arn))


def in_effect(world: World, *, owner: Account | None = None, tags: dict[str, str] | None = None) -> Facts:
    owner = owner or world.account()
    share_arn = _shared(world, owner, (), "orders", tags)
    _accept(world, share_arn)
    return world.gather(ResourceShareRequest(share_arn=share_arn))


def _shared(world: World, owner: Account, arns: tuple[str, ...], name: str, tags: dict[str, str] | None = None) -> str:
    listed = [{"key": key, "value": value} for key, value in (tags or {}).items()]
    with changed(nameless_invitations=0.0):
        made = owner.ram.create_resource_share(
            name=name,
            resourceArns=list(arns or (resource_configuration(owner),)),
            principals=[world.home.account_id],
            tags=listed,
        )
    pass_time(5)
    return str(made["resourceShare"]["resourceShareArn"])


def _accept(world: World, share_arn: str) -> None:
    invitation = ResourceShares(world.home.ram).newest_invitation(share_arn)
    assert invitation is not None
    world.home.ram.accept_resource_share_invitation(resourceShareInvitationArn=invitation.arn)
    pass_time(5)


def subnet(owner: Account) -> str:
    return f"arn:aws:ec2:{REGION}:{owner.account_id}:subnet/{first_vpc(owner)[1][0]}"


def holding(world: World, make: Callable[[Account], str]) -> AnyFacts:
    """Return the facts of something in an accepted share that a binding matches."""
    return planned(world, *accepted(world, make))


def accepted(world: World, make: Callable[[Account], str]) -> tuple[Account, str]:
    """Share something and accept it; give who shares it and the share's ARN."""
    owner = world.account()
    share_arn = _shared(world, owner, (make(owner),), "orders")
    _accept(world, share_arn)
    return owner, share_arn


def planned(world: World, owner: Account, share_arn: str) -> ResourceFacts:
    # What is not permitted gets no attachment: the planner needs no network then.
    policies = PolicySet([parse_policy("tags", 'forbid(principal, action, resource) when { resource.hasTag("a") };')])
    planner = Planner(
        shares=ResourceShares(world.home.ram),
        entities=LatticeEntities(world.home.lattice),
        network=cast(Any, None),
        policies=policies,
        bindings=InForce((binding(),), (), ()),
        reconciler=cast(Any, None),
        preflight=cast(Any, None),
        aliases=cast(Any, None),
        inventory=cast(Any, None),
        account_id=world.home.account_id,
        quotas=InForce((), (), ()),
    )
    requester = world.gatherer().requester(owner.account_id)
    (candidate,) = planner.evaluate(share_arn, requester, (), EvaluationTime(clock.now())).candidates
    assert candidate.facts is not None
    return candidate.facts


def binding() -> Binding:
    attach = '{"mode": "service-network", "vpc": "vpc-0123456789abcdef0", "serviceNetwork": {"name": "shared"}}'
    return parse_binding("wants-all", f'{{"attach": {attach}}}')


def configured(**desired: Any) -> Callable[[Account], str]:
    """Return how a resource configuration is to be made."""

    def make(owner: Account) -> str:
        vpc_id, subnet_ids = first_vpc(owner)
        gateway = owner.lattice.create_resource_gateway(
            name="a-gateway", vpcIdentifier=vpc_id, subnetIds=subnet_ids[:1]
        )
        fields = {"name": "orders-db", "type": "SINGLE", "protocol": "TCP", "portRanges": ["5432"]} | desired
        if fields["type"] == "SINGLE":
            fields["resourceConfigurationDefinition"] = lattice_shares.DNS
        made = owner.lattice.create_resource_configuration(resourceGatewayIdentifier=gateway["id"], **fields)
        pass_time(5)
        return str(made["arn"])

    return make


def tagged(owner: Account) -> str:
    arn = configured()(owner)
    owner.lattice.tag_resource(resourceArn=arn, tags={"stage": "prod"})
    return arn


def permits(facts: AnyFacts, condition: str) -> bool:
    """Return whether a policy of this condition permits."""
    match facts:
        case ConnectionFacts():
            action, kind = Action.ACCEPT, "EndpointService"
        case ShareFacts():
            action, kind = Action.ACCEPT, "ResourceShare"
        case ResourceFacts():
            action, kind = Action.ASSOCIATE, _KINDS[facts.resource_kind]
    text = f'permit(principal, action == Action::"{action}", resource is {kind}) when {{ {condition} }};'
    return PolicySet([parse_policy("one", text)]).ask(action, facts, EvaluationTime(clock.now())).permitted


_KINDS = {
    "resource-configuration": "ResourceConfiguration",
    "service-network": "ServiceNetwork",
    "service": "Service",
}

Scene = Callable[[World], AnyFacts]


def of(name: str) -> str:
    """Say that the registry has something of the account."""
    return f"principal has consumer && principal.consumer.{name}"


@functools.cache
def usual(world: World) -> Facts:
    """Return the facts of a connection that nothing is special about."""
    return connection(world)


@functools.cache
def another(world: World) -> Facts:
    return connection(world)


@functools.cache
def usual_share(world: World) -> Facts:
    return invited(world)


@functools.cache
def another_share(world: World) -> Facts:
    return invited(world)


@functools.cache
def usual_resource(world: World) -> AnyFacts:
    return holding(world, configured())


@functools.cache
def another_resource(world: World) -> AnyFacts:
    return holding(world, configured())


CASES: dict[str, tuple[str | Callable[[AnyFacts], str], Scene, Scene]] = {
    "Account.id": (lambda facts: f'principal.id == "{facts.requester.account_id}"', usual, another),
    "Account.ownOrganization": ("principal.ownOrganization", member, usual),
    "Account.name": ('principal has name && principal.name == "Orders"', member, lambda w: member(w, name="Other")),
    "Account.state": (
        'principal has state && principal.state == "ACTIVE"',
        member,
        lambda w: member(w, state="SUSPENDED"),
    ),
    "Account.in": (
        lambda facts: f'principal in OrganizationalUnit::"{(facts.requester.place.units or ("none",))[-1]}"',
        member,
        member,
    ),
    "Account.tags": ('principal.hasTag("stage")', lambda w: member(w, tags={"stage": "prod"}), member),
    "Account.consumer": ("principal has consumer", lambda w: registered(w, tier="gold"), usual),
    "Consumer.tier": (
        of('tier == "gold"'),
        lambda w: registered(w, tier="gold"),
        lambda w: registered(w, tier="silver"),
    ),
    "Consumer.services": (
        of('services.contains("*")'),
        lambda w: registered(w, services={"*"}),
        lambda w: registered(w, services={"a"}),
    ),
    "Consumer.name": (of('name == "A"'), lambda w: registered(w, name="A"), lambda w: registered(w, name="B")),
    "Consumer.notes": (of('notes == "A"'), lambda w: registered(w, notes="A"), lambda w: registered(w, notes="B")),
    "Consumer.since": (
        'principal has consumer && principal.consumer has since && principal.consumer.since < datetime("2026-06-01")',
        lambda w: registered(w, since="2026-05-01"),
        lambda w: registered(w, since="2026-07-01"),
    ),
    "Consumer.suspended": (
        of("suspended"),
        lambda w: registered(w, suspended_at="2026-05-01"),
        lambda w: registered(w, tier="gold"),
    ),
    "Consumer.proved": (
        of("proved"),
        lambda w: registered(w, proof_required=True, proved_at="2026-05-01"),
        lambda w: registered(w, proof_required=True),
    ),
    "EndpointService.id": (lambda facts: f'resource.id == "{_service(facts).id}"', usual, another),
    "EndpointService.name": (lambda facts: f'resource.name == "{_service(facts).name}"', usual, another),
    "EndpointService.region": ("resource.region == context.region", usual, abroad),
    "EndpointService.acceptanceRequired": (
        "resource.acceptanceRequired",
        usual,
        lambda w: connection(w, offered=service(w, AcceptanceRequired=False)),
    ),
    "EndpointService.privateDnsName": (
        'resource has privateDnsName && resource.privateDnsName == "api.example.com"',
        lambda w: connection(w, offered=service(w, PrivateDnsName="api.example.com")),
        usual,
    ),
    "EndpointService.tags": (
        'resource.hasTag("tier") && resource.getTag("tier") == "gold"',
        lambda w: connection(w, offered=service(w, {"tier": "gold"})),
        usual,
    ),
    "Circumstances.endpointType": (
        'context has endpointType && context.endpointType == "GatewayLoadBalancer"',
        lambda w: connection(w, offered=service(w, GatewayLoadBalancerArns=[balancer(w.home, "gwy")])),
        usual,
    ),
    "Circumstances.region": (f'context.region == "{REGION}"', usual, abroad),
    "Circumstances.ipAddressType": (
        'context has ipAddressType && context.ipAddressType == "dualstack"',
        dual_stack,
        usual,
    ),
    "Circumstances.payer": (
        'context has payer && context.payer == "vpc-endpoint-account"',
        lambda w: charged(w, "vpc-endpoint-account"),
        lambda w: charged(w, "vpc-endpoint-service-account"),
    ),
    "Circumstances.connections": (
        "context has connections && context.connections == 1",
        lambda w: again(w, same_service=False),
        usual,
    ),
    "Circumstances.connectionsToService": (
        "context has connectionsToService && context.connectionsToService == 1",
        lambda w: again(w, same_service=True),
        lambda w: again(w, same_service=False),
    ),
    "ResourceShare.id": (lambda facts: f'resource.id == "{_share(facts).share_arn}"', usual_share, invited),
    "ResourceShare.name": ('resource.name == "orders"', usual_share, lambda w: invited(w, name="payroll")),
    "ResourceShare.owner": (lambda facts: f'resource.owner == "{facts.requester.account_id}"', usual_share, invited),
    "ResourceShare.tags": (
        'resource.hasTag("stage")',
        lambda w: in_effect(w, tags={"stage": "prod"}),
        lambda w: in_effect(w, tags={"other": "prod"}),
    ),
    "Circumstances.types": (
        'context has types && context.types.contains("ec2:subnet")',
        lambda w: invited(w, subnet(owner := w.account()), owner=owner),
        usual_share,
    ),
    "Circumstances.arns": (
        lambda facts: f'context has arns && context.arns.contains("{(_share(facts).contents or ())[0].arn}")',
        usual_share,
        another_share,
    ),
    "Circumstances.resources": (
        "context has resources && context.resources == 1",
        usual_share,
        lambda w: invited(w, resource_configuration(owner := w.account()), subnet(owner), owner=owner),
    ),
    "Circumstances.onlyLattice": (
        "context has onlyLattice && context.onlyLattice",
        usual_share,
        lambda w: invited(w, resource_configuration(owner := w.account()), subnet(owner), owner=owner),
    ),
    "Circumstances.invited": ("context has invited && context.invited", usual_share, in_effect),
    "Circumstances.secondsLeft": (
        "context has secondsLeft && context.secondsLeft > 40000",
        usual_share,
        lambda w: later(w, timedelta(hours=2)),
    ),
    "Shared.id": (
        lambda facts: f'resource.id == "{_resource(facts).arn}"',
        usual_resource,
        another_resource,
    ),
    "Shared.name": (
        'resource.name == "orders-db"',
        usual_resource,
        lambda w: holding(w, configured(name="payroll-db")),
    ),
    "Shared.owner": (
        lambda facts: f'resource.owner == "{facts.requester.account_id}"',
        usual_resource,
        another_resource,
    ),
    "Shared.in": (
        lambda facts: f'resource in ResourceShare::"{_resource(facts).share_arn}"',
        usual_resource,
        another_resource,
    ),
    "Shared.type": (
        'resource.type == "SINGLE"',
        usual_resource,
        lambda w: holding(w, configured(type="GROUP", portRanges=[])),
    ),
    "Shared.protocol": (
        'resource.protocol == "TCP"',
        usual_resource,
        lambda w: holding(w, lambda owner: str(owner.lattice.create_service(name="api")["arn"])),
    ),
    "Shared.portRanges": (
        'resource.portRanges.contains("5432")',
        usual_resource,
        lambda w: holding(w, configured(portRanges=["3306"])),
    ),
    "Shared.customDomainName": (
        'resource has customDomainName && resource.customDomainName == "db.example.com"',
        lambda w: holding(w, lattice_shares.named_configuration),
        usual_resource,
    ),
    "Shared.domainVerified": (
        "resource.domainVerified",
        lambda w: holding(w, lattice_shares.named_configuration),
        lambda w: holding(w, lambda owner: lattice_shares.named_configuration(owner, verified=False)),
    ),
}
"""By fact: a condition, a world in which it holds, and one in which AWS answers otherwise. A condition built from facts
is built from those of the first world."""

NOT_AWS_S = {
    **dict.fromkeys(("Clock.hour", "Clock.minute", "Clock.weekday"), "the clock's"),
    **dict.fromkeys(("Circumstances.now", "Circumstances.local", "associate.now", "associate.local"), "the clock's"),
    **dict.fromkeys(
        ("associate.binding", "associate.mode", "associate.privateDns", "associate.alias"), "the binding's"
    ),
    "associate.region": "where the stack is: what is shared is shared in a Region, whose own its ARN names",
}
"""Facts that do not come from AWS, and where they come from."""


def later(world: World, by: timedelta) -> Facts:
    """Return the facts of a share as they are some time after its invitation."""
    owner = world.account()
    share_arn = _shared(world, owner, (), "orders")
    pass_time(by.total_seconds())
    return world.gather(ResourceShareRequest(share_arn=share_arn))


def _service(facts: AnyFacts) -> Service:
    assert isinstance(facts, ConnectionFacts)
    return facts.service


def _share(facts: AnyFacts) -> ShareFacts:
    assert isinstance(facts, ShareFacts)
    return facts


def _resource(facts: AnyFacts) -> ResourceFacts:
    assert isinstance(facts, ResourceFacts)
    return facts


def facts_of_schema() -> set[str]:
    """Name all that the schema says a policy can speak of, by the words of its declarations."""
    text = re.sub(r"//.*", "", SCHEMA_TEXT)
    found: set[str] = set()
    declared = r"(?:entity|type) ([\w, ]+?)(?: in \[(.*?)\])?(?: = \{(.*?)\})?( tags \w+)?;"
    for names, above, attributes, tags in re.findall(declared, text, re.DOTALL):
        name = "Shared" if "," in names else names
        found |= {f"{name}.{each}" for each in re.findall(r"(\w+)\??:", attributes)}
        found |= {f"{name}.tags"} if tags else set()
        found |= {f"{name}.in"} if above and attributes else set()
    for action, context in re.findall(r"action ([\w, ]+) appliesTo \{[^{}]*context: \{(.*?)\}", text, re.DOTALL):
        found |= {f"{action}.{each}" for each in re.findall(r"(\w+)\??:", context)}
    return found


def test_every_fact_of_the_schema_has_its_case() -> None:
    lacking = facts_of_schema() - CASES.keys() - NOT_AWS_S.keys() - LEFT_OUT.keys()

    assert lacking == set()
    assert len(facts_of_schema()) > 40


@pytest.mark.parametrize("fact", CASES)
def test_a_fact_is_what_aws_answers(world: World, fact: str) -> None:
    condition, holds, otherwise = CASES[fact]
    one = holds(world)
    written = condition if isinstance(condition, str) else condition(one)

    assert permits(one, written)
    assert not permits(otherwise(world), written)


def answered(client: Any, **answers: Callable[[dict[str, Any]], None]) -> ExitStack:
    """Have what some operations answer changed before anybody sees it."""
    changing = ExitStack()
    for operation, change in answers.items():
        real = getattr(client, operation)

        def answer(real: Any = real, change: Any = change, **asked: Any) -> Any:
            response = real(**asked)
            change(response)
            return response

        changing.enter_context(mock.patch.object(client, operation, answer))
    return changing


def without(client: Callable[[World], Any], operation: str, listed: str, *members: str) -> Leaving:
    """Leave members out of what an operation lists, or of the whole answer if it is of one thing."""

    def change(response: dict[str, Any]) -> None:
        for each in response[listed] if listed else [response]:
            for name in members:
                each.pop(name, None)

    return lambda world: answered(client(world), **{operation: change})


Leaving = Callable[[World], ExitStack]


def both(*leaving: Leaving) -> Leaving:
    def leave(world: World) -> ExitStack:
        together = ExitStack()
        for each in leaving:
            together.enter_context(each(world))
        return together

    return leave


def ec2(world: World) -> Any:
    return world.home.ec2


def ram(world: World) -> Any:
    return world.home.ram


def lattice(world: World) -> Any:
    return world.home.lattice


def nothing(world: World) -> ExitStack:
    """Leave nothing out: AWS shows it to nobody but its owner."""
    return ExitStack()


SERVICES = ("describe_vpc_endpoint_service_configurations", "ServiceConfigurations")
CONNECTIONS = ("describe_vpc_endpoint_connections", "VpcEndpointConnections")
CONFIGURATION = ("get_resource_configuration", "")


def connection_again(world: World) -> Facts:
    """Gather once more the facts of one and the same connection; so do those that follow, of what they name."""
    return world.gather(_asked(world))


def invited_again(world: World) -> Facts:
    return world.gather(ResourceShareRequest(share_arn=_invited(world)))


def in_effect_again(world: World) -> Facts:
    return world.gather(ResourceShareRequest(share_arn=_accepted(world)[1]))


def matched_resource(world: World) -> AnyFacts:
    return planned(world, *_accepted(world))


@functools.cache
def _asked(world: World) -> EndpointConnectionRequest:
    return asking(world.account(), service(world))


@functools.cache
def _invited(world: World) -> str:
    return _shared(world, world.account(), (), "orders")


@functools.cache
def _accepted(world: World) -> tuple[Account, str]:
    return accepted(world, lattice_shares.named_configuration)


LEFT_OUT: dict[str, tuple[str, Scene, Leaving, Fact]] = {
    "EndpointService.name": (
        'resource.name == "a"',
        connection_again,
        without(ec2, *SERVICES, "ServiceName"),
        Fact.NAME,
    ),
    "EndpointService.acceptanceRequired": (
        "resource.acceptanceRequired",
        connection_again,
        without(ec2, *SERVICES, "AcceptanceRequired"),
        Fact.ACCEPTANCE_REQUIRED,
    ),
    "Circumstances.endpointType": (
        'context has endpointType && context.endpointType == "GatewayLoadBalancer"',
        connection_again,
        both(without(ec2, *SERVICES, "ServiceType"), without(ec2, *CONNECTIONS, "NetworkLoadBalancerArns")),
        Fact.ENDPOINT_TYPE,
    ),
    "Circumstances.region": (
        f'context.region == "{REGION}"',
        connection_again,
        without(ec2, *CONNECTIONS, "VpcEndpointRegion"),
        Fact.REGION,
    ),
    "Circumstances.ipAddressType": (
        'context has ipAddressType && context.ipAddressType == "dualstack"',
        connection_again,
        without(ec2, *CONNECTIONS, "IpAddressType"),
        Fact.IP_ADDRESS_TYPE,
    ),
    "Circumstances.payer that is not told": (
        'context has payer && context.payer == "vpc-endpoint-account"',
        connection_again,
        nothing,
        Fact.PAYER,
    ),
    "ResourceShare.name": (
        'resource.name == "orders"',
        invited_again,
        without(ram, "get_resource_share_invitations", "resourceShareInvitations", "resourceShareName"),
        Fact.NAME,
    ),
    "ResourceShare.name of one in effect": (
        'resource.name == "orders"',
        in_effect_again,
        without(ram, "get_resource_shares", "resourceShares", "name"),
        Fact.NAME,
    ),
    "ResourceShare.tags": (
        'resource.hasTag("stage")',
        in_effect_again,
        without(ram, "get_resource_shares", "resourceShares", "tags"),
        Fact.RESOURCE_TAGS,
    ),
    "ResourceShare.tags that are not listed": (
        'resource.hasTag("stage")',
        in_effect_again,
        nothing,
        Fact.RESOURCE_TAGS,
    ),
    "Circumstances.types": (
        'context has types && context.types.contains("ec2:subnet")',
        in_effect_again,
        without(ram, "list_resources", "resources", "type"),
        Fact.CONTENTS,
    ),
    "Shared.name": ('resource.name == "a"', matched_resource, without(lattice, *CONFIGURATION, "name"), Fact.NAME),
    "Shared.type": ('resource.type == "SINGLE"', matched_resource, without(lattice, *CONFIGURATION, "type"), Fact.TYPE),
    "Shared.protocol": (
        'resource.protocol == "TCP"',
        matched_resource,
        without(lattice, *CONFIGURATION, "protocol"),
        Fact.PROTOCOL,
    ),
    "Shared.portRanges": (
        'resource.portRanges.contains("5432")',
        matched_resource,
        without(lattice, *CONFIGURATION, "portRanges"),
        Fact.PORT_RANGES,
    ),
    "Shared.domainVerified": (
        "resource.domainVerified",
        matched_resource,
        without(lattice, *CONFIGURATION, "domainVerificationStatus"),
        Fact.DOMAIN_VERIFIED,
    ),
    "Shared.tags": ('resource.hasTag("stage")', matched_resource, nothing, Fact.RESOURCE_TAGS),
}
"""What AWS may leave out: a condition, a world, what is left out of AWS's answer, and what is unknown then."""


@pytest.mark.parametrize("fact", LEFT_OUT)
def test_what_aws_leaves_out_is_unknown_and_counts_against_whoever_asks(world: World, fact: str) -> None:
    condition, scene, leaving, unknown = LEFT_OUT[fact]

    with leaving(world):
        facts = scene(world)

    assert unknown in facts.unknown
    assert not permits(facts, condition)
    assert not permits(facts, f"!({condition})")


def test_tags_of_a_service_that_is_listed_and_shows_none_are_unknown(world: World) -> None:
    offered = service(world)
    endpoint_id = connect(world.account(), offered)
    services = EndpointServices(world.home.ec2, listed=[offered["ServiceId"]])
    gatherer = Gatherer(
        cast(Any, None),
        services,
        Organization(world.home.client("organizations"), None, clock.now),
        ConsumersTable(world.table),
    )
    request = EndpointConnectionRequest(service_id=offered["ServiceId"], endpoint_id=endpoint_id)

    with without(ec2, *SERVICES, "Tags")(world):
        facts = gatherer.gather(request, clock.now())

    assert isinstance(facts, ConnectionFacts)
    assert Fact.RESOURCE_TAGS in facts.unknown
    assert not permits(facts, '!(resource.hasTag("restricted"))')


def test_an_endpoint_s_type_is_unknown_where_the_service_and_the_connection_deny_each_other(world: World) -> None:
    def of_another_type(response: dict[str, Any]) -> None:
        response["ServiceConfigurations"][0]["ServiceType"] = [{"ServiceType": "GatewayLoadBalancer"}]

    with answered(world.home.ec2, describe_vpc_endpoint_service_configurations=of_another_type):
        facts = connection(world)

    assert Fact.ENDPOINT_TYPE in facts.unknown


@pytest.mark.parametrize("form", [["gold"], {"gold"}, 5, True, {"tier": "gold"}], ids=str)
def test_an_entry_of_the_registry_in_another_form_lets_nobody_in(world: World, form: Any) -> None:
    facts = registered(world, tier=form, services={"*"})

    assert not permits(facts, of('services.contains("*")'))
    gold = of('tier == "gold"')
    assert not permits(facts, f"!({gold})")


@pytest.mark.parametrize("condition", [of("suspended"), of("proved")], ids=["suspended", "proved"])
@pytest.mark.parametrize("field", ["suspended_at", "proved_at", "proof_required"])
def test_a_suspension_or_a_proof_that_can_t_be_read_lets_nobody_in(world: World, field: str, condition: str) -> None:
    facts = registered(world, **{field: ["May"]})

    assert not permits(facts, condition)
    assert not permits(facts, f"!({condition})")


@pytest.mark.parametrize("state", ["SUSPENDED", "PENDING_CLOSURE", "CLOSED", "HIBERNATING"])
def test_an_account_that_is_not_active_is_none_of_ours_and_no_unit_tells_it_apart(world: World, state: str) -> None:
    facts = member(world, state=state)
    requester = facts.requester.account_id
    (parent,) = world.management.client("organizations").list_parents(ChildId=requester)["Parents"]
    unit = parent["Id"]

    assert not permits(facts, "principal.ownOrganization")
    assert not permits(facts, f'principal in OrganizationalUnit::"{unit}"')
    assert not permits(facts, f'!(principal in OrganizationalUnit::"{unit}")')
