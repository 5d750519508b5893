"""What must be so of names of our own once everything has come to rest: Route 53 is asked."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from tests.system.model.asks import Ask
from tests.system.model.calls import Call
from tests.system.model.homes import Binding, Home, Place
from tests.system.model.neighbours import Neighbours
from tests.system.model.rest import Endpoint, Rest

DesiredAliases = dict[str, list[tuple[Binding, str]]]
"""By alias, the bindings that desire it, each with the resource that it is for."""


def judge_aliases(neighbours: Neighbours, home: Home, rest: Rest, called_for: Mapping[Place, Call]) -> Iterator[str]:
    """An alias leads to a resource of one of its bindings; who has it keeps it; the others' rows say so."""
    rows, leads = rest.rows, _leads(neighbours, home, rest.endpoints)
    led = dict(_records(home))
    desired = _desired_aliases(neighbours, home, called_for)
    there = set(leads.values())
    steady = {home.connected[each].binding for each in home.steady}
    holders = {alias: leads.get(dns, ("?", "?"))[0] for alias, dns in led.items()}
    for alias, bindings in desired.items():
        connected = {binding.name for binding, resource in bindings if (binding.name, resource) in there}
        by = holders.get(alias)
        if by is None and connected:
            yield f"{alias} leads nowhere, and {sorted(connected)} want it"
        if by is not None and by not in connected:
            yield f"{alias} leads to {led[alias]} of {by}, and {sorted(connected)} want it"
        before = home.holders.get(alias)
        if before in connected & steady and by != before:
            yield f"{alias} was {before}'s, which wants it still, and is {by}'s"
        for binding, resource in bindings:
            if by is not None and binding.name != by:
                yield from _judge_refused(neighbours, home, alias, binding, resource, rows)
    for alias in holders.keys() - desired.keys():
        yield f"{alias} is there still, and leads to {led[alias]}"
    home.holders = holders


def _judge_refused(
    neighbours: Neighbours, home: Home, alias: str, binding: Binding, resource: str, rows: dict[str, dict[str, Any]]
) -> Iterator[str]:
    for ask in _holding(neighbours, home, resource):
        row = rows.get(ask.subject)
        reasons = [] if row is None else [each["M"] for each in row["reasons"]["L"]]
        if not any("alias-taken" in each["code"]["S"] + each["text"]["S"] for each in reasons):
            yield f"{binding.name} does not get {alias}, and the row of {ask.subject} does not say so: {reasons}"


def _desired_aliases(neighbours: Neighbours, home: Home, called_for: Mapping[Place, Call]) -> DesiredAliases:
    desired: DesiredAliases = defaultdict(list)
    for place, call in called_for.items():
        binding, (name, _) = home.bindings[place.binding], neighbours.resources[place.resource]
        if binding.alias and call is not Call.NO:
            desired[binding.alias_of(name)].append((binding, name))
    return desired


def _holding(neighbours: Neighbours, home: Home, resource: str) -> Iterator[Ask]:
    for ask in neighbours.shares():
        if ask.home is home and ask.in_effect and resource in ask.names and ask.is_permitted():
            yield ask


def _records(home: Home) -> Iterator[tuple[str, str]]:
    route53 = home.person.client("route53")
    pages = route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=home.zone)
    for each in (each for page in pages for each in page["ResourceRecordSets"]):
        if each["Type"] == "A":
            yield each["Name"].rstrip("."), each["AliasTarget"]["DNSName"].rstrip(".").lower()


def _leads(neighbours: Neighbours, home: Home, endpoints: list[Endpoint]) -> dict[str, tuple[str, str]]:
    """Give, by the name of each endpoint that AWS made, its binding and resource."""
    of = {each.endpoint_id: each.place for each in endpoints}
    return {
        each["DnsEntry"]["DnsName"].lower(): (place.binding, neighbours.resources[place.resource][0])
        for each in home.person.associations(*of)
        if each.get("DnsEntry") and (place := of[each["VpcEndpointId"]])
    }
