"""What must be so once everything has come to rest, whatever happened on the way: AWS is asked, not Drawbridge.

What is connected is exactly what shares, bindings, policies and the registry call for, what is published is exactly
what is connected, and nothing else was touched.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from local_aws.testing.clock import clock
from tests.system.model.acceptances import Acceptances
from tests.system.model.alias_judgement import judge_aliases
from tests.system.model.asks import Ask
from tests.system.model.bystanders import judge_bystanders
from tests.system.model.calls import Call, calls, unless_rival
from tests.system.model.homes import Home, Place
from tests.system.model.lapses import Standing
from tests.system.model.ledger_judgement import Row, is_final, judge_ledger, judge_row
from tests.system.model.neighbours import Neighbours, invitation_of
from tests.system.model.rest import Endpoint, Rest, note_rest, observe
from tests.system.model.status_judgement import judge_status

_WITHDRAW_AFTER = "drawbridge:withdraw-after"


def judge(neighbours: Neighbours, accepted: Acceptances) -> list[str]:
    """Return all that is wrong; empty if nothing is."""
    accepted.gather()
    wrong: list[str] = []
    for home in neighbours.homes:
        rest = observe(neighbours, home)
        wrong += _judge_home(neighbours, home, rest, accepted)
        note_rest(neighbours, home, rest)
    return wrong


def at_rest(neighbours: Neighbours) -> bool:
    """Return whether no request is on its way any more, about to be tried again, or to be taken down."""
    return all(is_final(home, row) and not _is_to_go(row) for home in neighbours.homes for row in home.person.ledger())


def _is_to_go(row: Row) -> bool:
    """Return whether something of a request is gone, or was announced and its time has come."""
    after = row.get("withdraw_after", {}).get("S")
    is_due = bool(after) and datetime.fromisoformat(after).timestamp() <= clock.time()
    return is_due or (bool(row.get("absent", {}).get("S")) and row["status"]["S"] in {"AVAILABLE", "ACCEPTED"})


def _judge_home(neighbours: Neighbours, home: Home, rest: Rest, accepted: Acceptances) -> Iterator[str]:
    rows = rest.rows
    yield from judge_ledger(home, rest.ledger)
    yield from judge_status(home, rest)
    for ask in neighbours.asks:
        if ask.home is not home:
            continue
        row = rows.get(ask.subject)
        yield from _judge_share(ask, row) if ask.is_share else _judge_connection(ask, row, rest)
        yield from judge_row(ask, row, rest)
        if not ask.by_hand:
            yield from _judge_acceptance(ask, accepted.of(ask))
    called_for = calls(home, neighbours.shares(), neighbours.resources, rest.now)
    yield from _judge_endpoints(neighbours, home, rest, called_for)
    yield from _judge_published(neighbours, home, rest, called_for)
    yield from _judge_tags(neighbours, rest)
    yield from judge_bystanders(neighbours, home, accepted.tried_to_take_down[home.account_id])
    if home.zone:
        yield from judge_aliases(neighbours, home, rest, called_for)


def _judge_share(ask: Ask, row: Row | None) -> Iterator[str]:
    invitation = invitation_of(ask)
    state = invitation["status"] if invitation else ""
    status = row["status"]["S"] if row else None
    if state == "ACCEPTED" and not (ask.ever_permitted or ask.by_hand):
        yield f"{ask.subject} of {ask.requester.account_id} was accepted, and no policy ever let it in"
    if state == "REJECTED" and not ask.ever_rejected:
        yield f"{ask.subject} of {ask.requester.account_id} was rejected, and no policy ever turned it away"
    if state == "PENDING" and (ask.is_permitted() or ask.is_rejected()):
        yield f"{ask.subject} waits, though the policies let it in or turn it away"
    if state == "PENDING" and status != "HELD":
        yield f"{ask.subject} waits and is not held: it is {status}"


def _judge_acceptance(ask: Ask, times: list[float]) -> Iterator[str]:
    if times and not any(ask.may_be_accepted(at) for at in times):
        spans = ask.let_in.spans, ask.as_permitted.spans
        yield f"{ask.subject} was accepted at {times}, and the policies let it in as it was only in {spans}"


def _judge_connection(ask: Ask, row: Row | None, rest: Rest) -> Iterator[str]:
    if ask.given_up:
        return
    state = rest.states[ask.subject]
    if state == "available" and not (ask.ever_permitted or ask.by_hand):
        yield f"{ask.subject} of {ask.requester.account_id} was accepted, and no policy ever let it in"
    if state == "pendingAcceptance" and (ask.is_permitted() or ask.is_rejected()):
        yield f"{ask.subject} waits, though the policies let it in or turn it away"
    if state == "pendingAcceptance" and (row is None or row["status"]["S"] != "HELD"):
        yield f"{ask.subject} waits and is not held: it is {row and row['status']['S']}"
    if state not in (allowed := _allowed_states(ask, rest.now)):
        live = "accepted by hand, " if ask.by_hand else "live, " if ask.was_live else ""
        yield f"{ask.subject}, {live}is {state}, and not {' or '.join(sorted(allowed))}: {ask.lapse}"


def _allowed_states(ask: Ask, now: float) -> set[str]:
    if ask.withdrawn:
        return {"rejected"}
    standing = ask.standing(now)
    once_live = {"available"} if standing is not Standing.GOES else set()
    once_live |= {"rejected"} if ask.may_have_been_cut or standing is not Standing.STAYS else set()
    if ask.was_live or ask.by_hand:
        return once_live
    return {
        "pendingAcceptance",
        *(once_live if ask.ever_permitted else ()),
        *(("rejected",) if ask.ever_rejected else ()),
    }


def _judge_endpoints(neighbours: Neighbours, home: Home, rest: Rest, called_for: Mapping[Place, Call]) -> Iterator[str]:
    """Each endpoint of ours exists once if it is called for, is the one that it was, and does not exist otherwise."""
    released = set(home.released.values())
    for place, count in Counter(each.place for each in rest.endpoints if each.is_up).items():
        if count > 1:
            yield f"{count} endpoints for {place}"
    for each in rest.endpoints:
        if called_for.get(each.place, Call.NO) is Call.NO and not each.is_stripped:
            yield f"{each.endpoint_id} is there, and nothing calls for {_named(neighbours, each.place)}"
    there = {each.place for each in rest.endpoints if each.is_up}
    for place, call in called_for.items():
        is_certain = unless_rival(home, place, neighbours.resources[place.resource][0], call) is Call.YES
        if is_certain and place not in there | released:
            yield f"nothing leads to {_named(neighbours, place)}, which is called for"
    for endpoint_id in home.steady - {each.endpoint_id for each in rest.endpoints if each.is_up}:
        yield f"{endpoint_id} led to {home.connected[endpoint_id]}, and is gone, which nobody asked for"


def _named(neighbours: Neighbours, place: Place) -> str:
    return f"{neighbours.resources.get(place.resource, ('?', '?'))[0]} for {place.binding} in {place.vpc}"


def _judge_published(neighbours: Neighbours, home: Home, rest: Rest, called_for: Mapping[Place, Call]) -> Iterator[str]:
    """The published names are those that AWS gives for what is connected, no more and no less."""
    connected = [each for each in rest.endpoints if called_for.get(each.place, Call.NO) is not Call.NO]
    here = dict(_names_here(neighbours, home, connected))
    expected = {**here, **dict(_names_of_consumers(neighbours, home, rest))}
    published = rest.published
    for path in expected.keys() - published.keys() - set(_of_rivals(neighbours, home, connected)):
        yield f"{path} is not published"
    names = {path: value for path, value in published.items() if path.endswith("/dns-name")}
    for path, value in names.items():
        if path not in home.squatted and value != expected.get(path):
            yield f"{path} says {value}, and AWS {expected.get(path)}"
    documents = {path for path in published if path.endswith("/connection")}
    ours = {path.removesuffix("dns-name") + "connection" for path in names if path not in home.squatted}
    for path in documents ^ ours:
        yield f"{path} is there without its name, or is missing beside it"
    steady = {*_steady_names(neighbours, home, rest, connected)} & home.published.keys()
    for each in rest.parameters:
        yield from _judge_versions(home, each, is_steady=each["Name"] in steady)


def _judge_versions(home: Home, parameter: dict[str, Any], *, is_steady: bool) -> Iterator[str]:
    """Judge how a parameter was written: AWS allows few calls that ask for its history."""
    path, version = parameter["Name"], parameter["Version"]
    history = [parameter]
    if version > 1 and version != home.published.get(path):
        found = home.person.client("ssm").get_parameter_history(Name=path)["Parameters"]
        history = sorted(found, key=lambda each: int(each["Version"]))
    if any(earlier["Value"] == later["Value"] for earlier, later in itertools.pairwise(history)):
        yield f"{path} was written again with what it said already"
    if is_steady and history[0]["Version"] == 1 and history[0]["LastModifiedDate"].timestamp() > home.rested_at:
        yield f"{path} was taken back meanwhile, which nobody asked for"


def _steady_names(neighbours: Neighbours, home: Home, rest: Rest, connected: list[Endpoint]) -> Iterator[str]:
    """Yield the names of what has been called for ever since all had last settled."""
    for endpoint in connected:
        if endpoint.endpoint_id in home.steady:
            yield _path(neighbours, home, endpoint)
    for ask in neighbours.connections():
        if ask.home is home and ask.was_live and rest.states[ask.subject] == "available" and not ask.may_have_been_cut:
            yield f"/drawbridge/consumers/{ask.requester.account_id}/{ask.subject}/dns-name"


def _names_here(neighbours: Neighbours, home: Home, connected: list[Endpoint]) -> Iterator[tuple[str, str]]:
    associations: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for association in home.person.associations(*(each.endpoint_id for each in connected)):
        associations[association["VpcEndpointId"]].append(association)
    for endpoint in connected:
        path = _path(neighbours, home, endpoint)
        for association in associations[endpoint.endpoint_id]:
            if path not in home.squatted and association.get("DnsEntry"):
                yield path, association["DnsEntry"]["DnsName"]


def _of_rivals(neighbours: Neighbours, home: Home, connected: list[Endpoint]) -> Iterator[str]:
    """Yield the parameters of bindings with one alias: of those that do not get it, nothing is published."""
    for endpoint in connected:
        binding, (name, _) = home.bindings[endpoint.place.binding], neighbours.resources[endpoint.place.resource]
        if home.rivals(binding, name):
            yield _path(neighbours, home, endpoint)


def _path(neighbours: Neighbours, home: Home, endpoint: Endpoint) -> str:
    place = endpoint.place
    return home.bindings[place.binding].published(neighbours.resources[place.resource][0], place.vpc)


def _names_of_consumers(neighbours: Neighbours, home: Home, rest: Rest) -> Iterator[tuple[str, str]]:
    for ask in neighbours.connections():
        if ask.home is home and rest.states[ask.subject] == "available":
            endpoint = ask.requester.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[ask.subject])
            path = f"/drawbridge/consumers/{ask.requester.account_id}/{ask.subject}/dns-name"
            yield path, endpoint["VpcEndpoints"][0]["DnsEntries"][0]["DnsName"]


def _judge_tags(neighbours: Neighbours, rest: Rest) -> Iterator[str]:
    """An endpoint's tag says what the row of its share says; of what two shares hold, one row may say so."""
    for endpoint in rest.endpoints:
        holding = [ask for ask in neighbours.shares() if rest.holds(ask, neighbours.resources, endpoint.place.resource)]
        if len(holding) == 1 and not endpoint.is_stripped:
            row = rest.rows.get(holding[0].subject, {})
            announced = row.get("withdraw_after", {}).get("S", "")
            if endpoint.tags.get(_WITHDRAW_AFTER, "") != announced:
                yield f"{endpoint.endpoint_id} has the tags {endpoint.tags}, and its row says {announced}"
