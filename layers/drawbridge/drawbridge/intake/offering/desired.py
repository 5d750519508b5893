"""What should be offered: the entries of the registry, as far as nothing stands against them."""

import re
import shlex
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import assert_never

import msgspec
from msgspec import Struct

from drawbridge.arns import Arn
from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.consumer_standing import standing_of
from drawbridge.decision.facts import (
    ALL_SERVICES,
    TIER_TAG,
    ConnectionFacts,
    EvaluationTime,
    Membership,
    OrganizationPlace,
    Requester,
    Service,
    ShareFacts,
)
from drawbridge.decision.offer_forbidden import ForbiddenOffers
from drawbridge.decision.permission import Lapsed
from drawbridge.decision.registration import Registration, check_account_id, is_principal_of
from drawbridge.errors import InvalidInputError
from drawbridge.intake.offering.entry_standing import NOT_IN_FORCE, is_doubtful, stays_in_shares
from drawbridge.intake.offering.offers import OfferedShare
from drawbridge.intake.registration.mending import mending
from drawbridge.request.connections import ManagedService
from drawbridge.status import Reason

Target = ManagedService | OfferedShare
"""What is offered."""

_GOES_BY = ("principals", "proof_required", "proved_at", "services", "suspended_at", "tier")
"""The fields of an entry that offers go by."""

_ACCOUNT = re.compile(r"[0-9]{12}")

OFFER_REFUSED = "offer-refused"
"""The code of the reason that AWS refused it not long ago."""


class NotOffered(Struct, frozen=True, kw_only=True):
    """What the registry has an account offered, and is not, and why."""

    target: str
    account_id: str
    reasons: tuple[Reason, ...]

    @property
    def is_refused(self) -> bool:
        """Whether AWS refused it, and is asked for it again later."""
        return any(each.code == OFFER_REFUSED for each in self.reasons)

    def __str__(self) -> str:
        why = "; ".join(each.text for each in self.reasons)
        return f"{self.target} is not offered to {self.account_id}: {why}"


class DesiredOffers(Struct, frozen=True, kw_only=True):
    """What should be offered of one service or share."""

    principals: dict[str, str]
    """What a service should allow, or the accounts that should be in a share; each with its account."""
    unchanged: frozenset[str] = frozenset()
    """The accounts of which nothing is added, and nothing taken away either."""
    forbidden: Mapping[str, Lapsed] = msgspec.field(default_factory=dict)
    """The accounts that policies certainly forbid to be in the share that their entries call for, and why."""
    not_offered: tuple[NotOffered, ...] = ()


class RegisteredEntries:
    """The entries of the registry, by what they call for."""

    def __init__(self, entries: Iterable[Registration]) -> None:
        self._everywhere: list[Registration] = []
        self._in_any_share: list[Registration] = []
        self._by_service: dict[str, list[Registration]] = defaultdict(list)
        self._by_tier: dict[str, list[Registration]] = defaultdict(list)
        for entry in sorted(entries, key=lambda each: each.account_id):
            consumer = entry.consumer
            if consumer.tier:
                self._by_tier[consumer.tier].append(entry)
            for service in consumer.services:
                self._by_service[service].append(entry)
            if is_doubtful(entry):
                self._everywhere.append(entry)
            if standing_of(consumer) in NOT_IN_FORCE:
                self._in_any_share.append(entry)

    def concerning(self, target: Target) -> list[Registration]:
        """Return the entries that call for it, or of which that is not known, or that stay if they are in it."""
        tier = _tier_of(target)
        found = [*self._everywhere, *(self._by_tier.get(tier, ()) if tier else ())]
        if isinstance(target, ManagedService):
            found += (*self._by_service.get(ALL_SERVICES, ()), *self._by_service.get(target.service_id, ()))
        else:
            found += self._in_any_share
        return [*{entry.account_id: entry for entry in found}.values()]


def unreadable(entry: Registration) -> InvalidInputError | None:
    """Return what of an entry, as somebody wrote it, can't be read and counts for offers; ``None`` if all can be.

    What is offered may be right all the same, as it is where nothing but an unneeded proof can't be read.
    """
    try:
        check_account_id(entry.account_id)
    except InvalidInputError as error:
        return InvalidInputError(f"the registry's entry {entry.account_id[:100]!r} is offered nothing: {error}")
    fields = [name for name in _GOES_BY if name in entry.consumer.unreadable]
    if not fields:
        return None
    mends = (f"drawbridge {shlex.join(each.words)} {each.effect}" for each in mending(entry.account_id, fields))
    return InvalidInputError(
        f"the registry's entry of {entry.account_id} can't be read: {', '.join(fields)}; what it is offered "
        f"may not be as it should be; {'; '.join(mends)}"
    )


def id_of(target: Target) -> str:
    """Return the id of a service, or the ARN of a share."""
    return target.service_id if isinstance(target, ManagedService) else target.arn


class OfferRules:
    """What of the registry is offered, by the policies in force. It asks nobody."""

    def __init__(self, policies: PolicySet, *, partition: str) -> None:
        self._policies = policies
        self._partition = partition

    @property
    def why_nothing(self) -> str:
        """Why nothing is offered, whatever the registry has; empty if something is.

        Without any policy everything is held. One that is broken and was never good stops no other, a forbid neither.
        """
        return "" if self._policies.policies else "no policy is in force: nothing is offered"

    def desired(
        self, target: Target, entries: Iterable[Registration], evaluation_time: EvaluationTime
    ) -> DesiredOffers:
        """Return what should be offered of the target to those of the entries that call for it."""
        principals: dict[str, str] = {}
        unchanged: set[str] = set()
        not_offered: list[NotOffered] = []
        forbidden: dict[str, Lapsed] = {}
        forbids = ForbiddenOffers(self._policies, evaluation_time)
        for entry in entries:
            standing = standing_of(entry.consumer)
            is_shut_out = standing in NOT_IN_FORCE
            is_share = isinstance(target, OfferedShare)
            if stays_in_shares(entry) if is_share else is_doubtful(entry) and not is_shut_out:
                unchanged.add(entry.account_id)
            if not _calls_for(entry, target) or (is_doubtful(entry) and not is_shut_out):
                continue
            if self.why_nothing and not is_shut_out:
                # That a listing of policies is empty takes nothing back either.
                unchanged.add(entry.account_id)
                continue
            reasons: tuple[Reason, ...]
            if is_shut_out:
                reasons = (NOT_IN_FORCE[standing],)
            else:
                reasons = forbids.forbidding(_facts(target, _requester(entry)))
                if reasons and is_share:
                    forbidden[entry.account_id] = self._lapsed(reasons)
            if reasons:
                not_offered.append(NotOffered(target=id_of(target), account_id=entry.account_id, reasons=reasons))
            else:
                principals |= dict.fromkeys(self._principals(target, entry), entry.account_id)
        return DesiredOffers(
            principals=principals,
            unchanged=frozenset(unchanged),
            forbidden=forbidden,
            not_offered=tuple(not_offered),
        )

    def _lapsed(self, reasons: tuple[Reason, ...]) -> Lapsed:
        return Lapsed(
            because=reasons,
            urgent=self._policies.is_urgent(reasons),
            forbidden=True,
            stated=any(self._policies.goes_by_no_fact(each) for each in reasons),
        )

    def _principals(self, target: Target, entry: Registration) -> Iterable[str]:
        match target:
            case OfferedShare():
                return (entry.account_id,) if _ACCOUNT.fullmatch(entry.account_id) else ()
            case ManagedService():
                if "principals" in entry.consumer.unreadable:
                    return ()
                named = entry.consumer.principals or {f"arn:{self._partition}:iam::{entry.account_id}:root"}
                return sorted(each for each in named if is_principal_of(each, entry.account_id))
            case _:
                assert_never(target)

    def forbidding(self, target: Target, entry: Registration, evaluation_time: EvaluationTime) -> tuple[Reason, ...]:
        """Return the forbids for which a target is not offered to an account; none if no policy stands against it."""
        return ForbiddenOffers(self._policies, evaluation_time).forbidding(_facts(target, _requester(entry)))


def _requester(entry: Registration) -> Requester:
    # Organizations is not asked: of thousands of accounts, that would be thousands of calls.
    place = OrganizationPlace(membership=Membership.UNKNOWN)
    return Requester(account_id=entry.account_id, place=place, consumer=entry.consumer)


def _facts(target: Target, requester: Requester) -> ConnectionFacts | ShareFacts:
    match target:
        case ManagedService():
            service = Service(
                id=target.service_id,
                name=target.name,
                acceptance_required=target.acceptance_required,
                private_dns_name=target.private_dns_name,
                tags=target.tags,
            )
            return ConnectionFacts(requester=requester, service=service, region="")
        case OfferedShare():
            return ShareFacts(
                requester=requester,
                share_arn=target.arn,
                share_name=target.name,
                share_tags=target.tags,
                contents=None,
            )
        case _:
            assert_never(target)


def _calls_for(entry: Registration, target: Target) -> bool:
    consumer = entry.consumer
    match target:
        case ManagedService():
            return consumer.may_reach(target.service_id, target.tags)
        case OfferedShare():
            # An account's own shares are not for itself.
            of_its_tier = bool(consumer.tier) and consumer.tier == target.tier
            return of_its_tier and Arn.parse(target.arn).account_id != entry.account_id
        case _:
            assert_never(target)


def _tier_of(target: Target) -> str:
    return target.tier if isinstance(target, OfferedShare) else (target.tags or {}).get(TIER_TAG, "")
