"""AWS RAM, as the adapter promises to show it."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest

from drawbridge.aws.resource_shares import ResourceShares
from drawbridge.errors import AccessDeniedError, GoneError, ThrottledError
from drawbridge.request.shares import InvitationStatus
from local_aws.testing.organizations import arrange
from local_aws.testing.settings import changed
from local_aws_tests.sharing import accept_invitation, pass_time, resource_configuration, share
from tests.contracts.accounts import REGION, Account, empty_first_pages, refusing, shared
from tests.contracts.conftest import NewAccount

HOUR = 3600


def shares_of(consumer: Account) -> ResourceShares:
    return ResourceShares(consumer.ram)


def invited(provider: Account, consumer: Account) -> tuple[str, str]:
    """Share a resource configuration; return the share's ARN and the invitation's."""
    share_arn = share(provider, resource_configuration(provider), consumer)
    invitation = shares_of(consumer).newest_invitation(share_arn)
    assert invitation is not None
    return share_arn, invitation.arn


def test_an_invitation_says_who_shares_what_and_since_when(provider: Account, consumer: Account) -> None:
    with changed(nameless_invitations=0.0):
        share_arn, arn = invited(provider, consumer)

    (invitation,) = shares_of(consumer).invitations()

    assert (invitation.arn, invitation.share_arn, invitation.share_name) == (arn, share_arn, "orders")
    assert (invitation.sender, invitation.status) == (provider.account_id, InvitationStatus.PENDING)
    assert invitation.sent_at.tzinfo is not None
    assert shares_of(provider).invitations() == []


@pytest.mark.parametrize("invited_to_others", [True, False])
def test_to_a_share_that_nobody_has_seen_there_is_no_invitation(
    provider: Account, consumer: Account, invited_to_others: bool
) -> None:
    if invited_to_others:
        invited(provider, consumer)
    unlisted = f"arn:aws:ram:{REGION}:{provider.account_id}:resource-share/00000000-0000-0000-0000-000000000000"
    shares = shares_of(consumer)

    assert shares.invitations(unlisted) == []
    assert shares.newest_invitation(unlisted) is None


@pytest.mark.parametrize("code", ["UnknownResourceException", "ResourceShareInvitationArnNotFoundException"])
def test_where_ram_refuses_to_list_what_it_does_not_know_there_is_no_invitation(account: Account, code: str) -> None:
    with refusing(account.ram, "get_resource_share_invitations", code):
        assert shares_of(account).invitations("arn:aws:ram:us-east-1:111111111111:resource-share/a") == []


def test_who_is_throttled_does_not_know_that_there_is_no_invitation(account: Account) -> None:
    with (
        refusing(account.ram, "get_resource_share_invitations", "ThrottlingException"),
        pytest.raises(ThrottledError, match="list resource share invitations"),
    ):
        shares_of(account).invitations()


def test_trap_4_an_invitation_expires_at_its_deadline(provider: Account, consumer: Account) -> None:
    share_arn, arn = invited(provider, consumer)
    shares = shares_of(consumer)
    invitation = shares.newest_invitation(share_arn)
    assert invitation is not None
    contents = shares.contents_of_invitation(arn)
    left = invitation.deadline(contents).astimezone(UTC) - invitation.sent_at.astimezone(UTC)

    pass_time(left.total_seconds() + 1)

    late = shares.newest_invitation(share_arn)
    assert left == timedelta(hours=12)
    assert late is not None
    assert (late.arn, late.status) == (arn, InvitationStatus.EXPIRED)


def test_an_invitation_to_nothing_but_types_that_live_seven_days_expires_then(
    provider: Account, consumer: Account
) -> None:
    subnet = f"arn:aws:ec2:us-east-1:{provider.account_id}:subnet/subnet-0123456789abcdef0"
    provider.ram.create_resource_share(name="subnets", resourceArns=[subnet], principals=[consumer.account_id])
    shares = shares_of(consumer)
    (invitation,) = shares.invitations()
    deadline = invitation.deadline(shares.contents_of_invitation(invitation.arn))

    pass_time((deadline - invitation.sent_at).total_seconds() - HOUR)
    (in_time,) = shares.invitations()
    pass_time(2 * HOUR)
    (late,) = shares.invitations()

    assert deadline - invitation.sent_at == timedelta(days=7)
    assert (in_time.status, late.status) == (InvitationStatus.PENDING, InvitationStatus.EXPIRED)


def test_of_several_invitations_to_a_share_the_newest_counts(provider: Account, consumer: Account) -> None:
    share_arn, first = invited(provider, consumer)
    pass_time(13 * HOUR)
    provider.ram.associate_resource_share(resourceShareArn=share_arn, principals=[consumer.account_id])
    shares = shares_of(consumer)

    newest = shares.newest_invitation(share_arn)

    assert len(shares.invitations(share_arn)) == 2
    assert newest is not None
    assert (newest.status, newest.arn != first) == (InvitationStatus.PENDING, True)


def test_a_share_to_which_one_is_only_invited_is_not_there(provider: Account, consumer: Account) -> None:
    share_arn, _ = invited(provider, consumer)
    shares = shares_of(consumer)

    assert shares.shares() == shares.shares(share_arn) == []
    assert shares.share(share_arn) is None
    assert not shares.is_shared(share_arn)
    assert shares.resources() == shares.resources(share_arn) == shares.contents_of_share(share_arn) == []


def test_what_an_invitation_is_to_can_be_seen_while_it_is_pending(provider: Account, consumer: Account) -> None:
    arn = resource_configuration(provider)
    share_arn = share(provider, arn, consumer)
    shares = shares_of(consumer)
    invitation = shares.newest_invitation(share_arn)
    assert invitation is not None

    (inside,) = shares.contents_of_invitation(invitation.arn)

    assert (inside.arn, inside.type, inside.share_arn) == (arn, "vpc-lattice:resourceconfiguration", share_arn)
    assert inside.is_lattice


@pytest.mark.parametrize("ending", ["rejected", "expired", "purged"])
def test_what_an_invitation_was_to_is_gone_once_it_is_over(provider: Account, consumer: Account, ending: str) -> None:
    _, arn = invited(provider, consumer)
    shares = shares_of(consumer)
    match ending:
        case "rejected":
            shares.answer(arn, accept=False)
        case "expired":
            pass_time(13 * HOUR)
        case "purged":
            pass_time(9 * 24 * HOUR)

    with pytest.raises(GoneError):
        shares.contents_of_invitation(arn)


def test_trap_7_an_invitation_that_expired_and_was_purged_is_left_as_it_is(
    provider: Account, consumer: Account
) -> None:
    _, arn = invited(provider, consumer)
    shares = shares_of(consumer)
    pass_time(13 * HOUR)

    shares.answer(arn, accept=True)
    pass_time(9 * 24 * HOUR)
    shares.answer(arn, accept=True)

    assert shares.invitations() == []
    assert shares.shares() == []


def test_an_accepted_share_is_there_after_some_seconds(provider: Account, consumer: Account) -> None:
    arn = resource_configuration(provider)
    share_arn = share(provider, arn, consumer)
    shares = shares_of(consumer)
    accept_invitation(consumer)

    at_once = shares.is_shared(share_arn)
    pass_time(5)
    (found,) = shares.shares()

    assert not at_once
    assert shares.share(share_arn) == found
    assert (found.arn, found.name, found.owner) == (share_arn, "orders", provider.account_id)
    assert [(each.arn, each.type) for each in shares.contents_of_share(share_arn)] == [
        (arn, "vpc-lattice:resourceconfiguration")
    ]


def test_trap_5_what_is_added_to_an_accepted_share_is_seen(provider: Account, consumer: Account) -> None:
    first, share_arn = shared(provider, consumer)
    second = resource_configuration(provider, "users-db")

    provider.ram.associate_resource_share(resourceShareArn=share_arn, resourceArns=[second])
    pass_time(5)

    assert {each.arn for each in shares_of(consumer).resources(share_arn)} == {first, second}


def test_trap_6_a_share_inside_the_organization_is_there_without_an_invitation(
    new_account: NewAccount, provider: Account, consumer: Account
) -> None:
    accounts = {provider.account_id: "workloads", consumer.account_id: "workloads"}
    arrange(new_account().account_id, accounts, ram_sharing=True)

    share_arn = share(provider, resource_configuration(provider), consumer)
    pass_time(5)

    shares = shares_of(consumer)
    assert shares.newest_invitation(share_arn) is None
    assert shares.is_shared(share_arn)


def test_a_share_that_was_deleted_is_not_there(provider: Account, consumer: Account) -> None:
    _, share_arn = shared(provider, consumer)

    provider.ram.delete_resource_share(resourceShareArn=share_arn)
    pass_time(5)

    shares = shares_of(consumer)
    assert not shares.is_shared(share_arn)
    assert shares.shares() == []
    assert shares.resources() == shares.contents_of_share(share_arn) == []


def test_trap_8_an_empty_page_with_a_token_is_not_the_last(
    new_account: NewAccount, provider: Account, consumer: Account
) -> None:
    _, share_arn = shared(provider, consumer)
    _, invitation = invited(new_account(), consumer)
    shares = shares_of(consumer)

    with empty_first_pages():
        assert len(shares.invitations()) == 2
        assert len(shares.contents_of_invitation(invitation)) == 1
        assert shares.is_shared(share_arn)
        assert len(shares.resources()) == 1


@pytest.mark.parametrize(
    ("code", "error"),
    [("OperationNotPermittedException", AccessDeniedError), ("ThrottlingException", ThrottledError)],
)
def test_an_answer_that_aws_refuses_for_another_reason_is_an_error(
    account: Account, code: str, error: type[Exception]
) -> None:
    with refusing(account.ram, "accept_resource_share_invitation", code), pytest.raises(error, match="AWS says no"):
        shares_of(account).answer("arn:aws:ram:us-east-1:111111111111:resource-share-invitation/a", accept=True)
