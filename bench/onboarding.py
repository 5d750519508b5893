"""What one onboarding of each kind costs, and what a hundred at once do."""

import statistics
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bench.measure import measured, print_span
from local_aws.testing.clock import clock, fast_forward
from local_aws.testing.organizations import arrange
from local_aws.testing.throttles import limit_of
from local_stack.stack import REGION
from scenarios.cases import IN_ORDER, People
from scenarios.people import APPROVER, CONSUMER, CUSTOMER, MANAGEMENT, PROVIDER, STRANGER, Approver, Person

MINUTE = 60.0
HOUR = 60 * MINUTE

AT_ONCE = 100
ONE_BY_ONE = 20

_RESTING = 2 * MINUTE
"""Two scheduled sweeps: by then, what has settled was observed."""


def report_onboarding(url: str) -> None:
    """Play each case of the demo once and print what Drawbridge did for it, from the first hint until all was quiet."""
    provider, consumer = Person(url, PROVIDER, "provider"), Person(url, CONSUMER, "consumer")
    stranger, customer = Person(url, STRANGER, "stranger"), Person(url, CUSTOMER, "customer")
    people = People(provider, consumer, stranger, customer, Approver(url, APPROVER))
    for number, case in enumerate(IN_ORDER, start=1):
        if case.in_organization:
            arrange(MANAGEMENT, {PROVIDER: "workloads/prod", CONSUMER: "workloads/test"}, ram_sharing=True)
        fast_forward(_RESTING)
        with measured([provider, consumer]) as span:
            expectation = case.play(people, lambda *_: None)
            if not fast_forward(HOUR, until=lambda: expectation.met() is not None):  # noqa: B023 - asked within this turn
                raise TimeoutError(f"{case.title}: nothing came of it")
        print(f"\n{number}. {case.title}")
        print_span(span)
    arrange(MANAGEMENT, {}, ram_sharing=False)


def report_bindings(url: str) -> None:
    """Write bindings one after another, each for one of the shares that a provider made before."""
    provider, consumer = Person(url, "454444444444", "provider"), Person(url, CONSUMER, "consumer")
    permit = f'permit(principal == Account::"{provider.account_id}", action == Action::"accept", resource);'
    consumer.write_policy("let-it-in", permit)
    names = [f"bound-{number:02}" for number in range(ONE_BY_ONE)]
    shares = [provider.share_database(each, port="5432", with_account=consumer.account_id) for each in names]

    def wait_for_all(status: str) -> None:
        def ended() -> bool:
            rows = [row for row in consumer.ledger() if row["subject"]["S"] in shares]
            return len(rows) == ONE_BY_ONE and all(
                row["status"]["S"] == status and row["settled"]["BOOL"] for row in rows
            )

        if not fast_forward(4 * HOUR, until=ended):
            raise TimeoutError(f"not all of the {ONE_BY_ONE} shares are {status}")

    wait_for_all("ACCEPTED")
    with measured([consumer]) as span:
        for each in names:
            consumer.write_binding(each, resource=each, provider=provider.account_id)
            fast_forward(_RESTING)
        wait_for_all("AVAILABLE")
    print(f"\n{ONE_BY_ONE} bindings one after another, each for one of {ONE_BY_ONE} shares of one provider")
    print(f"   {span.executions} execution(s); {ONE_BY_ONE} at the least, {ONE_BY_ONE**2} if each were for all shares")
    print_span(span, calls=False)


def report_bursts(url: str) -> None:
    """Make a hundred requests at once, first shares and then connections."""
    _report_shares(Person(url, "444444444444", "provider"), Person(url, CONSUMER, "consumer"))
    _report_connections(Person(url, PROVIDER, "provider"), url)


def _report_shares(provider: Person, consumer: Person) -> None:
    permit = f'permit(principal == Account::"{provider.account_id}", action == Action::"accept", resource);'
    consumer.write_policy("let-all-in", permit)
    consumer.write_binding("all", resource="many-*", provider=provider.account_id)
    configurations = [provider.offer_database(f"many-{number:03}", port="5432") for number in range(AT_ONCE)]
    fast_forward(_RESTING)
    asked: dict[str, float] = {}

    def ask() -> None:
        for number, configuration in enumerate(configurations):
            share = provider.client("ram").create_resource_share(
                name=f"many-{number:03}", resourceArns=[configuration], principals=[consumer.account_id]
            )
            asked[share["resourceShare"]["resourceShareArn"]] = clock.time()

    print(f"\n{AT_ONCE} shares at once, each with one resource that a binding wants")
    _burst(consumer, ask, asked, fewest={"ec2:CreateVpcEndpoint": AT_ONCE, "ssm:PutParameter": 2 * AT_ONCE})


def _report_connections(provider: Person, url: str) -> None:
    _, service_name = provider.offer_service()
    consumers = [Person(url, f"45{number:010}", "consumer") for number in range(AT_ONCE)]
    for consumer in consumers:
        provider.register_consumer(consumer.account_id, "*")
    fast_forward(_RESTING)
    asked: dict[str, float] = {}

    def ask() -> None:
        for consumer in consumers:
            asked[consumer.connect(service_name)] = clock.time()

    print(f"\n{AT_ONCE} connections to one service at once, each from an account of its own")
    # One call accepts several, so that AWS's throttle on them sets no floor.
    _burst(provider, ask, asked, fewest={"ssm:PutParameter": 2 * AT_ONCE})


def _burst(home: Person, ask: Callable[[], None], asked: Mapping[str, float], *, fewest: Mapping[str, int]) -> None:
    """Make the requests, wait until all are available, and print the cost beside the least that AWS's limits allow."""

    def available() -> list[dict[str, Any]]:
        return [row for row in home.ledger() if row["subject"]["S"] in asked and row["status"]["S"] == "AVAILABLE"]

    with measured([home]) as span:
        ask()
        fast_forward(4 * HOUR, until=lambda: len(available()) == len(asked), patience=HOUR)
    rows = available()
    print(f"   {len(rows)} of {len(asked)} are AVAILABLE")
    _print_delays("seen by Drawbridge", [_timestamp(row["first_seen_at"]) - asked[row["subject"]["S"]] for row in rows])
    _print_delays("AVAILABLE", [_timestamp(row["updated_at"]) - asked[row["subject"]["S"]] for row in rows])
    for operation, count in fewest.items():
        print(f"   AWS lets {count} {operation} pass in {_soonest(operation, count):.0f} s at the soonest")
    print_span(span)


def _print_delays(what: str, seconds: list[float]) -> None:
    if seconds:
        print(
            f"   {what} after {min(seconds):.0f} s (first), {statistics.median(seconds):.0f} s (median), "
            f"{max(seconds):.0f} s (last)"
        )


def _timestamp(attribute: Mapping[str, str]) -> float:
    return datetime.fromisoformat(attribute["S"]).timestamp()


def _soonest(operation: str, count: int) -> float:
    """Return in how many seconds AWS lets so many requests pass, if they come as fast as they may."""
    limit = limit_of(operation, REGION)
    return max(0.0, count - limit.size) / limit.refill if limit else 0.0
