"""RAM on the local AWS: quotas, permissions, and how access ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from unittest import mock

import pytest

from local_aws.services.organizations import membership
from local_aws.services.quotas import lowered
from local_aws.services.ram import invitations as invitation_service
from local_aws.services.ram import shares
from local_aws.testing.faults import CallFault, faults
from local_aws.testing.settings import changed
from local_aws_tests.accounts import Person, full_pages, hearing, person, refusal
from local_aws_tests.sharing import accept_invitation, invitations, pass_time, resource_configuration, share

LATTICE = "vpc-lattice:ResourceConfiguration"
HOUR = 3600


@pytest.fixture(autouse=True)
def pages() -> Iterator[None]:
    with full_pages():
        yield


def listed(caller: Person) -> list[str]:
    found = caller.ram.list_resources(resourceOwner="OTHER-ACCOUNTS")["resources"]
    return [resource["arn"] for resource in found]


def organization(ram_sharing: bool = True) -> tuple[Person, Person, Person]:
    management, provider, consumer = person(), person(), person()
    accounts = {provider.account_id: "workloads", consumer.account_id: "workloads"}
    membership.arrange(management.account_id, accounts, ram_sharing=ram_sharing)
    return management, provider, consumer


def pending_resources(consumer: Person) -> list[tuple[str, str]]:
    arn = invitations(consumer)[0]["resourceShareInvitationArn"]
    found = consumer.ram.list_pending_invitation_resources(resourceShareInvitationArn=arn)["resources"]
    return [(resource["arn"], resource["status"]) for resource in found]


def test_a_share_of_lattice_resources_cannot_be_left() -> None:
    """Trap 5."""
    provider, consumer = person(), person()
    arn = resource_configuration(provider)
    share_arn = share(provider, arn, consumer)
    accept_invitation(consumer)
    pass_time(5)
    leave = {"resourceShareArn": share_arn, "principals": [consumer.account_id]}

    code = refusal(lambda: consumer.ram.disassociate_resource_share(**leave))
    pass_time(5)

    assert code == "OperationNotPermittedException"
    assert listed(consumer) == [arn]


def test_a_principal_is_invited_anew_after_an_expired_or_rejected_invitation() -> None:
    """Trap 4."""
    provider, late, unwilling = person(), person(), person()
    arn = resource_configuration(provider)
    share_arn = share(provider, arn, late)
    provider.ram.associate_resource_share(resourceShareArn=share_arn, principals=[unwilling.account_id])
    unwilling.ram.reject_resource_share_invitation(
        resourceShareInvitationArn=invitations(unwilling)[0]["resourceShareInvitationArn"]
    )
    pass_time(12 * HOUR + 60)
    request = {"associationType": "PRINCIPAL", "resourceShareArns": [share_arn]}
    once = provider.ram.get_resource_share_associations(**request)["resourceShareAssociations"]

    provider.ram.associate_resource_share(
        resourceShareArn=share_arn, principals=[late.account_id, unwilling.account_id]
    )

    # The one that was rejected twelve hours ago is not listed any longer.
    assert [(each["associatedEntity"], each["status"]) for each in once] == [(late.account_id, "DISASSOCIATED")]
    assert sorted(each["status"] for each in invitations(late)) == ["EXPIRED", "PENDING"]
    assert sorted(each["status"] for each in invitations(unwilling)) == ["PENDING", "REJECTED"]


def test_a_purged_invitation_leaves_the_share_as_the_only_trace() -> None:
    """Trap 7."""
    provider, consumer = person(), person()
    share_arn = share(provider, resource_configuration(provider), consumer)
    arn = accept_invitation(consumer)

    pass_time(8 * 24 * HOUR)
    accept = {"resourceShareInvitationArn": arn}

    assert invitations(consumer) == []
    assert refusal(lambda: consumer.ram.accept_resource_share_invitation(**accept)) == (
        "ResourceShareInvitationArnNotFoundException"
    )
    found = consumer.ram.get_resource_shares(resourceOwner="OTHER-ACCOUNTS", resourceShareArns=[share_arn])
    assert [each["status"] for each in found["resourceShares"]] == ["ACTIVE"]


def test_an_invitations_resources_show_their_state() -> None:
    provider, consumer = person(), person()
    arn = resource_configuration(provider)
    # The clock goes on during the calls of a slow machine.
    with changed(timings={"share_visible": 600.0}):
        share(provider, arn, consumer)

    at_once = pending_resources(consumer)
    pass_time(700)

    assert at_once == [(arn, "PENDING")]
    assert pending_resources(consumer) == [(arn, "AVAILABLE")]


def test_an_invitation_may_come_without_the_shares_name() -> None:
    provider, consumer = person(), person()

    with mock.patch.object(invitation_service, "nameless", 1.0):
        share(provider, resource_configuration(provider), consumer)

    assert "resourceShareName" not in invitations(consumer)[0]


def test_an_invitee_gets_the_event_only_with_the_setting() -> None:
    """Trap 1."""
    provider, consumer = person(), person()

    with mock.patch.object(shares, "notify_invitees", new=True), hearing() as events:
        share(provider, resource_configuration(provider), consumer)
        pass_time(5)

    accounts = {event.account_id for event in events if event.source == "aws.ram"}
    assert {provider.account_id, consumer.account_id} <= accounts


def test_two_hundred_and_fifty_invitations_of_one_sender_may_wait() -> None:
    provider, first, second = person(), person(), person()
    arn = resource_configuration(provider)

    with lowered(pending_invitations=1):
        share(provider, arn, first)
        refused = refusal(lambda: share(provider, arn, second))
        accept_invitation(first)
        share(provider, arn, second)

    assert refused == "ResourceShareLimitExceededException"
    assert len(invitations(second)) == 1


def test_a_share_has_room_for_five_thousand_of_each() -> None:
    provider, consumer = person(), person()
    first, second = resource_configuration(provider, "one-db"), resource_configuration(provider, "two-db")
    share_arn = share(provider, first, consumer)
    add = {"resourceShareArn": share_arn, "resourceArns": [second]}

    with lowered(resource_associations=1):
        of_all = refusal(lambda: provider.ram.associate_resource_share(**add))
    with lowered(resources_per_share=1):
        refused = refusal(lambda: provider.ram.associate_resource_share(**add))
        same = provider.ram.associate_resource_share(resourceShareArn=share_arn, resourceArns=[first])
    with lowered(shares_per_region=1):
        one_more = refusal(lambda: provider.ram.create_resource_share(name="more"))

    assert (refused, of_all) == ("ResourceShareLimitExceededException",) * 2
    assert len(same["resourceShareAssociations"]) == 1
    assert one_more == "ResourceShareLimitExceededException"


def test_trusted_access_through_organizations_alone_lets_nobody_share() -> None:
    """Trap 6."""
    management, provider, consumer = organization(ram_sharing=False)
    management.client("organizations").enable_aws_service_access(ServicePrincipal="ram.amazonaws.com")
    arn = resource_configuration(provider)
    unit = membership.membership(consumer.account_id)
    assert unit is not None
    to_unit = {"name": "unit", "resourceArns": [arn], "principals": [unit.units[0]]}

    code = refusal(lambda: provider.ram.create_resource_share(**to_unit))
    share(provider, arn, consumer)

    assert code == "OperationNotPermittedException"
    assert len(invitations(consumer)) == 1


def test_an_account_that_leaves_the_organization_loses_access_that_it_had_without_an_invitation() -> None:
    """Trap 6."""
    management, provider, consumer = organization()
    lost, kept = resource_configuration(provider, "lost-db"), resource_configuration(provider, "kept-db")
    share(provider, lost, consumer)
    provider.ram.create_resource_share(
        name="kept",
        resourceArns=[kept],
        principals=[consumer.account_id],
        resourceShareConfiguration={"retainSharingOnAccountLeaveOrganization": True},
    )
    # A share that retains accounts invites members as it does outsiders.
    accept_invitation(consumer)
    pass_time(5)
    before = listed(consumer)

    membership.arrange(management.account_id, {provider.account_id: "workloads"}, ram_sharing=True)

    assert set(before) == {lost, kept}
    assert listed(consumer) == [kept]


def test_turning_trusted_access_off_takes_every_member_out() -> None:
    """Trap 6."""
    management, provider, consumer = organization()
    arn = resource_configuration(provider)
    share(provider, arn, consumer)
    pass_time(5)
    before = listed(consumer)

    management.client("organizations").disable_aws_service_access(ServicePrincipal="ram.amazonaws.com")

    assert before == [arn]
    assert listed(consumer) == []


def test_each_resource_type_has_its_permission() -> None:
    provider, consumer, stranger = person(), person(), person()
    share_arn = share(provider, resource_configuration(provider), consumer)

    types = provider.ram.list_resource_types()["resourceTypes"]
    permissions = provider.ram.list_permissions(resourceType=LATTICE.lower())["permissions"]
    listed_permissions = provider.ram.list_resource_share_permissions(resourceShareArn=share_arn)["permissions"]
    policy = provider.ram.get_permission(permissionArn=permissions[0]["arn"])["permission"]["permission"]

    assert LATTICE in {each["resourceType"] for each in types}
    assert [each["name"] for each in permissions] == ["AWSRAMPermissionVpcLatticeResourceConfiguration"]
    assert [each["arn"] for each in listed_permissions] == [permissions[0]["arn"]]
    assert "vpc-lattice:CreateServiceNetworkResourceAssociation" in json.loads(policy)["Action"]
    of_share = {"resourceShareArn": share_arn}
    assert refusal(lambda: stranger.ram.list_resource_share_permissions(**of_share)) == "UnknownResourceException"


def test_a_permission_of_another_type_does_not_fit_a_share() -> None:
    provider, consumer = person(), person()
    share_arn = share(provider, resource_configuration(provider), consumer)
    every = {each["resourceType"]: each["arn"] for each in provider.ram.list_permissions()["permissions"]}

    def associate(arn: str) -> str:
        request = {"resourceShareArn": share_arn, "permissionArn": arn}
        return refusal(lambda: provider.ram.associate_resource_share_permission(**request))

    again = provider.ram.associate_resource_share_permission(
        resourceShareArn=share_arn, permissionArn=every[LATTICE], replace=True
    )

    assert again["returnValue"] is True
    assert associate(every["vpc-lattice:Service"]) == "InvalidParameterException"
    assert associate("arn:aws:ram::aws:permission/Nonsense") == "UnknownResourceException"
    assert associate("nonsense") == "MalformedArnException"


def test_principals_are_listed_for_either_side() -> None:
    provider, consumer = person(), person()
    share(provider, resource_configuration(provider), consumer)
    accept_invitation(consumer)
    pass_time(5)

    own = provider.ram.list_principals(resourceOwner="SELF")["principals"]
    others = consumer.ram.list_principals(resourceOwner="OTHER-ACCOUNTS")["principals"]

    assert [each["id"] for each in own] == [consumer.account_id]
    assert [each["id"] for each in others] == [provider.account_id]


def test_a_client_token_is_good_for_one_share() -> None:
    """Trap 19."""
    provider = person()

    first = provider.ram.create_resource_share(name="one", clientToken="token")["resourceShare"]
    again = provider.ram.create_resource_share(name="one", clientToken="token")["resourceShare"]
    other = {"name": "two", "clientToken": "token"}

    assert again["resourceShareArn"] == first["resourceShareArn"]
    assert refusal(lambda: provider.ram.create_resource_share(**other)) == "IdempotentParameterMismatchException"


def associations(provider: Person, share_arn: str) -> list[tuple[str, str]]:
    request = {"associationType": "PRINCIPAL", "resourceShareArns": [share_arn]}
    found = provider.ram.get_resource_share_associations(**request)["resourceShareAssociations"]
    return [(each["associatedEntity"], each["status"]) for each in found]


def test_what_was_in_a_share_is_listed_for_a_while_beside_what_took_its_place() -> None:
    provider, consumer = person(), person()
    arn = resource_configuration(provider)
    share_arn = share(provider, arn, consumer)
    principal = {"resourceShareArn": share_arn, "principals": [consumer.account_id]}
    pass_time(60)
    provider.ram.disassociate_resource_share(**principal)
    going = associations(provider, share_arn)
    pass_time(60)
    gone = associations(provider, share_arn)

    provider.ram.associate_resource_share(**principal)
    both = associations(provider, share_arn)
    listed_principals = provider.ram.list_principals(resourceOwner="SELF", resourceShareArns=[share_arn])["principals"]
    pass_time(2 * HOUR)

    assert (going, gone) == ([(consumer.account_id, "DISASSOCIATING")], [(consumer.account_id, "DISASSOCIATED")])
    assert sorted(both) == [(consumer.account_id, "ASSOCIATING"), (consumer.account_id, "DISASSOCIATED")]
    assert [each["id"] for each in listed_principals] == [consumer.account_id]
    assert associations(provider, share_arn) == [(consumer.account_id, "ASSOCIATING")]


def test_an_account_can_not_be_taken_out_in_the_moment_in_which_it_is_put_in() -> None:
    """An invitation that waits for its answer is withdrawn without ado after that."""
    provider, consumer, other = person(), person(), person()
    share_arn = share(provider, resource_configuration(provider), other)
    pass_time(60)
    both = {"resourceShareArn": share_arn, "principals": [other.account_id, consumer.account_id]}

    with changed(timings={"association_settled": 600.0}):
        provider.ram.associate_resource_share(resourceShareArn=share_arn, principals=[consumer.account_id])
        pass_time(550)
        code = refusal(lambda: provider.ram.disassociate_resource_share(**both))
        at_first = associations(provider, share_arn)
        pass_time(60)
        provider.ram.disassociate_resource_share(**both)
    pass_time(60)

    assert code == "InvalidStateTransitionException"
    assert {status for _, status in at_first} == {"ASSOCIATING"}
    assert {status for _, status in associations(provider, share_arn)} == {"DISASSOCIATED"}
    assert invitations(consumer) == []


def test_one_that_is_not_in_the_share_keeps_all_others_in() -> None:
    provider, consumer, other = person(), person(), person()
    share_arn = share(provider, resource_configuration(provider), consumer)
    pass_time(60)
    both = {"resourceShareArn": share_arn, "principals": [consumer.account_id, other.account_id]}

    assert refusal(lambda: provider.ram.disassociate_resource_share(**both)) == "UnknownResourceException"
    assert associations(provider, share_arn) == [(consumer.account_id, "ASSOCIATING")]
    assert len(invitations(consumer)) == 1


def test_an_outsider_keeps_all_others_out_of_a_share_that_takes_none() -> None:
    _, provider, consumer = organization()
    outsider = person()
    made = provider.ram.create_resource_share(name="orders", allowExternalPrincipals=False)
    share_arn = made["resourceShare"]["resourceShareArn"]
    both = {"resourceShareArn": share_arn, "principals": [consumer.account_id, outsider.account_id]}

    assert refusal(lambda: provider.ram.associate_resource_share(**both)) == "InvalidParameterException"
    assert associations(provider, share_arn) == []


def test_a_hundred_at_most_are_put_into_a_share_at_once() -> None:
    provider = person()
    share_arn = provider.ram.create_resource_share(name="orders")["resourceShare"]["resourceShareArn"]
    many = [f"{number:012}" for number in range(1, 102)]

    code = refusal(lambda: provider.ram.associate_resource_share(resourceShareArn=share_arn, principals=many))
    provider.ram.associate_resource_share(resourceShareArn=share_arn, principals=many[:100])

    assert code == "ResourceShareLimitExceededException"
    assert [each for each, _ in associations(provider, share_arn)] == many[:100]


def test_an_association_that_failed_is_listed_with_the_reason_and_can_be_made_anew() -> None:
    provider, consumer = person(), person()
    share_arn = provider.ram.create_resource_share(name="orders")["resourceShare"]["resourceShareArn"]
    principal = {"resourceShareArn": share_arn, "principals": [consumer.account_id]}
    request = {"associationType": "PRINCIPAL", "resourceShareArns": [share_arn], "associationStatus": "FAILED"}

    with faults.injected(CallFault("ram:AssociateResourceShare", "fails-later", account=provider.account_id)):
        provider.ram.associate_resource_share(**principal)
    pass_time(60)
    (failed,) = provider.ram.get_resource_share_associations(**request)["resourceShareAssociations"]
    uninvited = invitations(consumer)
    provider.ram.associate_resource_share(**principal)

    assert failed["statusMessage"] == "The association could not be established."
    assert uninvited == []
    assert associations(provider, share_arn) == [(consumer.account_id, "ASSOCIATING")]
    assert len(invitations(consumer)) == 1


def test_an_account_that_leaves_the_organization_is_an_outsider_to_a_share_that_takes_none() -> None:
    management, provider, consumer = organization()
    made = provider.ram.create_resource_share(name="orders", allowExternalPrincipals=False)
    share_arn = made["resourceShare"]["resourceShareArn"]
    principal = {"resourceShareArn": share_arn, "principals": [consumer.account_id]}
    provider.ram.associate_resource_share(**principal)
    pass_time(60)
    inside = associations(provider, share_arn)
    provider.ram.disassociate_resource_share(**principal)
    pass_time(60)

    membership.arrange(management.account_id, {provider.account_id: "workloads"}, ram_sharing=True)

    assert inside == [(consumer.account_id, "ASSOCIATED")]
    assert refusal(lambda: provider.ram.associate_resource_share(**principal)) == "InvalidParameterException"
