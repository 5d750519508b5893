"""An account with the stack: what is configured there, and what people made beside it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from scenarios.people import Person

TAG = {"Key": "Neighbours", "Value": "wanted"}
"""By which bindings name VPCs."""

DOMAIN = "data.internal.example"


@dataclass(frozen=True, order=True)
class Place:
    """Where a resource is to be connected, and for which binding."""

    binding: str
    resource: str
    """Its ARN."""
    vpc: str


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
        where = {"tag": {TAG["Key"]: TAG["Value"]}} if self.by_tag else home.vpcs[self.vpc]
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


@dataclass(frozen=True)
class MadeByHand:
    """An endpoint that a person made where Drawbridge makes its own."""

    endpoint_id: str
    vpc: str
    tags: tuple[tuple[str, str], ...]


@dataclass
class Home:
    """An account with the stack: its policies and bindings."""

    person: Person
    permits: dict[str, str] = field(default_factory=dict)
    """By the policy's name, the account."""
    forbids: dict[str, str] = field(default_factory=dict)
    urgent: set[str] = field(default_factory=set)
    """Those of the policies that forbid and do not wait."""
    rejects: dict[str, str] = field(default_factory=dict)
    registered: set[str] = field(default_factory=set)
    bindings: dict[str, Binding] = field(default_factory=dict)
    squatted: dict[str, str] = field(default_factory=dict)
    """Parameters that people wrote where a name would be published, and what they hold."""
    written: dict[str, str] = field(default_factory=dict)
    """Parameters that people wrote beside published names, and what they hold."""
    made_by_hand: list[MadeByHand] = field(default_factory=list)
    vpcs: list[str] = field(default_factory=list)
    """The first is the one that bindings name by its id."""
    tagged: set[str] = field(default_factory=set)
    """Those of them that have the tag by which bindings name VPCs."""
    stripped: list[Stripped] = field(default_factory=list)
    """Endpoints without their tags."""
    released: dict[str, Place] = field(default_factory=dict)
    """Those of them for which nothing called when all had last settled, and what each led to: they are anybody's."""
    zone: str = ""
    """The private hosted zone, once there is one."""
    holders: dict[str, str] = field(default_factory=dict)
    """Where names of its own led when all had last settled: by the name, the binding."""
    rested_at: float = 0.0
    """When all had last settled."""
    published: dict[str, int] = field(default_factory=dict)
    """The version of each parameter that was published then."""
    connected: dict[str, Place] = field(default_factory=dict)
    """The endpoints that led somewhere when all had last settled."""
    steady: set[str] = field(default_factory=set)
    """Those of them that were called for ever since."""

    @property
    def account_id(self) -> str:
        return self.person.account_id

    def lets_in(self, account_id: str, *, to_service: bool) -> bool:
        """Return whether the policies in force let an account in."""
        if self.forbids_account(account_id):
            return False
        return account_id in self.permits.values() or (to_service and account_id in self.registered)

    def forbids_account(self, account_id: str) -> bool:
        return account_id in self.forbids.values()

    def cuts_at_once(self, account_id: str) -> bool:
        """Return whether a policy forbids an account, and does not wait."""
        return any(self.forbids.get(name) == account_id for name in self.urgent)

    def vpcs_of(self, binding: Binding) -> set[str]:
        """Return the VPCs that a binding names, as they are tagged now."""
        return set(self.tagged) if binding.by_tag else {self.vpcs[binding.vpc]}

    def places(self, resources: dict[str, tuple[str, str]]) -> Iterator[Place]:
        """Yield where bindings would have each of the resources, by ARN with name and owner, if it were shared."""
        for binding in self.bindings.values():
            for arn, (name, owner) in resources.items():
                if binding.matches(owner, name):
                    yield from (Place(binding.name, arn, vpc) for vpc in self.vpcs_of(binding))

    def rivals(self, binding: Binding, resource: str) -> set[str]:
        """Return the other bindings that give the same resource the same alias."""
        alias = binding.alias_of(resource)
        return {
            each.name
            for each in self.bindings.values()
            if alias and each.name != binding.name and each.provider == binding.provider
            if each.matches(each.provider, resource) and each.alias_of(resource) == alias
        }
