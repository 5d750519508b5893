"""The permissions of endpoint services on the local AWS: their types, tags, filters and limits."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws.services.quotas import lowered
from local_aws_tests.accounts import REGION, Person, person, refusal

ROOT = "arn:aws:iam::111111111111:root"
ROLE = "arn:aws:iam::222222222222:role/reader"
USER = "arn:aws:iam::222222222222:user/alice"
UNIT = "arn:aws:organizations::111111111111:ou/o-a1b2c3d4e5/ou-ab12-11111111"
SERVICE = "vpce.example.amazonaws.com"
GATEWAYS = "transit-gateway-attachment"


def service(provider: Person, kind: str = "net") -> str:
    balancer = f"arn:aws:elasticloadbalancing:{REGION}:{provider.account_id}:loadbalancer/{kind}/lb/0123456789abcdef"
    balancers = {"net": "NetworkLoadBalancerArns", "gwy": "GatewayLoadBalancerArns"}[kind]
    created = provider.ec2.create_vpc_endpoint_service_configuration(**{balancers: [balancer]})
    return str(created["ServiceConfiguration"]["ServiceId"])


def allow(provider: Person, service_id: str, *principals: str, **params: Any) -> list[dict[str, Any]]:
    answer = provider.ec2.modify_vpc_endpoint_service_permissions(
        ServiceId=service_id, AddAllowedPrincipals=[*principals], **params
    )
    added: list[dict[str, Any]] = answer["AddedPrincipals"]
    return added


def disallow(provider: Person, service_id: str, *principals: str, **params: Any) -> None:
    provider.ec2.modify_vpc_endpoint_service_permissions(
        ServiceId=service_id, RemoveAllowedPrincipals=[*principals], **params
    )


def allowed(provider: Person, service_id: str, **filters: str) -> list[dict[str, Any]]:
    chosen = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
    pages = provider.ec2.get_paginator("describe_vpc_endpoint_service_permissions").paginate(
        ServiceId=service_id, Filters=chosen
    )
    return [each for page in pages for each in page["AllowedPrincipals"]]


def tags_of(provider: Person, service_id: str) -> list[dict[str, str]]:
    return [{tag["Key"]: tag["Value"] for tag in each["Tags"]} for each in allowed(provider, service_id)]


def give(provider: Person, *permission_ids: str) -> None:
    provider.ec2.create_tags(Resources=[*permission_ids], Tags=[{"Key": "owner", "Value": "us"}])


def take(provider: Person, *permission_ids: str) -> None:
    provider.ec2.delete_tags(Resources=[*permission_ids], Tags=[{"Key": "owner"}])


def test_what_was_added_is_told_with_its_permission_and_what_was_there_is_not() -> None:
    provider = person()
    service_id = service(provider)
    (first,) = allow(provider, service_id, ROOT)

    added = allow(provider, service_id, ROOT, ROLE)

    assert first == {
        "PrincipalType": "Account",
        "Principal": ROOT,
        "PermissionType": "vpc-endpoint",
        "ServicePermissionId": first["ServicePermissionId"],
        "ServiceId": service_id,
    }
    assert [each["Principal"] for each in added] == [ROLE]
    assert [each["ServicePermissionId"] for each in allowed(provider, service_id)] == [
        first["ServicePermissionId"],
        added[0]["ServicePermissionId"],
    ]


def test_permissions_are_found_by_principal_and_by_both_types() -> None:
    provider = person()
    service_id = service(provider, "gwy")
    allow(provider, service_id, ROOT, ROLE, USER, UNIT, SERVICE, "*")
    allow(provider, service_id, ROOT, PermissionType=GATEWAYS)

    kinds = {each["Principal"]: each["PrincipalType"] for each in allowed(provider, service_id)}

    assert kinds == {
        ROOT: "Account",
        ROLE: "Role",
        USER: "User",
        UNIT: "OrganizationUnit",
        SERVICE: "Service",
        "*": "All",
    }
    assert [each["Principal"] for each in allowed(provider, service_id, principal_type="Role")] == [ROLE]
    assert [each["PermissionType"] for each in allowed(provider, service_id, principal=ROOT)] == [
        "vpc-endpoint",
        GATEWAYS,
    ]
    assert [each["Principal"] for each in allowed(provider, service_id, permission_type=GATEWAYS)] == [ROOT]
    assert refusal(lambda: allowed(provider, service_id, tag_key="owner")) == "InvalidParameterValue"


def test_each_type_is_a_permission_of_its_own() -> None:
    provider = person()
    service_id = service(provider, "gwy")
    (for_endpoints,) = allow(provider, service_id, ROOT)
    (for_gateways,) = allow(provider, service_id, ROOT, PermissionType=GATEWAYS)

    give(provider, for_endpoints["ServicePermissionId"])
    disallow(provider, service_id, ROOT, PermissionType=GATEWAYS)
    left = allowed(provider, service_id)
    disallow(provider, service_id, ROOT, PermissionType=GATEWAYS)

    assert for_endpoints["ServicePermissionId"] != for_gateways["ServicePermissionId"]
    assert [(each["PermissionType"], each["Tags"]) for each in left] == [
        ("vpc-endpoint", [{"Key": "owner", "Value": "us"}])
    ]
    assert allowed(provider, service_id) == left


def test_who_may_attach_a_transit_gateway_alone_does_not_find_the_service() -> None:
    provider, consumer = person(), person()
    service_id = service(provider, "gwy")
    root = f"arn:aws:iam::{consumer.account_id}:root"
    allow(provider, service_id, root, PermissionType=GATEWAYS)
    named = {"ServiceNames": [f"com.amazonaws.vpce.{REGION}.{service_id}"]}

    before = refusal(lambda: consumer.ec2.describe_vpc_endpoint_services(**named))
    allow(provider, service_id, root)

    assert before == "InvalidServiceName"
    assert consumer.ec2.describe_vpc_endpoint_services(**named)["ServiceDetails"][0]["ServiceId"] == service_id


@pytest.mark.parametrize("principal", [ROLE, UNIT, "*", SERVICE])
def test_only_accounts_may_attach_transit_gateways_and_only_to_gateway_load_balancers(principal: str) -> None:
    provider = person()
    gateway, network = service(provider, "gwy"), service(provider)

    of_kind = refusal(lambda: allow(provider, gateway, principal, PermissionType=GATEWAYS))
    of_service = refusal(lambda: allow(provider, network, ROOT, PermissionType=GATEWAYS))

    assert (of_kind, of_service) == ("InvalidPrincipal", "InvalidParameter")


@pytest.mark.parametrize(
    "wrong", ["111111111111", "arn:aws:iam::111111111111:role/path/name", "arn:aws:sts::111111111111:assumed-role/a/b"]
)
def test_one_that_is_no_principal_fails_the_whole_call(wrong: str) -> None:
    provider = person()
    service_id = service(provider)

    assert refusal(lambda: allow(provider, service_id, ROOT, wrong, ROLE)) == "InvalidPrincipal"
    assert allowed(provider, service_id) == []


def test_one_too_many_fails_the_whole_call() -> None:
    provider = person()
    service_id = service(provider)
    allow(provider, service_id, ROOT)

    with lowered(principals_per_service=2):
        code = refusal(lambda: allow(provider, service_id, ROLE, USER))
        allow(provider, service_id, ROLE, ROLE, ROOT)

    assert code == "VpcEndpointServicePermissionLimitExceeded"
    assert [each["Principal"] for each in allowed(provider, service_id)] == [ROOT, ROLE]


def test_a_permissions_tags_are_its_owners_and_listed_with_it() -> None:
    provider, stranger = person(), person()
    service_id = service(provider)
    one, other = (each["ServicePermissionId"] for each in allow(provider, service_id, ROOT, ROLE))

    give(provider, one, service_id)
    refused = [refusal(lambda: give(stranger, one)), refusal(lambda: take(stranger, one))]
    rows = provider.ec2.describe_tags(
        Filters=[{"Name": "resource-type", "Values": ["vpc-endpoint-service-permission"]}]
    )["Tags"]
    given = tags_of(provider, service_id)
    take(provider, one, other)

    assert refused == ["InvalidVpcEndpointServicePermissionId.NotFound"] * 2
    assert [(row["ResourceId"], row["ResourceType"], row["Key"], row["Value"]) for row in rows] == [
        (one, "vpc-endpoint-service-permission", "owner", "us")
    ]
    assert given == [{"owner": "us"}, {}]
    assert tags_of(provider, service_id) == [{}, {}]


def test_a_permissions_tags_go_with_it() -> None:
    provider = person()
    service_id = service(provider)
    (made,) = allow(provider, service_id, ROOT)
    give(provider, made["ServicePermissionId"])

    disallow(provider, service_id, ROOT)
    refused = refusal(lambda: give(provider, made["ServicePermissionId"]))
    left = provider.ec2.describe_tags()["Tags"]
    (anew,) = allow(provider, service_id, ROOT)

    assert (refused, left) == ("InvalidVpcEndpointServicePermissionId.NotFound", [])
    assert anew["ServicePermissionId"] != made["ServicePermissionId"]
    assert tags_of(provider, service_id) == [{}]


def test_a_permissions_tags_go_with_its_service() -> None:
    provider = person()
    service_id = service(provider)
    (made,) = allow(provider, service_id, ROOT)
    give(provider, made["ServicePermissionId"])

    provider.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[service_id])

    assert provider.ec2.describe_tags()["Tags"] == []
    assert refusal(lambda: give(provider, made["ServicePermissionId"])) == (
        "InvalidVpcEndpointServicePermissionId.NotFound"
    )


def test_a_permission_that_is_gone_fails_the_whole_call_to_tag() -> None:
    provider = person()
    service_id = service(provider)
    one, gone = (each["ServicePermissionId"] for each in allow(provider, service_id, ROOT, ROLE))
    disallow(provider, service_id, ROLE)

    assert refusal(lambda: give(provider, one, gone)) == "InvalidVpcEndpointServicePermissionId.NotFound"
    assert tags_of(provider, service_id) == [{}]


def test_more_than_a_thousand_resources_are_not_tagged_at_once() -> None:
    provider = person()
    (made,) = allow(provider, service(provider), ROOT)
    ids = [made["ServicePermissionId"]] * 1001

    refused = [refusal(lambda: give(provider, *ids)), refusal(lambda: take(provider, *ids))]
    give(provider, *ids[:1000])

    assert refused == ["InvalidParameterValue"] * 2
