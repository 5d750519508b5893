"""The ports of publication, in memory: parameters, the names of an attachment, and a hosted zone."""

from __future__ import annotations

from typing import Any

from drawbridge.association import Alias, DesiredAttachment, MadeAttachment
from drawbridge.association.aliases import Holder, MayTakeOver
from drawbridge.errors import ConflictError
from drawbridge.lattice import Entity
from drawbridge.publication import Publication
from drawbridge.publication.named import NamedResource
from drawbridge.publication.parameters import ObservedParameter
from drawbridge.publication.publish import Publisher
from tests.builders import NOW, RESOURCE_ARN, entity

NAME = "vpce-019b.rcfg-0712.4232ccc.vpc-lattice-rsc.us-east-1.on.aws"
BY_ENDPOINT = MadeAttachment(endpoint_id="vpce-019b")


class Names:
    """Parameters, and every write that was made."""

    def __init__(self, **there: ObservedParameter) -> None:
        self.there = dict(there)
        self.writes: list[str] = []

    def read(self, name: str) -> ObservedParameter | None:
        return self.there.get(name)

    def create(self, name: str, value: str, *, subject: str) -> bool:
        if name in self.there:
            return False
        self.overwrite(name, value, subject=subject)
        return True

    def overwrite(self, name: str, value: str, *, subject: str) -> None:
        self.writes.append(name)
        self.there[name] = ObservedParameter(value=value, subject=subject)

    def below(self, path: str) -> list[tuple[str, str]]:
        return [(name, owned.value) for name, owned in self.there.items() if name.startswith(f"{path}/")]

    def remove(self, name: str, *, subject: str) -> None:
        if subject and name in self.there and self.there[name].subject == subject:
            self.writes.append(f"remove {name}")
            del self.there[name]


class World:
    """What AWS lists of an endpoint, a service network and resources, and a hosted zone."""

    def __init__(self, *named: NamedResource, shared: bool = True) -> None:
        self.found = list(named)
        self.shared = shared
        self.entities: dict[str, Entity] = {}
        self.asked: list[str] = []
        self.records: dict[str, tuple[str, str]] = {}
        """By the alias's name, what it leads to, and its subject."""
        self.holders: dict[str, Holder] = {}

    def named(self, endpoint_id: str) -> list[NamedResource]:
        self.asked.append(endpoint_id)
        return self.found

    def named_in_network(self, network_arn: str, resource_arn: str) -> list[NamedResource]:
        self.asked.append(f"{network_arn} {resource_arn}")
        return self.found

    def entity(self, arn: str) -> Entity | None:
        return self.entities.get(arn, entity(arn=arn)) if self.shared else None

    def difference(self, alias: Alias, to: NamedResource, *, holder: Holder, may_take_over: MayTakeOver) -> str | None:
        self._check(alias, holder, may_take_over)
        as_due = (to.dns_name, holder.subject), holder
        there = self.records.get(alias.name), self.holders.get(alias.name)
        return None if there == as_due else f"{there[0]} -> {to.dns_name}"

    def point(self, alias: Alias, to: NamedResource, *, holder: Holder, may_take_over: MayTakeOver) -> None:
        self._check(alias, holder, may_take_over)
        self.holders[alias.name] = holder
        self.records[alias.name] = (to.dns_name, holder.subject)

    def _check(self, alias: Alias, holder: Holder, may_take_over: MayTakeOver) -> None:
        theirs = self.holders.get(alias.name, holder)
        if (theirs.subject, theirs.binding) != (holder.subject, holder.binding) and not may_take_over(theirs):
            raise ConflictError(f"{alias.name} is another's")

    def remove(self, alias: Alias, *, holder: Holder, dns_name: str) -> None:
        theirs = self.holders.get(alias.name)
        if theirs is not None and (theirs.subject, theirs.binding) == (holder.subject, holder.binding):
            del self.records[alias.name], self.holders[alias.name]


def named(arn: str = RESOURCE_ARN, **changes: Any) -> NamedResource:
    fields: dict[str, Any] = {
        "association_id": "vpce-rsc-asc-1",
        "resource_arn": arn,
        "accessible": True,
        "dns_name": NAME,
        "hosted_zone_id": "Z1",
    }
    return NamedResource(**(fields | changes))


def publication(
    world: World,
    names: Names,
    desired: DesiredAttachment,
    by: MadeAttachment = BY_ENDPOINT,
    *,
    patient: bool = False,
) -> Publication:
    publisher = Publisher(world, world, names, world, prefix="drawbridge")
    return publisher.publish(desired, by, now=NOW, patient=patient)
