"""Accounts that share with, connect to and govern one another, and what they know of it that AWS does not say."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from demo.people import Person

_POLICIES = "/drawbridge/config/policies"
_BINDINGS = "/drawbridge/config/bindings"


@dataclass(frozen=True)
class Binding:
    """A binding in force: a provider's resources whose names fit a glob, into the account's VPC."""

    name: str
    provider: str
    resource: str

    def wants(self, provider: str, resource: str) -> bool:
        return self.provider == provider and fnmatchcase(resource, self.resource)

    def text(self, vpc: str) -> str:
        match = {"provider": self.provider, "resource": self.resource}
        return json.dumps({"match": match, "attach": {"mode": "resource-endpoint", "vpc": vpc}})


@dataclass
class Home:
    """An account with the stack: who is let in there, and what is wanted."""

    person: Person
    permits: dict[str, str] = field(default_factory=dict)
    """By the policy's name, the account."""
    forbids: dict[str, str] = field(default_factory=dict)
    registered: set[str] = field(default_factory=set)
    bindings: dict[str, Binding] = field(default_factory=dict)
    ever_bound: set[Binding] = field(default_factory=set)
    squatted: dict[str, str] = field(default_factory=dict)
    """Parameters that people wrote where a name would be published, and what they hold."""

    @property
    def account_id(self) -> str:
        return self.person.account_id

    def lets_in(self, account_id: str, *, to_service: bool) -> bool:
        """Tell whether the policies in force let an account in."""
        if account_id in self.forbids.values():
            return False
        return account_id in self.permits.values() or (to_service and account_id in self.registered)


@dataclass
class Ask:
    """A share with, or a connection to, an account with the stack."""

    subject: str
    asker: Person
    home: Home
    names: list[str] = field(default_factory=list)
    """The resources in a share; a connection has none."""
    ever_permitted: bool = False
    """Whether the policies let it in at any moment since it was made."""
    by_hand: bool = False
    """Whether a person accepted it."""
    given_up: bool = False
    """Whether the asker took it back."""

    @property
    def is_share(self) -> bool:
        return ":resource-share/" in self.subject

    def is_permitted(self) -> bool:
        return self.home.lets_in(self.asker.account_id, to_service=not self.is_share)


class Neighbours:
    """All of them. Each action is one that a person takes, with the SDK; none waits for what comes of it."""

    _numbers = itertools.count(1)

    def __init__(self, homes: list[Home], others: list[Person]) -> None:
        self.homes = homes
        self.others = others
        self.asks: list[Ask] = []
        self.services: list[tuple[Home, str, str]] = []
        self.unmanaged: list[tuple[Home, str, str]] = []
        """A service that is not Drawbridge's, with a connection that waits: home, service, endpoint."""

    @property
    def people(self) -> list[Person]:
        return [*(home.person for home in self.homes), *self.others]

    def shares(self) -> Iterator[Ask]:
        return (ask for ask in self.asks if ask.is_share)

    def connections(self) -> Iterator[Ask]:
        return (ask for ask in self.asks if not ask.is_share)

    # ---- those who ask

    def share(self, owner: Person, home: Home, count: int) -> None:
        name = f"db-{next(self._numbers)}-0"
        arn = owner.share_database(name, port="5432", with_account=home.account_id)
        ask = Ask(arn, owner, home, [name])
        self._note(ask)
        for _ in range(count - 1):
            self.add_to(ask)

    def add_to(self, ask: Ask) -> None:
        """Put another resource into a share."""
        if ask.given_up:
            return
        name = f"{_stem(ask.names[0])}-{len(ask.names)}"
        configuration = ask.asker.offer_database(name, port="5432")
        ask.asker.aws("ram").associate_resource_share(resourceShareArn=ask.subject, resourceArns=[configuration])
        ask.names.append(name)

    def offer_service(self, home: Home) -> None:
        self.services.append((home, *home.person.offer_service()))

    def connect(self, asker: Person, service: tuple[Home, str, str]) -> None:
        home, _, name = service
        self._note(Ask(asker.connect(name), asker, home))

    def take_back(self, ask: Ask) -> None:
        """Unshare, or delete the endpoint, as long as nobody has accepted it: what follows later is withdrawal's."""
        if ask.given_up or not self.waits(ask):
            return
        ask.given_up = True
        if ask.is_share:
            ask.asker.aws("ram").delete_resource_share(resourceShareArn=ask.subject)
        else:
            ask.asker.aws("ec2").delete_vpc_endpoints(VpcEndpointIds=[ask.subject])

    def accept_by_hand(self, ask: Ask) -> None:
        invitation = invitation_of(ask) if ask.is_share else None
        if invitation is None or invitation["status"] != "PENDING":
            return
        ram = ask.home.person.aws("ram")
        try:
            ram.accept_resource_share_invitation(resourceShareInvitationArn=invitation["resourceShareInvitationArn"])
        except ram.exceptions.ResourceShareInvitationAlreadyAcceptedException:
            return
        ask.by_hand = True

    def waits(self, ask: Ask) -> bool:
        if ask.is_share:
            invitation = invitation_of(ask)
            return invitation is not None and invitation["status"] == "PENDING"
        return ask.asker.endpoint_state(ask.subject) == "pendingAcceptance"

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

    def garble(self, home: Home, name: str) -> None:
        """Break a policy: the version before stays in force."""
        home.person.aws("ssm").put_parameter(
            Name=f"{_POLICIES}/{name}", Type="String", Value="permit(principal action);", Overwrite=True
        )

    def take_out(self, home: Home, name: str) -> None:
        home.person.aws("ssm").delete_parameter(Name=f"{_POLICIES}/{name}")
        home.permits.pop(name, None)
        home.forbids.pop(name, None)
        self._note_policies()

    def register(self, home: Home, account_id: str) -> None:
        home.person.register_consumer(account_id, "*")
        home.registered.add(account_id)
        self._note_policies()

    def bind(self, ask: Ask) -> None:
        """Want everything of a share, now and later."""
        if ask.is_share:
            glob = f"{_stem(ask.names[0])}-*"
            self._write(ask.home, Binding(f"binding-{next(self._numbers)}", ask.asker.account_id, glob))

    def change_binding(self, home: Home, name: str, *, garbled: bool) -> None:
        """Want the first resource alone, or write nonsense, with which the version before stays in force."""
        binding = home.bindings[name]
        if garbled:
            home.person.aws("ssm").put_parameter(
                Name=f"{_BINDINGS}/{name}", Type="String", Value="attach: [", Overwrite=True
            )
            return
        self._write(home, replace(binding, resource=f"{_stem(binding.resource)}-0"), overwrite=True)

    def squat(self, home: Home, binding: Binding) -> None:
        """Write a parameter by hand where Drawbridge would publish, unless it has."""
        resource = f"{_stem(binding.resource)}-0"
        name = f"/drawbridge/connections/{binding.name}/{resource}/dns-name"
        ssm = home.person.aws("ssm")
        try:
            ssm.put_parameter(Name=name, Type="String", Value="by-hand.example")
        except ssm.exceptions.ParameterAlreadyExists:
            return
        home.squatted[name] = "by-hand.example"

    def offer_unmanaged_service(self, home: Home, asker: Person) -> None:
        """Offer a service that is none of Drawbridge's business, with a connection that waits."""
        service_id, name = home.person.offer_service(managed=False)
        self.unmanaged.append((home, service_id, asker.connect(name)))

    def _write(self, home: Home, binding: Binding, *, overwrite: bool = False) -> None:
        home.person.aws("ssm").put_parameter(
            Name=f"{_BINDINGS}/{binding.name}",
            Type="String",
            Value=binding.text(home.person.vpc()),
            Overwrite=overwrite,
        )
        home.bindings[binding.name] = binding
        home.ever_bound.add(binding)

    def _note(self, ask: Ask) -> None:
        ask.ever_permitted = ask.is_permitted()
        self.asks.append(ask)

    def _note_policies(self) -> None:
        for ask in self.asks:
            ask.ever_permitted |= ask.is_permitted()


def invitation_of(ask: Ask) -> dict[str, Any] | None:
    """Give the newest invitation to a share; None without any, and once AWS has purged it."""
    found = [each for each in invitations(ask.home) if each["resourceShareArn"] == ask.subject]
    return max(found, key=lambda each: each["invitationTimestamp"], default=None)


def invitations(home: Home) -> list[dict[str, Any]]:
    pages = home.person.aws("ram").get_paginator("get_resource_share_invitations").paginate()
    return [each for page in pages for each in page["resourceShareInvitations"]]


def _stem(name: str) -> str:
    return name.rpartition("-")[0]


def _rule(effect: str, account_id: str) -> str:
    return f'{effect}(principal == Account::"{account_id}", action == Action::"accept", resource);'
