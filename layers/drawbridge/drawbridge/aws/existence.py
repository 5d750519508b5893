"""Whether what is connected exists still, asked for by its id: no error or empty answer by itself says that it is gone.

Throttling, a denial that is the caller's own, and failures of AWS are raised as they are everywhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from drawbridge.aws.endpoint_services import id_filter, id_of
from drawbridge.aws.errors import is_denied_to_caller, translated
from drawbridge.aws.lattice_entities import LatticeEntities
from drawbridge.aws.resource_shares import GONE_STATUSES
from drawbridge.errors import AccessDeniedError, GoneError
from drawbridge.request.absence import Existence
from drawbridge.request.connections import ConnectionState

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ram import RAMClient
    from mypy_boto3_vpc_lattice import VPCLatticeClient


class ExistenceById:
    """Asks AWS for one thing at a time."""

    def __init__(self, ram: RAMClient, lattice: VPCLatticeClient, ec2: EC2Client) -> None:
        self._ram = ram
        self._entities = LatticeEntities(lattice)
        self._ec2 = ec2

    def share(self, share_arn: str) -> Existence:
        """Return whether the share of another account exists for this one."""
        try:
            with translated(f"ask for {share_arn}"):
                pages = self._ram.get_paginator("get_resource_shares").paginate(
                    resourceOwner="OTHER-ACCOUNTS", resourceShareArns=[share_arn]
                )
                statuses = [
                    each.get("status", "")
                    for page in pages
                    for each in page["resourceShares"]
                    if each["resourceShareArn"] == share_arn
                ]
        except GoneError:
            return Existence.GONE
        if not statuses:
            return Existence.UNKNOWN
        return Existence.GONE if GONE_STATUSES.issuperset(statuses) else Existence.PRESENT

    def resource(self, arn: str) -> Existence:
        """Return whether some share holds the resource; if none does, VPC Lattice has to say that it is gone too."""
        if self._is_shared(arn):
            return Existence.PRESENT
        try:
            self._entities.ask_for(arn)
        except GoneError:
            return Existence.GONE
        except AccessDeniedError as error:
            # What is not shared any longer is denied.
            if is_denied_to_caller(str(error)):
                raise
            return Existence.GONE
        return Existence.UNKNOWN

    def connection(self, service_id: str, endpoint_id: str) -> Existence:
        """Return whether the endpoint's connection exists, and is neither rejected nor failed nor expired."""
        for each in self._connections(("service-id", service_id), (id_filter(endpoint_id), endpoint_id)):
            if id_of(each) == endpoint_id:
                return _existence(ConnectionState.parse(each.get("VpcEndpointState", "")))
        others = [id_of(each) for each in self._connections()]
        if others:
            # Listed here and not there: the two answers are not of one time.
            return Existence.UNKNOWN if endpoint_id in others else Existence.GONE
        return Existence.UNKNOWN if self._is_there(service_id) else Existence.GONE

    def _is_shared(self, arn: str) -> bool:
        try:
            with translated(f"ask which share holds {arn}"):
                pages = self._ram.get_paginator("list_resources").paginate(
                    resourceOwner="OTHER-ACCOUNTS", resourceArns=[arn]
                )
                return any(each["arn"] == arn for page in pages for each in page["resources"])
        except GoneError:
            return False

    def _connections(self, *filters: tuple[str, str]) -> Iterator[Any]:
        chosen: Any = {"Filters": [{"Name": name, "Values": [value]} for name, value in filters]} if filters else {}
        with translated("ask for an endpoint connection"):
            for page in self._ec2.get_paginator("describe_vpc_endpoint_connections").paginate(**chosen):
                yield from page["VpcEndpointConnections"]

    def _is_there(self, service_id: str) -> bool:
        """Return whether the service may exist: that it does not, only an error says."""
        try:
            with translated(f"ask for {service_id}"):
                self._ec2.describe_vpc_endpoint_service_configurations(ServiceIds=[service_id])
        except GoneError:
            return False
        return True


def _existence(state: ConnectionState) -> Existence:
    if state.is_open:
        return Existence.PRESENT
    return Existence.GONE if state.is_over else Existence.UNKNOWN
