"""The endpoints that a stack made for a resource, and the names that it published for them."""

import json
from typing import Any

from scenarios.people import Person


def endpoints_for(person: Person, name: str) -> list[dict[str, Any]]:
    tagged = [{"Name": "tag:drawbridge:binding", "Values": [name]}]
    return list(person.client("ec2").describe_vpc_endpoints(Filters=tagged)["VpcEndpoints"])


def assert_published_right(person: Person, name: str) -> None:
    """The published name is the one that AWS gives for the endpoint that was made, and it is the only one."""
    (endpoint,) = endpoints_for(person, name)
    (association,) = person.associations(endpoint["VpcEndpointId"])
    path = f"/drawbridge/connections/{name}/{name}"
    assert person.parameter(f"{path}/dns-name") == association["DnsEntry"]["DnsName"]
    document = json.loads(person.parameter(f"{path}/connection") or "")
    assert document["schemaVersion"] == 1
    assert document["endpointId"] == endpoint["VpcEndpointId"]
    assert document["resourceConfigurationArn"] == association["AssociatedResourceArn"]
    assert document["portRanges"] == ["5432"]
