"""Accounts that share with, connect to and govern one another, and what they know of it that AWS does not say."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from local_aws.testing.clock import clock
from local_aws.testing.faults import CallFault, FaultPlan, Kind, faults
from scenarios.people import Person
from tests.system.model.asks import Ask, Unmanaged
from tests.system.model.calls import Call, calls
from tests.system.model.homes import DOMAIN, TAG, Binding, Home, MadeByHand, Place, Stripped

WITHDRAWS = ("ec2:DeleteVpcEndpoints", "ec2:RejectVpcEndpointConnections", "ssm:DeleteParameters")
"""Calls that take down what this model has connected."""

DENIED_IF_GONE = frozenset({"ssm:DeleteParameters"})
"""Calls that roles may make of what has a tag of ours: whoever repeats one, for a lost answer, finds no tag."""

LISTINGS = (
    "ec2:DescribeVpcEndpointConnections",
    "ec2:DescribeVpcEndpoints",
    "ram:GetResourceShares",
    "ram:ListResources",
    "vpc-lattice:ListResourceConfigurations",
)
"""Calls that list what this model shares and connects: without the configuration there is no sweep at all."""

_ACCEPTS = ("ram:AcceptResourceShareInvitation", "ec2:AcceptVpcEndpointConnections")

_OWNER = "drawbridge:owner"
_BINDING = "drawbridge:binding"
_LATTICE_ONLY = """
@reason("Lattice only.")
forbid(principal, action == Action::"accept", resource is ResourceShare)
when { context has onlyLattice && !context.onlyLattice };
"""

_POLICIES = "/drawbridge/config/policies"
_BINDINGS = "/drawbridge/config/bindings"

Input = ParamSpec("Input")
Output = TypeVar("Output")


def _noted(
    act: Callable[Concatenate["Neighbours", Input], Output],
) -> Callable[Concatenate["Neighbours", Input], Output]:
    """Have it noted what somebody changed, as of the time before: Drawbridge may find it before the call returns."""

    @wraps(act)
    def acted(self: "Neighbours", /, *args: Input.args, **kwargs: Input.kwargs) -> Output:
        since = clock.time()
        outcome = act(self, *args, **kwargs)
        self._note_changes(since)
        return outcome

    return acted


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

    def share_again(self, ask: Ask) -> None:
        """Share the first resource of a share once more, by another share."""
        if not ask.names:
            return
        name = ask.names[0]
        made = ask.requester.client("ram").create_resource_share(
            name=f"{ask.stem}-again", resourceArns=[self._arn(ask, name)], principals=[ask.home.account_id]
        )
        # What is put into either of them later has a name of its own.
        more = Ask(str(made["resourceShare"]["resourceShareArn"]), ask.requester, ask.home, [name], ask.stem, 100)
        self._note(more)

    @_noted
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

    @_noted
    def take_from(self, ask: Ask) -> None:
        """Take the resource out of a share that came last; one stays."""
        if ask.given_up or len(ask.names) < 2:
            return
        name = ask.names.pop()
        arn = self._arn(ask, name)
        ask.requester.client("ram").disassociate_resource_share(resourceShareArn=ask.subject, resourceArns=[arn])
        ask.taken_out[name] = clock.time()

    @_noted
    def delete_resource(self, ask: Ask) -> None:
        """Cut off whoever is connected with the resource that a share got last, and delete it, unless people connected.

        AWS deletes none that endpoints lead to.
        """
        if not ask.names:
            return
        name, lattice = ask.names[-1], ask.requester.client("vpc-lattice")
        arn = self._arn(ask, name)
        by_hand = {each.endpoint_id for each in ask.home.made_by_hand}
        for is_last in (False, False, True):
            leading = lattice.list_resource_endpoint_associations(resourceConfigurationIdentifier=arn)["items"]
            if by_hand & {each["vpcEndpointId"] for each in leading}:
                return
            for each in leading:
                lattice.delete_resource_endpoint_association(resourceEndpointAssociationIdentifier=each["id"])
            try:
                lattice.delete_resource_configuration(resourceConfigurationIdentifier=arn)
            except lattice.exceptions.ConflictException:
                # Drawbridge made another endpoint in this moment.
                if is_last:
                    raise
            else:
                break
        for each in self.shares():
            if name in each.names and each.requester is ask.requester:
                each.names.remove(name)
                each.taken_out[name] = clock.time()

    @_noted
    def put_subnet(self, ask: Ask) -> None:
        """Put a subnet into a share, or take it out: policies let in what is Lattice's only."""
        if ask.given_up:
            return
        ram = ask.requester.client("ram")
        arns = [f"arn:aws:ec2:us-east-1:{ask.requester.account_id}:subnet/{ask.requester.subnets()[0]}"]
        change = ram.disassociate_resource_share if ask.holds_subnet else ram.associate_resource_share
        change(resourceShareArn=ask.subject, resourceArns=arns)
        ask.holds_subnet = not ask.holds_subnet

    def throttle(self, home: Home) -> None:
        """Have AWS throttle what accepts in an account, from now on."""
        calls = [CallFault(each, "throttle", account=home.account_id, role="drawbridge-*") for each in _ACCEPTS]
        faults.replace(FaultPlan(0, faults.events, (*calls, *faults.calls)))

    def break_listings(self, home: Home, kind: Kind) -> None:
        """Have whatever an account's stack lists of AWS fail, or be empty, from now on."""
        # An error that is not tried again.
        code, status = ("ValidationException", 400) if kind == "error" else (None, None)
        calls = [
            CallFault(each, kind, account=home.account_id, role="drawbridge-*", code=code, status=status)
            for each in LISTINGS
        ]
        faults.replace(FaultPlan(0, faults.events, (*calls, *faults.calls)))

    def break_withdrawals(self, home: Home, kind: Kind) -> None:
        """Have the next call of each kind that takes something down go wrong in an account."""
        calls = [CallFault(each, kind, times=1, account=home.account_id, role="drawbridge-*") for each in WITHDRAWS]
        faults.replace(FaultPlan(0, faults.events, (*calls, *faults.calls)))

    def break_no_more(self, home: Home) -> None:
        calls = tuple(each for each in faults.calls if each.account != home.account_id)
        faults.replace(FaultPlan(0, faults.events, calls))

    def offer_service(self, home: Home) -> None:
        self.services.append((home, *home.person.offer_service()))

    def connect(self, requester: Person, service: tuple[Home, str, str]) -> None:
        home, _, name = service
        self._note(Ask(requester.connect(name), requester, home))

    def take_back(self, ask: Ask) -> None:
        """Delete the share, or the endpoint."""
        if ask.given_up:
            return
        if ask.is_share:
            ask.requester.client("ram").delete_resource_share(resourceShareArn=ask.subject)
        else:
            ask.requester.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[ask.subject])
        self._end(ask)
        ask.given_up = True

    def take_off(self, ask: Ask) -> None:
        """Take the account off the share, or put it back."""
        if ask.given_up or not ask.is_share:
            return
        ram, principals = ask.requester.client("ram"), [ask.home.account_id]
        associations = ram.get_resource_share_associations(
            associationType="PRINCIPAL", resourceShareArns=[ask.subject], principal=ask.home.account_id
        )["resourceShareAssociations"]
        if any(each["status"] in {"ASSOCIATING", "ASSOCIATED"} for each in associations):
            if any(each["status"] == "ASSOCIATING" for each in associations):
                clock.advance(2)  # RAM does not end an association that has just begun
            ram.disassociate_resource_share(resourceShareArn=ask.subject, principals=principals)
            self._end(ask)
            ask.off = True
        else:
            # AWS takes an account off too, whose invitation expired.
            ram.associate_resource_share(resourceShareArn=ask.subject, principals=principals)
            ask.off = False

    def reject_by_hand(self, ask: Ask) -> None:
        """Reject a connection that is open, as somebody may who does not know of Drawbridge."""
        filters = [{"Name": "vpc-endpoint-id", "Values": [ask.subject]}]
        ec2 = ask.home.person.client("ec2")
        for each in ec2.describe_vpc_endpoint_connections(Filters=filters)["VpcEndpointConnections"]:
            if each["VpcEndpointState"] == "available":
                ec2.reject_vpc_endpoint_connections(ServiceId=each["ServiceId"], VpcEndpointIds=[ask.subject])
                self._end(ask)
                ask.given_up = True

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

    @_noted
    def permit(self, home: Home, account_id: str) -> None:
        name = f"permit-{next(self._numbers)}"
        home.person.write_policy(name, _rule("permit", account_id))
        home.permits[name] = account_id

    @_noted
    def forbid(self, home: Home, account_id: str, *, urgent: bool = False) -> None:
        name = f"forbid-{next(self._numbers)}"
        annotation = '@urgent("true") ' if urgent else ""
        home.person.write_policy(name, annotation + _rule("forbid", account_id))
        home.forbids[name] = account_id
        if urgent:
            home.urgent.add(name)

    def forbid_no_more(self, home: Home, account_id: str) -> None:
        """Delete all policies that forbid an account."""
        for name in [name for name, forbidden in home.forbids.items() if forbidden == account_id]:
            self.delete_policy(home, name)

    @_noted
    def reject(self, home: Home, account_id: str) -> None:
        """Turn an account away, unless it is let in."""
        name = f"reject-{next(self._numbers)}"
        unasked = f'forbid(principal == Account::"{account_id}", action == Action::"askApprover", resource);'
        home.person.write_policy(name, f"{unasked}\n{_rule('permit', account_id, 'reject')}")
        home.rejects[name] = account_id

    def garble(self, home: Home, name: str) -> None:
        """Break a policy: the version before stays in force."""
        home.person.client("ssm").put_parameter(
            Name=f"{_POLICIES}/{name}", Type="String", Value="permit(principal action);", Overwrite=True
        )

    @_noted
    def delete_policy(self, home: Home, name: str) -> None:
        home.person.client("ssm").delete_parameter(Name=f"{_POLICIES}/{name}")
        home.permits.pop(name, None)
        home.forbids.pop(name, None)
        home.rejects.pop(name, None)
        home.urgent.discard(name)

    @_noted
    def register(self, home: Home, account_id: str) -> None:
        home.person.register_consumer(account_id, "*")
        home.registered.add(account_id)

    @_noted
    def unregister(self, home: Home, account_id: str) -> None:
        """Delete a consumer's entry, as somebody does who does not use the command line."""
        table = home.person.output("ConsumersTableName")
        home.person.client("dynamodb").delete_item(TableName=table, Key={"account_id": {"S": account_id}})
        home.registered.discard(account_id)

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

    @_noted
    def tag_vpc(self, home: Home, vpc: str) -> None:
        """Give a VPC the tag by which bindings name VPCs, or take it."""
        ec2 = home.person.client("ec2")
        (ec2.delete_tags if vpc in home.tagged else ec2.create_tags)(Resources=[vpc], Tags=[TAG])
        home.tagged ^= {vpc}

    def strip(self, home: Home, binding: str = "") -> None:
        """Take the tags of an endpoint that the ledger knows, so that nothing on it says whose it is."""
        ours = [{"Name": "tag-key", "Values": [_OWNER]}, {"Name": "vpc-endpoint-state", "Values": ["available"]}]
        known = str([row for row in home.person.ledger() if row["settled"]["BOOL"]])
        ec2 = home.person.client("ec2")
        for each in ec2.describe_vpc_endpoints(Filters=ours)["VpcEndpoints"]:
            tags = tuple((tag["Key"], tag["Value"]) for tag in each["Tags"])
            if each["VpcEndpointId"] in known and binding in {"", dict(tags)[_BINDING]}:
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
            self._write(home, replace(binding, resource=f"{_stem(binding.resource)}-0"), overwrite=True)

    def move_binding(self, home: Home, name: str) -> None:
        """Have a binding name another VPC by its id, or all that have the tag name one."""
        binding = home.bindings[name]
        if not binding.alias:
            self._write(home, replace(binding, by_tag=False, vpc=1 - binding.vpc), overwrite=True)

    @_noted
    def unbind(self, home: Home, name: str) -> None:
        home.person.client("ssm").delete_parameter(Name=f"{_BINDINGS}/{name}")
        del home.bindings[name]

    @_noted
    def lose(self, ask: Ask) -> bool:
        """Delete the row of what is connected and at rest from the ledger; return whether it was there."""
        person = ask.home.person
        rows = [row for row in person.ledger(ask.subject) if row["settled"]["BOOL"]]
        if not any(row["status"]["S"] == "AVAILABLE" and row.get("published") for row in rows):
            return False
        for row in rows:
            key = {"request_id": row["request_id"]}
            person.client("dynamodb").delete_item(TableName=person.output("LedgerTableName"), Key=key)
        # What nothing leads to is taken for new, and what is connected has been let in by whomever.
        there = {name for name in ask.let_in_for_certain if self._is_published(ask, name)}
        ask.let_in_for_certain, ask.covered = there, there | (ask.covered - ask.let_in_for_certain)
        ask.adopted, ask.recovered, ask.may_be_adopted_no_more, ask.lapse = True, True, False, None
        return True

    def squat(self, home: Home, binding: Binding) -> None:
        """Write a parameter by hand where Drawbridge would publish, unless it has."""
        name = binding.published(f"{_stem(binding.resource)}-0", home.vpcs[binding.vpc])
        ssm = home.person.client("ssm")
        try:
            ssm.put_parameter(Name=name, Type="String", Value="by-hand.example")
        except ssm.exceptions.ParameterAlreadyExists:
            return
        home.squatted[name] = "by-hand.example"

    def connect_by_hand(self, ask: Ask) -> None:
        """Make an endpoint to the first resource of a share in effect, in the VPC that bindings name by its id."""
        if not ask.in_effect or not ask.names:
            return
        ec2, vpc = ask.home.person.client("ec2"), ask.home.vpcs[0]
        subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
        tags = [{"Key": "Name", "Value": "by hand"}]
        made = ec2.create_vpc_endpoint(
            VpcEndpointType="Resource",
            VpcId=vpc,
            SubnetIds=[subnets[0]["SubnetId"]],
            ResourceConfigurationArn=self._arn(ask, ask.names[0]),
            TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": tags}],
        )["VpcEndpoint"]
        by_hand = MadeByHand(made["VpcEndpointId"], vpc, tuple((each["Key"], each["Value"]) for each in tags))
        ask.home.made_by_hand.append(by_hand)

    def write_beside(self, ask: Ask) -> None:
        """Write a parameter, without our tag, beside each name that is published for a share or a connection."""
        home = ask.home
        for path, _ in home.person.published():
            if not any(f"/{each}/" in path for each in (*ask.names, ask.subject)):
                continue
            beside = f"{path.rpartition('/')[0]}/note"
            if path.endswith("/dns-name") and beside not in home.written:
                home.person.client("ssm").put_parameter(Name=beside, Type="String", Value="by hand")
                home.written[beside] = "by hand"

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
        live = unmanaged.accepted
        self._note(Ask(unmanaged.endpoint_id, unmanaged.requester, unmanaged.home, by_hand=live, adopted=live))

    @_noted
    def _write(self, home: Home, binding: Binding, *, overwrite: bool = False) -> None:
        home.person.client("ssm").put_parameter(
            Name=f"{_BINDINGS}/{binding.name}",
            Type="String",
            Value=binding.text(home),
            Overwrite=overwrite,
        )
        home.bindings[binding.name] = binding

    def _arn(self, ask: Ask, name: str) -> str:
        return next(arn for arn, known in self.resources.items() if known == (name, ask.requester.account_id))

    def _is_published(self, ask: Ask, name: str) -> bool:
        known = dict(ask.home.person.published())
        paths = (each.published(name, vpc) for each in ask.home.bindings.values() for vpc in ask.home.vpcs_of(each))
        return any(path in known and path not in ask.home.squatted for path in paths)

    def _end(self, ask: Ask) -> None:
        ask.in_effect = False
        self._note_changes()

    def _note(self, ask: Ask) -> None:
        ask.note()
        self.asks.append(ask)

    def _note_changes(self, since: float | None = None) -> None:
        """Note, after whatever somebody did, what policies say of all, and what of all that is connected it leaves.

        ``since`` is the time before that was done, now if it is not known.
        """
        for ask in self.asks:
            ask.note(since)
        for home in self.homes:
            self.note_steady(home)

    def called_for(self, home: Home) -> set[Place]:
        """Return what is called for, or may be."""
        found = calls(home, self.shares(), self.resources, clock.time())
        return {place for place, call in found.items() if call is not Call.NO}

    def note_steady(self, home: Home) -> None:
        """Note which of the endpoints have been called for ever since all had last settled."""
        uncut = (ask for ask in self.shares() if not ask.may_have_been_cut)
        called_for = calls(home, uncut, self.resources, clock.time())
        home.steady &= {key for key, place in home.connected.items() if called_for.get(place) is Call.YES}


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
