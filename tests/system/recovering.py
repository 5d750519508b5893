"""A ledger that is lost, and what there is of the connections that it told of."""

from __future__ import annotations

from scenarios.people import Person
from tests.system.resource_endpoints import endpoints_for


def shared(provider: Person, name: str, consumer: Person, *more: str) -> str:
    arns = [provider.offer_database(f"{name}-orders", port="5432"), *more]
    made = provider.client("ram").create_resource_share(name=name, resourceArns=arns, principals=[consumer.account_id])
    return str(made["resourceShare"]["resourceShareArn"])


def endpoints(person: Person, name: str) -> list[str]:
    """Return the ids of the endpoints of a binding that are there, and not deleted."""
    return [each["VpcEndpointId"] for each in endpoints_for(person, name) if each["State"].lower() != "deleted"]


def versions(person: Person, path: str) -> dict[str, int]:
    """Return how often each parameter below a path was written."""
    pages = person.client("ssm").get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True)
    return {each["Name"]: each["Version"] for page in pages for each in page["Parameters"]}
