"""RAM on the local AWS: shares, invitations, and what each account sees."""

from __future__ import annotations

from typing import Any
from unittest import mock

from local_aws.moto_extension import pages
from local_aws.services.organizations import membership
from local_aws.services.ram import listings
from local_aws_tests.accounts import Person, full_pages, hearing, person, refusal
from local_aws_tests.sharing import accept_invitation, invitations, pass_time, resource_configuration, share

LATTICE = "vpc-lattice:ResourceConfiguration"
HOUR = 3600


def listed(caller: Person, **params: Any) -> list[str]:
    pages = caller.ram.get_paginator("list_resources").paginate(resourceOwner="OTHER-ACCOUNTS", **params)
    return [resource["arn"] for page in pages for resource in page["resources"]]


def shares_seen(caller: Person) -> list[str]:
    pages = caller.ram.get_paginator("get_resource_shares").paginate(resourceOwner="OTHER-ACCOUNTS")
    return [each["resourceShareArn"] for page in pages for each in page["resourceShares"]]


def test_an_invitation_bears_the_senders_account_in_its_arn() -> None:
    provider, consumer = person(), person()

    share_arn = share(provider, resource_configuration(provider), consumer)

    invitation = invitations(consumer)[0]
    assert f":{provider.account_id}:resource-share-invitation/" in invitation["resourceShareInvitationArn"]
    assert invitation["resourceShareArn"] == share_arn
    assert invitation["senderAccountId"] == provider.account_id
    assert invitation["receiverAccountId"] == consumer.account_id
    assert invitation["status"] == "PENDING"
    assert invitations(provider) == []


def test_an_invitee_sees_only_the_resources_of_the_share() -> None:
    provider, consumer = person(), person()
    arn = resource_configuration(provider)
    share_arn = share(provider, arn, consumer)

    pass_time(60)

    assert shares_seen(consumer) == []
    assert listed(consumer) == []
    by_arn = {"resourceOwner": "OTHER-ACCOUNTS", "resourceShareArns": [share_arn]}
    assert refusal(lambda: consumer.ram.get_resource_shares(**by_arn)) == "UnknownResourceException"
    with full_pages():
        inside = consumer.ram.list_pending_invitation_resources(
            resourceShareInvitationArn=invitations(consumer)[0]["resourceShareInvitationArn"]
        )["resources"]
    assert [(each["arn"], each["type"]) for each in inside] == [(arn, LATTICE)]


def test_an_accepted_share_is_visible_only_after_some_seconds() -> None:
    """Trap 5."""
    provider, consumer = person(), person()
    arn = resource_configuration(provider)
    share_arn = share(provider, arn, consumer)
    pass_time(10)

    accept_invitation(consumer)

    assert shares_seen(consumer) == []
    pass_time(5)
    assert shares_seen(consumer) == [share_arn]
    assert listed(consumer, resourceType=LATTICE.upper()) == [arn]
    assert listed(consumer, principal=provider.account_id) == [arn]
    assert invitations(consumer)[0]["status"] == "ACCEPTED"


def test_an_invitation_can_be_answered_once() -> None:
    provider, first, second = person(), person(), person()
    arn = resource_configuration(provider)
    share(provider, arn, first)
    share(provider, arn, second)
    accepted = accept_invitation(first)
    rejected = invitations(second)[0]["resourceShareInvitationArn"]
    second.ram.reject_resource_share_invitation(resourceShareInvitationArn=rejected)

    def accept(caller: Person, invitation: str) -> str:
        return refusal(lambda: caller.ram.accept_resource_share_invitation(resourceShareInvitationArn=invitation))

    assert accept(first, accepted) == "ResourceShareInvitationAlreadyAcceptedException"
    assert accept(second, rejected) == "ResourceShareInvitationAlreadyRejectedException"
    assert accept(second, accepted) == "ResourceShareInvitationArnNotFoundException"
    assert accept(second, "nonsense") == "MalformedArnException"


def test_accepting_again_under_the_same_client_token_is_no_error() -> None:
    provider, consumer = person(), person()
    share(provider, resource_configuration(provider), consumer)
    arn = invitations(consumer)[0]["resourceShareInvitationArn"]
    consumer.ram.accept_resource_share_invitation(resourceShareInvitationArn=arn, clientToken="once")

    again = consumer.ram.accept_resource_share_invitation(resourceShareInvitationArn=arn, clientToken="once")

    assert again["resourceShareInvitation"]["status"] == "ACCEPTED"
    other = {"resourceShareInvitationArn": f"{arn}0", "clientToken": "once"}
    assert refusal(lambda: consumer.ram.accept_resource_share_invitation(**other)) == (
        "IdempotentParameterMismatchException"
    )


def test_an_invitation_to_lattice_resources_expires_after_twelve_hours_and_is_purged_a_week_later() -> None:
    """Trap 4. Trap 7."""
    provider, consumer = person(), person()
    share(provider, resource_configuration(provider), consumer)
    arn = invitations(consumer)[0]["resourceShareInvitationArn"]

    pass_time(12 * HOUR - 60)
    in_time = invitations(consumer)[0]["status"]
    pass_time(120)

    assert in_time == "PENDING"
    assert invitations(consumer)[0]["status"] == "EXPIRED"
    accept = {"resourceShareInvitationArn": arn}
    assert refusal(lambda: consumer.ram.accept_resource_share_invitation(**accept)) == (
        "ResourceShareInvitationExpiredException"
    )
    pass_time(8 * 24 * HOUR)
    assert refusal(lambda: consumer.ram.accept_resource_share_invitation(**accept)) == (
        "ResourceShareInvitationArnNotFoundException"
    )


def test_an_invitation_to_a_listed_type_alone_lives_seven_days() -> None:
    provider, consumer = person(), person()
    subnet = f"arn:aws:ec2:eu-west-1:{provider.account_id}:subnet/subnet-0123456789abcdef0"
    share(provider, subnet, consumer)

    pass_time(6 * 24 * HOUR)

    assert invitations(consumer)[0]["status"] == "PENDING"


def test_an_invitation_to_a_listed_type_and_another_lives_twelve_hours() -> None:
    provider, consumer = person(), person()
    subnet = f"arn:aws:ec2:eu-west-1:{provider.account_id}:subnet/subnet-0123456789abcdef0"
    both = [subnet, resource_configuration(provider)]
    provider.ram.create_resource_share(name="both", resourceArns=both, principals=[consumer.account_id])

    pass_time(12 * HOUR + 60)

    assert invitations(consumer)[0]["status"] == "EXPIRED"


def test_an_account_whose_invitation_expired_is_out_of_the_share_and_invited_anew_when_it_is_added_again() -> None:
    provider, consumer = person(), person()
    share_arn = share(provider, resource_configuration(provider), consumer)
    principal = {"resourceShareArn": share_arn, "principals": [consumer.account_id]}
    provider.ram.associate_resource_share(**principal)
    once = invitations(consumer)

    pass_time(12 * HOUR + 60)
    left = provider.ram.list_principals(resourceOwner="SELF", resourceShareArns=[share_arn])["principals"]
    out = refusal(lambda: provider.ram.disassociate_resource_share(**principal))
    provider.ram.associate_resource_share(**principal)

    assert len(once) == 1
    assert (left, out) == ([], "UnknownResourceException")
    assert sorted(each["status"] for each in invitations(consumer)) == ["EXPIRED", "PENDING"]
    assert len({each["resourceShareInvitationArn"] for each in invitations(consumer)}) == 2


def test_a_resource_added_to_an_accepted_share_comes_without_an_invitation() -> None:
    """Trap 5."""
    provider, consumer = person(), person()
    first, second = resource_configuration(provider, "one-db"), resource_configuration(provider, "two-db")
    share_arn = share(provider, first, consumer)
    accept_invitation(consumer)
    pass_time(5)

    provider.ram.associate_resource_share(resourceShareArn=share_arn, resourceArns=[second])
    pass_time(5)

    assert set(listed(consumer)) == {first, second}
    assert len(invitations(consumer)) == 1


def test_a_resource_that_is_removed_or_deleted_is_no_longer_seen() -> None:
    provider, consumer = person(), person()
    first, second = resource_configuration(provider, "one-db"), resource_configuration(provider, "two-db")
    share_arn = share(provider, first, consumer)
    other_arn = share(provider, second, consumer)
    for invitation in invitations(consumer):
        consumer.ram.accept_resource_share_invitation(
            resourceShareInvitationArn=invitation["resourceShareInvitationArn"]
        )
    pass_time(5)

    provider.ram.disassociate_resource_share(resourceShareArn=share_arn, resourceArns=[first])
    provider.ram.delete_resource_share(resourceShareArn=other_arn)
    pass_time(5)

    assert listed(consumer) == []
    assert shares_seen(consumer) == [share_arn]
    with full_pages():
        own = provider.ram.get_resource_shares(resourceOwner="SELF")["resourceShares"]
    assert {each["resourceShareArn"]: each["status"] for each in own} == {share_arn: "ACTIVE", other_arn: "DELETED"}


def test_the_owner_and_accepted_principals_get_the_event_and_an_invitee_does_not() -> None:
    """Trap 1."""
    provider, consumer = person(), person()

    with hearing() as events:
        share(provider, resource_configuration(provider), consumer)
        pass_time(5)
        before = [event.account_id for event in events if event.source == "aws.ram"]
        accept_invitation(consumer)
        pass_time(5)

    assert consumer.account_id not in before
    consumer_events = [event for event in events if event.account_id == consumer.account_id]
    assert [(event.detail_type, event.detail) for event in consumer_events] == [
        ("Resource Sharing State Change", {"event": "Resource Share Association", "status": "associated"})
    ]


def test_inside_an_organization_that_shares_there_is_no_invitation() -> None:
    """Trap 6."""
    management, provider, consumer = person(), person(), person()
    membership.arrange(
        management.account_id, {provider.account_id: "workloads", consumer.account_id: "workloads"}, ram_sharing=True
    )
    arn = resource_configuration(provider)

    share(provider, arn, consumer)
    pass_time(5)

    assert invitations(consumer) == []
    assert listed(consumer) == [arn]


def test_inside_an_organization_that_does_not_share_there_is_an_invitation() -> None:
    management, provider, consumer = person(), person(), person()
    accounts = {provider.account_id: "workloads", consumer.account_id: "workloads"}
    membership.arrange(management.account_id, accounts, ram_sharing=False)

    share(provider, resource_configuration(provider), consumer)

    assert len(invitations(consumer)) == 1


def test_a_unit_of_the_organization_lets_in_the_accounts_below_it() -> None:
    management, provider, inside, outside = person(), person(), person(), person()
    accounts = {provider.account_id: "shared", inside.account_id: "workloads/prod", outside.account_id: "sandbox"}
    membership.arrange(management.account_id, accounts, ram_sharing=True)
    unit = membership.membership(inside.account_id)
    assert unit is not None
    arn = resource_configuration(provider)

    provider.ram.create_resource_share(name="all", resourceArns=[arn], principals=[unit.units[0]])
    pass_time(5)

    assert listed(inside) == [arn]
    assert listed(outside) == []


def test_a_share_that_keeps_strangers_out_refuses_them() -> None:
    provider, consumer = person(), person()
    request = {"name": "inner", "allowExternalPrincipals": False, "principals": [consumer.account_id]}

    code = refusal(lambda: provider.ram.create_resource_share(**request))

    assert code == "InvalidParameterException"
    assert invitations(consumer) == []


def test_only_existing_resources_of_the_caller_can_be_shared() -> None:
    provider, other = person(), person()
    others_arn = resource_configuration(other)
    missing = f"arn:aws:vpc-lattice:eu-west-1:{provider.account_id}:resourceconfiguration/rcfg-00000000000000000"

    def create(arn: str) -> str:
        return refusal(lambda: provider.ram.create_resource_share(name="x", resourceArns=[arn]))

    assert create(others_arn) == "OperationNotPermittedException"
    assert create(missing) == "UnknownResourceException"
    assert create("nonsense") == "MalformedArnException"


def test_the_owner_sees_associations_and_the_consumer_does_not() -> None:
    provider, consumer = person(), person()
    share_arn = share(provider, resource_configuration(provider), consumer)
    request = {"associationType": "PRINCIPAL", "resourceShareArns": [share_arn]}

    with full_pages():
        pending = provider.ram.get_resource_share_associations(**request)["resourceShareAssociations"]
        accept_invitation(consumer)
        pass_time(5)
        accepted = provider.ram.get_resource_share_associations(**request)["resourceShareAssociations"]

    assert [(each["associatedEntity"], each["status"]) for each in pending] == [(consumer.account_id, "ASSOCIATING")]
    assert [each["status"] for each in accepted] == ["ASSOCIATED"]
    assert refusal(lambda: consumer.ram.get_resource_share_associations(**request)) == "UnknownResourceException"


def test_a_listing_may_begin_with_an_empty_page() -> None:
    """Trap 8."""
    provider, consumer = person(), person()
    share(provider, resource_configuration(provider), consumer)

    with mock.patch.object(pages, "empty_pages", 1.0):
        first = consumer.ram.get_resource_share_invitations()
        second = consumer.ram.get_resource_share_invitations(nextToken=first["nextToken"])

    assert first["resourceShareInvitations"] == []
    assert len(second["resourceShareInvitations"]) == 1
    assert "nextToken" not in second


def test_a_token_of_another_listing_is_refused() -> None:
    consumer = person()

    code = refusal(lambda: consumer.ram.get_resource_share_invitations(nextToken="bm9uc2Vuc2U="))

    assert code == "InvalidNextTokenException"


def test_an_unknown_resource_type_is_refused() -> None:
    consumer = person()

    code = refusal(lambda: consumer.ram.list_resources(resourceOwner="OTHER-ACCOUNTS", resourceType="vpc:Nonsense"))

    assert code == "InvalidResourceTypeException"


def test_an_unsupported_operation_is_an_error() -> None:
    consumer = person()

    code = refusal(consumer.ram.list_source_associations)

    assert code == "UnknownOperationException"


def test_a_shared_resource_may_be_unavailable_and_is_listed_with_rams_status() -> None:
    provider, consumer = person(), person()
    arn = resource_configuration(provider)
    share(provider, arn, consumer)
    accept_invitation(consumer)
    pass_time(60)

    def listed_status() -> tuple[str, str]:
        pages = consumer.ram.get_paginator("list_resources").paginate(resourceOwner="OTHER-ACCOUNTS")
        (resource,) = (each for page in pages for each in page["resources"])
        return resource["status"], resource.get("statusMessage", "")

    assert listed_status() == ("AVAILABLE", "")
    listings.set_trouble(arn, "UNAVAILABLE", "its owner has a problem")
    assert listed_status() == ("UNAVAILABLE", "its owner has a problem")
    listings.set_trouble(arn, "", "")
    assert listed_status() == ("AVAILABLE", "")
