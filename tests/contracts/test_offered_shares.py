"""The shares that this account offers, and who is in them, as the adapter promises to show and change it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from drawbridge.aws.offered_shares import OfferedSharesOfRam
from drawbridge.errors import AccessDeniedError, GoneError, NotReadyError, RefusedError, ThrottledError, UpstreamError
from drawbridge.intake.offering.offers import OfferedShare, OfferedShares, PrincipalStatus, SharePrincipal
from local_aws.testing.faults import CallFault, faults
from local_aws.testing.organizations import arrange
from local_aws.testing.settings import changed
from local_aws_tests.sharing import invitations, pass_time, resource_configuration
from tests.builders import NOW
from tests.contracts.accounts import REGION, Account, answering, empty_first_pages, refusing
from tests.contracts.conftest import NewAccount

HOUR = 3600
NOWHERE = f"arn:aws:ram:{REGION}:111111111111:resource-share/00000000-0000-0000-0000-000000000000"
MANY = [f"{number:012}" for number in range(1, 251)]


def shares_of(provider: Account) -> OfferedShares:
    return OfferedSharesOfRam(provider.ram)


def share(provider: Account, tier: str | None = "gold", *, outsiders: bool = True, into: Sequence[str] = ()) -> str:
    tags = [{"key": "drawbridge:offer", "value": tier}] if tier is not None else []
    made = provider.ram.create_resource_share(
        name="orders", tags=tags, allowExternalPrincipals=outsiders, principals=[*into]
    )
    return str(made["resourceShare"]["resourceShareArn"])


def statuses(shares: OfferedShares, share_arn: str) -> dict[str, PrincipalStatus]:
    return {each.principal: each.status for each in shares.principals(share_arn)}


def calls(provider: Account, operation: str) -> list[dict[str, Any]]:
    """Return the parameters of the client's calls of an operation, from now on."""
    made: list[dict[str, Any]] = []
    provider.ram.meta.events.register(f"provide-client-params.ram.{operation}", lambda params, **_: made.append(params))
    return made


def test_an_active_share_with_the_tag_is_an_offer_to_its_tier(provider: Account, consumer: Account) -> None:
    gold, silver = share(provider), share(provider, "silver", outsiders=False)
    share(provider, None)
    share(provider, "")
    ended = share(provider)
    provider.ram.delete_resource_share(resourceShareArn=ended)
    share(consumer)

    with empty_first_pages():
        found = shares_of(provider).offered()

    assert found == [
        OfferedShare(arn=gold, name="orders", tier="gold", takes_outsiders=True, tags={"drawbridge:offer": "gold"}),
        OfferedShare(
            arn=silver, name="orders", tier="silver", takes_outsiders=False, tags={"drawbridge:offer": "silver"}
        ),
    ]


def test_what_ram_does_not_report_of_a_share_is_not_known(provider: Account) -> None:
    bare = {"resourceShareArn": NOWHERE, "status": "ACTIVE", "tags": [{"key": "drawbridge:offer", "value": "gold"}]}
    # Filters are RAM's to apply: what it lists in spite of them is no offer.
    others = [bare | {"status": "PENDING"}, {"resourceShareArn": NOWHERE, "status": "ACTIVE"}]

    with answering(provider.ram, "get_resource_shares", {"resourceShares": [bare, *others]}):
        found = shares_of(provider).offered()

    assert found == [
        OfferedShare(arn=NOWHERE, name="", tier="gold", takes_outsiders=None, tags={"drawbridge:offer": "gold"})
    ]


def test_an_outsider_is_invited_and_in_the_share_once_it_has_accepted(provider: Account, consumer: Account) -> None:
    share_arn, shares = share(provider), shares_of(provider)

    shares.associate(share_arn, [consumer.account_id])
    with empty_first_pages():
        invited = shares.principals(share_arn)
    pass_time(60)
    later = statuses(shares, share_arn)
    (invitation,) = invitations(consumer)
    consumer.ram.accept_resource_share_invitation(resourceShareInvitationArn=invitation["resourceShareInvitationArn"])
    pass_time(60)

    assert invited == [
        SharePrincipal(
            principal=consumer.account_id,
            status=PrincipalStatus.ASSOCIATING,
            since=invited[0].since,
        )
    ]
    assert invited[0].since is not None
    assert later == {consumer.account_id: PrincipalStatus.ASSOCIATING}
    assert statuses(shares, share_arn) == {consumer.account_id: PrincipalStatus.ASSOCIATED}


def test_an_account_of_the_organization_is_in_the_share_without_an_invitation(
    provider: Account, consumer: Account
) -> None:
    share_arn, shares = share(provider, outsiders=False), shares_of(provider)
    arrange(provider.account_id, {consumer.account_id: "workloads"}, ram_sharing=True)

    shares.associate(share_arn, [consumer.account_id])
    (at_first,) = shares.principals(share_arn)
    pass_time(60)

    (later,) = shares.principals(share_arn)

    # Until RAM is through with it, it can't be told from one that is invited.
    assert (at_first.is_invited, later.is_invited) == (True, False)
    assert later.status is PrincipalStatus.ASSOCIATED
    assert invitations(consumer) == []


@pytest.mark.parametrize("rejected", [True, False])
def test_an_account_that_rejects_or_does_not_answer_is_out_of_the_share_and_can_be_invited_anew(
    provider: Account, consumer: Account, rejected: bool
) -> None:
    share_arn, shares = share(provider), shares_of(provider)
    shares.associate(share_arn, [consumer.account_id])
    (invitation,) = invitations(consumer)

    if rejected:
        consumer.ram.reject_resource_share_invitation(
            resourceShareInvitationArn=invitation["resourceShareInvitationArn"]
        )
    pass_time(60 if rejected else 12 * HOUR + 60)
    out = statuses(shares, share_arn)
    shares.associate(share_arn, [consumer.account_id])

    assert out == {consumer.account_id: PrincipalStatus.DISASSOCIATED}
    # Both rows are listed: the newest counts.
    assert statuses(shares, share_arn) == {consumer.account_id: PrincipalStatus.ASSOCIATING}
    ended = "REJECTED" if rejected else "EXPIRED"
    assert {each["status"] for each in invitations(consumer)} == {"PENDING", ended}


def test_of_a_principal_that_is_listed_twice_the_newest_counts(provider: Account) -> None:
    rows: list[dict[str, Any]] = [
        {"associatedEntity": "111111111111", "status": "ASSOCIATED", "creationTime": NOW},
        {"associatedEntity": "111111111111", "status": "DISASSOCIATED", "creationTime": NOW - timedelta(days=1)},
        {"associatedEntity": "222222222222", "status": "DISASSOCIATED", "creationTime": NOW - timedelta(days=1)},
        {"associatedEntity": "arn:aws:iam::222222222222:root", "status": "ASSOCIATING", "creationTime": NOW},
        {"status": "ASSOCIATED"},
    ]

    with answering(provider.ram, "get_resource_share_associations", {"resourceShareAssociations": rows}):
        listed = shares_of(provider).principals(NOWHERE)
        found = {each.principal: each.status for each in listed}

    assert [each.since for each in listed] == [NOW, NOW]
    assert found == {"111111111111": PrincipalStatus.ASSOCIATED, "222222222222": PrincipalStatus.ASSOCIATING}


@pytest.mark.parametrize("status", ["SUSPENDED", "SUSPENDING", "RESTORING", "dreaming", None])
def test_a_status_that_nobody_knows_is_that_of_a_principal_in_the_share(provider: Account, status: str | None) -> None:
    row = {"associatedEntity": "111111111111"} | ({"status": status} if status else {})

    with answering(provider.ram, "get_resource_share_associations", {"resourceShareAssociations": [row]}):
        (found,) = shares_of(provider).principals(NOWHERE)

    assert (found.status, found.status.is_in_share, found.since) == (PrincipalStatus.OTHER, True, None)


@pytest.mark.parametrize("external", [True, False, None])
def test_who_is_being_put_in_may_be_invited_whatever_external_says(provider: Account, external: bool | None) -> None:
    row = {"associatedEntity": "111111111111", "status": "ASSOCIATING"}
    row |= {} if external is None else {"external": external}  # type: ignore[dict-item]

    with answering(provider.ram, "get_resource_share_associations", {"resourceShareAssociations": [row]}):
        (found,) = shares_of(provider).principals(NOWHERE)

    assert found.is_invited


def test_an_association_that_failed_says_why(provider: Account, consumer: Account) -> None:
    share_arn, shares = share(provider), shares_of(provider)
    fault = CallFault("ram:AssociateResourceShare", "fails-later", account=provider.account_id, times=1)

    with faults.injected(fault):
        shares.associate(share_arn, [consumer.account_id])
    pass_time(60)
    (failed,) = shares.principals(share_arn)
    shares.associate(share_arn, [consumer.account_id])

    assert (failed.status, failed.status.is_in_share) == (PrincipalStatus.FAILED, False)
    assert failed.message == "The association could not be established."
    assert statuses(shares, share_arn) == {consumer.account_id: PrincipalStatus.ASSOCIATING}


def test_who_is_in_the_share_already_stays_as_it_is(provider: Account, consumer: Account) -> None:
    share_arn, shares = share(provider), shares_of(provider)
    shares.associate(share_arn, [consumer.account_id])

    shares.associate(share_arn, [consumer.account_id, MANY[0]])

    assert len(invitations(consumer)) == 1
    assert statuses(shares, share_arn).keys() == {consumer.account_id, MANY[0]}


def test_many_are_put_in_and_taken_out_in_few_calls(provider: Account) -> None:
    share_arn, shares = share(provider), shares_of(provider)
    put_in, taken_out = (calls(provider, f"{each}ssociateResourceShare") for each in ("A", "Disa"))

    shares.associate(share_arn, MANY)
    inside = statuses(shares, share_arn)
    pass_time(60)
    shares.disassociate(share_arn, MANY)
    pass_time(60)

    assert [len(each["principals"]) for each in put_in] == [100, 100, 50]
    assert [len(each["principals"]) for each in taken_out] == [100, 100, 50]
    assert inside == dict.fromkeys(MANY, PrincipalStatus.ASSOCIATING)
    assert statuses(shares, share_arn) == dict.fromkeys(MANY, PrincipalStatus.DISASSOCIATED)


def test_outsiders_do_not_keep_the_organizations_accounts_out(
    provider: Account, consumer: Account, new_account: NewAccount
) -> None:
    other = new_account()
    share_arn, shares = share(provider, outsiders=False), shares_of(provider)
    arrange(provider.account_id, {each.account_id: "workloads" for each in (consumer, other)}, ram_sharing=True)

    with pytest.raises(RefusedError, match=f"InvalidParameterException: Principal {MANY[0]} is not in your"):
        shares.associate(share_arn, [consumer.account_id, *MANY[:2], other.account_id])

    assert statuses(shares, share_arn).keys() == {consumer.account_id, other.account_id}


def test_where_all_are_outsiders_there_is_a_call_for_each_at_most(provider: Account) -> None:
    share_arn, shares = share(provider, outsiders=False), shares_of(provider)
    put_in = calls(provider, "AssociateResourceShare")

    with pytest.raises(RefusedError, match="InvalidParameterException"):
        shares.associate(share_arn, MANY[:50])

    assert len(put_in) <= len(MANY[:50])
    assert shares.principals(share_arn) == []


@pytest.mark.parametrize("quota", ["principals_per_share", "principal_associations", "pending_invitations"])
def test_a_share_takes_as_many_as_there_is_room_for(provider: Account, quota: str) -> None:
    share_arn, shares = share(provider), shares_of(provider)

    with changed(quotas={quota: 7}), pytest.raises(RefusedError, match="ResourceShareLimitExceededException"):
        shares.associate(share_arn, MANY[:20])

    assert [*statuses(shares, share_arn)] == MANY[:7]


def test_a_share_that_can_not_be_changed_so_is_no_permission_that_the_role_lacks(provider: Account) -> None:
    shares = shares_of(provider)

    with (
        refusing(provider.ram, "associate_resource_share", "OperationNotPermittedException"),
        pytest.raises(RefusedError, match=f"{NOWHERE}: OperationNotPermittedException: AWS says no"),
    ):
        shares.associate(NOWHERE, MANY[:1])


def test_who_is_not_in_the_share_is_left_alone_and_keeps_nobody_in(provider: Account, consumer: Account) -> None:
    share_arn, shares = share(provider), shares_of(provider)
    shares.associate(share_arn, [consumer.account_id, MANY[0]])
    pass_time(60)
    shares.disassociate(share_arn, [MANY[0]])
    pass_time(60)

    shares.disassociate(share_arn, [MANY[0], consumer.account_id, MANY[1]])
    pass_time(60)

    assert set(statuses(shares, share_arn).values()) == {PrincipalStatus.DISASSOCIATED}
    # The invitation went with the account.
    assert invitations(consumer) == []


def test_who_is_taken_out_is_so_though_ram_lists_nobody(provider: Account) -> None:
    share_arn, shares = share(provider), shares_of(provider)
    shares.associate(share_arn, MANY[:3])
    pass_time(60)

    with faults.injected(CallFault("ram:Get*", "empty", account=provider.account_id)):
        listed = shares.principals(share_arn)
        shares.disassociate(share_arn, [*MANY[:2], MANY[9], MANY[2]])

    assert listed == []
    assert {each.is_in_share for each in statuses(shares, share_arn).values()} == {False}


def test_who_was_put_in_a_moment_ago_can_not_be_taken_out_yet_and_the_others_can(
    provider: Account, consumer: Account
) -> None:
    share_arn, shares = share(provider), shares_of(provider)
    shares.associate(share_arn, MANY[:3])
    pass_time(700)
    with changed(timings={"association_settled": 600}):
        shares.associate(share_arn, [consumer.account_id])

        with pytest.raises(NotReadyError, match="is in ASSOCIATING status"):
            shares.disassociate(share_arn, [*MANY[:2], consumer.account_id, MANY[2]])
        pass_time(60)
        at_first = statuses(shares, share_arn)
        pass_time(600)
        shares.disassociate(share_arn, [consumer.account_id])

    assert at_first[consumer.account_id] is PrincipalStatus.ASSOCIATING
    assert {at_first[each] for each in MANY[:3]} == {PrincipalStatus.DISASSOCIATED}
    assert not statuses(shares, share_arn)[consumer.account_id].is_in_share


def test_out_of_a_share_that_is_gone_everybody_is_and_into_it_nobody_comes(provider: Account) -> None:
    shares, taken_out = shares_of(provider), calls(provider, "DisassociateResourceShare")

    shares.disassociate(NOWHERE, MANY)

    assert len(taken_out) == 3
    with pytest.raises(GoneError, match=NOWHERE):
        shares.principals(NOWHERE)
    with pytest.raises(GoneError, match=NOWHERE):
        shares.associate(NOWHERE, MANY)


def test_what_a_share_holds_and_who_else_has_it_is_told_by_two_listings(provider: Account, consumer: Account) -> None:
    shares, mine, theirs = shares_of(provider), share(provider), share(provider, None)
    orders, widgets = (resource_configuration(provider, name) for name in ("orders", "widgets"))
    provider.ram.associate_resource_share(resourceShareArn=mine, resourceArns=[orders, widgets])
    provider.ram.associate_resource_share(resourceShareArn=theirs, resourceArns=[orders], principals=[MANY[0]])
    shares.associate(mine, [consumer.account_id])
    pass_time(60)
    provider.ram.disassociate_resource_share(resourceShareArn=mine, resourceArns=[widgets])
    pass_time(60)

    with empty_first_pages():
        held, holders = shares.resources(mine), shares.holders(orders)
        listed = shares.listed_principals(orders)

    assert (held, holders) == ({orders: True, widgets: False}, frozenset({mine, theirs}))
    assert sorted(listed) == sorted([(mine, consumer.account_id), (theirs, MANY[0])])
    assert (shares.holders(widgets), shares.listed_principals(widgets)) == (frozenset(), [])


def test_an_account_is_told_by_its_id_however_ram_lists_it(provider: Account) -> None:
    rows = [
        {"id": "arn:aws:iam::222222222222:root", "resourceShareArn": NOWHERE},
        {"id": "arn:aws:organizations::999999999999:organization/o-1", "resourceShareArn": NOWHERE},
        {"resourceShareArn": NOWHERE},
    ]

    with answering(provider.ram, "list_principals", {"principals": rows}):
        found = shares_of(provider).listed_principals("arn:aws:vpc-lattice:us-east-1:1:resourceconfiguration/rcfg-1")

    assert found == [(NOWHERE, "222222222222"), (NOWHERE, "arn:aws:organizations::999999999999:organization/o-1")]


def test_nobody_is_put_in_by_no_call(provider: Account) -> None:
    put_in = calls(provider, "AssociateResourceShare")

    shares_of(provider).associate(NOWHERE, [])

    assert put_in == []


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("AccessDeniedException", AccessDeniedError),
        ("ThrottlingException", ThrottledError),
        ("ServerInternalException", UpstreamError),
    ],
)
@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("get_resource_shares", lambda shares: shares.offered()),
        ("get_resource_share_associations", lambda shares: shares.principals(NOWHERE)),
        ("get_resource_share_associations", lambda shares: shares.resources(NOWHERE)),
        ("get_resource_share_associations", lambda shares: shares.holders(NOWHERE)),
        ("list_principals", lambda shares: shares.listed_principals(NOWHERE)),
        ("disassociate_resource_share", lambda shares: shares.disassociate(NOWHERE, MANY[:9])),
        ("associate_resource_share", lambda shares: shares.associate(NOWHERE, MANY[:9])),
    ],
)
def test_what_is_not_wrong_with_an_account_is_raised_at_once(
    provider: Account, operation: str, call: Any, code: str, error: type[Exception]
) -> None:
    with refusing(provider.ram, operation, code), pytest.raises(error):
        call(shares_of(provider))
