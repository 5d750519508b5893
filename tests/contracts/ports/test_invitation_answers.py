"""Invitations to shares, as ``InvitationAnswers`` promises to show and answer them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from drawbridge.acceptance.accept import InvitationAnswers
from drawbridge.aws.resource_shares import ResourceShares
from drawbridge.errors import GoneError
from drawbridge.request.shares import InvitationStatus
from local_aws_tests.sharing import pass_time, resource_configuration, share
from tests.builders import RESOURCE_ARN, SHARE_ARN
from tests.contracts.accounts import Account
from tests.contracts.ports.implementations import IMPLEMENTATIONS, either
from tests.fakes.acceptance import InMemoryInvitationAnswers


@dataclass(frozen=True)
class Invited:
    """An account that is invited to a share."""

    shares: InvitationAnswers
    share_arn: str
    holds: str
    """The ARN of what the share holds."""
    settle: Callable[[], None]

    def status(self) -> InvitationStatus:
        invitation = self.shares.newest_invitation(self.share_arn)
        assert invitation is not None
        return invitation.status

    @property
    def arn(self) -> str:
        invitation = self.shares.newest_invitation(self.share_arn)
        assert invitation is not None
        return invitation.arn


def in_memory() -> Invited:
    return Invited(InMemoryInvitationAnswers(InvitationStatus.PENDING), SHARE_ARN, RESOURCE_ARN, settle=lambda: None)


def on_aws(provider: Account, consumer: Account) -> Invited:
    arn = resource_configuration(provider)
    return Invited(ResourceShares(consumer.ram), share(provider, arn, consumer), arn, settle=lambda: pass_time(5))


@pytest.fixture(params=IMPLEMENTATIONS)
def invited(request: pytest.FixtureRequest, provider: Account, consumer: Account) -> Invited:
    return either(request, in_memory, lambda: on_aws(provider, consumer))


def test_an_invitation_waits_for_its_answer_and_shows_what_accepting_would_share(invited: Invited) -> None:
    assert invited.status() is InvitationStatus.PENDING
    assert [each.arn for each in invited.shares.contents_of_invitation(invited.arn)] == [invited.holds]
    assert not invited.shares.is_shared(invited.share_arn)


def test_what_is_accepted_is_shared(invited: Invited) -> None:
    invited.shares.answer(invited.arn, accept=True)
    invited.settle()

    assert invited.status() is InvitationStatus.ACCEPTED
    assert invited.shares.is_shared(invited.share_arn)


def test_what_is_rejected_is_not_shared_and_not_shown_any_more(invited: Invited) -> None:
    arn = invited.arn

    invited.shares.answer(arn, accept=False)
    invited.settle()

    assert invited.status() is InvitationStatus.REJECTED
    assert not invited.shares.is_shared(invited.share_arn)
    with pytest.raises(GoneError):
        invited.shares.contents_of_invitation(arn)


@pytest.mark.parametrize(("first", "status"), [(True, InvitationStatus.ACCEPTED), (False, InvitationStatus.REJECTED)])
def test_an_invitation_that_was_answered_stays_as_it_is(
    invited: Invited, first: bool, status: InvitationStatus
) -> None:
    arn = invited.arn
    invited.shares.answer(arn, accept=first)

    invited.shares.answer(arn, accept=first)
    invited.shares.answer(arn, accept=not first)
    invited.settle()

    assert invited.status() is status
    assert invited.shares.is_shared(invited.share_arn) is first


def test_to_a_share_that_nobody_has_seen_there_is_no_invitation(invited: Invited) -> None:
    unlisted = f"{SHARE_ARN[:-12]}000000000000"

    assert invited.shares.newest_invitation(unlisted) is None
    assert not invited.shares.is_shared(unlisted)
