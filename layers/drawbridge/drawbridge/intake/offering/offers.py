"""What is offered to consumers, as AWS lists it: principals that services allow, and principals of shares."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from drawbridge.errors import AccessDeniedError, RefusedError
from drawbridge.intake.offering.leaving import Leaving
from drawbridge.intake.offering.share_notice import ShareNotice


class AllowedPrincipal(Struct, frozen=True, kw_only=True):
    """A permission of an endpoint service: a principal that can find the service and create endpoints to it."""

    arn: str
    permission_id: str
    """``vpce-svc-perm-…``, which carries the tags; empty where EC2 does not report it."""
    owner: str | None
    """The value of our ownership tag; ``None`` without it, as it is until a moment after we allowed it."""


class PartlyRefusedError(RefusedError):
    """AWS does not do it for some of many; for the others it is done."""

    def __init__(self, message: str, refused: Collection[str], *, is_full: bool = False) -> None:
        super().__init__(message)
        self.refused = frozenset(refused)
        """Those that it is not done for."""
        self.is_full = is_full
        """Whether there is no room for any more."""


class PartlyDeniedError(AccessDeniedError):
    """The role may not do it for some of many, or not any longer; for the others it may be done."""

    def __init__(self, message: str, denied: Collection[str]) -> None:
        super().__init__(message)
        self.denied = frozenset(denied)
        """Those that it is certainly not done for."""


class Allowed(Struct, frozen=True, kw_only=True):
    """What became of principals that EC2 was asked to allow."""

    added: frozenset[str] | None
    """Those that were not allowed before, as EC2 says it; ``None`` if it does not."""
    refusal: PartlyRefusedError | None = None
    """Which of them are not allowed, and why."""


class ServicePermissions(Protocol):
    """EC2's permissions of this account's endpoint services, those for VPC endpoints.

    Every call raises ``GoneError`` for a service that does not exist any longer.
    """

    def allowed(self, service_id: str) -> list[AllowedPrincipal]: ...

    def allow(self, service_id: str, principals: Sequence[str]) -> Allowed:
        """Allow principals, all in as few calls as EC2 takes; one that is allowed already is left as it is.

        What EC2 takes for no principal, or has no room for, is in the answer; all others are allowed.

        Raises:
            PartlyDeniedError: the role may not; those that were allowed before it was said so are.
        """
        ...

    def disallow(self, service_id: str, principals: Sequence[str]) -> None:
        """Take permissions away; one that is not there is none. Connections that it allowed stay.

        Raises:
            PartlyRefusedError: EC2 takes some of them for none; all others are taken away.
        """
        ...

    def mark(self, permission_ids: Sequence[str]) -> None:
        """Put our ownership tag on permissions."""
        ...


class PrincipalStatus(StrEnum):
    """How far a principal of a share is, as RAM says it."""

    ASSOCIATING = "ASSOCIATING"
    """RAM is at it; or an account outside of the organization has been invited, and has not answered yet."""
    ASSOCIATED = "ASSOCIATED"
    FAILED = "FAILED"
    DISASSOCIATING = "DISASSOCIATING"
    DISASSOCIATED = "DISASSOCIATED"
    OTHER = "other"
    """Suspended or restored as its organization changes, or one that did not exist when this was written."""

    @property
    def is_in_share(self) -> bool:
        """Whether the principal has the share, or an invitation to it."""
        return self in {PrincipalStatus.ASSOCIATING, PrincipalStatus.ASSOCIATED, PrincipalStatus.OTHER}


class SharePrincipal(Struct, frozen=True, kw_only=True):
    """A principal of one of this account's shares."""

    principal: str
    """An account's id; or an organization, a unit, a role or a user by its ARN, none of which intake ever touches."""
    status: PrincipalStatus
    message: str = ""
    """RAM's reason where it failed; empty where it gives none."""

    since: datetime | None = None
    """When it was put into the share, as RAM says it; ``None`` where RAM does not."""

    @property
    def is_invited(self) -> bool:
        """Whether it has an invitation that it has not answered; one of the organization gets none, and is soon in it.

        RAM says nowhere whether an account is of the organization: its reference has two meanings for ``external``.
        """
        return self.status is PrincipalStatus.ASSOCIATING


class OfferedShare(Struct, frozen=True, kw_only=True):
    """A share of this account that is tagged as an offer to a tier."""

    arn: str
    name: str
    tier: str
    """The value of the tag ``drawbridge:offer``."""
    takes_outsiders: bool | None
    """Whether it may be shared outside of the organization; ``None`` where RAM does not report it."""
    tags: dict[str, str] | None = None
    """All of them, for policies; ``None`` where they are unknown."""


class OfferedShares(Protocol):
    """RAM's shares of this account."""

    def offered(self) -> list[OfferedShare]:
        """Return the active shares that carry the tag ``drawbridge:offer``."""
        ...

    def principals(self, share_arn: str) -> list[SharePrincipal]:
        """Return all principals of a share, whatever became of them; of one that was there twice, the newest."""
        ...

    def resources(self, share_arn: str) -> dict[str, bool]:
        """Return the ARNs of what a share holds, or held as far as RAM still lists it, each with whether it does."""
        ...

    def holders(self, resource_arn: str) -> frozenset[str]:
        """Return the ARNs of the shares of this account that hold a resource, or are about to."""
        ...

    def listed_principals(self, resource_arn: str) -> list[tuple[str, str]]:
        """Return whom a resource is shared with, each after the ARN of the share: another listing of RAM's."""
        ...

    def associate(self, share_arn: str, account_ids: Sequence[str]) -> None:
        """Put accounts into a share, in as few calls as RAM takes; one that is in it already stays as it is.

        Raises:
            PartlyRefusedError: the share takes no accounts outside of the organization, or as many as it can; all that
                were not refused are in it.
            PartlyDeniedError: the role may not; those that were put in before it was said so are in it.
            NotReadyError: something about the share is in progress. Some of them may be in it.
            GoneError: there is no such share any longer.
        """
        ...

    def disassociate(self, share_arn: str, account_ids: Sequence[str]) -> None:
        """Take accounts out of a share; one that is not in it is left alone. What they associated stays.

        Raises:
            PartlyRefusedError: the share can't be changed.
            NotReadyError: some of them were put in a moment ago, and can't be taken out yet; all others are out.
        """
        ...


def is_share(target: str) -> bool:
    """Return whether what something is offered of, by its id, is a share, which has an ARN; else it is a service."""
    return target.startswith("arn:")


class OfferRecord(Struct, frozen=True, kw_only=True):
    """What Drawbridge added to a service or a share, and when."""

    target: str
    """Id of the service, or ARN of the share."""
    principal: str
    """ARN that the service allows, or id of the account in the share."""
    account_id: str
    offered_at: datetime
    """When it was last added."""
    is_confirmed: bool = False
    """Whether it was seen there since. What was not may have been broken off before AWS was asked."""
    refused_at: datetime | None = None
    """When AWS refused it: it was not added, and whatever is there in spite of it is somebody else's."""
    refusals: int = 0
    """How often AWS has refused it since it was there last: each doubles the time until it is asked for again."""
    tier: str = ""
    """Of an account in a share: the tier that the share was offered to when it was last called for."""
    quota: str = ""
    """AWS's words, where it refused it because there is no room for more."""
    leaving: Leaving | None = None
    """Of an account that leaves a share: why, since when, and when what it has associated goes."""
    after_removal: datetime | None = None
    """Of an account in a share: its last removal that was on record before it was put in, that of an earlier entry."""
    awaited_since: datetime | None = None
    """Of an account in a share that is of another tier by now: since when a share of that is to take it first."""
    awaited_tier: str = ""
    """That tier; who changes to another meanwhile is awaited anew."""
    notice: ShareNotice | None = None
    """Of an account in a share: what it was told of it last, or is about to be."""

    @property
    def is_of_share(self) -> bool:
        """Whether it is an account in a share; else it is a principal that a service allows."""
        return is_share(self.target)

    @property
    def is_out(self) -> bool:
        """Whether we took the account out of the share, and have not begun to put it in again."""
        return self.leaving is not None and self.leaving.taken_out_at is not None and not self.is_begun

    @property
    def is_back(self) -> bool:
        """Whether we have begun to put an account into the share again after we took it out."""
        taken_out_at = self.leaving.taken_out_at if self.leaving is not None else None
        return self.is_begun and taken_out_at is not None and self.offered_at > taken_out_at

    @property
    def left_before(self) -> Leaving | None:
        """How an account was leaving before, if it leaves now; who was put in again since leaves anew."""
        return None if self.is_back else self.leaving

    @property
    def is_begun(self) -> bool:
        """Whether it may be there, and ours, though nobody has seen it: adding it was broken off."""
        return not self.is_confirmed and self.refused_at is None


class OfferRecords(Protocol):
    """The table of what Drawbridge offers."""

    def of(self, target: str) -> dict[str, OfferRecord]:
        """Return what was added to a service or share, by principal."""
        ...

    def targets(self) -> frozenset[str]:
        """Return the services and shares that something was added to."""
        ...

    def one(self, target: str, principal: str) -> OfferRecord | None:
        """Return what is on record of one principal of a service or share."""
        ...

    def left_out(self) -> dict[str, int]:
        """Return what the last sweep did not finish: services and shares, each with how many in a row left it out."""
        ...

    def note_left_out(self, sweeps: Mapping[str, int]) -> None:
        """Keep which services and shares this sweep did not finish; with 0 if it came to them."""
        ...

    def note(self, records: Collection[OfferRecord], *, after: Collection[OfferRecord]) -> list[OfferRecord]:
        """Write records, before AWS is asked to add anything, and once it is seen there; return those written.

        ``after`` are the records of the same as they were read; what is in none was on no record. One that is so no
        longer, as a sweep that is at work at the same time has changed it, is left as that has it.
        """
        ...

    def drop(self, records: Collection[OfferRecord]) -> None:
        """Forget what was taken away, or turned out to be somebody else's.

        A record that is not as it was read, as a sweep that is at work at the same time has changed it, stays.
        """
        ...
