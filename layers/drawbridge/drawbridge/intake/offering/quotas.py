"""AWS's quotas that intake meets: how much there is of what, how much AWS allows, and what to do before it is reached.

AWS publishes no quota of the principals that an endpoint service allows, nor of the connections to one, nor of the
resource endpoint associations of a resource configuration. What is not published is not known: no number is ours.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec
from msgspec import Struct

from drawbridge.bounds import shortened
from drawbridge.errors import DrawbridgeError, UpstreamError
from drawbridge.intake.offering.offers import is_share

NEAR = 0.8
"""The part of a quota from which on it is told."""

ACCOUNT = "this account"
"""What a quota of all shares, or of a Region, is of."""

ALLOWED_PRINCIPALS = "allowed principals"

_WORDS_BYTES = 300
"""Of what AWS said."""


def command_for_more(service: str, code: str, desired: int) -> str:
    """Return the command that asks AWS for a higher quota."""
    return (
        f"aws service-quotas request-service-quota-increase --service-code {service} "
        f"--quota-code {code} --desired-value {desired}"
    )


class Quota(Struct, frozen=True):
    """A quota that Service Quotas has by a code."""

    service: str
    code: str
    default: int
    counted: str
    """What it counts, in the plural."""
    otherwise: str
    """What to do where there is no more to be had."""

    def more_than(self, limit: int, called_for: int) -> str:
        """Return the command that asks for more than there is, and than is called for."""
        return command_for_more(self.service, self.code, max(2 * limit, called_for))


PRINCIPALS_OF_SHARE = Quota(
    "ram", "L-275DAC00", 5_000, "principals", "split the tier in two, each with a share of its own"
)
RESOURCES_OF_SHARE = Quota("ram", "L-1F7F8A25", 5_000, "resources", "tag another share for the same tier")
PRINCIPALS = Quota("ram", "L-8491BF81", 25_000, "principals in all its shares", "offer fewer shares to each tier")
RESOURCES = Quota("ram", "L-4A6CEE66", 25_000, "resources in all its shares", "take resources out that nobody uses")
SHARES = Quota("ram", "L-595828F9", 25_000, "resource shares", "delete those that nobody uses")
INVITATIONS = Quota(
    "ram",
    "L-238C96EE",
    250,
    "invitations that nobody has answered",
    "wait: each that is answered or expires makes room",
)
CONFIGURATIONS = Quota("vpc-lattice", "L-5FF8F9B9", 2_000, "resource configurations", "delete those that nobody uses")
"""All "Each supported Region", and adjustable.

https://docs.aws.amazon.com/general/latest/gr/ram.html and https://docs.aws.amazon.com/vpc-lattice/latest/ug/quotas.html
"""

VPC_CODES: Mapping[str, str] = {
    "resource-endpoints-per-vpc": "L-CA6CC422",
    "service-network-endpoints-per-vpc": "L-3B4E38D2",
}
"""The codes, with the service code ``vpc``, of quotas that plans go by (user guide of AWS PrivateLink, "Quotas")."""

_MORE_PRINCIPALS = (
    "AWS publishes no quota of it: ask AWS Support for more, name accounts in place of their roles and users, or have "
    "another endpoint service for some of them"
)
_MORE_OF_SHARE = "`drawbridge doctor` counts what its quotas are used for, and says what to ask for"


class QuotaUsage(Struct, frozen=True, kw_only=True):
    """How much of a quota is used."""

    of: str
    """A share's ARN, a service's id, or the account."""
    counted: str
    used: int
    called_for: int
    """As many as there are once all is there that the registry calls for."""
    limit: int | None
    """What AWS allows; ``None`` where it refused more, and nobody knows how many it allows."""
    source: str
    """Where the limit is from; where there is none, AWS's words."""
    otherwise: str
    """What else to do about it, or all there is to do."""
    command: str = ""
    """Asks AWS for more; empty where nobody knows of what."""
    code: str = ""
    is_at_least: bool = False
    """Whether there may be more than was counted."""
    makes_room: bool = False
    """Whether there is room again by itself, and AWS has not refused more: that there is none needs nobody."""

    @property
    def is_reached(self) -> bool:
        """Whether AWS allows no more, or not as many as are called for."""
        if self.limit is None or self.called_for > self.limit:
            return True
        return self.used >= self.limit and not self.makes_room

    @property
    def is_near(self) -> bool:
        """Whether it is to be told."""
        return self.limit is None or max(self.used, self.called_for) >= NEAR * self.limit

    @property
    def part(self) -> float:
        """How much of it is used, or will be; 1 is all."""
        return max(self.used, self.called_for) / self.limit if self.limit else 2.0

    @property
    def to_do(self) -> str:
        """What to do about it."""
        return f"ask for more: {self.command}; or {self.otherwise}" if self.command else self.otherwise

    def __str__(self) -> str:
        more = f", and the registry calls for {self.called_for:,}" if self.called_for > self.used else ""
        has = f"{self.of} has {'at least ' if self.is_at_least else ''}{self.used:,}"
        if self.limit is None:
            return f"{has} {self.counted}{more}; AWS refused more: {self.source}"
        return f"{has} of the {self.limit:,} {self.counted} that AWS allows ({self.source}){more}"


class QuotaValues(Protocol):
    """Service Quotas."""

    def values(self, service: str) -> Mapping[str, int]:
        """Return this account's own values of a service's quotas, by their codes."""
        ...


class Limits:
    """What AWS allows this account: its own value where Service Quotas has one, or else the default, said as such."""

    def __init__(self, values: QuotaValues) -> None:
        self._values = values
        self._asked: dict[str, Mapping[str, int] | DrawbridgeError] = {}

    def usage(
        self,
        quota: Quota,
        of: str,
        used: int,
        *,
        called_for: int = 0,
        is_at_least: bool = False,
        makes_room: bool = False,
    ) -> QuotaUsage:
        """Return how much of a quota is used."""
        limit, source = self._of(quota)
        return QuotaUsage(
            of=of,
            counted=quota.counted,
            used=used,
            called_for=max(used, called_for),
            limit=limit,
            source=source,
            otherwise=quota.otherwise,
            command=quota.more_than(limit, called_for),
            code=quota.code,
            is_at_least=is_at_least,
            makes_room=makes_room,
        )

    @property
    def not_known(self) -> list[DrawbridgeError]:
        """Why AWS's defaults were taken, where Service Quotas could not be asked."""
        return [each for each in self._asked.values() if isinstance(each, DrawbridgeError)]

    def _of(self, quota: Quota) -> tuple[int, str]:
        own = self._own(quota.service)
        if isinstance(own, DrawbridgeError):
            return quota.default, shortened(f"AWS's default; Service Quotas could not be asked: {own}", _WORDS_BYTES)
        if quota.code not in own:
            return quota.default, f"AWS's default; Service Quotas has no value of {quota.code} for this account"
        return own[quota.code], f"{quota.service} {quota.code} in Service Quotas"

    def _own(self, service: str) -> Mapping[str, int] | DrawbridgeError:
        if service not in self._asked:
            try:
                self._asked[service] = self._values.values(service)
            except DrawbridgeError as error:
                self._asked[service] = error
            except Exception as error:  # noqa: BLE001 - what is only told stops nothing, whatever it answers
                self._asked[service] = UpstreamError(f"it answers oddly: {type(error).__name__}: {error}")
        return self._asked[service]


class OfferCounts(Struct, frozen=True, kw_only=True):
    """How many a service or a share is offered to."""

    there: int
    called_for: int
    """With those that are to be added, without those that are to go."""
    waiting: int = 0
    """Of a share: those that have not answered their invitations."""
    refusal: str = ""
    """AWS's words, if it had no room for more not long ago."""


def usages(counts: Mapping[str, OfferCounts], limits: Limits) -> list[QuotaUsage]:
    """Return the quotas that are near, by what services and shares are offered to; the fullest first.

    Of shares only those that are offers were counted.
    """
    shares = {target: each for target, each in counts.items() if is_share(target)}
    found: list[QuotaUsage] = []
    if shares:
        found += (
            limits.usage(PRINCIPALS_OF_SHARE, arn, each.there, called_for=each.called_for)
            for arn, each in shares.items()
        )
        there, called_for, waiting = (
            sum(getattr(each, name) for each in shares.values()) for name in ("there", "called_for", "waiting")
        )
        found += (
            limits.usage(PRINCIPALS, ACCOUNT, there, called_for=called_for, is_at_least=True),
            limits.usage(
                INVITATIONS,
                ACCOUNT,
                waiting,
                is_at_least=True,
                makes_room=not any(each.refusal for each in shares.values()),
            ),
        )
    told = {each.of for each in found if each.is_reached}
    found += (
        without_number(target, each)
        for target, each in counts.items()
        if each.refusal and not (target in shares and told & {target, ACCOUNT})
    )
    return nearest(found)


class AccountCounts(Struct, frozen=True, kw_only=True):
    """How much there is in this account of what AWS has quotas of."""

    shares: int
    principals: Mapping[str, int]
    """By the ARNs of the shares that they are in."""
    resources: Mapping[str, int]
    waiting: int
    """Principals that have not answered their invitations."""
    configurations: int


def usages_of(counts: AccountCounts, limits: Limits, recorded: Iterable[QuotaUsage] = ()) -> list[QuotaUsage]:
    """Return the quotas that are near, by what is in all of the account; the fullest first.

    ``recorded`` are those that a sweep found: it knows what the registry calls for, and what AWS refused.
    """
    by_sweep = {(each.of, each.code): each for each in recorded}
    invited = by_sweep.get((ACCOUNT, INVITATIONS.code))
    found = [
        *(limits.usage(PRINCIPALS_OF_SHARE, arn, number) for arn, number in counts.principals.items()),
        *(limits.usage(RESOURCES_OF_SHARE, arn, number) for arn, number in counts.resources.items()),
        limits.usage(PRINCIPALS, ACCOUNT, sum(counts.principals.values())),
        limits.usage(RESOURCES, ACCOUNT, sum(counts.resources.values())),
        limits.usage(SHARES, ACCOUNT, counts.shares),
        limits.usage(INVITATIONS, ACCOUNT, counts.waiting, makes_room=not (invited and invited.is_reached)),
        limits.usage(CONFIGURATIONS, ACCOUNT, counts.configurations),
    ]
    there = {(each.of, each.code) for each in found}
    found += (each for key, each in by_sweep.items() if key not in there)
    return nearest(_with_called_for(each, by_sweep.get((each.of, each.code))) for each in found)


def _with_called_for(counted: QuotaUsage, recorded: QuotaUsage | None) -> QuotaUsage:
    """Return what was counted with those that a sweep has not added yet."""
    if recorded is None or recorded.called_for <= recorded.used:
        return counted
    return msgspec.structs.replace(counted, called_for=max(counted.used, recorded.called_for))


def without_number(target: str, counts: OfferCounts) -> QuotaUsage:
    """Return that AWS has no room for more where nobody knows how much it has."""
    return QuotaUsage(
        of=target,
        counted=PRINCIPALS_OF_SHARE.counted if is_share(target) else ALLOWED_PRINCIPALS,
        used=counts.there,
        called_for=max(counts.there, counts.called_for),
        limit=None,
        source=shortened(counts.refusal, _WORDS_BYTES),
        otherwise=what_to_do_about(target),
    )


def nearest(found: Iterable[QuotaUsage]) -> list[QuotaUsage]:
    """Return those that are to be told, the fullest first."""
    return sorted((each for each in found if each.is_near), key=lambda each: (-each.part, each.of, each.code))


def what_to_do_about(target: str) -> str:
    """Return what to do where AWS has no room for more principals of a service or a share."""
    return _MORE_OF_SHARE if is_share(target) else _MORE_PRINCIPALS
