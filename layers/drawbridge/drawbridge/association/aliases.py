"""Names of our own in hosted zones: which can be made, which nobody should have by accident, and whose each is."""

import re
from collections.abc import Iterator
from typing import Protocol

from msgspec import Struct

from drawbridge.association import Alias, DesiredAlias, DesiredAttachment
from drawbridge.errors import ConflictError
from drawbridge.status import Reason

RESERVED = frozenset(
    {"autoconfig", "autodiscover", "imap", "isatap", "localhost", "mail", "pop", "pop3", "smtp", "wpad"}
)
"""First labels that clients look up by themselves, in the domains that they are in, and trust what they find: proxies,
tunnels and mail settings. ``wpad`` and ``isatap`` are what Windows's DNS blocks by default ("Global Query Block List",
which looks at the leftmost label too); RFC 6761 keeps ``localhost``."""

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_LONGEST = 240
"""Characters: what the marker's label leaves of Route 53's 255."""


class HostedZone(Struct, frozen=True, kw_only=True):
    """A hosted zone of Route 53."""

    name: str
    """Without the dot at its end."""
    private: bool
    """What AWS does not say to be private is public."""


class Holder(Struct, frozen=True, kw_only=True):
    """Who has a name, as its marker record says."""

    subject: str
    """The ARN of what it leads to."""
    binding: str = ""
    """Empty in a marker that an earlier version wrote."""
    vpc_id: str = ""


class MayTakeOver(Protocol):
    """Decides whether another holder's name may be taken over."""

    def __call__(self, other: Holder, /) -> bool: ...


class Zones(Protocol):
    """The hosted zones of this account, to read only."""

    def zone(self, zone_id: str) -> HostedZone | None:
        """Return a zone; ``None`` if this account has none of that id."""
        ...

    def holder(self, alias: Alias) -> Holder | None:
        """Return who has a name; ``None`` if nobody does, or its marker is not one of ours."""
        ...


class AliasFault(Struct, frozen=True):
    """Why a name is not made: a stable code, and a text."""

    code: str
    text: str


def alias_of(desired: DesiredAttachment, name: str) -> Alias | None:
    """Return the name of our own for a resource of that name.

    Raises:
        ConflictError: it can't be a name of DNS, or is one that nobody should have by accident.
    """
    if desired.alias is None:
        return None
    if (fault := alias_fault(desired.alias, name)) is not None:
        raise ConflictError(f"{fault.code}: {fault.text}")
    return _made(desired.alias, name)


def alias_fault(desired: DesiredAlias, name: str) -> AliasFault | None:
    """Return what is wrong with the name of our own for a resource of that name, if there is anything."""
    return next(_faults(desired, name), None)


def _faults(desired: DesiredAlias, name: str) -> Iterator[AliasFault]:
    if "{resource}" in desired.name and _LABEL.fullmatch(name.lower()) is None:
        why = f"{name[:100]!r} can't stand in a name of DNS; give it an alias in a binding that matches only it"
        yield AliasFault("alias-not-possible", why)
        return
    alias, zone = _made(desired, name).name, desired.zone_name
    if len(alias) > _LONGEST or any(len(label) > 63 for label in alias.split(".")):  # noqa: PLR2004 - RFC 1035
        yield AliasFault("alias-not-possible", f"{alias[:100]}… is too long for a name of DNS; write a shorter one")
    if zone and alias != zone and not alias.endswith(f".{zone}"):
        yield AliasFault("alias-not-possible", f"{alias} does not lie in the zone {zone}; write a name that does")
    if not desired.reserved and (reserved := reserved_name(alias, zone)):
        how = 'a policy that permits it with @alias("reserved") says that it is meant'
        yield AliasFault("alias-reserved", f"{alias} is {reserved}; {how}")


def _made(desired: DesiredAlias, name: str) -> Alias:
    return Alias(zone_id=desired.zone_id, name=_rendered(desired.name, name))


def reserved_name(alias: str, zone: str = "") -> str:
    """Return why nobody should have the name by accident; empty if anybody may."""
    first, *_ = labels = alias.split(".")
    if alias == zone:
        return "the zone's own name"
    if first in RESERVED:
        return f"looked up by clients by themselves ({first})"
    if any(label.startswith("_") for label in labels):
        return "a name that a service or a proof of ownership has ('_')"
    return "a wildcard" if "*" in alias else ""


def _rendered(alias: str, name: str) -> str:
    return alias.replace("{resource}", name.lower())


def alias_for_policies(alias: str, name: str, *, holds_others: bool) -> str | None:
    """Return the name that would be made, as policies are asked about it; ``None`` if nobody knows it yet.

    That is so where others give it: the children of a group, by their names.
    """
    if holds_others and "{resource}" in alias:
        return None
    return _rendered(alias, name)


class AliasCheck:
    """Finds out beforehand why a name can't be made. One for each plan: it remembers the names that the plan claims."""

    def __init__(self, zones: Zones) -> None:
        self._zones = zones
        self._known: dict[str, HostedZone | None] = {}
        self._claimed: dict[Alias, tuple[str, str]] = {}

    def zone_name(self, zone_id: str) -> str:
        """Return a zone's name; empty if there is none of that id."""
        zone = self._zone(zone_id)
        return zone.name if zone else ""

    def blocker(self, desired: DesiredAttachment, *, public: bool) -> Reason | None:
        """Return why the association's name can't be made; ``public`` says whether a public zone is meant."""
        fault = next(self._faults(desired, desired.alias, public=public), None) if desired.alias else None
        if fault is None:
            return None
        return Reason(fault.code, f"{desired.resource.name}: {fault.text}", source=desired.binding)

    def _faults(self, desired: DesiredAttachment, alias: DesiredAlias, *, public: bool) -> Iterator[AliasFault]:
        zone = self._zone(alias.zone_id)
        if zone is None:
            why = f"this account has no hosted zone {alias.zone_id}; correct attach.alias.zone"
            yield AliasFault("no-hosted-zone", why)
            return
        if not zone.private and not public:
            why = f"{alias.zone_id} ({zone.name}) is public; if that is meant, write attach.alias.public: true"
            yield AliasFault("alias-public", why)
        if desired.resource.holds_others and "{resource}" in alias.name:
            # The names are its children's, which are known only once they are there.
            return
        if (fault := alias_fault(alias, desired.resource.name)) is not None:
            yield fault
            return
        yield from self._taken(_made(alias, desired.resource.name), desired)

    def _taken(self, alias: Alias, desired: DesiredAttachment) -> Iterator[AliasFault]:
        claim = (desired.binding, desired.resource.arn)
        first = self._claimed.setdefault(alias, claim)
        if first != claim:
            yield AliasFault("alias-taken", f"{alias.name} is claimed for {first[1]} by {first[0]}; write another name")
        holder = self._zones.holder(alias)
        if holder is not None and holder.binding not in {"", desired.binding}:
            yield AliasFault("alias-taken", taken_text(alias, holder))

    def _zone(self, zone_id: str) -> HostedZone | None:
        if zone_id not in self._known:
            self._known[zone_id] = self._zones.zone(zone_id)
        return self._known[zone_id]


def taken_text(alias: Alias, holder: Holder) -> str:
    """Return which binding has a name, and what to do."""
    where = f" in {holder.vpc_id}" if holder.vpc_id else ""
    return (
        f"{alias.name} in {alias.zone_id} is binding {holder.binding}'s{where}, for {holder.subject}; write another "
        "name, or have that one give it up"
    )
