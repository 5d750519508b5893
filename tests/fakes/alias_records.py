"""Names of our own in hosted zones, in memory; ``aws.hosted_zones.HostedZones`` keeps them in Route 53."""

from __future__ import annotations

from drawbridge.association import Alias
from drawbridge.association.aliases import Holder, MayTakeOver
from drawbridge.errors import ConflictError
from drawbridge.publication.named import NamedResource


class InMemoryAliasRecords:
    """Hosted zones in which every record of ours has its holder."""

    def __init__(self) -> None:
        self.records: dict[str, tuple[str, str]] = {}
        """By the alias's name, what it leads to, and its subject."""
        self.holders: dict[str, Holder] = {}

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
