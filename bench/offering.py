"""What it costs to find out whom services are offered to: as sweeps do it, beside asking Cedar about each account."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from bench.made_policies import NOON
from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.facts import Consumer
from drawbridge.decision.policies import parse_policy
from drawbridge.decision.registration import Registration
from drawbridge.intake.offering.desired import DesiredOffers, OfferRules
from drawbridge.request.connections import ManagedService

Found = TypeVar("Found")

ENTRIES = 10_000
SERVICES = 5

_ONE_OF = 10
"""Of the entries, as many are asked about one by one as this leaves over: that takes long."""

_PERMIT = 'permit(principal, action == Action::"accept", resource);'
_FORBIDS: Mapping[str, str] = {
    "by the tier": 'unless { principal has consumer.tier && principal.consumer.tier != "out" }',
    "one account": 'when { principal.id == "000000000007" }',
    "by the services": 'unless { principal has consumer && principal.consumer.services.contains("*") }',
    "by the name": 'when { principal has consumer && principal.consumer.name like "Bad*" }',
}
"""Conditions of a forbid whose scope names no account, so that it may stand against any."""


def report_offering() -> None:
    """Print the CPU that the answers take, and how many of them differ, which has to be none."""
    entries = [
        Registration(
            account_id=f"{number:012}",
            consumer=Consumer(tier=("gold", "silver")[number % 2], services=frozenset({"*"}), name=f"{number} Inc."),
        )
        for number in range(ENTRIES)
    ]
    services = [ManagedService(service_id=f"vpce-svc-{number:017x}", tags={}) for number in range(SERVICES)]
    some = entries[::_ONE_OF]
    print(
        f"\nWhom {SERVICES} services are offered to of {ENTRIES:,} entries, with a forbid that names no account: s of "
        f"CPU for all of them,\nand ms of CPU for each, beside Cedar asked about every {_ONE_OF}th entry by itself, in "
        "the same run:"
    )
    print(f"  {'':<18}{'all, s':>10}{'each, ms':>10}{'alone, ms':>11}{'differ':>8}")
    for name, condition in _FORBIDS.items():
        written = (_PERMIT, f"forbid(principal, action, resource) {condition};")
        rules = OfferRules(
            PolicySet(parse_policy(f"{number}", text) for number, text in enumerate(written)), partition="aws"
        )
        together, seconds = _timed(partial(_together, rules, services, entries))
        alone, seconds_alone = _timed(partial(_alone, rules, services, some))
        asked = {each.account_id for each in some}
        found = [{each.account_id for each in one.not_offered} & asked for one in together]
        differ = sum(len(one ^ other) for one, other in zip(found, alone, strict=True))
        each, each_alone = seconds / (ENTRIES * SERVICES), seconds_alone / (len(some) * SERVICES)
        print(f"  {name:<18}{seconds:>10.2f}{each * 1e3:>10.3f}{each_alone * 1e3:>11.3f}{differ:>8}")


def _together(
    rules: OfferRules, services: Sequence[ManagedService], entries: Sequence[Registration]
) -> list[DesiredOffers]:
    return [rules.desired(each, entries, NOON) for each in services]


def _alone(rules: OfferRules, services: Sequence[ManagedService], entries: Sequence[Registration]) -> list[set[str]]:
    """Return the accounts that each service is not offered to."""
    return [{entry.account_id for entry in entries if rules.forbidding(each, entry, NOON)} for each in services]


def _timed(measured: Callable[[], Found]) -> tuple[Found, float]:
    began = time.process_time()
    answer = measured()
    return answer, time.process_time() - began
