"""What one onboarding of each kind costs; ``bench.burst`` has many at once."""

from bench.measure import measured, print_span
from local_aws.testing.clock import fast_forward
from local_aws.testing.organizations import arrange
from scenarios.cases import IN_ORDER, People
from scenarios.people import APPROVER, CONSUMER, CUSTOMER, MANAGEMENT, PROVIDER, STRANGER, Approver, Person

MINUTE = 60.0
HOUR = 60 * MINUTE

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
