"""Names of our own in a hosted zone, in memory; ``aws.hosted_zones.HostedZones`` keeps them in Route 53."""

from __future__ import annotations

from drawbridge.association import Alias
from drawbridge.association.aliases import Holder, MayTakeOver
from drawbridge.errors import ConflictError
from drawbridge.publication.named import NamedResource


class InMemoryAliasRecords:
    """One hosted zone, whichever an alias names: its records, and the holders that their markers name."""

    def __init__(self) -> None:
        self.records: dict[str, tuple[str, str]] = {}
        """By the alias's name, what it leads to, and its subject."""
        self.holders: dict[str, Holder] = {}
        """By the alias's name; a record without a holder is not ours."""

    def difference(self, alias: Alias, to: NamedResource, *, holder: Holder, may_take_over: MayTakeOver) -> str | None:
        self._check(alias, holder, may_take_over)
        there, _ = self.records.get(alias.name, ("nothing", ""))
        if there != to.dns_name:
            return f"{there} -> {to.dns_name}"
        return None if self.holders.get(alias.name) == holder else ""

    def point(self, alias: Alias, to: NamedResource, *, holder: Holder, may_take_over: MayTakeOver) -> None:
        self._check(alias, holder, may_take_over)
        self.holders[alias.name] = holder
        self.records[alias.name] = (to.dns_name, holder.subject)

    def _check(self, alias: Alias, holder: Holder, may_take_over: MayTakeOver) -> None:
        theirs = self.holders.get(alias.name)
        if theirs is None and alias.name in self.records:
            raise ConflictError(f"{alias.name} is there and not Drawbridge's")
        if theirs is not None and not _is_of(theirs, holder) and not may_take_over(theirs):
            raise ConflictError(f"{alias.name} is another's")

    def remove(self, alias: Alias, *, holder: Holder, dns_name: str) -> None:
        theirs = self.holders.get(alias.name)
        if theirs is None or not _is_of(theirs, holder):
            return
        led, _ = self.records.get(alias.name, ("", ""))
        if theirs.binding or led in {"", dns_name}:
            self.records.pop(alias.name, None)
            del self.holders[alias.name]


def _is_of(theirs: Holder, holder: Holder) -> bool:
    return theirs.subject == holder.subject and theirs.binding in {"", holder.binding}
