"""What must be so once everything has come to rest, whatever happened on the way: AWS is asked, not Drawbridge."""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from tests.system.model.neighbours import Ask, Home, Neighbours, invitations

FINAL = frozenset({"ACCEPTED", "AVAILABLE", "HELD", "REJECTED", "EXPIRED", "WITHDRAWN"})

_OWNER = "drawbridge:owner"
_BINDING = "drawbridge:binding"
_RESOURCE = "drawbridge:resource-configuration"
_OVER = frozenset({"deleting", "deleted", "rejected", "expired", "failed"})


def judge(neighbours: Neighbours) -> list[str]:
    """Tell all that is wrong; empty if nothing is."""
    return [wrong for home in neighbours.homes for wrong in _judge_home(neighbours, home)]


def at_rest(neighbours: Neighbours) -> bool:
    """Tell whether no request is on its way any more, or about to be tried again."""
    return all(_is_final(home, row) for home in neighbours.homes for row in home.person.ledger())


def _judge_home(neighbours: Neighbours, home: Home) -> Iterator[str]:
    ledger = home.person.ledger()
    rows = {row["subject"]["S"]: row for row in ledger}
    endpoints = _live_endpoints(home)
    yield from _judge_ledger(home, ledger)
    invited = invitations(home)
    resources = _shared_resources(home)
    for ask in neighbours.shares():
        if ask.home is home:
            yield from _judge_share(ask, rows.get(ask.subject), invited, resources, endpoints)
    for ask in neighbours.connections():
        if ask.home is home:
            yield from _judge_connection(ask, rows.get(ask.subject))
    yield from _judge_endpoints(home, endpoints, resources)
    yield from _judge_published(neighbours, home, endpoints, resources)
    yield from _judge_bystanders(neighbours, home)


def _judge_ledger(home: Home, ledger: list[dict[str, Any]]) -> Iterator[str]:
    for subject, count in Counter(row["subject"]["S"] for row in ledger).items():
        if count > 1:
            yield f"{subject} is in the ledger {count} times"
    for row in ledger:
        if not _is_final(home, row):
            yield f"{row['subject']['S']} is {row['status']['S']}, settled: {row['settled']['BOOL']}"


def _is_final(home: Home, row: dict[str, Any]) -> bool:
    # What Drawbridge must not overwrite can't be published: that stays a failure until somebody sees to it.
    failed_rightly = bool(home.squatted) and row["status"]["S"] == "FAILED"
    return bool(row["settled"]["BOOL"]) and (row["status"]["S"] in FINAL or failed_rightly)


def _judge_share(
    ask: Ask,
    row: dict[str, Any] | None,
    invited: list[dict[str, Any]],
    resources: dict[str, dict[str, Any]],
    endpoints: list[dict[str, Any]],
) -> Iterator[str]:
    states = [each["status"] for each in invited if each["resourceShareArn"] == ask.subject]
    status = row["status"]["S"] if row else None
    if "ACCEPTED" in states and not (ask.ever_permitted or ask.by_hand):
        yield f"{ask.subject} of {ask.asker.account_id} was accepted, and no policy ever let it in"
    if "PENDING" in states and ask.is_permitted():
        yield f"{ask.subject} waits, though the policies let it in"
    if "PENDING" in states and status != "HELD":
        yield f"{ask.subject} waits and is not held: it is {status}"
    if "ACCEPTED" in states and not ask.given_up:
        yield from _judge_associations(ask, resources, endpoints)


def _judge_associations(
    ask: Ask, resources: dict[str, dict[str, Any]], endpoints: list[dict[str, Any]]
) -> Iterator[str]:
    made = Counter((_tag(each, _BINDING), _name(each, resources)) for each in endpoints)
    for binding, name in itertools.product(ask.home.bindings.values(), ask.names):
        wanted = binding.wants(ask.asker.account_id, name)
        if wanted and made[binding.name, name] != 1:
            yield f"{name} has {made[binding.name, name]} endpoints for {binding.name}"


def _judge_connection(ask: Ask, row: dict[str, Any] | None) -> Iterator[str]:
    if ask.given_up:
        return
    state = ask.asker.endpoint_state(ask.subject)
    if state == "available" and not ask.ever_permitted:
        yield f"{ask.subject} of {ask.asker.account_id} was accepted, and no policy ever let it in"
    if state == "pendingAcceptance" and ask.is_permitted():
        yield f"{ask.subject} waits, though the policies let it in"
    if state == "pendingAcceptance" and (row is None or row["status"]["S"] != "HELD"):
        yield f"{ask.subject} waits and is not held: it is {row and row['status']['S']}"
    if state not in {"available", "pendingAcceptance"}:
        yield f"{ask.subject} is {state}"


def _judge_endpoints(
    home: Home, endpoints: list[dict[str, Any]], resources: dict[str, dict[str, Any]]
) -> Iterator[str]:
    """Each endpoint of ours once, and only for what somebody wanted at some time."""
    for key, count in Counter(
        (_tag(each, _BINDING), each["ResourceConfigurationArn"], each["VpcId"]) for each in endpoints
    ).items():
        if count > 1:
            yield f"{count} endpoints for {key}"
    for endpoint in endpoints:
        wanting = [each for each in home.ever_bound if each.name == _tag(endpoint, _BINDING)]
        resource = resources.get(endpoint["ResourceConfigurationArn"])
        if resource is None:
            yield f"{endpoint['VpcEndpointId']} leads to {endpoint['ResourceConfigurationArn']}, which nobody shares"
        elif not any(each.wants(resource["owner"], resource["name"]) for each in wanting):
            yield f"{endpoint['VpcEndpointId']} leads to {resource['name']}, which nobody ever wanted"


def _judge_published(
    neighbours: Neighbours,
    home: Home,
    endpoints: list[dict[str, Any]],
    resources: dict[str, dict[str, Any]],
) -> Iterator[str]:
    """The published names are those that AWS tells of what is connected, no more and no less."""
    told = {**dict(_names_here(home, endpoints, resources)), **dict(_names_of_consumers(neighbours, home))}
    published = dict(home.person.published())
    for path in told.keys() - published.keys():
        yield f"{path} is not published"
    names = {path: value for path, value in published.items() if path.endswith("/dns-name")}
    for path, value in names.items():
        if path not in home.squatted and value != told.get(path):
            yield f"{path} says {value}, and AWS {told.get(path)}"
    documents = {path for path in published if path.endswith("/connection")}
    ours = {path.removesuffix("dns-name") + "connection" for path in names if path not in home.squatted}
    for path in documents ^ ours:
        yield f"{path} is there without its name, or is missing beside it"
    yield from _written_for_nothing(home, published)


def _written_for_nothing(home: Home, published: dict[str, str]) -> Iterator[str]:
    for path in published:
        history = home.person.aws("ssm").get_parameter_history(Name=path)["Parameters"]
        values = [each["Value"] for each in sorted(history, key=lambda each: int(each["Version"]))]
        if any(earlier == later for earlier, later in itertools.pairwise(values)):
            yield f"{path} was written again with what it said already"


def _names_here(
    home: Home, endpoints: list[dict[str, Any]], resources: dict[str, dict[str, Any]]
) -> Iterator[tuple[str, str]]:
    told: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for association in home.person.associations(*(each["VpcEndpointId"] for each in endpoints)):
        told[association["VpcEndpointId"]].append(association)
    for endpoint in endpoints:
        path = f"/drawbridge/connections/{_tag(endpoint, _BINDING)}/{_name(endpoint, resources)}/dns-name"
        for association in told[endpoint["VpcEndpointId"]]:
            if path not in home.squatted and association.get("DnsEntry"):
                yield path, association["DnsEntry"]["DnsName"]


def _names_of_consumers(neighbours: Neighbours, home: Home) -> Iterator[tuple[str, str]]:
    for ask in neighbours.connections():
        if ask.home is not home or ask.given_up:
            continue
        ec2 = ask.asker.aws("ec2")
        endpoint = ec2.describe_vpc_endpoints(VpcEndpointIds=[ask.subject])["VpcEndpoints"][0]
        if endpoint["State"] == "available":
            path = f"/drawbridge/consumers/{ask.asker.account_id}/{ask.subject}/dns-name"
            yield path, endpoint["DnsEntries"][0]["DnsName"]


def _judge_bystanders(neighbours: Neighbours, home: Home) -> Iterator[str]:
    """What Drawbridge did not make is as it was."""
    for path, value in home.squatted.items():
        found = home.person.parameter(path)
        if found != value:
            yield f"{path} was {value}, and is {found}"
    for owner, service_id, endpoint_id in neighbours.unmanaged:
        if owner is not home:
            continue
        ec2 = home.person.aws("ec2")
        of_service = [{"Name": "service-id", "Values": [service_id]}]
        states = {
            each["VpcEndpointId"]: each["VpcEndpointState"].lower()
            for each in ec2.describe_vpc_endpoint_connections(Filters=of_service)["VpcEndpointConnections"]
        }
        if states.get(endpoint_id) != "pendingacceptance":
            yield f"{endpoint_id}, to a service that is not managed, is {states.get(endpoint_id)}"
        if ec2.describe_vpc_endpoint_connection_notifications(Filters=of_service)["ConnectionNotificationSet"]:
            yield f"{service_id}, which is not managed, has a connection notification"


def _live_endpoints(home: Home) -> list[dict[str, Any]]:
    ours = [{"Name": "tag-key", "Values": [_OWNER]}]
    pages = home.person.aws("ec2").get_paginator("describe_vpc_endpoints").paginate(Filters=ours)
    return [each for page in pages for each in page["VpcEndpoints"] if each["State"].lower() not in _OVER]


def _shared_resources(home: Home) -> dict[str, dict[str, Any]]:
    """The resource configurations that this account sees, by ARN: name and owner."""
    pages = home.person.aws("vpc-lattice").get_paginator("list_resource_configurations").paginate()
    found = [each for page in pages for each in page["items"]]
    return {each["arn"]: {"name": each["name"], "owner": each["arn"].split(":")[4]} for each in found}


def _name(endpoint: dict[str, Any], resources: dict[str, dict[str, Any]]) -> str:
    resource = resources.get(endpoint["ResourceConfigurationArn"])
    return str(resource["name"]) if resource else "?"


def _tag(endpoint: dict[str, Any], key: str) -> str:
    return next((str(tag["Value"]) for tag in endpoint.get("Tags", []) if tag["Key"] == key), "")
