"""What must be so of names of our own once everything has come to rest: Route 53 is asked."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.system.model.neighbours import Ask, Binding, Home, Neighbours

DesiredAliases = dict[str, list[tuple[Binding, str]]]
"""By alias, the bindings that desire it, each with the resource that it is for."""


def judge_aliases(
    neighbours: Neighbours, home: Home, rows: dict[str, dict[str, Any]], leads: dict[str, tuple[str, str]]
) -> Iterator[str]:
    """An alias leads to a resource of one of its bindings; who has it keeps it; the others' rows say so.

    ``leads`` gives, by the name of an endpoint that AWS made, the binding and the resource that the endpoint is for.
    """
    if not home.zone:
        return
    led = dict(_records(home))
    desired = _desired_aliases(neighbours, home)
    there = set(leads.values())
    holders = {alias: leads.get(dns, ("?", "?"))[0] for alias, dns in led.items()}
    for alias, bindings in desired.items():
        connected = {binding.name for binding, resource in bindings if (binding.name, resource) in there}
        by = holders.get(alias)
        if by is None and connected:
            yield f"{alias} leads nowhere, and {sorted(connected)} want it"
        if by is not None and by not in connected:
            yield f"{alias} leads to {led[alias]} of {by}, and {sorted(connected)} want it"
        before = home.holders.get(alias)
        if before in connected and by != before:
            yield f"{alias} was {before}'s, which wants it still, and is {by}'s"
        for binding, resource in bindings:
            if by is not None and binding.name != by:
                yield from _judge_refused(neighbours, home, alias, binding, resource, rows)
    for alias, by in holders.items():
        elsewhere = {name for name, holder in holders.items() if holder == by and name in desired}
        if alias not in desired and elsewhere and _resource(leads, led[alias]) in _resources_of(desired, elsewhere):
            yield f"{alias} is there still, and {by} has {sorted(elsewhere)} by now"
    home.holders = holders


def _judge_refused(
    neighbours: Neighbours, home: Home, alias: str, binding: Binding, resource: str, rows: dict[str, dict[str, Any]]
) -> Iterator[str]:
    for ask in _holding(neighbours, home, resource):
        row = rows.get(ask.subject)
        reasons = [] if row is None else [each["M"] for each in row["reasons"]["L"]]
        if not any("alias-taken" in each["code"]["S"] + each["text"]["S"] for each in reasons):
            yield f"{binding.name} does not get {alias}, and the row of {ask.subject} does not say so: {reasons}"


def _desired_aliases(neighbours: Neighbours, home: Home) -> DesiredAliases:
    """Return the aliases of what is let in now; the rest is as it was left."""
    desired: DesiredAliases = defaultdict(list)
    for binding in home.bindings.values():
        for name, owner in neighbours.resources.values():
            if binding.alias and binding.matches(owner, name) and any(_holding(neighbours, home, name)):
                desired[binding.alias_of(name)].append((binding, name))
    return desired


def _holding(neighbours: Neighbours, home: Home, resource: str) -> Iterator[Ask]:
    for ask in neighbours.shares():
        if ask.home is home and resource in ask.names and ask.is_permitted() and not ask.given_up:
            yield ask


def _records(home: Home) -> Iterator[tuple[str, str]]:
    route53 = home.person.client("route53")
    pages = route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=home.zone)
    for each in (each for page in pages for each in page["ResourceRecordSets"]):
        if each["Type"] == "A":
            yield each["Name"].rstrip("."), each["AliasTarget"]["DNSName"].rstrip(".").lower()


def _resource(leads: dict[str, tuple[str, str]], dns: str) -> str:
    return leads.get(dns, ("?", "?"))[1]


def _resources_of(desired: DesiredAliases, aliases: set[str]) -> set[str]:
    return {resource for alias in aliases for _, resource in desired[alias]}
