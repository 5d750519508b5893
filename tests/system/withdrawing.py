"""What policies no longer permit, or an operator commands to be withdrawn: having it so, and what becomes of it."""

from __future__ import annotations

import itertools
from typing import Any

from scenarios.people import Person
from tests.system.attachments import attach
from tests.system.conftest import World, until
from tests.system.requests_in_ledger import row_of, settled

HOUR = 3600

WITHIN_MINUTES = {"LookEvery": "rate(3 minutes)"}
"""A parameter of stacks that sweep several times before what is gone is confirmed, which takes ten minutes."""

_numbers = itertools.count(1)


def withdraw_after(home: Person, subject: str) -> str:
    """Return when the row says that something of the request is taken down; empty if nothing is announced."""
    return str((row_of(home, subject) or {}).get("withdraw_after", {}).get("S", ""))


def status(home: Person, subject: str) -> str:
    row = row_of(home, subject)
    return str(row["status"]["S"]) if row else ""


class Connection:
    """A consumer's endpoint that is connected with a managed service of the account with the stack."""

    def __init__(self, home: Person, other: Person, service_name: str = "") -> None:
        """Connect with a service of its own unless another one is named."""
        self.home = home
        self.endpoint_id = other.connect(service_name or home.offer_service()[1])
        settled(home, self.endpoint_id, "AVAILABLE")

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.home.published() if f"/{self.endpoint_id}/" in name]

    @property
    def state(self) -> str:
        filters = [{"Name": "vpc-endpoint-id", "Values": [self.endpoint_id]}]
        found = self.home.client("ec2").describe_vpc_endpoint_connections(Filters=filters)["VpcEndpointConnections"]
        return str(found[0]["VpcEndpointState"])

    @property
    def row(self) -> dict[str, Any]:
        return row_of(self.home, self.endpoint_id) or {}

    @property
    def status(self) -> str:
        return status(self.home, self.endpoint_id)

    @property
    def withdraw_after(self) -> str:
        return withdraw_after(self.home, self.endpoint_id)

    @property
    def is_up(self) -> bool:
        """Whether it is open, and both its names are published."""
        return (self.state, len(self.names)) == ("available", 2)

    @property
    def is_down(self) -> bool:
        return (self.state, self.names) == ("rejected", [])

    def tags(self) -> set[str]:
        """Return the values of the tag that says when it goes, of its names."""
        found = (
            self.home.client("ssm").list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
            for name in self.names
        )
        return {tag["Value"] for tags in found for tag in tags if tag["Key"] == "drawbridge:withdraw-after"}


def forbid(home: Person, other: Person, annotations: str = "", condition: str = "") -> None:
    text = f'{annotations} forbid(principal == Account::"{other.account_id}", action, resource) {condition};'
    write_stop(home, text.strip())


def write_stop(home: Person, cedar: str) -> None:
    """Write a policy that ``allow_again`` deletes; the name of a deleted one is taken for a while."""
    home.write_policy(f"stop-{next(_numbers)}", cedar)


def allow_again(home: Person) -> None:
    """Delete the policies that forbid."""
    delete_policies(home, "stop-")


def delete_policies(home: Person, begin: str) -> None:
    """Delete the policies whose names begin so."""
    ssm = home.client("ssm")
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path="/drawbridge/config/policies")
    for name in [each["Name"] for page in pages for each in page["Parameters"]]:
        if name.rpartition("/")[2].startswith(begin):
            ssm.delete_parameter(Name=name)


def pass_time(world: World, seconds: int) -> None:
    """Let time pass by the hour: what the sweeps of an hour began comes to its end before the next."""
    for begun in range(0, seconds, HOUR):
        world.control("clock", {"advance": min(HOUR, seconds - begun)})
        until(world.quiet, lambda: "quiet")


def announced(connection: Connection) -> str:
    """Wait until the connection is announced to be withdrawn; return when."""
    until(lambda: bool(connection.withdraw_after), lambda: str(connection.row))
    return connection.withdraw_after


def events(world: World, home: Person, name: str) -> list[dict[str, Any]]:
    return [
        each["detail"]
        for each in world.control("events")["events"]
        if each.get("detail-type") == name and each["account"] == home.account_id
    ]


def bind(home: Person, other: Person, name: str, vpc: str, resource: str = "", mode: str = "resource-endpoint") -> None:
    wanted = {"resource": resource or name, "share": f"{name}*"}
    home.write_binding(name, provider=other.account_id, **wanted, **attach(mode, "SINGLE", name, vpc))


def new_vpc(home: Person) -> str:
    ec2 = home.client("ec2")
    vpc_id = str(ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"])
    ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.9.0.0/24", AvailabilityZone="us-east-1a")
    return vpc_id


def endpoints(home: Person, vpc: str) -> dict[str, dict[str, str]]:
    """Return the tags of the endpoints in a VPC that are not being deleted, by their ids."""
    found = home.client("ec2").describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["VpcEndpoints"]
    return {
        each["VpcEndpointId"]: {tag["Key"]: tag["Value"] for tag in each["Tags"]}
        for each in found
        if each["State"].lower() not in {"deleting", "deleted"}
    }
