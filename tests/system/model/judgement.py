"""What must be so once everything has come to rest, whatever happened on the way: AWS is asked, not Drawbridge."""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from tests.system.model.acceptances import Acceptances
from tests.system.model.alias_judgement import judge_aliases
from tests.system.model.neighbours import Ask, Binding, Home, Neighbours, invitations

FINAL = frozenset({"ACCEPTED", "AVAILABLE", "HELD", "REJECTED", "EXPIRED", "WITHDRAWN"})

_OWNER = "drawbridge:owner"
_BINDING = "drawbridge:binding"
_RESOURCE = "drawbridge:resource-configuration"
_OVER = frozenset({"deleting", "deleted", "rejected", "expired", "failed"})


def judge(neighbours: Neighbours, accepted: Acceptances) -> list[str]:
    """Return all that is wrong; empty if nothing is."""
    accepted.gather()
    return [wrong for home in neighbours.homes for wrong in _judge_home(neighbours, home, accepted)]


def at_rest(neighbours: Neighbours) -> bool:
    """Return whether no request is on its way any more, or about to be tried again."""
    return all(_is_final(home, row) for home in neighbours.homes for row in home.person.ledger())


def _judge_home(neighbours: Neighbours, home: Home, accepted: Acceptances) -> Iterator[str]:
    ledger = home.person.ledger()
    rows = {row["subject"]["S"]: row for row in ledger}
    endpoints = _live_endpoints(home)
    yield from _judge_ledger(home, ledger)
    invited = invitations(home)
    resources = neighbours.resources
    for ask in neighbours.shares():
        if ask.home is home:
            yield from _judge_share(ask, rows.get(ask.subject), invited, resources, endpoints)
    for ask in neighbours.connections():
        if ask.home is home:
            yield from _judge_connection(ask, rows.get(ask.subject))
    for ask in neighbours.asks:
        if ask.home is home and not ask.by_hand:
            yield from _judge_acceptance(ask, accepted.of(ask))
    yield from _judge_endpoints(neighbours, home, endpoints)
    yield from _judge_published(neighbours, home, endpoints, resources)
    yield from _judge_bystanders(neighbours, home)
    leads = _leads(home, endpoints, resources) if home.zone else {}
    yield from judge_aliases(neighbours, home, rows, leads)


def _judge_ledger(home: Home, ledger: list[dict[str, Any]]) -> Iterator[str]:
    for subject, count in Counter(row["subject"]["S"] for row in ledger).items():
        if count > 1:
            yield f"{subject} is in the ledger {count} times"
    for row in ledger:
        if not _is_final(home, row):
            yield f"{row['subject']['S']} is {row['status']['S']}, settled: {row['settled']['BOOL']}"


def _is_final(home: Home, row: dict[str, Any]) -> bool:
    status = row["status"]["S"]
    return bool(row["settled"]["BOOL"]) and (status in FINAL or (status == "FAILED" and _failed_rightly(home, row)))


def _failed_rightly(home: Home, row: dict[str, Any]) -> bool:
    """Return whether it failed for what Drawbridge must not overwrite, which stays so until somebody sees to it."""
    codes = {each["M"]["code"]["S"] for each in row["reasons"]["L"]}
    # Failures have the names of errors; these may be those of refusals beside them, too.
    errors = {code for code in codes if code[:1].isupper() or code == "no-outcome"} - _OF_REFUSALS
    return bool(home.squatted or home.zone) and errors == {"ConflictError"}


_OF_REFUSALS = frozenset({"GoneError", "RefusedError", "AccessDeniedError"})


def _judge_share(
    ask: Ask,
    row: dict[str, Any] | None,
    invited: list[dict[str, Any]],
    resources: dict[str, tuple[str, str]],
    endpoints: list[dict[str, Any]],
) -> Iterator[str]:
    states = [each["status"] for each in invited if each["resourceShareArn"] == ask.subject]
    status = row["status"]["S"] if row else None
    if "ACCEPTED" in states and not (ask.ever_permitted or ask.by_hand):
        yield f"{ask.subject} of {ask.requester.account_id} was accepted, and no policy ever let it in"
    if "REJECTED" in states and not ask.ever_rejected:
        yield f"{ask.subject} of {ask.requester.account_id} was rejected, and no policy ever turned it away"
    if "PENDING" in states and (ask.is_permitted() or ask.is_rejected()):
        yield f"{ask.subject} waits, though the policies let it in or turn it away"
    if "PENDING" in states and status != "HELD":
        yield f"{ask.subject} waits and is not held: it is {status}"
    if "ACCEPTED" in states and not ask.given_up:
        yield from _judge_associations(ask, resources, endpoints)


def _judge_acceptance(ask: Ask, times: list[float]) -> Iterator[str]:
    if times and not any(ask.may_be_accepted(at) for at in times):
        spans = ask.let_in.spans, ask.as_permitted.spans
        yield f"{ask.subject} was accepted at {times}, and the policies let it in as it was only in {spans}"


def _judge_associations(
    ask: Ask, resources: dict[str, tuple[str, str]], endpoints: list[dict[str, Any]]
) -> Iterator[str]:
    if not ask.is_permitted():
        # What was let in before is kept, and nothing else of it called for: other lines of judgement see to both.
        return
    made = Counter((_tag(each, _BINDING), _name(each, resources), each["VpcId"]) for each in endpoints)
    for binding, name in itertools.product(ask.home.bindings.values(), ask.names):
        if not binding.matches(ask.requester.account_id, name):
            continue
        for vpc in ask.home.vpcs_of(binding):
            # An attachment whose alias another binding has is not made; made before, it stays.
            least = 0 if ask.home.rivals(binding, name) else 1
            if not least <= made[binding.name, name, vpc] <= 1:
                yield f"{name} has {made[binding.name, name, vpc]} endpoints for {binding.name} in {vpc}"


def _judge_connection(ask: Ask, row: dict[str, Any] | None) -> Iterator[str]:
    if ask.given_up:
        return
    state = ask.requester.endpoint_state(ask.subject)
    if state == "available" and not (ask.ever_permitted or ask.by_hand):
        yield f"{ask.subject} of {ask.requester.account_id} was accepted, and no policy ever let it in"
    if state == "pendingAcceptance" and (ask.is_permitted() or ask.is_rejected()):
        yield f"{ask.subject} waits, though the policies let it in or turn it away"
    if state == "pendingAcceptance" and (row is None or row["status"]["S"] != "HELD"):
        yield f"{ask.subject} waits and is not held: it is {row and row['status']['S']}"
    if state == "rejected" and ask.ever_rejected and not (ask.by_hand or ask.was_live):
        return
    if state not in {"available", "pendingAcceptance"} or (ask.was_live and state != "available"):
        live = "accepted by hand, " if ask.by_hand else "live, " if ask.was_live else ""
        yield f"{ask.subject}, {live}is {state}"
    ask.was_live = state == "available"


def _judge_endpoints(neighbours: Neighbours, home: Home, endpoints: list[dict[str, Any]]) -> Iterator[str]:
    """Each endpoint of ours exists once, and only for what a binding matched and the policies let in at some time."""
    for key, count in Counter(
        (_tag(each, _BINDING), each["ResourceConfigurationArn"], each["VpcId"]) for each in endpoints
    ).items():
        if count > 1:
            yield f"{count} endpoints for {key}"
    for endpoint in endpoints:
        endpoint_id = endpoint["VpcEndpointId"]
        bindings = [each for each in home.ever_bound if each.name == _tag(endpoint, _BINDING)]
        name, owner = neighbours.resources.get(endpoint["ResourceConfigurationArn"], ("", ""))
        if not any(each.matches(owner, name) for each in bindings):
            yield f"{endpoint_id} leads to {name}, which no binding ever matched"
        of_owner = (ask for ask in neighbours.shares() if ask.home is home and ask.requester.account_id == owner)
        if not any(name in ask.covered for ask in of_owner):
            yield f"{endpoint_id} leads to {name}, which came into its share when no policy let that in any more"
    there = {each["VpcEndpointId"]: each["ResourceConfigurationArn"] for each in endpoints}
    for endpoint_id in home.connected.keys() - there.keys():
        yield f"{endpoint_id} led to {home.connected[endpoint_id]}, and is gone, which nobody asked for"
    home.connected = there


def _judge_published(
    neighbours: Neighbours,
    home: Home,
    endpoints: list[dict[str, Any]],
    resources: dict[str, tuple[str, str]],
) -> Iterator[str]:
    """The published names are those that AWS gives for what is connected, no more and no less."""
    expected = {**dict(_names_here(home, endpoints, resources)), **dict(_names_of_consumers(neighbours, home))}
    published = dict(home.person.published())
    for path in expected.keys() - published.keys() - set(_of_rivals(home, endpoints, resources)):
        yield f"{path} is not published"
    names = {path: value for path, value in published.items() if path.endswith("/dns-name")}
    for path, value in names.items():
        if path not in home.squatted and value != expected.get(path):
            yield f"{path} says {value}, and AWS {expected.get(path)}"
    documents = {path for path in published if path.endswith("/connection")}
    ours = {path.removesuffix("dns-name") + "connection" for path in names if path not in home.squatted}
    for path in documents ^ ours:
        yield f"{path} is there without its name, or is missing beside it"
    yield from _written_for_nothing(home, published)


def _written_for_nothing(home: Home, published: dict[str, str]) -> Iterator[str]:
    for path in published:
        history = home.person.client("ssm").get_parameter_history(Name=path)["Parameters"]
        values = [each["Value"] for each in sorted(history, key=lambda each: int(each["Version"]))]
        if any(earlier == later for earlier, later in itertools.pairwise(values)):
            yield f"{path} was written again with what it said already"


def _names_here(
    home: Home, endpoints: list[dict[str, Any]], resources: dict[str, tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    associations: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for association in home.person.associations(*(each["VpcEndpointId"] for each in endpoints)):
        associations[association["VpcEndpointId"]].append(association)
    for endpoint in endpoints:
        binding = _binding(home, endpoint)
        if binding is None:
            continue
        path = binding.published(_name(endpoint, resources), endpoint["VpcId"])
        for association in associations[endpoint["VpcEndpointId"]]:
            if path not in home.squatted and association.get("DnsEntry"):
                yield path, association["DnsEntry"]["DnsName"]


def _of_rivals(home: Home, endpoints: list[dict[str, Any]], resources: dict[str, tuple[str, str]]) -> Iterator[str]:
    """Yield the parameters of bindings with one alias: of those that do not get it, nothing is published."""
    for endpoint in endpoints:
        name, binding = _name(endpoint, resources), home.bindings.get(_tag(endpoint, _BINDING))
        if binding is not None and home.rivals(binding, name):
            yield binding.published(name, endpoint["VpcId"])


def _leads(
    home: Home, endpoints: list[dict[str, Any]], resources: dict[str, tuple[str, str]]
) -> dict[str, tuple[str, str]]:
    """Give, by the name of each endpoint that AWS made, its binding and resource."""
    of = {each["VpcEndpointId"]: (_tag(each, _BINDING), _name(each, resources)) for each in endpoints}
    return {
        each["DnsEntry"]["DnsName"].lower(): of[each["VpcEndpointId"]]
        for each in home.person.associations(*of)
        if each.get("DnsEntry")
    }


def _names_of_consumers(neighbours: Neighbours, home: Home) -> Iterator[tuple[str, str]]:
    for ask in neighbours.connections():
        if ask.home is not home or ask.given_up:
            continue
        ec2 = ask.requester.client("ec2")
        endpoint = ec2.describe_vpc_endpoints(VpcEndpointIds=[ask.subject])["VpcEndpoints"][0]
        if endpoint["State"] == "available":
            path = f"/drawbridge/consumers/{ask.requester.account_id}/{ask.subject}/dns-name"
            yield path, endpoint["DnsEntries"][0]["DnsName"]


def _judge_bystanders(neighbours: Neighbours, home: Home) -> Iterator[str]:
    """What Drawbridge did not make is as it was."""
    for path, value in home.squatted.items():
        found = home.person.parameter(path)
        if found != value:
            yield f"{path} was {value}, and is {found}"
    for each in neighbours.unmanaged:
        if each.home is not home:
            continue
        ec2 = home.person.client("ec2")
        of_service = [{"Name": "service-id", "Values": [each.service_id]}]
        states = {
            connection["VpcEndpointId"]: connection["VpcEndpointState"].lower()
            for connection in ec2.describe_vpc_endpoint_connections(Filters=of_service)["VpcEndpointConnections"]
        }
        if states.get(each.endpoint_id) != ("available" if each.accepted else "pendingacceptance"):
            yield f"{each.endpoint_id}, to a service that is not managed, is {states.get(each.endpoint_id)}"
        if ec2.describe_vpc_endpoint_connection_notifications(Filters=of_service)["ConnectionNotificationSet"]:
            yield f"{each.service_id}, which is not managed, has a connection notification"


def _live_endpoints(home: Home) -> list[dict[str, Any]]:
    """List what Drawbridge made, what somebody took the tags of as well: it counts by what these said."""
    ours = [{"Name": "tag-key", "Values": [_OWNER]}]
    pages = home.person.client("ec2").get_paginator("describe_vpc_endpoints")
    found = [each for page in pages.paginate(Filters=ours) for each in page["VpcEndpoints"]]
    taken = {each.endpoint_id: each.tags for each in home.stripped}
    if taken:
        without = [each for page in pages.paginate(VpcEndpointIds=[*taken]) for each in page["VpcEndpoints"]]
        for each in without:
            tags = [{"Key": key, "Value": value} for key, value in taken[each["VpcEndpointId"]]]
            found.append(each | {"Tags": tags})
    return [each for each in found if each["State"].lower() not in _OVER]


def _name(endpoint: dict[str, Any], resources: dict[str, tuple[str, str]]) -> str:
    return resources.get(endpoint["ResourceConfigurationArn"], ("?", ""))[0]


def _binding(home: Home, endpoint: dict[str, Any]) -> Binding | None:
    return next((each for each in home.ever_bound if each.name == _tag(endpoint, _BINDING)), None)


def _tag(endpoint: dict[str, Any], key: str) -> str:
    return next((str(tag["Value"]) for tag in endpoint.get("Tags", []) if tag["Key"] == key), "")
