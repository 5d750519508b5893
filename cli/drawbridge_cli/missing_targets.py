"""What entries call for, and nothing is there to be offered for: a tier or a service that is written wrong, perhaps."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from drawbridge.aws.offered_shares import OFFER_TAG, OfferedSharesOfRam
from drawbridge.bounds import some_of
from drawbridge.decision.facts import ALL_SERVICES, TIER_TAG
from drawbridge.decision.registration import Registration
from drawbridge.errors import DrawbridgeError
from drawbridge.intake.offering.offers import OfferedShare
from drawbridge.legible import legible
from drawbridge.request.connections import ManagedService
from drawbridge_cli.screen import complain
from drawbridge_cli.stack import Stack

_MOST = 20
"""Tiers or services in one list, and warnings of each kind."""


def warn_of_missing(stack: Stack, entries: Sequence[Registration]) -> None:
    """Warn of tiers that nothing is tagged with, and of services that are not managed.

    What AWS does not tell, or not to this caller, is unknown, and warned of is nothing.
    """
    tiers = {entry.consumer.tier for entry in entries} - {""}
    if tiers or any(entry.consumer.services - {ALL_SERVICES} for entry in entries):
        services = _services(stack)
        shares = _shares(stack) if tiers else ()
        for warning in missing(entries, services, shares, region=stack.region):
            complain(warning)


def missing(
    entries: Iterable[Registration],
    services: Collection[ManagedService] | None,
    shares: Collection[OfferedShare] | None,
    *,
    region: str,
) -> list[str]:
    """Return a warning for each tier and each service of entries that is not there; ``None`` is what is unknown."""
    entries = [*entries]
    return [*_of_tiers(entries, services, shares), *_of_services(entries, services, region)]


def _of_tiers(
    entries: Iterable[Registration],
    services: Collection[ManagedService] | None,
    shares: Collection[OfferedShare] | None,
) -> Iterator[str]:
    if services is None or shares is None or any(each.tags is None for each in services):
        return
    there = {each.tags[TIER_TAG] for each in services if each.tags and each.tags.get(TIER_TAG)}
    there |= {each.tier for each in shares}
    # Where nothing is tagged, a tier of who has services besides is one that policies go by.
    called_for = {
        entry.consumer.tier for entry in entries if entry.consumer.tier and (there or not entry.consumer.services)
    }
    yield from _first(
        (
            f"nothing is offered for the tier {tier}: no managed service is tagged {TIER_TAG} = {tier}, and no share "
            f"of this account {OFFER_TAG} = {tier}; {_those_there('the tiers that are there', there)}"
            for tier in map(legible, sorted(called_for - there))
        ),
        "tiers",
    )


def _of_services(
    entries: Iterable[Registration], services: Collection[ManagedService] | None, region: str
) -> Iterator[str]:
    if services is None:
        return
    managed = {each.service_id for each in services}
    called_for = {each for entry in entries for each in entry.consumer.services} - {ALL_SERVICES}
    yield from _first(
        (
            f"{legible(each)} is no managed service of this account in {region}, and is not offered; "
            f"{_those_there('the managed services', managed)}"
            for each in sorted(called_for - managed)
        ),
        "services",
    )


def _first(warnings: Iterable[str], what: str) -> Iterator[str]:
    listed = [*warnings]
    yield from listed[:_MOST]
    if len(listed) > _MOST:
        yield f"and {len(listed) - _MOST} more {what} that are not there"


def _those_there(what: str, there: Collection[str]) -> str:
    if not there:
        return f"{what}: none"
    return f"{what}: {some_of([*map(legible, sorted(there))], _MOST)}"


def _services(stack: Stack) -> tuple[ManagedService, ...] | None:
    try:
        return stack.services
    except DrawbridgeError:
        return None


def _shares(stack: Stack) -> list[OfferedShare] | None:
    try:
        return OfferedSharesOfRam(stack.client("ram")).offered()
    except DrawbridgeError:
        return None
