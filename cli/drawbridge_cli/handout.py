"""The handout: what a consumer needs to connect to what it is offered, and nothing of anybody else."""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from drawbridge.errors import DrawbridgeError, InvalidInputError
from drawbridge.intake.ownership.challenge import parse_challenge
from drawbridge.request.connections import LoadBalancer


class NothingOfferedError(DrawbridgeError):
    """There is nothing to hand over; the message says why."""


class EndpointOutcome(StrEnum):
    """What becomes of a consumer's endpoint, as policies are now."""

    CONNECTED_AT_ONCE = "connected-at-once"
    """The service does not require acceptance: AWS asks nobody."""
    ACCEPTED = "accepted-automatically"
    ACCEPTED_LATER = "accepted-after-a-delay"
    PERSON_DECIDES = "person-decides"
    WAITS = "waits"
    """Nothing permits it, or nobody can be asked: it waits until that changes."""


class Port(Struct, frozen=True, order=True):
    """A listener of a load balancer."""

    protocol: str
    port: int


class PrivateName(Struct, frozen=True, kw_only=True):
    """The private DNS name of a service, and whether AWS has found that the domain is the provider's."""

    name: str
    state: str
    """As EC2 says it; empty where it does not."""

    @property
    def is_verified(self) -> bool:
        return self.state == "verified"


class OfferedService(Struct, frozen=True, kw_only=True):
    """An endpoint service, as its consumers have to know it."""

    service_id: str
    name: str
    """By its tag ``Name``; empty where it has none."""
    service_name: str
    region: str
    other_regions: tuple[str, ...] = ()
    """From which AWS takes endpoints too."""
    state: str = ""
    endpoint_type: str = ""
    """Of the endpoints that lead there; empty where EC2 does not tell it."""
    zone_ids: tuple[str, ...] | None = None
    """``None`` where they are unknown."""
    address_types: tuple[str, ...] = ()
    """Empty where EC2 does not report them."""
    private_name: PrivateName | None = None
    ports: tuple[Port, ...] = ()
    ports_unknown: str = ""
    """Why there may be other ports than these; empty where these are all."""
    answer: EndpointOutcome
    delay: str = ""
    """How long an endpoint waits that is accepted after a delay, such as ``15m``; empty for any other."""

    @property
    def title(self) -> str:
        return self.name or self.service_id

    @property
    def is_interface(self) -> bool:
        return self.endpoint_type == LoadBalancer.NETWORK

    @property
    def has_private_name_from_start(self) -> bool:
        """Whether an endpoint can be made with the private name: EC2 refuses it until the owner has accepted."""
        return self.uses_private_name and self.answer is EndpointOutcome.CONNECTED_AT_ONCE

    @property
    def uses_private_name(self) -> bool:
        return self.is_interface and self.private_name is not None and self.private_name.is_verified


class ComingShare(Struct, frozen=True, kw_only=True):
    """A share that the consumer's account is put into."""

    arn: str
    name: str
    region: str


class Proof(Struct, frozen=True, kw_only=True):
    """The proof of ownership that is still to be given."""

    challenge: str
    """Empty where none has been made."""
    url: str
    """Where its answer is taken; empty where the stack takes none."""


class Handout(Struct, frozen=True, kw_only=True):
    """What is handed over to a consumer."""

    account_id: str
    name: str
    provider_account_id: str
    proof: Proof | None
    """``None`` where none is required, or it has been given."""
    principals: tuple[str, ...]
    """The only ones that can find the services; empty for the account as a whole."""
    services: tuple[OfferedService, ...]
    shares: tuple[ComingShare, ...]


def readable_challenge(written: str | None, account_id: str) -> str:
    """Return an entry's challenge; empty if it is none for this account, whoever wrote it there."""
    try:
        challenge = parse_challenge(written or "")
    except InvalidInputError:
        return ""
    return challenge.text if challenge.account_id == account_id else ""


def sorted_ports(ports: Iterable[Port]) -> tuple[Port, ...]:
    return tuple(sorted({*ports}, key=lambda each: (each.port, each.protocol)))
