"""How VPC endpoints and their connections go, as both sides see it."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws.fault_injection.faults import CallFault, faults
from local_aws.testing import incidents
from local_aws_tests.accounts import REGION, Person, person, refusal
from local_aws_tests.lattice_shares import network, network_endpoint, resource_endpoint, shared, shared_configuration
from local_aws_tests.sharing import first_vpc, pass_time

HOUR = 3600


def service(provider: Person) -> dict[str, Any]:
    balancer = f"arn:aws:elasticloadbalancing:{REGION}:{provider.account_id}:loadbalancer/net/lb/0123456789abcdef"
    made = provider.ec2.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[balancer])
    offered: dict[str, Any] = made["ServiceConfiguration"]
    provider.ec2.modify_vpc_endpoint_service_permissions(ServiceId=offered["ServiceId"], AddAllowedPrincipals=["*"])
    return offered


def interface_endpoint(consumer: Person, service_name: str = f"com.amazonaws.{REGION}.ssm") -> dict[str, Any]:
    vpc_id, subnet_ids = first_vpc(consumer)
    made: dict[str, Any] = consumer.ec2.create_vpc_endpoint(
        VpcEndpointType="Interface", VpcId=vpc_id, SubnetIds=subnet_ids[:1], ServiceName=service_name
    )["VpcEndpoint"]
    return made


def delete(caller: Person, *endpoint_ids: str) -> list[tuple[str, str]]:
    """Delete endpoints; return the id and the code of each that was not."""
    answer = caller.ec2.delete_vpc_endpoints(VpcEndpointIds=[*endpoint_ids])
    return [(each["ResourceId"], each["Error"]["Code"]) for each in answer["Unsuccessful"]]


def reject(provider: Person, offered: dict[str, Any], endpoint_id: str) -> list[str]:
    """Reject a connection; return the code of the refusal, if it was not."""
    answer = provider.ec2.reject_vpc_endpoint_connections(ServiceId=offered["ServiceId"], VpcEndpointIds=[endpoint_id])
    return [each["Error"]["Code"] for each in answer["Unsuccessful"]]


def state(caller: Person, endpoint_id: str) -> str:
    return str(caller.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"][0]["State"])


def connection_states(provider: Person) -> list[str]:
    rows = provider.ec2.describe_vpc_endpoint_connections()["VpcEndpointConnections"]
    return [row["VpcEndpointState"] for row in rows]


def provider_sees(provider: Person, arn: str) -> list[dict[str, Any]]:
    request = {"resourceConfigurationIdentifier": arn}
    rows: list[dict[str, Any]] = provider.lattice.list_resource_endpoint_associations(**request)["items"]
    return rows


def cut_off(provider: Person, association: dict[str, Any]) -> None:
    provider.lattice.delete_resource_endpoint_association(resourceEndpointAssociationIdentifier=association["id"])


def delete_configuration(provider: Person, arn: str) -> None:
    provider.lattice.delete_resource_configuration(resourceConfigurationIdentifier=arn)


def test_an_endpoint_is_deleted_once() -> None:
    """AWS does not say what a second deletion comes to: that it is no success is the stricter guess."""
    consumer = person()
    endpoint_id = interface_endpoint(consumer)["VpcEndpointId"]
    pass_time(10)

    first = delete(consumer, endpoint_id)
    while_deleting = delete(consumer, endpoint_id)
    pass_time(10)
    while_listed = delete(consumer, endpoint_id)
    pass_time(HOUR)
    once_gone = delete(consumer, endpoint_id)

    assert first == []
    assert while_deleting == [(endpoint_id, "InvalidState")]
    assert while_listed == once_gone == [(endpoint_id, "InvalidVpcEndpoint.NotFound")]


def test_a_gateway_endpoint_is_deleted_once() -> None:
    consumer = person()
    vpc_id, _ = first_vpc(consumer)
    made = consumer.ec2.create_vpc_endpoint(VpcId=vpc_id, ServiceName=f"com.amazonaws.{REGION}.s3")["VpcEndpoint"]
    endpoint_id = made["VpcEndpointId"]

    assert delete(consumer, endpoint_id) == []
    assert delete(consumer, endpoint_id) == [(endpoint_id, "InvalidVpcEndpoint.NotFound")]


def test_another_accounts_endpoint_is_not_deleted_and_keeps_no_other_from_it() -> None:
    consumer, stranger = person(), person()
    endpoint_id, own = (interface_endpoint(each)["VpcEndpointId"] for each in (consumer, stranger))
    pass_time(10)

    refused = delete(stranger, endpoint_id, own)

    assert refused == [(endpoint_id, "InvalidVpcEndpoint.NotFound")]
    assert (state(consumer, endpoint_id), state(stranger, own)) == ("available", "deleting")


def test_at_most_twenty_five_endpoints_are_deleted_at_once() -> None:
    consumer = person()
    endpoint_id = interface_endpoint(consumer)["VpcEndpointId"]

    too_many = refusal(lambda: delete(consumer, endpoint_id, *["vpce-00000000000000000"] * 25))
    most = delete(consumer, *["vpce-00000000000000000"] * 25)

    assert (too_many, len(most)) == ("InvalidParameter", 25)
    assert state(consumer, endpoint_id) == "pending"


def test_the_provider_of_a_service_sees_its_consumers_endpoint_go() -> None:
    provider, consumer = person(), person()
    offered = service(provider)
    endpoint_id = interface_endpoint(consumer, offered["ServiceName"])["VpcEndpointId"]

    delete(consumer, endpoint_id)
    deleting = connection_states(provider), reject(provider, offered, endpoint_id)
    pass_time(10)
    deleted = connection_states(provider), reject(provider, offered, endpoint_id)
    pass_time(HOUR)

    assert deleting == (["deleting"], ["InvalidState"])
    assert deleted == (["deleted"], ["InvalidState"])
    assert connection_states(provider) == []
    assert reject(provider, offered, endpoint_id) == ["InvalidVpcEndpointId.NotFound"]


def test_a_connection_is_rejected_once_and_stays_until_its_consumer_deletes_the_endpoint() -> None:
    provider, consumer = person(), person()
    offered = service(provider)
    endpoint_id = interface_endpoint(consumer, offered["ServiceName"])["VpcEndpointId"]

    first, second = reject(provider, offered, endpoint_id), reject(provider, offered, endpoint_id)
    pass_time(24 * HOUR)
    both_see = connection_states(provider), state(consumer, endpoint_id)
    delete(consumer, endpoint_id)

    assert (first, second) == ([], ["InvalidState"])
    assert both_see == (["rejected"], "rejected")
    assert state(consumer, endpoint_id) == "deleting"


def test_a_rejected_connection_is_listed_even_once_the_service_is_deleted() -> None:
    provider, consumer = person(), person()
    offered = service(provider)
    endpoint_id = interface_endpoint(consumer, offered["ServiceName"])["VpcEndpointId"]
    reject(provider, offered, endpoint_id)

    provider.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[offered["ServiceId"]])

    assert connection_states(provider) == ["rejected"]
    assert refusal(lambda: reject(provider, offered, endpoint_id)) == "InvalidVpcEndpointServiceId.NotFound"


def test_the_provider_of_a_resource_sees_an_endpoint_until_it_is_wholly_deleted() -> None:
    """AWS does not say when it goes from the list: that it goes last is the stricter guess."""
    provider, consumer = person(), person()
    arn = shared_configuration(provider, consumer)
    endpoint_id = resource_endpoint(consumer, arn)["VpcEndpointId"]
    pass_time(10)

    delete(consumer, endpoint_id)
    while_deleting = [each["vpcEndpointId"] for each in provider_sees(provider, arn)]
    held = refusal(lambda: delete_configuration(provider, arn))
    pass_time(10)

    assert (while_deleting, held) == ([endpoint_id], "ConflictException")
    assert provider_sees(provider, arn) == []
    delete_configuration(provider, arn)


def test_a_provider_cuts_an_endpoint_off_once_and_the_consumer_keeps_a_failed_one() -> None:
    provider, consumer = person(), person()
    arn = shared_configuration(provider, consumer)
    endpoint_id = resource_endpoint(consumer, arn)["VpcEndpointId"]
    pass_time(15)
    (association,) = provider_sees(provider, arn)

    cut_off(provider, association)
    twice = refusal(lambda: cut_off(provider, association))
    (seen,) = consumer.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"]
    delete_configuration(provider, arn)
    deleted = delete(consumer, endpoint_id)
    pass_time(10)

    assert twice == "ResourceNotFoundException"
    assert (seen["State"], seen["FailureReason"]) == ("Failed", "The resource owner deleted the association.")
    assert (deleted, state(consumer, endpoint_id)) == ([], "Deleted")


def test_an_endpoint_that_is_cut_off_while_it_is_deleted_is_still_deleted() -> None:
    provider, consumer = person(), person()
    arn = shared_configuration(provider, consumer)
    endpoint_id = resource_endpoint(consumer, arn)["VpcEndpointId"]
    pass_time(10)
    (association,) = provider_sees(provider, arn)

    delete(consumer, endpoint_id)
    cut_off(provider, association)
    seen = provider_sees(provider, arn), state(consumer, endpoint_id)
    pass_time(10)

    assert (seen, state(consumer, endpoint_id)) == (([], "Deleting"), "Deleted")


def test_only_the_provider_cuts_an_endpoint_off() -> None:
    provider, consumer = person(), person()
    arn = shared_configuration(provider, consumer)
    endpoint_id = resource_endpoint(consumer, arn)["VpcEndpointId"]
    pass_time(10)
    (association,) = provider_sees(provider, arn)

    assert refusal(lambda: cut_off(consumer, association)) == "ResourceNotFoundException"
    assert state(consumer, endpoint_id) == "Available"


def test_an_endpoint_hangs_in_deleting_until_its_deletion_is_finished() -> None:
    """By the fault ``fails-later`` of the deletion."""
    provider, consumer = person(), person()
    arn = shared_configuration(provider, consumer)
    hanging, other = (resource_endpoint(consumer, arn)["VpcEndpointId"] for _ in range(2))
    pass_time(10)
    fault = CallFault("ec2:DeleteVpcEndpoints", "fails-later", account=consumer.account_id, times=1)

    with faults.injected(fault) as injected:
        deleted = delete(consumer, hanging), delete(consumer, other)
    pass_time(24 * HOUR)
    after_a_day = state(consumer, hanging), delete(consumer, hanging), refusal(lambda: state(consumer, other))
    seen = [each["vpcEndpointId"] for each in provider_sees(provider, arn)]
    incidents.finish_deletion(hanging)
    at_once = state(consumer, hanging)
    pass_time(HOUR)

    assert (deleted, injected.struck(fault)) == (([], []), 1)
    assert after_a_day == ("Deleting", [(hanging, "InvalidState")], "InvalidVpcEndpointId.NotFound")
    assert (seen, at_once, provider_sees(provider, arn)) == ([hanging], "Deleted", [])
    assert refusal(lambda: state(consumer, hanging)) == "InvalidVpcEndpointId.NotFound"


def test_finishing_what_is_not_being_deleted_changes_nothing() -> None:
    consumer = person()
    endpoint_id = interface_endpoint(consumer)["VpcEndpointId"]
    pass_time(10)

    incidents.finish_deletion(endpoint_id)

    assert state(consumer, endpoint_id) == "available"


@pytest.mark.parametrize("by_a_sharee", [False, True])
def test_a_network_is_held_by_an_endpoint_until_it_is_wholly_deleted(by_a_sharee: bool) -> None:
    """That an endpoint in ``deleting`` still holds the network, and is still listed, is the stricter guess."""
    owner, sharee = person(), person()
    made_in = network(owner, shareable=True)
    shared(owner, made_in["arn"], sharee)
    consumer = sharee if by_a_sharee else owner
    endpoint_id = network_endpoint(consumer, made_in["arn"])["VpcEndpointId"]
    pass_time(10)
    request = {"serviceNetworkIdentifier": made_in["arn"]}

    def seen() -> list[tuple[str, str]]:
        rows = owner.lattice.list_service_network_vpc_endpoint_associations(**request)["items"]
        return [(each["vpcEndpointId"], each["state"]) for each in rows]

    delete(consumer, endpoint_id)
    while_deleting = seen(), refusal(lambda: owner.lattice.delete_service_network(**request))
    pass_time(10)

    assert while_deleting == ([(endpoint_id, "Deleting")], "ConflictException")
    assert seen() == []
    owner.lattice.delete_service_network(**request)
