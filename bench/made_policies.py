"""Many policies as people write them, and requests to decide on; the same in each run."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice

from drawbridge.decision.facts import (
    ConnectionFacts,
    Consumer,
    EvaluationTime,
    Facts,
    Membership,
    OrganizationPlace,
    Requester,
    Service,
    ShareFacts,
)
from drawbridge.request.shares import Content
from local_stack.stack import REPOSITORY

NOON = EvaluationTime(datetime(2026, 11, 25, 12, tzinfo=UTC), "Europe/Berlin")
"""The time of all decisions."""

CONSUMERS = 10_000
ASKED = 120
"""Requests that are decided in a turn, one after the other."""

_REGISTERED = tuple(f"{100_000_000_000 + 7_919 * number}" for number in range(CONSUMERS))
_STRANGERS = tuple(f"{900_000_000_000 + 7_919 * number}" for number in range(100))
_SERVICES = tuple(f"vpce-svc-{number:017x}" for number in range(100))
_TIERS = tuple(f"{metal}-{line:02}" for metal in ("gold", "silver") for line in range(20))
_UNITS = tuple(f"ou-ab12-{number:08}" for number in range(20))

Pair = tuple[str, str]
"""An account with the service that it is let in to, or with ``SHARES``: what an allow-list holds."""
SHARES = "shares"


@dataclass(frozen=True)
class Rule:
    """A policy, and its effect on accepting in Python."""

    name: str
    text: str
    holds: Callable[[Facts], bool]
    """Whether it applies; what is unknown counts against the requester."""
    forbids: bool = False
    pair: Pair | None = None
    """The entry of an allow-list that says the same; ``None`` if none does."""


def _drawing(number: int) -> random.Random:
    """Return a generator with a fixed seed, the first with which a forbid applies among ten policies."""
    return random.Random(10 + number)  # noqa: S311 - nothing is secret


def rules(count: int) -> list[Rule]:
    """Return so many policies: the stack's defaults, then those of people, always in the same mixture."""
    drawn = _drawing(count)
    makers = (_listed, _tiered, _listed, _counted, _provider, _forbidden, _listed, _in_unit, _listed, _on_port)
    made = [
        make(drawn, f"made-{number:04}")
        for number, make in zip(range(count - len(_DEFAULTS)), cycle(makers), strict=False)
    ]
    return [*_DEFAULTS, *made]


def _default(name: str, holds: Callable[[Facts], bool]) -> Rule:
    return Rule(name, (REPOSITORY / "policies" / f"{name}.cedar").read_text(encoding="utf-8"), holds)


def _registered_for_it(facts: Facts) -> bool:
    consumer = facts.requester.consumer
    if consumer is None or not isinstance(facts, ConnectionFacts):
        return False
    return consumer.may_reach(facts.service.id, facts.service.tags)


REGISTERED_CONSUMER = _default("registered-consumer", _registered_for_it)
_DEFAULTS = (
    _default("own-organization", lambda facts: facts.requester.place.membership is Membership.MEMBER),
    REGISTERED_CONSUMER,
    _default("ask-for-the-rest", lambda facts: False),
    _default("associate-accepted", lambda facts: False),
)


def _written(name: str, reason: str, statement: str) -> str:
    return f'@id("{name}")\n@reason("{reason}")\n{statement}\n'


def _listed(drawn: random.Random, name: str) -> Rule:
    account, service = drawn.choice(_REGISTERED), drawn.choice(_SERVICES)
    statement = f"""\
permit(principal == Account::"{account}", action == Action::"accept", resource == EndpointService::"{service}");"""
    text = _written(name, "The account was let in to this service by its owner.", statement)
    return Rule(name, text, lambda facts: pair_of(facts) == (account, service), pair=(account, service))


def _provider(drawn: random.Random, name: str) -> Rule:
    account = drawn.choice(_REGISTERED)
    statement = f'permit(principal == Account::"{account}", action == Action::"accept", resource is ResourceShare);'
    text = _written(name, "We take what this provider shares.", statement)
    return Rule(name, text, lambda facts: pair_of(facts) == (account, SHARES), pair=(account, SHARES))


def _tiered(drawn: random.Random, name: str) -> Rule:
    tier, service = drawn.choice(_TIERS), drawn.choice(_SERVICES)
    statement = f"""\
permit(principal, action == Action::"accept", resource == EndpointService::"{service}")
when {{ principal has consumer && principal.consumer.tier == "{tier}" }};"""

    def holds(facts: Facts) -> bool:
        consumer = facts.requester.consumer
        return pair_of(facts)[1] == service and consumer is not None and consumer.tier == tier

    return Rule(name, _written(name, f"Consumers of tier {tier} reach this service.", statement), holds)


def _counted(drawn: random.Random, name: str) -> Rule:
    account, fewer = drawn.choice(_REGISTERED), drawn.randrange(2, 6)
    statement = f"""\
permit(principal == Account::"{account}", action == Action::"accept", resource is EndpointService)
when {{
    resource.hasTag("stage") && resource.getTag("stage") == "test" &&
    context has connections && context.connections < {fewer}
}};"""

    def holds(facts: Facts) -> bool:
        if not isinstance(facts, ConnectionFacts) or facts.requester.account_id != account:
            return False
        return (facts.service.tags or {}).get("stage") == "test" and facts.connections < fewer

    return Rule(name, _written(name, "A few connections to what is only for tests.", statement), holds)


def _in_unit(drawn: random.Random, name: str) -> Rule:
    unit, service = drawn.choice(_UNITS), drawn.choice(_SERVICES)
    statement = f"""\
permit(principal in OrganizationalUnit::"{unit}", action == Action::"accept",
       resource == EndpointService::"{service}");"""
    text = _written(name, f"Unit {unit} reaches this service.", statement)
    return Rule(name, text, lambda facts: pair_of(facts)[1] == service and unit in (facts.requester.place.units or ()))


def _on_port(drawn: random.Random, name: str) -> Rule:
    account, port = drawn.choice(_REGISTERED), drawn.choice((3306, 5432, 6379))
    statement = f"""\
forbid(principal == Account::"{account}", action == Action::"associate", resource is ResourceConfiguration)
unless {{ resource.portRanges == ["{port}"] }};"""
    text = _written(name, f"Of this provider we take what is on port {port}.", statement)
    return Rule(name, text, lambda facts: False, forbids=True)


def _forbidden(drawn: random.Random, name: str) -> Rule:
    return drawn.choice((_too_many_connections, _not_from_unit, _too_large))(drawn, name)


def _too_many_connections(drawn: random.Random, name: str) -> Rule:
    service, most = drawn.choice(_SERVICES), drawn.randrange(1, 4)
    statement = f"""\
forbid(principal, action == Action::"accept", resource == EndpointService::"{service}")
when {{ context has connectionsToService && context.connectionsToService >= {most} }};"""

    def holds(facts: Facts) -> bool:
        return (
            isinstance(facts, ConnectionFacts) and facts.service.id == service and facts.connections_to_service >= most
        )

    return Rule(name, _written(name, "The account has enough connections to it.", statement), holds, forbids=True)


def _not_from_unit(drawn: random.Random, name: str) -> Rule:
    service, unit = drawn.choice(_SERVICES), drawn.choice(_UNITS)
    statement = f"""\
forbid(principal in OrganizationalUnit::"{unit}", action == Action::"accept",
       resource == EndpointService::"{service}");"""

    def holds(facts: Facts) -> bool:
        place = facts.requester.place
        may_be_there = place.membership is Membership.UNKNOWN or unit in (place.units or ())
        return pair_of(facts)[1] == service and may_be_there

    return Rule(name, _written(name, f"Unit {unit} has no business with it.", statement), holds, forbids=True)


def _too_large(drawn: random.Random, name: str) -> Rule:
    owner, most = drawn.choice(_REGISTERED), drawn.randrange(1, 10)
    statement = f"""\
forbid(principal, action == Action::"accept", resource is ResourceShare)
when {{ resource.owner == "{owner}" && context has resources && context.resources > {most} }};"""

    def holds(facts: Facts) -> bool:
        if not isinstance(facts, ShareFacts) or facts.requester.account_id != owner:
            return False
        return facts.contents is None or len(facts.contents) > most

    return Rule(name, _written(name, "More than we want of this provider.", statement), holds, forbids=True)


def registry() -> dict[str, Consumer]:
    drawn = _drawing(CONSUMERS)
    return {
        account: Consumer(
            tier=drawn.choice(_TIERS),
            services=frozenset(drawn.sample(_SERVICES, drawn.randrange(1, 4))),
            name=f"team {account[-4:]}",
            notes="registered by its owner",
            since=NOON.now - timedelta(days=drawn.randrange(1, 1_000)),
        )
        for account in _REGISTERED
    }


def asked(allowed: Sequence[Pair], known: Mapping[str, Consumer]) -> list[Facts]:
    """Return requests by listed, registered and unknown accounts, of and outside our organization.

    For every fifth the organization is unknown. AWS shows no tags of shares that wait for an answer, and of some not
    the contents. The registry's entry is not included: it is looked up for each decision.
    """
    drawn = _drawing(len(allowed))

    def registered_for() -> Pair:
        account = drawn.choice(_REGISTERED)
        return account, drawn.choice(sorted(known[account].services))

    pairs: Sequence[Callable[[], Pair]] = (
        lambda: drawn.choice(allowed),
        registered_for,
        lambda: (drawn.choice(_REGISTERED), drawn.choice((*_SERVICES, SHARES))),
        lambda: (drawn.choice(_STRANGERS), drawn.choice((drawn.choice(_SERVICES), SHARES))),
    )
    places: Sequence[Callable[[], OrganizationPlace]] = (
        *(OrganizationPlace,) * 3,
        lambda: OrganizationPlace(membership=Membership.UNKNOWN, tags=None),
        lambda: OrganizationPlace(
            membership=Membership.MEMBER, organization_id="o-ab12cdefgh", units=(drawn.choice(_UNITS),), state="ACTIVE"
        ),
    )
    # Four and five have no divisor in common: each of the pairs meets each of the places.
    turns = islice(zip(cycle(pairs), cycle(places), strict=False), ASKED)
    return [_facts(drawn, pair(), place()) for pair, place in turns]


def _facts(drawn: random.Random, pair: Pair, place: OrganizationPlace) -> Facts:
    account, service = pair
    requester = Requester(account_id=account, place=place)
    if service == SHARES:
        contents = tuple(
            Content(
                f"arn:aws:vpc-lattice:us-east-1:{account}:resourceconfiguration/rcfg-{number:017x}",
                "vpc-lattice:resourceconfiguration",
            )
            for number in range(drawn.randrange(1, 12))
        )
        return ShareFacts(
            requester=requester,
            share_arn=f"arn:aws:ram:us-east-1:{account}:resource-share/{drawn.randrange(10**12)}",
            share_name="orders",
            share_tags=None,
            contents=drawn.choice((contents, contents, None)),
            deadline=NOON.now + timedelta(hours=11),
        )
    return ConnectionFacts(
        requester=requester,
        service=Service(
            id=service,
            name=f"com.amazonaws.vpce.us-east-1.{service}",
            tags={"drawbridge:managed": "true", "stage": drawn.choice(("prod", "test"))},
        ),
        endpoint_id=f"vpce-{drawn.randrange(10**12):017x}",
        region="us-east-1",
        connections=drawn.randrange(8),
        connections_to_service=drawn.randrange(4),
    )


def pair_of(facts: Facts) -> Pair:
    return facts.requester.account_id, facts.service.id if isinstance(facts, ConnectionFacts) else SHARES
