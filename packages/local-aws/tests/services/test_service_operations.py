"""Adding operations to moto, and the symbols of moto that this relies on."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from moto.core import errors
from moto.core.responses import ActionResult, BaseResponse
from moto.dynamodb.responses import DynamoHandler
from moto.ec2.models import EC2Backend
from moto.ec2.models.tags import TagBackend
from moto.ec2.responses import EC2Response
from moto.organizations.models import OrganizationsBackend
from moto.ram import urls as ram_urls
from moto.route53.models import Route53Backend
from moto.route53.responses import Route53
from moto.vpclattice import urls as lattice_urls

from local_aws import services
from local_aws.moto_extension.pages import BadTokenError, page
from local_aws_tests.accounts import person, refusal
from local_aws_tests.sharing import first_vpc


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (BaseResponse, "call_action"),
        (BaseResponse, "parse_parameters"),
        (BaseResponse, "serialized"),
        (BaseResponse, "_get_action"),
        (EC2Response, "create_tags"),
        (EC2Response, "create_vpc_endpoint"),
        (EC2Response, "delete_network_interface"),
        (EC2Response, "delete_security_group"),
        (EC2Response, "delete_subnet"),
        (EC2Response, "delete_tags"),
        (EC2Response, "delete_vpc"),
        (EC2Response, "modify_vpc_endpoint"),
        (EC2Response, "describe_vpc_endpoint_services"),
        (EC2Backend, "get_default_security_group"),
        (EC2Backend, "get_security_group_by_name_or_id"),
        (EC2Backend, "delete_vpc_endpoints"),
        (TagBackend, "create_tags"),
        (OrganizationsBackend, "_reset"),
        (errors, "COMMON_ERROR_CODES"),
        (Route53, "create_hosted_zone"),
        (Route53, "delete_hosted_zone"),
        (Route53, "associate_vpc_with_hosted_zone"),
        (Route53, "disassociate_vpc_from_hosted_zone"),
        (Route53Backend, "create_hosted_zone"),
        (ram_urls, "url_paths"),
        (lattice_urls, "url_paths"),
        (ActionResult, "result"),
        (DynamoHandler, "call_action"),
    ],
)
def test_the_patched_symbols_of_moto_exist(owner: Any, name: str) -> None:
    assert hasattr(owner, name)


def test_installing_twice_is_installing_once() -> None:
    services.install()
    before = EC2Response.create_tags

    services.install()

    assert EC2Response.create_tags is before


def test_a_gateway_endpoint_is_motos_and_can_be_deleted() -> None:
    """Trap 11."""
    someone = person()
    vpc_id, _ = first_vpc(someone)

    created = someone.ec2.create_vpc_endpoint(VpcId=vpc_id, ServiceName="com.amazonaws.eu-west-1.s3")["VpcEndpoint"]
    answer = someone.ec2.delete_vpc_endpoints(VpcEndpointIds=[created["VpcEndpointId"]])

    assert created["VpcEndpointType"] == "Gateway"
    assert answer["Unsuccessful"] == []


def test_tagging_a_missing_resource_is_refused() -> None:
    someone = person()
    tags = [{"Key": "a", "Value": "b"}]

    for resource_id, code in (
        ("vpce-svc-00000000000000000", "InvalidVpcEndpointServiceId.NotFound"),
        ("vpce-00000000000000000", "InvalidVpcEndpointId.NotFound"),
    ):
        tag = {"Resources": [resource_id], "Tags": tags}
        assert refusal(lambda tag=tag: someone.ec2.create_tags(**tag)) == code  # type: ignore[misc] # a default binds the loop's value


def test_an_unknown_ec2_operation_is_an_invalid_action() -> None:
    assert refusal(person().ec2.describe_verified_access_groups) == "InvalidAction"


def test_a_missing_parameter_is_reported_as_by_ec2() -> None:
    someone = person()

    code = refusal(lambda: someone.ec2.accept_vpc_endpoint_connections(ServiceId="vpce-svc-0", VpcEndpointIds=[]))

    assert code == "MissingParameter"


def test_pages_lead_through_a_listing_and_their_tokens_fit_no_other() -> None:
    first, token = page(list("abc"), "letters", None, 2)
    second, end = page(list("abc"), "letters", token, 2)

    assert (first, second, end) == (["a", "b"], ["c"], None)
    with pytest.raises(BadTokenError):
        page(list("abc"), "numbers", token, 2)


def test_many_can_create_at_once() -> None:
    someone = person()
    balancer = "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/net/lb/1"
    client = someone.ec2

    def create() -> None:
        client.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[balancer])

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(client.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]) == 8
