"""The cases: what the people do, and what is expected to come of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from local_aws.testing.clock import clock
from scenarios.people import CONSUMER, PROVIDER, STRANGER, Approver, Person

Say = Callable[[str, str], None]
"""Prints who does what."""


@dataclass(frozen=True)
class People:
    provider: Person
    consumer: Person
    stranger: Person
    customer: Person
    approver: Approver


@dataclass(frozen=True)
class Expectation:
    """What is expected of a case; ``met`` returns the evidence as soon as there is some."""

    what: str
    met: Callable[[], str | None]


@dataclass(frozen=True)
class Case:
    title: str
    play: Callable[[People, Say], Expectation]
    in_organization: bool = False
    """Whether both accounts are in one organization by then."""
    minutes: int = 0
    """How many minutes have to pass before what is expected can come."""


def invitation(people: People, say: Say) -> Expectation:
    """A share from outside our organization: an invitation that a policy lets in."""
    consumer, provider = people.consumer, people.provider
    say(consumer.called, "writes a policy that lets the provider in, and a binding for orders-*")
    permit = f'permit(principal == Account::"{PROVIDER}", action == Action::"accept", resource);'
    consumer.write_policy("let-provider-in", f'@reason("We know this provider.")\n{permit}')
    consumer.write_binding("orders", resource="orders-*", provider=PROVIDER)
    say(provider.called, "shares the database orders-db by AWS RAM: the consumer is invited")
    say("", "(AWS sends no event of an invitation: the next sweep, within a minute, finds it)")
    provider.share_database("orders-db", port="5432", with_account=CONSUMER)
    return _published(consumer, "/drawbridge/connections/orders/orders-db/dns-name")


def connection(people: People, say: Say) -> Expectation:
    """A registered consumer's endpoint, connected with a service of ours."""
    consumer, provider = people.consumer, people.provider
    say(provider.called, "offers an endpoint service, tagged drawbridge:managed = true; registers the consumer")
    service_id, service_name = provider.offer_service()
    provider.register_consumer(CONSUMER, service_id)
    say(consumer.called, "creates an interface endpoint to it")
    endpoint_id = consumer.connect(service_name)
    return _published(provider, f"/drawbridge/consumers/{CONSUMER}/{endpoint_id}/dns-name")


def stranger(people: People, say: Say) -> Expectation:
    """An account that no policy lets in: a person is asked in Slack, and approves."""
    provider, approver = people.provider, people.approver
    service_id, service_name = provider.offer_service()
    say(people.stranger.called, f"creates an interface endpoint to {service_id}, where nobody knows it")
    endpoint_id = people.stranger.connect(service_name)
    name = f"/drawbridge/consumers/{STRANGER}/{endpoint_id}/dns-name"

    def approved() -> str | None:
        # Approved, it is asked about no more.
        message = approver.asked(endpoint_id)
        if message is not None:
            say("approver", f"reads in Slack: {message['text']}")
            say("approver", "clicks Approve")
            approver.approve(message)
        return provider.parameter(name)

    return Expectation(f"{name} in {PROVIDER}", approved)


def life(people: People, say: Say) -> Expectation:
    """A customer's life: it signs up, is offered the service, connects, is suspended, resumed, and leaves."""
    following = _life(people, say)

    def lived() -> str | None:
        return next(following, None)

    return Expectation("its endpoints are rejected, its names are gone, and nobody may find the service", lived)


def _life(people: People, say: Say) -> Iterator[str | None]:
    """Play it step by step, each once the one before has come to what is expected; yield the evidence at the end."""
    provider, customer = people.provider, people.customer
    service_id, service_name = provider.offer_service(to_anybody=False)
    say("sign-up service", f"puts Consumer Registered of {customer.account_id}, for {service_id}, on the bus")
    provider.tell("Consumer Registered", account_id=customer.account_id, services=[service_id])
    while not provider.allowed(service_id):
        yield None
    say("", f"{service_id} allows {', '.join(provider.allowed(service_id))}, and nobody else")
    say(customer.called, "creates an interface endpoint to it")
    first = customer.connect(service_name)
    names = f"/drawbridge/consumers/{customer.account_id}/"
    while (name := provider.parameter(f"{names}{first}/dns-name")) is None:
        yield None
    say("", f"{name} is published")
    say(provider.called, "suspends the customer")
    provider.suspend_consumer(customer.account_id, datetime.fromtimestamp(clock.time(), UTC).isoformat())
    say(customer.called, "creates another endpoint")
    second = customer.connect(service_name)
    while not _held(provider, second):
        yield None
    say("", f"{second} is held, consumer-suspended; {first} is {customer.endpoint_state(first)}")
    say(provider.called, "resumes the customer, and has Drawbridge sweep")
    provider.suspend_consumer(customer.account_id, None)
    provider.hint("schedule")
    while provider.parameter(f"{names}{second}/dns-name") is None:
        yield None
    say("", f"{second} is connected too")
    say("sign-up service", "puts Consumer Removed on the bus")
    provider.tell("Consumer Removed", account_id=customer.account_id)
    while (
        {customer.endpoint_state(each).lower() for each in (first, second)} != {"rejected"}
        or any(name.startswith(names) for name, _ in provider.published())
        or provider.allowed(service_id)
    ):
        yield None
    yield f"both are rejected, no name, {service_id} allows nobody"


def _held(provider: Person, endpoint_id: str) -> bool:
    return any(
        row["status"]["S"] == "HELD"
        and any(each["M"]["code"]["S"] == "consumer-suspended" for each in row["reasons"]["L"])
        for row in provider.ledger(endpoint_id)
    )


def organization(people: People, say: Say) -> Expectation:
    """A share inside one organization: there is no invitation at all."""
    consumer, provider = people.consumer, people.provider
    say("management", "takes both accounts into one organization, with RAM sharing on")
    say(consumer.called, "writes a binding for billing-*: what is shared already is planned again")
    consumer.write_binding("billing", resource="billing-*", provider=PROVIDER)
    say(provider.called, "shares the database billing-db by AWS RAM: nobody is invited, it is just there")
    provider.share_database("billing-db", port="3306", with_account=CONSUMER)
    return _published(consumer, "/drawbridge/connections/billing/billing-db/dns-name")


def service_network(people: People, say: Say) -> Expectation:
    """The other two modes: by a service network of ours, which the VPC is associated with, or has an endpoint to."""
    consumer, provider = people.consumer, people.provider
    say(consumer.called, "writes two bindings for reports-*: by a service network, and by an endpoint to another one")
    network = {"name": "reports-in-vpc", "create": True}
    consumer.write_binding(
        "in-vpc", resource="reports-*", provider=PROVIDER, mode="service-network", serviceNetwork=network
    )
    network = {"name": "reports-on-premises", "create": True}
    consumer.write_binding(
        "on-premises",
        resource="reports-*",
        provider=PROVIDER,
        mode="service-network-endpoint",
        serviceNetwork=network,
    )
    say(provider.called, "shares the database reports-db by AWS RAM")
    provider.share_database("reports-db", port="5439", with_account=CONSUMER)
    names = [f"/drawbridge/connections/{binding}/reports-db/dns-name" for binding in ("in-vpc", "on-premises")]

    def resolve() -> str | None:
        found = [consumer.parameter(name) for name in names]
        if not all(each and consumer.resolves(each, consumer.vpc()) for each in found):
            return None
        return ", ".join(str(each) for each in found)

    return Expectation(f"{' and '.join(names)} in {CONSUMER}, and both resolve in {consumer.vpc()}", resolve)


def forbidden(people: People, say: Say) -> Expectation:
    """Somebody who was let in and is not any longer: an urgent forbid takes the connection down at once."""
    provider, stranger = people.provider, people.stranger
    below = f"/drawbridge/consumers/{STRANGER}/"
    endpoint_id = next(
        name.removeprefix(below).partition("/")[0] for name, _ in provider.published() if name.startswith(below)
    )
    say(provider.called, "writes a policy that forbids the stranger, urgently: what is connected does not stay a week")
    forbid = f'forbid(principal == Account::"{STRANGER}", action, resource);'
    reason = '@reason("Their keys were stolen.")'
    provider.write_policy("block-list", f'@urgent("true")\n{reason}\n{forbid}')

    def rejected() -> str | None:
        state = stranger.endpoint_state(endpoint_id).lower()
        names = [name for name, _ in provider.published() if name.startswith(below)]
        return None if names or state != "rejected" else f"{endpoint_id} is {state}, no name"

    return Expectation("its names are taken back, and its endpoint is rejected", rejected)


def withdrawal(people: People, say: Say) -> Expectation:
    """The way back, on both sides: a binding is removed, and a consumer deletes its endpoint."""
    consumer, provider = people.consumer, people.provider
    below = f"/drawbridge/consumers/{CONSUMER}/"
    endpoint_id = next(
        name.removeprefix(below).partition("/")[0] for name, _ in provider.published() if name.startswith(below)
    )
    tagged = [{"Name": "tag:drawbridge:binding", "Values": ["orders"]}]
    say(consumer.called, "removes the binding orders: nothing calls for its endpoint any longer, which goes at once")
    consumer.client("ssm").delete_parameter(Name="/drawbridge/config/bindings/orders")
    say(consumer.called, f"deletes its endpoint {endpoint_id}")
    consumer.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[endpoint_id])
    say("", "(that it is gone counts once AWS has said so twice, ten minutes apart: the clock is advanced)")

    def nothing_left() -> str | None:
        endpoints = consumer.client("ec2").describe_vpc_endpoints(Filters=tagged)["VpcEndpoints"]
        live = [each for each in endpoints if each["State"].lower() != "deleted"]
        names = [name for name, _ in consumer.published() if name.startswith("/drawbridge/connections/orders/")]
        names += [name for name, _ in provider.published() if f"/{endpoint_id}/" in name]
        return None if live or names else "no endpoint, no name"

    return Expectation("nothing is left of either, and everything else is as it was", nothing_left)


def _published(person: Person, name: str) -> Expectation:
    return Expectation(f"{name} in {person.account_id}", lambda: person.parameter(name))


IN_ORDER = (
    Case("A share from another company: invited, accepted, associated, published", invitation),
    Case("A registered consumer's endpoint: accepted, its name published on the provider's side", connection),
    Case("A stranger's endpoint: no policy lets it in, so a person is asked in Slack", stranger),
    Case("A share inside one organization: no invitation, published all the same", organization, in_organization=True),
    Case(
        "A share that is reached by a service network, and by an endpoint to one", service_network, in_organization=True
    ),
)

LIFE = Case("A customer's life: signs up, is offered, connects, is suspended, resumed, and leaves", life)
"""What needs nothing of the others."""

FORBIDDEN = Case("What policies forbid is taken down, urgently", forbidden, in_organization=True)
"""Played once the stranger is let in."""

WITHDRAWAL = Case("What nothing calls for any longer is taken down again", withdrawal, in_organization=True, minutes=15)
"""Played after the others: it takes away what they made."""
