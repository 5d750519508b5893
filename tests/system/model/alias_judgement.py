"""What must be so of names of our own once everything has come to rest: Route 53 is asked."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.system.model.neighbours import Ask, Binding, Home, Neighbours

Wanted = dict[str, list[tuple[Binding, str]]]
"""By a name, the bindings that want it, each with the resource for which it does."""


def judge_aliases(
    neighbours: Neighbours, home: Home, rows: dict[str, dict[str, Any]], leads: dict[str, tuple[str, str]]
) -> Iterator[str]:
    """A name leads where one of those who want it leads; who has it keeps it; the others are told.

    ``leads`` gives, by the name of an endpoint that AWS made, the binding and the resource that the endpoint is for.
    """
    if not home.zone:
        return
    led = dict(_records(home))
    wanted = _wanted(neighbours, home)
    there = set(leads.values())
    holders = {alias: leads.get(dns, ("?", "?"))[0] for alias, dns in led.items()}
    for alias, wanting in wanted.items():
        connected = {binding.name for binding, resource in wanting if (binding.name, resource) in there}
        by = holders.get(alias)
        if by is None and connected:
            yield f"{alias} leads nowhere, and {sorted(connected)} want it"
        if by is not None and by not in connected:
            yield f"{alias} leads to {led[alias]} of {by}, and {sorted(connected)} want it"
        before = home.holders.get(alias)
        if before in connected and by != before:
            yield f"{alias} was {before}'s, which wants it still, and is {by}'s"
        for binding, resource in wanting:
            if by is not None and binding.name != by:
                yield from _judge_refused(neighbours, home, alias, binding, resource, rows)
    for alias, by in holders.items():
        elsewhere = {name for name, holder in holders.items() if holder == by and name in wanted}
        if alias not in wanted and elsewhere and _resource(leads, led[alias]) in _resources_of(wanted, elsewhere):
            yield f"{alias} is there still, and {by} has {sorted(elsewhere)} by now"
    home.holders = holders


def _judge_refused(
    neighbours: Neighbours, home: Home, alias: str, binding: Binding, resource: str, rows: dict[str, dict[str, Any]]
) -> Iterator[str]:
    for ask in _holding(neighbours, home, resource):
        row = rows.get(ask.subject)
        told = [] if row is None else [each["M"] for each in row["reasons"]["L"]]
        if not any("alias-taken" in each["code"]["S"] + each["text"]["S"] for each in told):
            yield f"{binding.name} does not get {alias}, and the row of {ask.subject} does not say so: {told}"


def _wanted(neighbours: Neighbours, home: Home) -> Wanted:
    """Return what is wanted of what is let in now; the rest is as it was left."""
    wanted: Wanted = defaultdict(list)
    for binding in home.bindings.values():
        for name, owner in neighbours.resources.values():
            if binding.alias and binding.wants(owner, name) and any(_holding(neighbours, home, name)):
                wanted[binding.alias_of(name)].append((binding, name))
    return wanted


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


def _resources_of(wanted: Wanted, aliases: set[str]) -> set[str]:
    return {resource for alias in aliases for _, resource in wanted[alias]}
