"""Accounts that share with, connect to and govern one another, and what they know of it that AWS does not say."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from local_aws.testing.clock import clock
from local_aws.testing.faults import CallFault, FaultPlan, faults
from scenarios.people import Person
from tests.system.model.spans import Spans

GRACE = 60.0
"""How long a decision may be done after it was made, in seconds: policies and contents may be others by then."""

LATE = 30.0
"""How much later a call may be made that was begun in time: it may be throttled, and made again."""

LISTED_BEFORE = 20.0
"""How long before a call to accept the contents were last listed, in seconds: its own tries lie between."""

_ACCEPTS = ("ram:AcceptResourceShareInvitation", "ec2:AcceptVpcEndpointConnections")

_TAG = {"Key": "Neighbours", "Value": "wanted"}
_OWNER = "drawbridge:owner"
_LATTICE_ONLY = """
@reason("Lattice only.")
forbid(principal, action == Action::"accept", resource is ResourceShare)
when { context has onlyLattice && !context.onlyLattice };
"""

DOMAIN = "data.internal.example"

_POLICIES = "/drawbridge/config/policies"
_BINDINGS = "/drawbridge/config/bindings"


@dataclass(frozen=True)
class Binding:
    """A binding in force: a provider's resources whose names fit a glob, into the account's VPC."""

    name: str
    provider: str
    resource: str
    by_tag: bool = False
    """Whether it names VPCs by their tag, and not one by its id."""
    vpc: int = 0
    """Which of the account's VPCs it names by its id."""
    alias: str = ""
    """What comes after the resource's name in a name of its own; empty for none of its own."""

    def matches(self, provider: str, resource: str) -> bool:
        return self.provider == provider and fnmatchcase(resource, self.resource)

    def text(self, home: "Home") -> str:
        match = {"provider": self.provider, "resource": self.resource}
        where = {"tag": {_TAG["Key"]: _TAG["Value"]}} if self.by_tag else home.vpcs[self.vpc]
        attach: dict[str, Any] = {"mode": "resource-endpoint", "vpc": where}
        if self.alias:
            attach["alias"] = {"zone": home.zone, "name": f"{{resource}}{self.alias}.{DOMAIN}"}
        return json.dumps({"match": match, "attach": attach})

    def alias_of(self, resource: str) -> str:
        """Return the alias that it gives a resource; empty for none."""
        return f"{resource}{self.alias}.{DOMAIN}" if self.alias else ""

    def published(self, resource: str, vpc: str) -> str:
        """Return the parameter that holds the name of a resource in a VPC."""
        place = f"{resource}/{vpc}" if self.by_tag else resource
        return f"/drawbridge/connections/{self.name}/{place}/dns-name"


@dataclass(frozen=True)
class Stripped:
    """What the tags of an endpoint said before somebody took them."""

    endpoint_id: str
    tags: tuple[tuple[str, str], ...]


@dataclass
class Home:
    """An account with the stack: its policies and bindings."""

    person: Person
    permits: dict[str, str] = field(default_factory=dict)
    """By the policy's name, the account."""
    forbids: dict[str, str] = field(default_factory=dict)
    rejects: dict[str, str] = field(default_factory=dict)
    registered: set[str] = field(default_factory=set)
    bindings: dict[str, Binding] = field(default_factory=dict)
    ever_bound: set[Binding] = field(default_factory=set)
    squatted: dict[str, str] = field(default_factory=dict)
    """Parameters that people wrote where a name would be published, and what they hold."""
    vpcs: list[str] = field(default_factory=list)
    """The first is the one that bindings name by its id."""
    tagged: set[str] = field(default_factory=set)
    """Those of them that have the tag by which bindings name VPCs."""
    stripped: list[Stripped] = field(default_factory=list)
    zone: str = ""
    """The private hosted zone, once there is one."""
    holders: dict[str, str] = field(default_factory=dict)
    """Where names of its own led when all had last settled: by the name, the binding."""
    connected: dict[str, str] = field(default_factory=dict)
    """The endpoints that led somewhere when all had last settled, and what each leads to."""

    @property
    def account_id(self) -> str:
        return self.person.account_id

    def lets_in(self, account_id: str, *, to_service: bool) -> bool:
        """Return whether the policies in force let an account in."""
        if account_id in self.forbids.values():
            return False
        return account_id in self.permits.values() or (to_service and account_id in self.registered)

    def vpcs_of(self, binding: Binding) -> set[str]:
        """Return the VPCs that a binding names, as they are tagged now."""
        return set(self.tagged) if binding.by_tag else {self.vpcs[binding.vpc]}

    def rivals(self, binding: Binding, resource: str) -> set[str]:
        """Return the other bindings that give the same resource the same alias."""
        alias = binding.alias_of(resource)
        return {
            each.name
            for each in self.bindings.values()
            if alias and each.name != binding.name and each.provider == binding.provider
            if each.matches(each.provider, resource) and each.alias_of(resource) == alias
        }


@dataclass
class Ask:
    """A share with, or a connection to, an account with the stack."""

    subject: str
    requester: Person
    home: Home
    names: list[str] = field(default_factory=list)
    """The resources in a share as it is now; a connection has none."""
    stem: str = ""
    """What the names of all its resources, now and later, begin with."""
    made: int = 0
    """How many resources were ever put into it."""
    holds_subnet: bool = False
    covered: set[str] = field(default_factory=set)
    """The resources that it held at any time at which the policies let it in as it was then."""
    taken_out: dict[str, float] = field(default_factory=dict)
    """When resources were taken out of it."""
    let_in: Spans = field(default_factory=Spans)
    """When the policies let it in, as it was then."""
    as_permitted: Spans = field(default_factory=Spans)
    """When it held nothing that the policies never let in."""
    ever_permitted: bool = False
    """Whether the policies let it in at any time since it was made."""
    ever_rejected: bool = False
    """Whether they rejected it at any time."""
    was_live: bool = False
    """Whether it was live when all had last settled."""
    by_hand: bool = False
    """Whether a person accepted it."""
    given_up: bool = False
    """Whether the requester took it back."""

    @property
    def is_share(self) -> bool:
        return ":resource-share/" in self.subject

    def is_permitted(self) -> bool:
        return not self.holds_subnet and self.home.lets_in(self.requester.account_id, to_service=not self.is_share)

    def is_rejected(self) -> bool:
        return not self.is_permitted() and self.requester.account_id in self.home.rejects.values()

    def may_be_accepted(self, at: float) -> bool:
        """Return whether it may be accepted at that time: policies let it in lately, and it holds what they let in."""
        return self.let_in.within(at - GRACE - LATE, at) and self.as_permitted.within(at - LISTED_BEFORE, at)

    def note(self) -> None:
        """Note what policies say of it as it is now: to be called after each change of the one or the other."""
        now, is_permitted = clock.time(), self.is_permitted()
        self.let_in.note(now, so=is_permitted)
        self.as_permitted.note(now, so=not self.holds_subnet)
        self.ever_permitted |= is_permitted
        self.ever_rejected |= self.is_rejected()
        # A decision may have been made just before a change, and RAM may list the state before it for a while.
        if self.let_in.within(now - GRACE, now):
            lately = {name for name, at in self.taken_out.items() if now - at <= GRACE}
            self.covered |= {*self.names, *lately}


@dataclass
class Unmanaged:
    """A service that is not Drawbridge's, with a connection."""

    home: Home
    requester: Person
    service_id: str
    endpoint_id: str
    accepted: bool = False
    """Whether a person accepted the connection."""


class Neighbours:
    """All of them. Each action is one that a person takes, with the SDK; none waits for what comes of it."""

    _numbers = itertools.count(1)

    def __init__(self, homes: list[Home], others: list[Person]) -> None:
        self.homes = homes
        self.others = others
        self.asks: list[Ask] = []
        self.services: list[tuple[Home, str, str]] = []
        self.unmanaged: list[Unmanaged] = []
        self.resources: dict[str, tuple[str, str]] = {}
        """What was ever shared: by its ARN, its name and its owner."""
        for home in homes:
            home.person.write_policy("lattice-only", _LATTICE_ONLY)
            home.vpcs = [home.person.vpc(), _another_vpc(home.person)]

    @property
    def people(self) -> list[Person]:
        return [*(home.person for home in self.homes), *self.others]

    def shares(self) -> Iterator[Ask]:
        return (ask for ask in self.asks if ask.is_share)

    def connections(self) -> Iterator[Ask]:
        return (ask for ask in self.asks if not ask.is_share)

    # ---- requesters

    def share(self, owner: Person, home: Home, count: int) -> None:
        stem = f"db-{next(self._numbers)}"
        configuration = owner.offer_database(f"{stem}-0", port="5432")
        self.resources[configuration] = (f"{stem}-0", owner.account_id)
        made = owner.client("ram").create_resource_share(
            name=stem, resourceArns=[configuration], principals=[home.account_id]
        )
        arn = str(made["resourceShare"]["resourceShareArn"])
        ask = Ask(arn, owner, home, [f"{stem}-0"], stem=stem, made=1)
        self._note(ask)
        for _ in range(count - 1):
            self.add_to(ask)

    def add_to(self, ask: Ask) -> None:
        """Put another resource into a share."""
        if ask.given_up:
            return
        name = f"{ask.stem}-{ask.made}"
        configuration = ask.requester.offer_database(name, port="5432")
        ask.requester.client("ram").associate_resource_share(resourceShareArn=ask.subject, resourceArns=[configuration])
        ask.made += 1
        ask.names.append(name)
        self.resources[configuration] = (name, ask.requester.account_id)
        ask.note()

    def take_from(self, ask: Ask) -> None:
        """Take the resource out of a share that came last; one stays."""
        if ask.given_up or len(ask.names) < 2:
            return
        name = ask.names.pop()
        arn = next(arn for arn, known in self.resources.items() if known == (name, ask.requester.account_id))
        ask.requester.client("ram").disassociate_resource_share(resourceShareArn=ask.subject, resourceArns=[arn])
        ask.taken_out[name] = clock.time()
        ask.note()

    def put_subnet(self, ask: Ask) -> None:
        """Put a subnet into a share, or take it out: policies let in what is Lattice's only."""
        if ask.given_up:
            return
        ram = ask.requester.client("ram")
        arns = [f"arn:aws:ec2:us-east-1:{ask.requester.account_id}:subnet/{ask.requester.subnets()[0]}"]
        change = ram.disassociate_resource_share if ask.holds_subnet else ram.associate_resource_share
        change(resourceShareArn=ask.subject, resourceArns=arns)
        ask.holds_subnet = not ask.holds_subnet
        ask.note()

    def throttle(self, home: Home) -> None:
        """Have AWS throttle what accepts in an account, from now on."""
        calls = [CallFault(each, "throttle", account=home.account_id, role="drawbridge-*") for each in _ACCEPTS]
        faults.replace(FaultPlan(0, faults.events, (*calls, *faults.calls)))

    def throttle_no_more(self, home: Home) -> None:
        calls = tuple(each for each in faults.calls if each.account != home.account_id)
        faults.replace(FaultPlan(0, faults.events, calls))

    def offer_service(self, home: Home) -> None:
        self.services.append((home, *home.person.offer_service()))

    def connect(self, requester: Person, service: tuple[Home, str, str]) -> None:
        home, _, name = service
        self._note(Ask(requester.connect(name), requester, home))

    def take_back(self, ask: Ask) -> None:
        """Unshare, or delete the endpoint, as long as nobody has accepted it: what follows later is withdrawal's."""
        if ask.given_up or not self.waits(ask):
            return
        ask.given_up = True
        if ask.is_share:
            ask.requester.client("ram").delete_resource_share(resourceShareArn=ask.subject)
        else:
            ask.requester.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[ask.subject])

    def accept_by_hand(self, ask: Ask) -> None:
        invitation = invitation_of(ask) if ask.is_share else None
        if invitation is None or invitation["status"] != "PENDING":
            return
        ram = ask.home.person.client("ram")
        try:
            ram.accept_resource_share_invitation(resourceShareInvitationArn=invitation["resourceShareInvitationArn"])
        except ram.exceptions.ResourceShareInvitationAlreadyAcceptedException:
            return
        ask.by_hand = True

    def waits(self, ask: Ask) -> bool:
        if ask.is_share:
            invitation = invitation_of(ask)
            return invitation is not None and invitation["status"] == "PENDING"
        return ask.requester.endpoint_state(ask.subject) == "pendingAcceptance"

    # ---- those who govern

    def permit(self, home: Home, account_id: str) -> None:
        name = f"permit-{next(self._numbers)}"
        home.person.write_policy(name, _rule("permit", account_id))
        home.permits[name] = account_id
        self._note_policies()

    def forbid(self, home: Home, account_id: str) -> None:
        name = f"forbid-{next(self._numbers)}"
        home.person.write_policy(name, _rule("forbid", account_id))
        home.forbids[name] = account_id
        self._note_policies()

    def reject(self, home: Home, account_id: str) -> None:
        """Turn an account away, unless it is let in."""
        name = f"reject-{next(self._numbers)}"
        unasked = f'forbid(principal == Account::"{account_id}", action == Action::"askApprover", resource);'
        home.person.write_policy(name, f"{unasked}\n{_rule('permit', account_id, 'reject')}")
        home.rejects[name] = account_id
        self._note_policies()

    def garble(self, home: Home, name: str) -> None:
        """Break a policy: the version before stays in force."""
        home.person.client("ssm").put_parameter(
            Name=f"{_POLICIES}/{name}", Type="String", Value="permit(principal action);", Overwrite=True
        )

    def delete_resource_association(self, home: Home, name: str) -> None:
        home.person.client("ssm").delete_parameter(Name=f"{_POLICIES}/{name}")
        home.permits.pop(name, None)
        home.forbids.pop(name, None)
        home.rejects.pop(name, None)
        self._note_policies()

    def register(self, home: Home, account_id: str) -> None:
        home.person.register_consumer(account_id, "*")
        home.registered.add(account_id)
        self._note_policies()

    def bind(self, ask: Ask, *, by_tag: bool = False) -> None:
        """Bind everything of a share, now and later."""
        if ask.is_share:
            name = f"binding-{next(self._numbers)}"
            self._write(ask.home, Binding(name, ask.requester.account_id, f"{ask.stem}-*", by_tag))

    def share_alias(self, ask: Ask) -> None:
        """Bind everything of a share with an alias in a private hosted zone; once that is so, the same in another VPC.

        Of two bindings with one alias, the later one comes first in the order of their names.
        """
        home = ask.home
        if not home.zone:
            vpc = {"VPCRegion": "us-east-1", "VPCId": home.vpcs[0]}
            made = home.person.client("route53").create_hosted_zone(Name=DOMAIN, CallerReference="once", VPC=vpc)
            home.zone = str(made["HostedZone"]["Id"].rpartition("/")[2])
        resource = f"{ask.stem}-*"
        first = next((each for each in home.bindings.values() if each.alias and each.resource == resource), None)
        if first is None:
            number = next(self._numbers)
            first = Binding(f"binding-{number}-z", ask.requester.account_id, resource, alias=f"-of-{number}")
            self._write(home, first)
        elif f"{first.name[:-1]}a" not in home.bindings:
            self._write(home, replace(first, name=f"{first.name[:-1]}a", vpc=1))

    def rename_alias(self, home: Home, binding: Binding) -> None:
        """Give a binding another alias, which no other has."""
        self._write(home, replace(binding, alias=f"-of-{next(self._numbers)}"), overwrite=True)

    def tag_vpc(self, home: Home, vpc: str) -> None:
        """Give a VPC the tag by which bindings name VPCs, or take it."""
        ec2 = home.person.client("ec2")
        (ec2.delete_tags if vpc in home.tagged else ec2.create_tags)(Resources=[vpc], Tags=[_TAG])
        home.tagged ^= {vpc}

    def strip(self, home: Home) -> None:
        """Take the tags of an endpoint that the ledger knows, so that nothing on it says whose it is."""
        ours = [{"Name": "tag-key", "Values": [_OWNER]}, {"Name": "vpc-endpoint-state", "Values": ["available"]}]
        known = str([row for row in home.person.ledger() if row["settled"]["BOOL"]])
        ec2 = home.person.client("ec2")
        for each in ec2.describe_vpc_endpoints(Filters=ours)["VpcEndpoints"]:
            if each["VpcEndpointId"] in known:
                tags = tuple((tag["Key"], tag["Value"]) for tag in each["Tags"])
                ec2.delete_tags(Resources=[each["VpcEndpointId"]], Tags=[{"Key": key} for key, _ in tags])
                home.stripped.append(Stripped(each["VpcEndpointId"], tags))
                return

    def change_binding(self, home: Home, name: str, *, garbled: bool) -> None:
        """Bind the first resource alone, or write nonsense, so that the version before stays in force."""
        binding = home.bindings[name]
        if garbled:
            home.person.client("ssm").put_parameter(
                Name=f"{_BINDINGS}/{name}", Type="String", Value="attach: [", Overwrite=True
            )
            return
        if not binding.alias:
            # What it no longer matches stays, and its name with it: whose that is by then is for withdrawal to say.
            self._write(home, replace(binding, resource=f"{_stem(binding.resource)}-0"), overwrite=True)

    def squat(self, home: Home, binding: Binding) -> None:
        """Write a parameter by hand where Drawbridge would publish, unless it has."""
        name = binding.published(f"{_stem(binding.resource)}-0", home.vpcs[binding.vpc])
        ssm = home.person.client("ssm")
        try:
            ssm.put_parameter(Name=name, Type="String", Value="by-hand.example")
        except ssm.exceptions.ParameterAlreadyExists:
            return
        home.squatted[name] = "by-hand.example"

    def offer_unmanaged_service(self, home: Home, requester: Person) -> None:
        """Offer a service that is none of Drawbridge's business, with a connection that waits."""
        service_id, name = home.person.offer_service(managed=False)
        self.unmanaged.append(Unmanaged(home, requester, service_id, requester.connect(name)))

    def accept_unmanaged(self, unmanaged: Unmanaged) -> None:
        """Accept a connection by hand, on a service that Drawbridge does not manage."""
        ec2 = unmanaged.home.person.client("ec2")
        if unmanaged.requester.endpoint_state(unmanaged.endpoint_id) == "pendingAcceptance":
            answer = ec2.accept_vpc_endpoint_connections(
                ServiceId=unmanaged.service_id, VpcEndpointIds=[unmanaged.endpoint_id]
            )
            unmanaged.accepted = not answer["Unsuccessful"]

    def manage(self, unmanaged: Unmanaged) -> None:
        """Have Drawbridge manage a service, with the connection that it has."""
        tags = [{"Key": "drawbridge:managed", "Value": "true"}]
        unmanaged.home.person.client("ec2").create_tags(Resources=[unmanaged.service_id], Tags=tags)
        self.unmanaged.remove(unmanaged)
        self._note(Ask(unmanaged.endpoint_id, unmanaged.requester, unmanaged.home, by_hand=unmanaged.accepted))

    def _write(self, home: Home, binding: Binding, *, overwrite: bool = False) -> None:
        home.person.client("ssm").put_parameter(
            Name=f"{_BINDINGS}/{binding.name}",
            Type="String",
            Value=binding.text(home),
            Overwrite=overwrite,
        )
        home.bindings[binding.name] = binding
        home.ever_bound.add(binding)

    def _note(self, ask: Ask) -> None:
        ask.note()
        self.asks.append(ask)

    def _note_policies(self) -> None:
        for ask in self.asks:
            ask.note()


def invitation_of(ask: Ask) -> dict[str, Any] | None:
    """Return the newest invitation to a share; None without any, and once AWS has purged it."""
    found = [each for each in invitations(ask.home) if each["resourceShareArn"] == ask.subject]
    return max(found, key=lambda each: each["invitationTimestamp"], default=None)


def invitations(home: Home) -> list[dict[str, Any]]:
    pages = home.person.client("ram").get_paginator("get_resource_share_invitations").paginate()
    return [each for page in pages for each in page["resourceShareInvitations"]]


def _stem(name: str) -> str:
    return name.rpartition("-")[0]


def _rule(effect: str, account_id: str, action: str = "accept") -> str:
    return f'{effect}(principal == Account::"{account_id}", action == Action::"{action}", resource);'


def _another_vpc(person: Person) -> str:
    ec2 = person.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.99.0.0/24")["Vpc"]["VpcId"]
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.99.0.0/24", AvailabilityZone="us-east-1a")
    return str(vpc)
