"""Who may find an endpoint service, as the adapter promises to show and change it."""

from __future__ import annotations

from typing import Any

import pytest

from drawbridge.aws.service_permissions import ServicePermissionsOfEc2
from drawbridge.errors import AccessDeniedError, GoneError, ThrottledError
from drawbridge.intake.offering.offers import Allowed, AllowedPrincipal, ServicePermissions
from local_aws.testing.settings import changed
from tests.contracts.accounts import REGION, Account, answering, refusing

NOWHERE = "vpce-svc-00000000000000000"
ROOT = "arn:aws:iam::{}:root"
MANY = [ROOT.format(f"{number:012}") for number in range(1, 121)]


def permissions_of(provider: Account, owner: str = "drawbridge") -> ServicePermissions:
    return ServicePermissionsOfEc2(provider.ec2, owner=owner)


def service(provider: Account, kind: str = "net") -> str:
    balancer = f"arn:aws:elasticloadbalancing:{REGION}:{provider.account_id}:loadbalancer/{kind}/lb/0123456789abcdef"
    balancers = "NetworkLoadBalancerArns" if kind == "net" else "GatewayLoadBalancerArns"
    made = provider.ec2.create_vpc_endpoint_service_configuration(**{balancers: [balancer]})
    return str(made["ServiceConfiguration"]["ServiceId"])


def arns(permissions: ServicePermissions, service_id: str) -> list[str]:
    return [each.arn for each in permissions.allowed(service_id)]


def calls(provider: Account) -> list[dict[str, Any]]:
    """Return the parameters of the client's calls from now on."""
    made: list[dict[str, Any]] = []
    provider.ec2.meta.events.register("provide-client-params.ec2.*", lambda params, **_: made.append(params))
    return made


def test_who_is_allowed_is_listed_with_the_permission_and_whose_it_is(provider: Account, consumer: Account) -> None:
    service_id, permissions = service(provider), permissions_of(provider)
    ours, theirs = ROOT.format(consumer.account_id), f"arn:aws:iam::{consumer.account_id}:role/theirs"

    permissions.allow(service_id, [ours])
    (at_first,) = permissions.allowed(service_id)
    permissions.mark([at_first.permission_id])
    permissions.allow(service_id, [theirs])

    assert (at_first.arn, at_first.owner) == (ours, None)
    assert at_first.permission_id.startswith("vpce-svc-perm-")
    assert [(each.arn, each.owner) for each in permissions.allowed(service_id)] == [
        (ours, "drawbridge"),
        (theirs, None),
    ]


def test_to_allow_again_changes_nothing(provider: Account) -> None:
    service_id, permissions = service(provider), permissions_of(provider)
    permissions.allow(service_id, MANY[:1])
    permissions.mark([each.permission_id for each in permissions.allowed(service_id)])
    before = permissions.allowed(service_id)

    permissions.allow(service_id, MANY[:1])

    assert permissions.allowed(service_id) == before
    assert [each.owner for each in before] == ["drawbridge"]


def test_a_permission_for_transit_gateways_is_none_of_ours(provider: Account) -> None:
    service_id, permissions = service(provider, "gwy"), permissions_of(provider)
    provider.ec2.modify_vpc_endpoint_service_permissions(
        ServiceId=service_id, AddAllowedPrincipals=MANY[:2], PermissionType="transit-gateway-attachment"
    )

    at_first = permissions.allowed(service_id)
    permissions.allow(service_id, MANY[:1])
    both = arns(permissions, service_id)
    permissions.disallow(service_id, MANY[:2])

    left = provider.ec2.describe_vpc_endpoint_service_permissions(ServiceId=service_id)["AllowedPrincipals"]
    assert (at_first, both, permissions.allowed(service_id)) == ([], MANY[:1], [])
    assert [(each["Principal"], each["PermissionType"]) for each in left] == [
        (arn, "transit-gateway-attachment") for arn in MANY[:2]
    ]


def test_what_reports_neither_type_nor_tags_is_a_permission_for_endpoints_of_nobody_known(provider: Account) -> None:
    answer = {"AllowedPrincipals": [{"Principal": MANY[0]}, {"PrincipalType": "Account"}]}

    with answering(provider.ec2, "describe_vpc_endpoint_service_permissions", answer):
        found = permissions_of(provider).allowed(NOWHERE)

    assert found == [AllowedPrincipal(arn=MANY[0], permission_id="", owner=None)]


def test_many_are_allowed_marked_and_taken_away_in_few_calls(provider: Account) -> None:
    service_id, permissions = service(provider), permissions_of(provider)

    made = calls(provider)
    permissions.allow(service_id, MANY)
    listed = permissions.allowed(service_id)
    permissions.mark([each.permission_id for each in listed])
    ours = [each.owner for each in permissions.allowed(service_id)]
    permissions.disallow(service_id, MANY)

    assert [len(each[name]) for each in made for name in each if name != "ServiceId" and len(each[name]) > 1] == [
        *(50, 50, 20),
        *(100, 20),
        *(50, 50, 20),
    ]
    assert [each.arn for each in listed] == MANY
    assert ours == ["drawbridge"] * len(MANY)
    assert permissions.allowed(service_id) == []


def test_trap_8_an_empty_page_of_permissions_is_not_the_last(provider: Account) -> None:
    answers: list[dict[str, Any]] = [
        {"AllowedPrincipals": [], "NextToken": "on"},
        {"AllowedPrincipals": [{"Principal": MANY[0]}]},
    ]

    with answering(provider.ec2, "describe_vpc_endpoint_service_permissions", *answers):
        assert [each.arn for each in permissions_of(provider).allowed(NOWHERE)] == MANY[:1]


def test_one_that_ec2_takes_for_none_does_not_keep_the_others_out(provider: Account) -> None:
    service_id, permissions = service(provider), permissions_of(provider)
    wrong = "arn:aws:iam::111111111111:role/with/path"

    permissions.allow(service_id, MANY[:1])
    answer = permissions.allow(service_id, [*MANY[:3], wrong, *MANY[3:5]])

    assert answer.refusal is not None
    assert (answer.added, answer.refusal.refused) == (frozenset(MANY[1:5]), frozenset({wrong}))
    assert "InvalidPrincipal: " in str(answer.refusal)
    assert arns(permissions, service_id) == MANY[:5]


def test_a_service_allows_as_many_as_there_is_room_for(provider: Account) -> None:
    service_id, permissions = service(provider), permissions_of(provider)

    with changed(quotas={"principals_per_service": 7}):
        answer = permissions.allow(service_id, MANY[:20])

    assert answer.refusal is not None
    assert (answer.refusal.is_full, answer.refusal.refused) == (True, frozenset(MANY[7:20]))
    assert "LimitExceeded" in str(answer.refusal)
    assert arns(permissions, service_id) == MANY[:7]


def test_who_is_not_allowed_is_not_disallowed_and_keeps_nobody_allowed(provider: Account) -> None:
    service_id, permissions = service(provider), permissions_of(provider)
    permissions.allow(service_id, MANY[:1])

    permissions.disallow(service_id, MANY[:3])

    assert permissions.allowed(service_id) == []


def test_a_permission_that_was_taken_away_meanwhile_is_not_marked_and_the_others_are(provider: Account) -> None:
    service_id, permissions = service(provider), permissions_of(provider)
    permissions.allow(service_id, MANY[:3])
    ids = [each.permission_id for each in permissions.allowed(service_id)]
    permissions.disallow(service_id, MANY[1:2])

    permissions.mark(ids)

    assert [(each.arn, each.owner) for each in permissions.allowed(service_id)] == [
        (MANY[0], "drawbridge"),
        (MANY[2], "drawbridge"),
    ]


def test_a_permission_that_is_allowed_anew_is_not_ours_any_longer(provider: Account) -> None:
    service_id, permissions = service(provider), permissions_of(provider)
    permissions.allow(service_id, MANY[:1])
    permissions.mark([each.permission_id for each in permissions.allowed(service_id)])

    permissions.disallow(service_id, MANY[:1])
    permissions.allow(service_id, MANY[:1])

    assert [each.owner for each in permissions.allowed(service_id)] == [None]


def test_of_a_service_that_is_gone_every_call_says_so(provider: Account) -> None:
    permissions = permissions_of(provider)

    for call in (
        lambda: permissions.allowed(NOWHERE),
        lambda: permissions.allow(NOWHERE, MANY),
        lambda: permissions.disallow(NOWHERE, MANY),
    ):
        with pytest.raises(GoneError, match=NOWHERE):
            call()


def test_whom_ec2_does_not_tell_of_may_be_added_or_not(provider: Account) -> None:
    with answering(provider.ec2, "modify_vpc_endpoint_service_permissions", {"ReturnValue": True}):
        answer = permissions_of(provider).allow(NOWHERE, MANY[:2])

    assert answer == Allowed(added=None)


@pytest.mark.parametrize(
    ("added", "told"),
    [([{}], None), ([{"Principal": MANY[0]}, {"ServiceId": NOWHERE}], None), ([], frozenset())],
    ids=str,
)
def test_what_ec2_added_without_naming_it_is_unknown_and_not_nothing(
    added: list[dict[str, str]], told: frozenset[str] | None, provider: Account
) -> None:
    with answering(provider.ec2, "modify_vpc_endpoint_service_permissions", {"AddedPrincipals": added}):
        answer = permissions_of(provider).allow(NOWHERE, [MANY[0]])

    assert answer == Allowed(added=told)


def test_nothing_is_asked_for_nobody(provider: Account) -> None:
    permissions, made = permissions_of(provider), calls(provider)

    permissions.allow(NOWHERE, [])
    permissions.disallow(NOWHERE, [])
    permissions.mark([])

    assert made == []


@pytest.mark.parametrize(
    ("code", "error"), [("UnauthorizedOperation", AccessDeniedError), ("RequestLimitExceeded", ThrottledError)]
)
@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("describe_vpc_endpoint_service_permissions", lambda permissions: permissions.allowed(NOWHERE)),
        ("modify_vpc_endpoint_service_permissions", lambda permissions: permissions.allow(NOWHERE, MANY[:9])),
        ("modify_vpc_endpoint_service_permissions", lambda permissions: permissions.disallow(NOWHERE, MANY[:9])),
        ("create_tags", lambda permissions: permissions.mark(["vpce-svc-perm-1", "vpce-svc-perm-2"])),
    ],
)
def test_what_is_not_wrong_with_a_principal_is_raised_at_once(
    provider: Account, operation: str, call: Any, code: str, error: type[Exception]
) -> None:
    with refusing(provider.ec2, operation, code), pytest.raises(error):
        call(permissions_of(provider))
