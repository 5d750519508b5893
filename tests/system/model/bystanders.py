"""What is not Drawbridge's has to be as people left it."""

from collections.abc import Iterator

from tests.system.model.homes import Home
from tests.system.model.neighbours import Neighbours


def judge_bystanders(neighbours: Neighbours, home: Home, tried: set[str]) -> Iterator[str]:
    """Yield what is not as people left it: parameters, endpoints, services that are not managed.

    ``tried`` is what Drawbridge tried to take down: its roles are not allowed to take down what has no tag of ours.
    """
    by_hand = {each.endpoint_id for each in home.made_by_hand}
    for each in tried & {*home.squatted, *home.written, *home.released, *by_hand}:
        yield f"{each}, which is not Drawbridge's, was to be taken down"
    yield from _judge_parameters(home)
    yield from _judge_endpoints(home)
    yield from _judge_services(neighbours, home)


def _judge_parameters(home: Home) -> Iterator[str]:
    ssm = home.person.client("ssm")
    for path, value in {**home.squatted, **home.written}.items():
        found = home.person.parameter(path)
        if found != value:
            yield f"{path} was {value}, and is {found}"
        elif tags := ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=path)["TagList"]:
            yield f"{path}, which a person wrote, has the tags {tags}"


def _judge_endpoints(home: Home) -> Iterator[str]:
    """Yield those that are not there, or not as they were: made by hand, or without their tags and not called for."""
    tags = {each.endpoint_id: each.tags for each in home.made_by_hand} | dict.fromkeys(home.released, ())
    # By what is listed: what is gone for long is not found by its id.
    pages = home.person.client("ec2").get_paginator("describe_vpc_endpoints").paginate()
    found = {each["VpcEndpointId"]: each for page in pages for each in page["VpcEndpoints"]}
    for endpoint_id, expected in tags.items():
        endpoint = found.get(endpoint_id)
        state = endpoint["State"].lower() if endpoint else "gone"
        if state != "available":
            yield f"{endpoint_id}, which is not Drawbridge's, is {state}"
        there = tuple((each["Key"], each["Value"]) for each in (endpoint or {}).get("Tags", ()))
        if endpoint and sorted(there) != sorted(expected):
            yield f"{endpoint_id}, which is not Drawbridge's, had the tags {expected}, and has {there}"


def _judge_services(neighbours: Neighbours, home: Home) -> Iterator[str]:
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
