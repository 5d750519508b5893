"""Accounts that adapters are tried in, and what other people do there."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from botocore.stub import Stubber

from local_aws.testing import accounts as testing
from local_aws.testing.settings import changed
from local_aws_tests.sharing import accept_invitation, first_vpc, pass_time, resource_configuration, share
from tests.workflow.definition import RESOURCES

REGION = "us-east-1"
_numbers = itertools.count(600000000000)


def new_account_id() -> str:
    return str(next(_numbers))


class Account(testing.Account):
    """Someone with full access to an account of a local AWS, whose calls are made once: adapters see each failure."""

    def __init__(self, account_id: str, url: str) -> None:
        super().__init__(url, account_id, called="test", attempts=1)

    @property
    def ec2(self) -> Any:
        return self.client("ec2")

    @property
    def ram(self) -> Any:
        return self.client("ram")

    @property
    def lattice(self) -> Any:
        return self.client("vpc-lattice")

    def table(self, logical_id: str) -> Any:
        """Make a table as the template makes it."""
        of_template = RESOURCES[logical_id]["Properties"]
        desired = {
            name: of_template[name]
            for name in ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
            if name in of_template
        }
        return self.resource("dynamodb").create_table(TableName=logical_id, **desired)


def empty_first_pages() -> AbstractContextManager[None]:
    """Have every listing that may begin with an empty page begin with one."""
    return changed(empty_pages=1.0)


@contextmanager
def answering(client: Any, operation: str, *answers: dict[str, Any]) -> Iterator[Stubber]:
    """Have the client's next calls, all of this operation, answered so; afterwards each must have been made."""
    with Stubber(client) as stubber:
        for answer in answers:
            stubber.add_response(operation, answer)
        yield stubber
        stubber.assert_no_pending_responses()


@contextmanager
def refusing(client: Any, operation: str, code: str) -> Iterator[None]:
    """Have the client's next call refused with an error of this code."""
    with Stubber(client) as stubber:
        stubber.add_client_error(operation, code, "AWS says no")
        yield


def shared(provider: Account, consumer: Account, name: str = "orders-db") -> tuple[str, str]:
    """Share a resource configuration and have it accepted; return the configuration's ARN and the share's."""
    arn = resource_configuration(provider, name)
    share_arn = share(provider, arn, consumer)
    accept_invitation(consumer)
    pass_time(5)
    return arn, share_arn


def offered(
    provider: Account, *, acceptance: bool = True, managed: str | None = "true", gateway: bool = False, **more: Any
) -> dict[str, Any]:
    """Make an endpoint service; give its configuration."""
    short, member = ("gwy", "GatewayLoadBalancerArns") if gateway else ("net", "NetworkLoadBalancerArns")
    balancer = f"arn:aws:elasticloadbalancing:{REGION}:{provider.account_id}:loadbalancer/{short}/lb/0123456789abcdef"
    tags = [{"Key": "drawbridge:managed", "Value": managed}] if managed else []
    created = provider.ec2.create_vpc_endpoint_service_configuration(
        **{member: [balancer]},
        AcceptanceRequired=acceptance,
        TagSpecifications=[{"ResourceType": "vpc-endpoint-service", "Tags": tags}] if tags else [],
        **more,
    )
    configuration: dict[str, Any] = created["ServiceConfiguration"]
    provider.ec2.modify_vpc_endpoint_service_permissions(
        ServiceId=configuration["ServiceId"], AddAllowedPrincipals=["*"]
    )
    return configuration


def connected(consumer: Account, service: dict[str, Any]) -> str:
    """Ask a service for a connection; return the endpoint's id."""
    vpc_id, subnet_ids = first_vpc(consumer)
    created = consumer.ec2.create_vpc_endpoint(
        VpcEndpointType="Interface", VpcId=vpc_id, SubnetIds=subnet_ids[:1], ServiceName=service["ServiceName"]
    )
    return str(created["VpcEndpoint"]["VpcEndpointId"])
