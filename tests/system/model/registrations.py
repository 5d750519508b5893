"""A provider whose consumers come and go, and what it and they know of it that Drawbridge does not say.

Who should be let in, and what should be offered to whom, is worked out here from what people did, from nothing that
Drawbridge has written.
"""

import itertools
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from local_aws.testing.clock import clock, fast_forward
from local_aws.testing.faults import faults
from scenarios.people import Person
from tests.system.conftest import until
from tests.system.model.lapses import Lapse
from tests.system.model.memberships import Membership, Place
from tests.system.model.spans import Spans

TIERS = ("gold", "tin")
ROLE = "intake"
"""A role of each consumer that an entry may name in place of the account."""

_BALANCER = "arn:aws:elasticloadbalancing:us-east-1:{}:loadbalancer/net/orders/0123456789abcdef"
_POLICIES = "/drawbridge/config/policies"
_PERMIT = Path(__file__).parents[3] / "policies" / "registered-consumer.cedar"
"""The policy that lets in who is registered, as it comes with the stack."""

_LATELY = 300.0
"""As long as a sweep may be away, which takes back what is offered no longer."""

_DELAYED = 50.0
"""Longer than a fault delays an event."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An entry of the registry."""

    tier: str = ""
    services: frozenset[str] = frozenset()
    principals: frozenset[str] = frozenset()
    suspended: bool = False
    proof_required: bool = False
    proved: bool = False
    changed_at: int | None = None

    @property
    def is_shut_out(self) -> bool:
        return self.suspended or (self.proof_required and not self.proved)


@dataclass
class Service:
    """A service of the provider."""

    service_id: str
    name: str
    managed: bool
    tier: str
    own: set[str] = field(default_factory=set)
    """The principals that people allowed by hand."""


@dataclass
class Endpoint:
    """A consumer's endpoint to a service, and what was so of it since it was made."""

    endpoint_id: str
    consumer: Person
    service: Service
    let_in: Spans = field(default_factory=Spans)
    """When the policies and the registry may have let it in."""
    not_shut_out: Spans = field(default_factory=Spans)
    """When its consumer may have been neither suspended nor unproved."""
    waits_since: float = 0.0
    """When it was made, or all had last settled and it was not permitted: its delay can't have begun before."""
    lapse: Lapse | None = None
    may_have_been_cut: bool = False
    """Whether its time may have come since it was let in."""
    commanded: bool = False
    """Whether its consumer was removed by an event since it was made: it may have been commanded to go."""
    out: bool = False
    """Whether its consumer was removed by an event, and nothing has let it in since."""
    was_live: bool = False
    """Whether it was connected when all had last settled."""
    given_up: bool = False
    state: str = ""
    """As AWS said when all had last settled."""


@dataclass
class Association:
    """What a consumer has associated with a resource configuration in the share for a tier, by an endpoint."""

    endpoint_id: str
    association_id: str
    account_id: str
    tier: str
    made_at: float


@dataclass(frozen=True)
class Forbid:
    """A policy that forbids something to an account."""

    account_id: str
    action: str
    urgent: bool = False


@dataclass
class Refusal:
    """An invitation that a consumer rejected, and that Drawbridge knew of."""

    invited_at: float
    desired_since: bool = True


@dataclass(frozen=True)
class Told:
    """What the sign-up service told of an account."""

    name: str
    account_id: str
    at: int
    detail: dict[str, Any]


class Registrations:
    """All of it. Each action is one that a person takes, with the SDK; none waits for what comes of it."""

    _numbers: ClassVar[Iterator[int]] = itertools.count(1)

    def __init__(self, home: Person, consumers: list[Person], stranger: Person) -> None:
        self.home = home
        self.consumers = consumers
        self.stranger = stranger
        self.services = [
            self._service(managed=True, tier=""),
            self._service(managed=True, tier="gold"),
            self._service(managed=False, tier=""),
        ]
        self.resources = {tier: home.offer_database(f"{tier}-orders", port="5432") for tier in TIERS}
        """By tier: the resource configuration in its share."""
        self.shares = {tier: self._share(tier) for tier in TIERS}
        self.entries: dict[str, Entry] = {}
        self.removed: dict[str, int] = {}
        """When accounts were removed by an event last, as the event says."""
        self.told: dict[str, Told] = {}
        """The last event of each account."""
        self.forbids: dict[str, Forbid] = {}
        """The policies that forbid something, by their names."""
        self.delays: dict[float, Spans] = defaultdict(Spans)
        """When the permit had which delay, by seconds."""
        self.endpoints: list[Endpoint] = []
        self.associations: list[Association] = []
        self.memberships: dict[tuple[str, str], Membership] = defaultdict(Membership)
        """By tier and account."""
        self.joined: dict[str, set[str]] = defaultdict(set)
        """By tier: who has accepted an invitation to the share, and was in it when that was last looked at."""
        self.let_go: set[tuple[str, str]] = set()
        """By tier and account: whom an operator has let go, whatever the cap."""
        self.steady: dict[str, set[str]] = defaultdict(set)
        """By tier: who was in the share when all had last settled, and is called for, or kept, ever since."""
        self.offered: dict[tuple[str, str], Spans] = defaultdict(Spans)
        """When a service or share should have been offered to a principal, by both."""
        self.refusals: dict[tuple[str, str], Refusal] = {}
        self._told_gone: set[str] = set()
        """Whose entry an event took last."""
        self._shut_out: dict[str, Entry] = {}
        """What is kept of who was removed by an event: whether it was suspended, or had to prove who it is."""
        self._in_flight: dict[str, list[Entry | None]] = {}
        """What accounts' entries may be besides, as long as events are under way."""
        self._last = 0
        self._queue = _queue(home, "Registrations")
        self.delays[0.0].note(clock.time(), so=True)

    # ---- what should be so

    def possible(self, account_id: str) -> list[Entry | None]:
        return [self.entries.get(account_id), *self._in_flight.get(account_id, ())]

    def permits(self, entry: Entry | None, account_id: str, service: Service) -> bool:
        """Return whether the policies in force let an account with such an entry connect, if it may at all."""
        return (
            entry is not None
            and service.managed
            and self._calls_for(entry, service)
            and not self.forbids_to(account_id, "accept")
        )

    def lets_in(self, entry: Entry | None, account_id: str, service: Service) -> bool:
        return entry is not None and not entry.is_shut_out and self.permits(entry, account_id, service)

    def principals(self, account_id: str, entry: Entry | None, service: Service) -> set[str]:
        """Return the principals of an account that a service should allow."""
        if not self.lets_in(entry, account_id, service) or self.forbids_to(account_id, "offer"):
            return set()
        return set(entry.principals) or {root(account_id)} if entry is not None else set()

    def may_be_found(self) -> list[tuple[Person, Service]]:
        """Return whom a service is offered to, is about to be, was until not long ago, or is by hand."""
        now = clock.time()
        return [
            (person, service)
            for person in self.consumers
            for service in self.services
            if self.offered[service.service_id, root(person.account_id)].within(now - _LATELY, now)
            or root(person.account_id) in service.own
        ]

    def is_allowed(self, person: Person, service: Service) -> bool:
        return root(person.account_id) in allowed(self.home, service)

    def in_share(self, account_id: str, entry: Entry | None, tier: str) -> bool:
        """Return whether an account should be put into the share for a tier."""
        return self.place(account_id, entry, tier) is Place.CALLED

    def place(self, account_id: str, entry: Entry | None, tier: str) -> Place:
        """Return what an account with such an entry has to do with the share for a tier."""
        if entry is None:
            return Place.NOWHERE
        if entry.is_shut_out:
            return Place.SHUT_OUT
        if self.forbids_to(account_id, "offer"):
            return Place.FORBIDDEN if entry.tier == tier else Place.NOWHERE
        return Place.CALLED if entry.tier == tier else Place.ELSEWHERE

    def is_anybody_leaving(self) -> bool:
        """Return whether a share, or what is associated of it, may be announced to be lost."""
        return any(each.forbid or each.gone for each in self.memberships.values() if each.invited_at)

    def forbids_to(self, account_id: str, action: str) -> bool:
        return any((each.account_id, each.action) == (account_id, action) for each in self.forbids.values())

    def is_urgent(self, account_id: str, action: str) -> bool:
        found = (each for each in self.forbids.values() if (each.account_id, each.action) == (account_id, action))
        return any(each.urgent for each in found)

    def _calls_for(self, entry: Entry, service: Service) -> bool:
        by_tier = bool(service.tier) and entry.tier == service.tier
        return bool(entry.services & {"*", service.service_id}) or by_tier

    def note(self) -> None:
        """Note what should be so now: to be called after each change."""
        now = clock.time()
        for person in self.consumers:
            account_id, possible = person.account_id, self.possible(person.account_id)
            for service in self.services:
                wanted = set().union(*(self.principals(account_id, each, service) for each in possible))
                for principal in (root(account_id), role(account_id)):
                    self.offered[service.service_id, principal].note(now, so=principal in wanted)
            for tier, arn in self.shares.items():
                certain = all(self.in_share(account_id, each, tier) for each in possible)
                self.offered[arn, account_id].note(now, so=any(self.in_share(account_id, e, tier) for e in possible))
                if not all(self._keeps(account_id, each, tier) for each in possible):
                    self.steady[tier].discard(account_id)
                self.memberships[tier, account_id].note(
                    now,
                    {self.place(account_id, each, tier) for each in possible},
                    urgent=self.is_urgent(account_id, "offer"),
                    commanded=account_id in self._told_gone,
                )
                if not certain and (refusal := self.refusals.get((arn, account_id))) is not None:
                    refusal.desired_since = False
        for endpoint in self.endpoints:
            self._note(endpoint, now)

    def _keeps(self, account_id: str, entry: Entry | None, tier: str) -> bool:
        shut_out = entry is not None and entry.is_shut_out and entry.tier == tier
        return shut_out or self.in_share(account_id, entry, tier)

    def _note(self, endpoint: Endpoint, now: float) -> None:
        account_id = endpoint.consumer.account_id
        possible = self.possible(account_id)
        endpoint.let_in.note(now, so=any(self.lets_in(each, account_id, endpoint.service) for each in possible))
        if self.lets_in(self.entries.get(account_id), account_id, endpoint.service):
            endpoint.out = False
        endpoint.not_shut_out.note(now, so=any(each is None or not each.is_shut_out for each in possible))
        if not all(self.permits(each, account_id, endpoint.service) for each in possible):
            endpoint.lapse = endpoint.lapse or Lapse(now)
            endpoint.lapse.resume(now, urgent=self.is_urgent(account_id, "accept"))
        elif endpoint.lapse is not None:
            endpoint.lapse.interrupt()

    # ---- the registry

    def put(self, person: Person, entry: Entry, *, by_command: bool) -> None:
        """Write an account's entry as a whole, as the command does, or as somebody does who does not use it."""
        self.await_events()
        self._write(person, replace(entry, changed_at=self._now() if by_command else None))

    def change(self, person: Person, **changes: Any) -> None:
        """Change an account's entry by hand."""
        self.await_events()
        if (entry := self.entries.get(person.account_id)) is not None:
            self._write(person, replace(entry, **changes))

    def _write(self, person: Person, entry: Entry) -> None:
        item: dict[str, Any] = {"account_id": person.account_id, "tier": entry.tier}
        if entry.services:
            item["services"] = set(entry.services)
        if entry.principals:
            item["principals"] = set(entry.principals)
        if entry.suspended:
            item["suspended_at"] = _iso(int(clock.time()))
        if entry.proof_required:
            item["proof_required"] = True
        if entry.proved:
            item |= {"proved_at": _iso(int(clock.time())), "proved_by": role(person.account_id)}
        if entry.changed_at is not None:
            item["changed_at"] = _iso(entry.changed_at)
        self._table().put_item(Item=item)
        self.entries[person.account_id] = entry
        self._told_gone.discard(person.account_id)
        self.note()

    def delete(self, person: Person) -> None:
        self.await_events()
        self._table().delete_item(Key={"account_id": person.account_id})
        self.entries.pop(person.account_id, None)
        self.note()

    def lose_entries(self) -> None:
        """Delete all entries by hand, as by a slip."""
        self.await_events()
        for person in self.consumers:
            self._table().delete_item(Key={"account_id": person.account_id})
        self.entries.clear()
        self.note()

    def tell_registered(self, person: Person, tier: str, services: frozenset[str]) -> None:
        detail = {"account_id": person.account_id, "tier": tier, "services": sorted(services)}
        self._tell(Told("Consumer Registered", person.account_id, self._now(), detail))

    def tell_removed(self, person: Person) -> None:
        self._tell(Told("Consumer Removed", person.account_id, self._now(), {"account_id": person.account_id}))

    def tell_again(self, person: Person) -> None:
        """Have what was told last of an account told once more, much later."""
        self.await_events()
        if told := self.told.get(person.account_id):
            self._tell(told)

    def _tell(self, told: Told) -> None:
        entry = self.entries.get(told.account_id)
        if entry is not None and (entry.is_shut_out or entry.proof_required or entry.principals):
            # What an entry has that events say nothing of goes with it, if it goes before the next event.
            self.await_events()
        answer = self.home.client("events").put_events(
            Entries=[
                {
                    "EventBusName": self.home.output("BusName"),
                    "Source": "com.example.sign-up",
                    "DetailType": told.name,
                    "Detail": json.dumps(told.detail),
                    "Time": datetime.fromtimestamp(told.at, UTC),
                }
            ]
        )
        assert answer["FailedEntryCount"] == 0
        if faults.events.drop:
            return
        self.told[told.account_id] = told
        # Until it is taken, the entry may be as it was before, or not there between two events.
        self._in_flight.setdefault(told.account_id, []).append(self.entries.get(told.account_id))
        self._take(told)
        self.note()

    def _take(self, told: Told) -> None:
        before, removed = self.entries.get(told.account_id), self.removed.get(told.account_id, 0)
        is_older = before is not None and before.changed_at is not None and before.changed_at > told.at
        if told.name == "Consumer Removed":
            if removed >= told.at or is_older:
                return
            if before is not None:
                self._shut_out[told.account_id] = Entry(
                    suspended=before.suspended, proof_required=before.proof_required
                )
            self.entries.pop(told.account_id, None)
            self.removed[told.account_id] = told.at
            self._told_gone.add(told.account_id)
            for endpoint in self.endpoints:
                if endpoint.consumer.account_id == told.account_id:
                    endpoint.commanded = endpoint.out = True
        elif removed < told.at and not is_older:
            tier, services = told.detail["tier"], frozenset(told.detail["services"])
            before = before or self._shut_out.get(told.account_id, Entry())
            self.entries[told.account_id] = replace(before, tier=tier, services=services, changed_at=told.at)
            self._told_gone.discard(told.account_id)

    def await_events(self) -> None:
        """Let time pass until all events are taken."""
        if not self._in_flight:
            return
        fast_forward(_DELAYED)
        sqs = self.home.client("sqs")

        def taken() -> bool:
            counted = sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["All"])["Attributes"]
            return not any(int(counted[each]) for each in counted if each.startswith("ApproximateNumberOf"))

        until(taken, lambda: "all events of the sign-up service are taken")
        # Connections that were made before the removal was through are commanded to go as well.
        self._in_flight.clear()
        self.note()

    def _now(self) -> int:
        """Return a time that no event has had."""
        self._last = max(self._last + 1, int(clock.time()))
        return self._last

    def _table(self) -> Any:
        return self.home.resource("dynamodb").Table(self.home.output("ConsumersTableName"))

    # ---- policies, services

    def forbid(self, person: Person, action: str, *, urgent: bool) -> None:
        name, of = f"no-{action}-{next(self._numbers)}", '@urgent("true")\n' if urgent else ""
        self.home.write_policy(
            name, f'{of}forbid(principal == Account::"{person.account_id}", action == Action::"{action}", resource);'
        )
        self.forbids[name] = Forbid(person.account_id, action, urgent)
        self.note()

    def delay(self, seconds: float) -> None:
        """Have who is registered let in that much later."""
        annotation = f'@delay("{seconds / 60:.0f}m")\n' if seconds else ""
        begun = clock.time()
        self.home.client("ssm").put_parameter(
            Name=f"{_POLICIES}/registered-consumer",
            Type="String",
            Value=annotation + _PERMIT.read_text(),
            Overwrite=True,
        )
        # From when it was begun to be written the one may hold; until it is, the other may.
        self.delays[seconds].note(begun, so=True)
        for other, spans in self.delays.items():
            if other != seconds:
                spans.note(clock.time(), so=False)

    def forbid_no_more(self, name: str) -> None:
        self.home.client("ssm").delete_parameter(Name=f"{_POLICIES}/{name}")
        del self.forbids[name]
        self.note()

    def tag(self, service: Service, *, managed: bool = False, tier: str = "") -> None:
        tags = {"drawbridge:managed": "true"} if managed else {}
        tags |= {"drawbridge:tier": tier} if tier else {}
        written = [{"Key": key, "Value": value} for key, value in tags.items()]
        if written:
            self.home.client("ec2").create_tags(Resources=[service.service_id], Tags=written)
        service.managed, service.tier = service.managed or managed, tier or service.tier
        self.note()

    def allow_by_hand(self, service: Service, principal: str) -> None:
        """Allow a principal, unless Drawbridge did, or is about to: then it stays Drawbridge's."""
        fast_forward(0)
        offered = self.offered[service.service_id, principal]
        if (
            principal in allowed(self.home, service)
            or offered.is_so
            or self._is_on_record(service.service_id, principal)
        ):
            return
        self._modify(service, AddAllowedPrincipals=[principal])
        service.own.add(principal)

    def disallow_by_hand(self, service: Service, principal: str) -> None:
        """Take a principal away, whoever allowed it."""
        self._modify(service, RemoveAllowedPrincipals=[principal])
        service.own.discard(principal)

    def _modify(self, service: Service, **change: Any) -> None:
        self.home.client("ec2").modify_vpc_endpoint_service_permissions(ServiceId=service.service_id, **change)

    def _is_on_record(self, target: str, principal: str, *, confirmed: bool = False) -> bool:
        table = self.home.resource("dynamodb").Table(self.home.output("OffersTableName"))
        item = table.get_item(Key={"target": target, "principal": principal}).get("Item")
        return item is not None and (not confirmed or bool(item["confirmed"]))

    # ---- consumers

    def connect(self, person: Person, service: Service) -> bool:
        """Create an endpoint, where the consumer can find the service; return whether it could."""
        begun = clock.time()
        try:
            endpoint_id = person.connect(service.name)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "InvalidServiceName", error
            return False
        self.endpoints.append(Endpoint(endpoint_id, person, service, waits_since=begun))
        # A removal that is under way finds what was made meanwhile, or does not.
        if self._in_flight and self.removed.get(person.account_id):
            self.endpoints[-1].commanded = True
        self.note()
        return True

    def give_up(self, endpoint: Endpoint) -> None:
        endpoint.consumer.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[endpoint.endpoint_id])
        endpoint.given_up = True

    def associate(self, person: Person, tier: str) -> bool:
        """Create an endpoint to what the share for a tier holds; return whether the consumer could."""
        arn, begun = self.resources[tier], clock.time()
        try:
            made = person.client("ec2").create_vpc_endpoint(
                VpcEndpointType="Resource",
                VpcId=person.vpc(),
                SubnetIds=person.subnets()[:1],
                ResourceConfigurationArn=arn,
            )
        except ClientError as error:
            assert "NotFound" in error.response["Error"]["Code"], error
            return False
        endpoint_id = str(made["VpcEndpoint"]["VpcEndpointId"])
        association_id = associated(self.home, arn)[endpoint_id]
        self.associations.append(Association(endpoint_id, association_id, person.account_id, tier, begun))
        return True

    def look_who_joined(self) -> None:
        """Look who has accepted an invitation to a share, and is in it."""
        for tier, arn in self.shares.items():
            found = sharing(self.home, arn)
            self.joined[tier] = {account_id for account_id, status in found.items() if status == "ASSOCIATED"}

    def pending(self, person: Person) -> list[dict[str, Any]]:
        """Return the invitations to shares that an account has not answered."""
        # A page may be empty, and not the last.
        pages = person.client("ram").get_paginator("get_resource_share_invitations").paginate()
        found = [each for page in pages for each in page["resourceShareInvitations"]]
        return [each for each in found if each["status"] == "PENDING"]

    def is_offered_share(self, person: Person) -> bool:
        """Return whether an account should be in a share, and has not accepted it, as far as that is known."""
        return any(
            self.offered[arn, person.account_id].is_so and person.account_id not in self.steady[tier]
            for tier, arn in self.shares.items()
        )

    def answer(self, person: Person, *, accept: bool) -> int:
        """Answer all invitations of an account; return how many there were."""
        ram = person.client("ram")
        pending = self.pending(person)
        for each in pending:
            arn, share = each["resourceShareInvitationArn"], each["resourceShareArn"]
            if accept:
                ram.accept_resource_share_invitation(resourceShareInvitationArn=arn)
                for tier in TIERS:
                    if self.shares[tier] == share:
                        self.joined[tier].add(person.account_id)
                continue
            known = self._is_on_record(share, person.account_id, confirmed=True)
            ram.reject_resource_share_invitation(resourceShareInvitationArn=arn)
            is_certain = known and self.offered[share, person.account_id].is_so and not self._in_flight
            at = each["invitationTimestamp"].timestamp()
            self.refusals[share, person.account_id] = Refusal(at, desired_since=is_certain)
            for tier in TIERS:
                if self.shares[tier] == share:
                    self.steady[tier].discard(person.account_id)
        return len(pending)

    # ---- beginnings

    def _service(self, *, managed: bool, tier: str) -> Service:
        made = self.home.client("ec2").create_vpc_endpoint_service_configuration(
            AcceptanceRequired=True, NetworkLoadBalancerArns=[_BALANCER.format(self.home.account_id)]
        )["ServiceConfiguration"]
        tags = {"drawbridge:managed": "true"} if managed else {}
        tags |= {"drawbridge:tier": tier} if tier else {}
        if tags:
            self.home.client("ec2").create_tags(
                Resources=[made["ServiceId"]], Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
            )
        return Service(str(made["ServiceId"]), str(made["ServiceName"]), managed=managed, tier=tier)

    def _share(self, tier: str) -> str:
        made = self.home.client("ram").create_resource_share(
            name=f"for-{tier}",
            tags=[{"key": "drawbridge:offer", "value": tier}],
            allowExternalPrincipals=True,
            resourceArns=[self.resources[tier]],
        )
        return str(made["resourceShare"]["resourceShareArn"])


def root(account_id: str) -> str:
    return f"arn:aws:iam::{account_id}:root"


def role(account_id: str) -> str:
    return f"arn:aws:iam::{account_id}:role/{ROLE}"


def allowed(home: Person, service: Service) -> set[str]:
    ec2 = home.client("ec2")
    pages = ec2.get_paginator("describe_vpc_endpoint_service_permissions").paginate(ServiceId=service.service_id)
    return {str(each["Principal"]) for page in pages for each in page["AllowedPrincipals"]}


def sharing(home: Person, arn: str) -> dict[str, str]:
    """Return the accounts that are in a share, or invited to it, with how far they are."""
    ram = home.client("ram")
    pages = ram.get_paginator("get_resource_share_associations").paginate(
        associationType="PRINCIPAL", resourceShareArns=[arn]
    )
    found = [each for page in pages for each in page["resourceShareAssociations"]]
    statuses = {"ASSOCIATING", "ASSOCIATED"}
    return {each["associatedEntity"]: each["status"] for each in found if each["status"] in statuses}


def associated(home: Person, arn: str) -> dict[str, str]:
    """Return the endpoints that lead to a resource configuration, with the ids of their associations."""
    pages = home.client("vpc-lattice").get_paginator("list_resource_endpoint_associations")
    found = pages.paginate(resourceConfigurationIdentifier=arn)
    return {each["vpcEndpointId"]: each["id"] for page in found for each in page["items"]}


def _queue(home: Person, name: str) -> str:
    urls = home.client("sqs").list_queues()["QueueUrls"]
    return next(str(url) for url in urls if name in url)


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
